"""TLS contexts with the same rules on every supported Python."""

from __future__ import annotations

import ssl
from typing import Literal

from akoo_core import trust
from akoo_core.telemetry import certificates
from akoo_core.trust import advice

__all__ = [
    "advice",
    "context",
]


def context(
    ca: bytes | str | None, *, use: Literal["avi", "vault", "vcenter", ""] = ""
) -> ssl.SSLContext:
    """A client's context that trusts the certificates in ``ca`` (PEM), and nobody else.

    ``use`` counts the servers' certificates in `akoo_certificate_expiry_seconds`. See
    :func:`akoo_core.trust.context`.
    """
    return trust.context(ca, peer=certificates.of_server(use) if use else None)
