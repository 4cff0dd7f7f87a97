"""Checks the addresses that connections may go to, on the address that a socket connects to.

The owner of a name may change its address between a check and its use. So the check is made when a
socket is made, after the name was resolved.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any, NamedTuple

from aiohttp import abc

REFUSED = "loopback, link-local, multicast and unspecified addresses are refused"

_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_BROADCAST = ipaddress.ip_address("255.255.255.255")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


class LocalAddressError(OSError):
    """The address belongs to this host or to the link it is on."""


class Network(NamedTuple):
    """The parts that make the connections of one client."""

    resolver: abc.AbstractResolver | None = None
    """Resolves host names; None: in the event loop's default threads."""
    local: bool = True
    """Connect to local addresses as well (``is_local``)."""
    quiet: bool = False
    """Errors do not say how a connection failed, so that the author of the address cannot scan
    ports."""


OPEN = Network()
"""The network for an endpoint that the operator's own administrator chose."""


def is_local(address: str) -> bool:
    """Return True for an address of this host or its link, in any spelling.

    These are loopback, link-local (metadata services of clouds use it), multicast and unspecified
    addresses, and IPv6 forms of such IPv4 addresses. False for anything but an IP address.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and (inner := _embedded(parsed)) is not None:
        return is_local(str(inner))
    special = parsed.is_loopback or parsed.is_link_local or parsed.is_multicast
    return special or parsed.is_unspecified or parsed in _THIS_NETWORK or parsed == _BROADCAST


def remote_socket(info: tuple[Any, Any, Any, Any, Any]) -> socket.socket:
    """A socket for an address as getaddrinfo gives it. Raises LocalAddressError for a local one."""
    family, kind, protocol, _, address = info
    if is_local(str(address[0])):
        raise LocalAddressError(REFUSED)
    return socket.socket(family=family, type=kind, proto=protocol)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address in an IPv6 address that stands for one (mapped, 6to4, NAT64, compatible)."""
    known = address.ipv4_mapped or address.sixtofour
    if known is not None or address.is_loopback or address.is_unspecified:
        return known
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
