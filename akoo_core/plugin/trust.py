"""TLS contexts with the same rules on every supported Python."""

from __future__ import annotations

import ssl
from typing import Literal

from akoo_core import external, trust
from akoo_core.telemetry import certificates
from akoo_core.trust import advice

__all__ = [
    "advice",
    "context",
    "system_anchors",
]


def context(
    ca: bytes | str | None, *, use: Literal["avi", "vault", "vcenter", ""] = ""
) -> ssl.SSLContext:
    """A client's context that trusts the certificates in ``ca`` (PEM), and nobody else.

    None: the system's CAs, and those of the setting ``caBundle`` within an external call. ``use``
    counts the servers' certificates in `akoo_certificate_expiry_seconds`. See
    :func:`akoo_core.trust.context`.
    """
    bundle = external.ca_bundle() if ca is None else None
    return trust.context(
        ca,
        also=bundle.pem() if bundle is not None else None,
        peer=certificates.of_server(use) if use else None,
    )


def system_anchors() -> str:
    """The CAs that count where a system has none of its own, for messages."""
    bundle = external.ca_bundle()
    return "the CAs of the system" + (f" and of caBundle ({bundle.path})" if bundle else "")
