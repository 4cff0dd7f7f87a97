"""The means that a plugin gets from the core: threads, Secrets, ConfigMaps, memory of logins."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import ParamSpec, Protocol, TypeVar

from akoo_core import structs
from akoo_core.contract.secrets import SecretSource

P = ParamSpec("P")


T = TypeVar("T")


class ThreadPool(Protocol):
    """A bounded pool of the plugin's own for blocking SDKs. Context (spans) is carried over."""

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...


class SecretReader(Protocol):
    """Reads one Secret of the management cluster, from allowed namespaces only."""

    async def read(self, source: SecretSource) -> bytes | None:
        """The value; None when it is absent and optional.

        Raises SecretNamespaceNotAllowedError, SecretMissingError or LineBreakError (each becomes
        Blocked).
        """
        ...

    async def version(self, namespace: str, name: str, *, of_ancestor: bool = False) -> str:
        """``uid/resourceVersion`` of a Secret as it is read here; "" where there is none.

        ``of_ancestor``: as in SecretSource; "" also for a Secret of another type.
        """
        ...


class Account(structs.Struct, frozen=True, kw_only=True):
    """A credential whose logins are remembered: by its Secret, never by its value."""

    secret: str
    """``namespace/name``."""
    version: str
    """The answer of SecretReader.version for the Secret."""
    address: str
    """The system to log in to: ``host`` or ``host:port``."""


class RefusedLogin(structs.Struct, frozen=True, kw_only=True):
    """A login that was refused, and is not tried again yet."""

    at: datetime.datetime
    retry_seconds: float
    """0.0: the operator may try it, a command may not."""
    by_command: bool = False
    """This process is a command: it does not try at all, unless a person insists (``--login``)."""


class LoginMemory(Protocol):
    """Remembers refused logins beyond this process, so that our tries lock no account."""

    async def refused(self, account: Account) -> RefusedLogin | None:
        """The refusal that forbids a login now, or None. Ask before each login."""
        ...

    async def note(self, account: Account) -> float:
        """Remember a refusal; the seconds until the login may be tried again."""
        ...

    async def accept(self, account: Account) -> None:
        """Forget the refusals of a login that was accepted."""
        ...


class KeptSecret(structs.Struct, frozen=True, kw_only=True):
    """One Secret that a plugin keeps, as it was read or written."""

    name: str
    data: dict[str, bytes]
    version: str
    """Another for each state; the argument of the next write."""

    def __repr__(self) -> str:
        """Keys without their values."""
        return f"KeptSecret({self.name!r}, keys={sorted(self.data)!r}, version={self.version!r})"


class Keep(Protocol):
    """Secrets of one plugin in the operator's namespace, for a plugin without another store.

    Each write is one compare-and-set. It raises KeptConflictError where the Secret is not as the
    caller saw it: read it again, and decide anew. After any other error the write may have had its
    effect, so read again, too. Names and keys appear in messages; values are masked. A Secret of
    that name that the plugin did not make raises KeptForeignError, which becomes Blocked. A name
    has at most 120 lower case letters, digits, hyphens and dots, a Secret at most 64 KiB; else
    ValueError.
    """

    async def get(self, name: str) -> KeptSecret | None:
        """The Secret as it is now, by a consistent read; None where there is none."""
        ...

    async def create(self, name: str, data: Mapping[str, bytes]) -> KeptSecret:
        """Make it. Raises KeptConflictError where it exists."""
        ...

    async def replace(self, name: str, data: Mapping[str, bytes], *, version: str) -> KeptSecret:
        """Replace all of its data. Raises KeptConflictError where its version is another, or it is
        gone."""
        ...

    async def delete(self, name: str, *, version: str) -> None:
        """Delete it; nothing to do where it is gone. Raises KeptConflictError where its version is
        another."""
        ...

    async def names(self, prefix: str = "") -> tuple[str, ...]:
        """The names that begin with ``prefix``, sorted."""
        ...


class ConfigMapReader(Protocol):
    """Reads ConfigMaps of the operator's namespace, for a plugin with ``reads_config_maps``."""

    @property
    def namespace(self) -> str:
        """The operator's namespace."""
        ...

    async def read(self, name: str) -> Mapping[str, str] | None:
        """The texts of a ConfigMap as it is now; None where there is none. Raises KubeError when
        the API server does not answer."""
        ...
