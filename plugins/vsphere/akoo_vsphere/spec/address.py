"""Addresses of vCenters: ``host``, ``host:port``, ``[v6]:port``. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import Final, NamedTuple

HTTPS_PORT: Final = 443
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_WITH_PORT = re.compile(r"(?P<host>\[[^\]]+\]|[^:\[\]]+)(?::(?P<port>\d{1,5}))?", re.ASCII)


class Address(NamedTuple):
    """Host and port of one vCenter. Equal for all spellings of the same address."""

    host: str
    """Lower case, without a dot at the end; an IPv6 address without brackets."""
    port: int = HTTPS_PORT


def parse(text: str) -> Address | None:
    """The address that ``text`` spells, or None if it spells none."""
    if _is_v6(text):
        return Address(str(ipaddress.ip_address(text)))
    match = _WITH_PORT.fullmatch(text)
    if match is None:
        return None
    host, port = match["host"], int(match["port"] or HTTPS_PORT)
    inner = host.strip("[]")
    good = _is_v6(inner) if host.startswith("[") else bool(_HOST.fullmatch(host))
    if not good or not 0 < port < 65536:
        return None
    return Address(_normal(inner), port)


def _normal(host: str) -> str:
    return str(ipaddress.ip_address(host)) if _is_v6(host) else host.lower().removesuffix(".")


def _is_v6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6 and "%" not in text
    except ValueError:
        return False
