"""The messages about a proxy that opens no connection, and their remedies. Pure."""

from __future__ import annotations

from akoo_core.outside.proxies import HttpProxy

_LOGIN = 407
_FAILED = frozenset({502, 503, 504})
_DIRECT = "add it to proxy.noProxy (NO_PROXY)"


def refused(proxy: HttpProxy, status: int) -> str:
    """The problem of a connection that the proxy answered with ``status``."""
    if status == _LOGIN:
        wrong = "refused user and password" if proxy.username else "asks for user and password"
        return (
            f"proxy {proxy} {wrong} (HTTP {status}): correct HTTPS_PROXY, and take it from a Secret"
        )
    if status in _FAILED:
        return (
            f"proxy {proxy} does not reach the address (HTTP {status}): check the address, or "
            f"{_DIRECT}"
        )
    return (
        f"proxy {proxy} refused the connection (HTTP {status}): allow the address there, or "
        f"{_DIRECT}"
    )


def unreachable(proxy: HttpProxy) -> str:
    """The problem of a proxy that cannot be reached."""
    return (
        f"proxy {proxy} cannot be reached: correct proxy.url (HTTPS_PROXY), or add the address to "
        "proxy.noProxy (NO_PROXY)"
    )


def silent(proxy: HttpProxy) -> str:
    """The problem of a proxy that accepted the connection and did not answer in time."""
    return f"proxy {proxy} did not answer in time: check the proxy and the address, or {_DIRECT}"


def strange(proxy: HttpProxy) -> str:
    """The problem of an answer that is not one of an HTTP proxy."""
    return (
        f"proxy {proxy} does not answer as an HTTP proxy: correct proxy.url (HTTPS_PROXY), or add "
        "the address to proxy.noProxy (NO_PROXY)"
    )
