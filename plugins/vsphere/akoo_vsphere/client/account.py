"""An account on one vCenter with the trust in its certificate, and the registry of clients."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from typing import Protocol

from akoo_core.plugin import external, redaction
from akoo_vsphere.client.api import VCenterClient

_KEY = secrets.token_bytes(16)


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """User and password for one address, and what the certificate there must be.

    ``thumbprint`` pins the leaf. Without it ``ca_pem`` counts, and without both the CAs of the
    system. ``source`` names the Secret for messages and is no part of the value.
    """

    address: str
    """``host`` or ``host:port``, as ``spec.address`` spells it."""
    username: str
    password: str = dataclasses.field(repr=False)
    ca_pem: str = dataclasses.field(default="", repr=False)
    thumbprint: str = ""
    secret_version: str = ""
    """``uid/resourceVersion`` of the Secret; another version of it is tried at once."""
    source: str = dataclasses.field(default="", compare=False)

    def __post_init__(self) -> None:
        redaction.register(self.password)

    @property
    def id(self) -> str:
        """A digest of everything that a session depends on; it reveals nothing of it."""
        digest = hashlib.blake2b(key=_KEY, digest_size=16)
        for text in (self.address, self.username, self.password, self.ca_pem, self.thumbprint):
            encoded = text.encode()
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
        return digest.hexdigest()


class RefusalMemory(Protocol):
    """Refused logins of one account, remembered beyond this process."""

    async def refused(self) -> float:
        """Seconds until the next login may be tried; 0.0: now. Asked before each login."""
        ...

    async def note(self) -> float:
        """Remember that vCenter refused a login; seconds until the next one."""
        ...

    async def accept(self) -> None:
        """Forget the refusals: a login was accepted."""
        ...


class VCenters(Protocol):
    """Clients of all vCenters of a process: one session for each ``Account.id``."""

    async def client(
        self, account: Account, *, external: external.External, memory: RefusalMemory | None = None
    ) -> VCenterClient:
        """A client, which logs in with its first call. To be asked for anew by each piece of work:
        a changed account then counts at once. A login that ``memory`` forbids raises
        CredentialRefusedError without a call."""
        ...

    async def close(self) -> None:
        """Log out everywhere. Ends within three seconds."""
        ...
