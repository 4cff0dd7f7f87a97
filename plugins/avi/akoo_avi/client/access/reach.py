"""The way to an Avi Controller, as values. Pure."""

from __future__ import annotations

from akoo_core.plugin import api, structs


class Reach(structs.Struct, frozen=True, kw_only=True):
    """The way to an Avi Controller: address, account and trusted CA. Holds no secret."""

    address: str
    """``host`` or ``host:port``."""
    credential: api.SecretName
    """Keys ``username`` and ``password``."""
    ca: api.SecretName | None = None
    """Key ``certificateAuthorityData``; without one, the same key beside the credential."""

    @property
    def secrets(self) -> tuple[api.SecretPair, ...]:
        """(namespace, name) of its Secrets: the answer of ``secret_references``."""
        named = (self.credential, *((self.ca,) if self.ca is not None else ()))
        return tuple(secret.pair for secret in named)
