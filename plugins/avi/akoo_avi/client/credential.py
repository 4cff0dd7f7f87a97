"""Our account on a controller, and the CA of the controller's certificate."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets

from akoo_core.plugin import redaction, trust

_KEY = secrets.token_bytes(16)


@dataclasses.dataclass(frozen=True, slots=True)
class Credential:
    """User and password, and the CA that the controller's certificate must come from.

    Without ``ca_pem`` the CAs of the system count. Messages name ``source`` and ``ca_source`` as
    the objects to check (``Secret avi-system/avi-controller-credentials``); they are no part of the
    value.
    """

    username: str
    password: str = dataclasses.field(repr=False)
    ca_pem: str = dataclasses.field(default="", repr=False)
    source: str = dataclasses.field(default="", compare=False)
    ca_source: str = dataclasses.field(default="", compare=False)

    def __init__(
        self,
        username: str | bytes,
        password: str | bytes,
        ca_pem: str | bytes = "",
        *,
        source: str = "",
        ca_source: str = "",
    ) -> None:
        for name, raw in (("username", username), ("password", password), ("ca_pem", ca_pem)):
            text = _decoded(name, raw)
            if not text and name != "ca_pem":
                raise ValueError(f"{name} is empty")
            object.__setattr__(self, name, text)
        object.__setattr__(self, "source", source or "the Secret with the controller's credentials")
        object.__setattr__(
            self, "ca_source", ca_source or "key certificateAuthorityData of the Secret with its CA"
        )
        redaction.register(self.password)

    @property
    def anchors(self) -> str:
        """The source of the trusted certificates, for messages."""
        if self.ca_pem:
            return self.ca_source
        return f"{trust.system_anchors()} ({self.ca_source} is missing)"

    @property
    def login_id(self) -> str:
        """A digest of user and password that reveals neither."""
        return _digest(self.username, self.password)

    @property
    def id(self) -> str:
        """A digest of user, password and CA that reveals none of them."""
        return _digest(self.username, self.password, self.ca_pem)


def _decoded(name: str, raw: str | bytes) -> str:
    try:
        return raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeDecodeError:  # holds the bytes
        raise ValueError(f"{name} is not UTF-8") from None


def _digest(*texts: str) -> str:
    digest = hashlib.blake2b(key=_KEY, digest_size=16)
    for text in texts:
        encoded = text.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()
