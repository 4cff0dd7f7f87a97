"""Where a controller is: ``host``, ``host:port``, ``[v6]:port``. Pure."""

from __future__ import annotations

import ipaddress
import re

from akoo_avi.client import errors

HTTPS_PORT = 443
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_WITH_PORT = re.compile(r"(?P<host>\[[^\]]+\]|[^:\[\]]+)(?::(?P<port>\d{1,5}))?")


def url(address: str) -> str:
    """``https://...`` of an address. Raises UnreachableError for what is none.

    Only https, and nothing but host and port: an address is where credentials are sent.
    """
    text = address.strip()
    if _is_v6(text):
        return f"https://[{text}]"
    found = _WITH_PORT.fullmatch(text)
    if found is None:
        raise _wrong(address)
    host, port = found["host"], int(found["port"] or HTTPS_PORT)
    good = _is_v6(host[1:-1]) if host.startswith("[") else bool(_HOST.fullmatch(host))
    if not good or not 0 < port < 65536:
        raise _wrong(address)
    return f"https://{host}" if port == HTTPS_PORT else f"https://{host}:{port}"


def _is_v6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6 and "%" not in text
    except ValueError:
        return False


def _wrong(address: str) -> errors.UnreachableError:
    return errors.UnreachableError(
        f'"{address[:100]}" is no address of an Avi Controller. Give host or host:port.'
    )
