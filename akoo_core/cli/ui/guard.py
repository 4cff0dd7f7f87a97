"""Decides which requests the fleet page answers: those of the person who started it. Pure.

A page of another site can make a browser send requests to loopback. It knows neither the token nor
the cookie, and its Host (DNS rebinding) or Origin is another.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import NamedTuple

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every answer."""


class Keys(NamedTuple):
    """The port, and the token that a request must show."""

    port: int
    token: str

    @property
    def hosts(self) -> frozenset[str]:
        """The values of Host, as a browser on this machine sends them."""
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    @property
    def cookie(self) -> str:
        """The name of the cookie. Cookies are shared between ports."""
        return f"akoo_ui_{self.port}"


class Asked(NamedTuple):
    """The parts of a request that count."""

    method: str
    host: str
    origin: str = ""
    token: str = ""
    cookie: str = ""
    site: str = ""
    """``Sec-Fetch-Site``; "" from an old browser."""


def refusal(asked: Asked, keys: Keys) -> str:
    """The reason to answer 403, or ""."""
    if asked.method not in ("GET", "HEAD"):
        return "this page only reads"
    if asked.host not in keys.hosts:
        return "this page is served for 127.0.0.1 and localhost only"
    if asked.origin and asked.origin not in {f"http://{host}" for host in keys.hosts}:
        return "this page answers no other site"
    if asked.site not in ("", "none", "same-origin") and not asked.token:
        return "this page answers no other site"
    if not (_same(asked.token, keys.token) or _same(asked.cookie, keys.token)):
        return "open the address that akoo-core ui printed"
    return ""


def _same(shown: str, key: str) -> bool:
    return hmac.compare_digest(shown.encode(errors="replace"), key.encode())
