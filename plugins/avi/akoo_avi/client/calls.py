"""One request to a controller and its answer, as values."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from akoo_avi.client import errors
from akoo_core.plugin.structs import JSON

READ = "GET"
ALL_TENANTS = "*"
_UUID = re.compile(r"[A-Za-z0-9._:-]{1,255}", re.ASCII)
_SESSION_PATHS = frozenset({"login", "logout"})
_ENDPOINTS = frozenset(
    {"runtime", "version", "status", "details", "detail", "ledger", "properties", "upgradestatus"}
)
"""Parts of a path that belong to an endpoint and not to an object."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AviCall:
    """A request below ``/api/``. ``path`` has no leading slash: ``pool``, ``pool/<uuid>``.

    ``tenant`` is a tenant's UUID (``admin`` is that of tenant admin), or ``*`` for all tenants. Its
    name would not do: a name may hold any text, and a header takes ASCII only.
    """

    method: str
    path: str
    tenant: str
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: JSON | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the values. Raises ValueError for a path or a tenant that would be another one on
        the wire."""
        parts = self.path.split("/")
        if any(part in ("", ".", "..") for part in parts) or set(self.path) & set("?#%\\ "):
            raise ValueError(f'"{self.path}" is no path below /api/, such as pool or pool/<uuid>')
        if self.tenant != ALL_TENANTS and not _UUID.fullmatch(self.tenant):
            raise ValueError(f'"{self.tenant}" is no UUID of a tenant; give the UUID, not the name')

    @property
    def kind(self) -> str:
        return self.path.partition("/")[0]

    @property
    def tenant_header(self) -> tuple[str, str]:
        """Name and value of the header that carries the tenant."""
        name = "X-Avi-Tenant" if self.tenant == ALL_TENANTS else "X-Avi-Tenant-UUID"
        return name, self.tenant

    @property
    def writes(self) -> bool:
        return self.method != READ and self.path not in _SESSION_PATHS

    @property
    def operation(self) -> str:
        """Method and endpoint without the object: few values, for metrics and span names."""
        first, *rest = self.path.split("/")
        return f"{self.method} {'/'.join((first, *(part for part in rest if part in _ENDPOINTS)))}"

    @property
    def object_name(self) -> str:
        """The subject of the call, for messages: ``pool/<uuid>``, or ``pool "<name>"``."""
        name = (self.body or {}).get("name") or self.params.get("name")
        return f'{self.path} "{name}"' if name else self.path


LOGIN = AviCall(method="POST", path="login", tenant="admin")
LOGOUT = AviCall(method="POST", path="logout", tenant="admin")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AviAnswer:
    """An answer, of any status."""

    status: int
    body: bytes = dataclasses.field(default=b"", repr=False)
    retry_after: str = ""
    location: str = ""


class LostError(Exception):
    """No answer came. Internal.

    ``sent``: the request may have reached the controller. ``ours``: it did not leave this process,
    so its loss says nothing about the controller.
    """

    def __init__(self, problem: str, *, sent: bool, ours: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.sent = sent
        self.ours = ours


class SessionRefusedError(Exception):
    """The session of a request is not accepted: it was not executed. Internal."""

    def __init__(self, answer: AviAnswer) -> None:
        super().__init__("the session is not accepted")
        self.answer = answer


class RequestProgress:
    """The progress of a request. ``sent``: it may have reached the controller. Internal."""

    def __init__(self) -> None:
        self.sent = False


def given_up(call: AviCall, lost: LostError, address: str) -> errors.AviError:
    """The error of a call that lost its answer and is not sent again."""
    about = f"{call.method} {call.object_name} (tenant {call.tenant})"
    if call.writes and lost.sent:
        return errors.OutcomeUnknownError(
            f"{about} was sent to {address}, and its answer was lost: {lost.problem}. Read the "
            "object again to see whether it took effect."
        )
    return errors.UnreachableError(
        f"No answer from {address} to {call.operation}: {lost.problem}. Check the address, the "
        "network, and whether the controller runs; tried again."
    )
