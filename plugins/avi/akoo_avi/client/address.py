"""The address of a controller: ``host``, ``host:port``, ``[v6]:port``. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from akoo_avi.client import errors

HTTPS_PORT = 443
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_WITH_PORT = re.compile(r"(?P<host>\[[^\]]+\]|[^:\[\]]+)(?::(?P<port>\d{1,5}))?", re.ASCII)


class Address(NamedTuple):
    """A host and a port. Equal for all spellings of the same address."""

    host: str
    """In lower case, without a dot at the end; an IP address in its shortest form, no brackets."""
    port: int | None
    """None: the text named no port."""

    def allows(self, other: Address) -> bool:
        """``other`` is this host, at this port or, without a port, at any."""
        port = other.port or HTTPS_PORT
        return self.host == other.host and self.port in (None, port)


def parse(text: str) -> Address | None:
    """The address that ``text`` spells, or None if it spells none."""
    text = text.strip()
    if _is_v6(text):
        return Address(_normal(text), None)
    match = _WITH_PORT.fullmatch(text)
    if match is None:
        return None
    host, port = match["host"], int(match["port"]) if match["port"] else None
    good = _is_v6(host[1:-1]) if host.startswith("[") else bool(_HOST.fullmatch(host))
    if not good or (port is not None and not 0 < port < 65536):
        return None
    return Address(_normal(host.strip("[]")), port)


def url(address: str) -> str:
    """``https://...`` of an address. Raises UnreachableError for an impossible address.

    Only https, host and port: credentials are sent to an address.
    """
    if parse(address) is None:
        raise _wrong(address)
    text = address.strip()
    if _is_v6(text):
        return f"https://[{text}]"
    return f"https://{text.removesuffix(f':{HTTPS_PORT}')}"


def _normal(host: str) -> str:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return host.lower().removesuffix(".")
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)


def _is_v6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6 and "%" not in text
    except ValueError:
        return False


def _wrong(address: str) -> errors.UnreachableError:
    return errors.UnreachableError(
        f'"{address[:100]}" is no address of an Avi Controller. Give host or host:port.'
    )
