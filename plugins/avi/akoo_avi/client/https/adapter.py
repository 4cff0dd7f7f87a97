"""The adapter of requests that trusts one CA alone, and the TLS context for it."""

from __future__ import annotations

import ssl
from typing import Any, Literal

import requests

from akoo_core.plugin import trust
from akoo_core.plugin.external import requesting


class TrustingAdapter(requesting.ProxiedAdapter):
    """Trusts what ``context`` trusts, and closes its connections on close.

    requests takes CAs from files only, and a process that is killed would leave a file behind.
    urllib3 leaves closing to the garbage collector.
    """

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        # requests would add the CAs that it brings along.
        conn.cert_reqs, conn.ca_certs, conn.ca_cert_dir = "CERT_REQUIRED", None, None

    def close(self) -> None:
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - it cannot be iterated
                pool = manager.pools.get(key)
                if pool is not None:
                    pool.close()
        super().close()


def context(ca_pem: str | bytes | None, *, use: Literal["avi", "vault"] = "avi") -> ssl.SSLContext:
    """A context that trusts the CA ``ca_pem`` alone. ``use``: the servers, for their metric.

    Without it: the CAs of the system, or those of requests where the system has none. Raises
    ValueError for a text without a certificate.
    """
    trusting = trust.context(ca_pem or None, use=use)
    paths = ssl.get_default_verify_paths()
    if not (ca_pem or paths.cafile or paths.capath):
        trusting.load_verify_locations(requests.certs.where())
    return trusting
