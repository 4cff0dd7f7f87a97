"""The adapter of requests that trusts one CA alone, and the TLS context for it."""

from __future__ import annotations

import ssl
from typing import Any, Literal

import requests
import requests.adapters

from akoo_core.plugin import trust


class TrustingAdapter(requests.adapters.HTTPAdapter):  # type: ignore[misc]
    """Trusts what ``context`` trusts, and closes its connections on close.

    requests takes CAs from files only, and a process that is killed would leave a file behind.
    urllib3 leaves closing to the garbage collector.
    """

    def __init__(self, *, context: ssl.SSLContext, **options: Any) -> None:
        self._context = context
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **options)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        # requests would add the CAs that it brings along.
        conn.cert_reqs, conn.ca_certs, conn.ca_cert_dir = "CERT_REQUIRED", None, None

    def close(self) -> None:
        pools = self.poolmanager.pools
        for key in pools.keys():  # noqa: SIM118 - it cannot be iterated
            pool = pools.get(key)
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
