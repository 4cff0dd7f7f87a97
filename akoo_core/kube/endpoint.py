"""The address of an API server, and our credentials there. Values; nothing is opened here."""

from __future__ import annotations

import dataclasses
import ssl
from typing import Protocol

from akoo_core.outside.proxies import HttpProxy


class Authorization(Protocol):
    """The Authorization header of one endpoint."""

    async def header(self) -> str | None:
        """The header's value for the next request; None when a client certificate is used."""
        ...

    async def renew(self) -> bool:
        """After a 401: load the credential anew. False when there is nothing newer."""
        ...


class NoAuthorization:
    """The client certificate is the credential."""

    async def header(self) -> str | None:
        return None

    async def renew(self) -> bool:
        return False


@dataclasses.dataclass(frozen=True)
class StaticToken:
    """A bearer token that does not change."""

    token: str = dataclasses.field(repr=False)

    async def header(self) -> str | None:
        return f"Bearer {self.token}"

    async def renew(self) -> bool:
        return False


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """One API server as one user."""

    server: str
    """``https://host:port`` with an optional path, without a slash at the end."""
    tls: ssl.SSLContext | None = dataclasses.field(default=None, repr=False)
    """None for ``http://``, which only a kubeconfig on the command line may name."""
    authorization: Authorization = dataclasses.field(default_factory=NoAuthorization, repr=False)
    tls_server_name: str | None = None
    proxy: str | None = dataclasses.field(default=None, repr=False)
    """``proxy-url`` of the kubeconfig."""
    through: HttpProxy | None = None
    """The proxy for systems outside; ``proxy`` overrides it."""
