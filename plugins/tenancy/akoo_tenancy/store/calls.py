"""One request to Vault or OpenBao and its answer, as values. Pure.

Only routes that both products have.
"""

from __future__ import annotations

import dataclasses
import enum

from akoo_core.plugin.structs import JSON


class Route(enum.StrEnum):
    """The routes that we use; the value names spans and metrics."""

    READ = "GET data"
    WRITE = "POST data"
    DESTROY = "POST destroy"
    METADATA = "GET metadata"
    LIST = "LIST metadata"
    MOUNT = "GET mounts"
    SEAL_STATUS = "GET seal-status"
    KUBERNETES = "POST login kubernetes"
    JWT = "POST login jwt"
    APPROLE = "POST login approle"
    LOOKUP = "GET lookup-self"
    RENEW = "POST renew-self"
    REVOKE = "POST revoke-self"


LOGINS = frozenset({Route.KUBERNETES, Route.JWT, Route.APPROLE})
_WRITES = frozenset({Route.WRITE, Route.DESTROY})
_FOLDERS = {
    Route.READ: "data",
    Route.WRITE: "data",
    Route.DESTROY: "destroy",
    Route.METADATA: "metadata",
    Route.LIST: "metadata",
}
_TOKEN_PATHS = {
    Route.LOOKUP: "auth/token/lookup-self",
    Route.RENEW: "auth/token/renew-self",
    Route.REVOKE: "auth/token/revoke-self",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Secret:
    """A token, JWT or secret id, in a value that no text and no dump of locals shows."""

    value: str = dataclasses.field(repr=False)


NO_TOKEN = Secret("")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class VaultCall:
    """A request. Secrets are in ``data`` and ``credential``, which no text of it shows."""

    route: Route
    mount: str = ""
    """Of the KV mount or of the auth mount."""
    path: str = ""
    """Below the mount: made of checked segments."""
    version: int = 0
    """READ: 0 is the current one. WRITE: the expected one."""
    versions: tuple[int, ...] = ()
    role: str = ""
    data: JSON = dataclasses.field(default_factory=dict, repr=False)
    credential: Secret = NO_TOKEN
    """JWT or secret id of a login."""

    @property
    def writes(self) -> bool:
        """True where the call changes records; logins and tokens do not count."""
        return self.route in _WRITES

    @property
    def policy_path(self) -> str:
        """The path as a policy names it."""
        if self.route in _FOLDERS:
            return f"{self.mount}/{_FOLDERS[self.route]}/{self.path}"
        if self.route in LOGINS:
            return f"auth/{self.mount}/login"
        if self.route is Route.MOUNT:
            return f"sys/internal/ui/mounts/{self.mount}"
        return _TOKEN_PATHS.get(self.route, "sys/seal-status")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class VaultAnswer:
    """An answer, of any status."""

    status: int
    body: JSON | None = dataclasses.field(default=None, repr=False)
    """The JSON object; None: there was none."""
    empty: bool = False
    """There was no body at all."""
    index: str = ""
    """``X-Vault-Index``: the position of the last write."""
    location: str = ""

    @property
    def errors(self) -> tuple[str, ...] | None:
        """The texts of a refusal; None where the body is none of a refusal."""
        texts = (self.body or {}).get("errors")
        return tuple(str(text) for text in texts) if isinstance(texts, list) else None

    @property
    def data(self) -> JSON:
        """``data`` of the body; {} if there is none."""
        data = (self.body or {}).get("data")
        return data if isinstance(data, dict) else {}

    @property
    def auth(self) -> JSON:
        """``auth`` of the body, which holds a token; {} if there is none."""
        auth = (self.body or {}).get("auth")
        return auth if isinstance(auth, dict) else {}

    @property
    def request_id(self) -> str:
        """The id of the request in the server's audit log."""
        return str((self.body or {}).get("request_id", ""))


class LostError(Exception):
    """No answer came. Internal. ``sent``: the request may have reached the server."""

    def __init__(self, problem: str, *, sent: bool) -> None:
        super().__init__(problem)
        self.problem = problem
        self.sent = sent


class TokenRefusedError(Exception):
    """403 to anything but a login: the token is dead, or its policy is too narrow. Internal."""
