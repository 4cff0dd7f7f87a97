"""Ranges of addresses as values, and as Avi's networks hold them. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from akoo_core.plugin import structs

Use = Literal["VIP", "SE", "Both"]
Prefix = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

TYPES: Final[dict[Use, str]] = {
    "VIP": "STATIC_IPS_FOR_VIP",
    "SE": "STATIC_IPS_FOR_SE",
    "Both": "STATIC_IPS_FOR_VIP_AND_SE",
}
_USES: Final = {text: use for use, text in TYPES.items()}


class AddressRange(NamedTuple):
    """Addresses of one family from first to last, both included, and their use."""

    version: int
    first: int
    last: int
    use: Use = "Both"

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    @property
    def begin(self) -> str:
        return str(_address(self.version, self.first))

    @property
    def end(self) -> str:
        return str(_address(self.version, self.last))

    def overlaps(self, other: AddressRange) -> bool:
        """The spans have an address in common, whatever its use."""
        return (
            self.version == other.version and self.first <= other.last and other.first <= self.last
        )

    def holds(self, address: Address) -> bool:
        """The address is in the span."""
        return self.version == address.version and self.first <= int(address) <= self.last

    def serves(self, use: Use) -> bool:
        """The span gives addresses for all that ``use`` stands for."""
        return self.use in ("Both", use)

    def __str__(self) -> str:
        return f"{self.begin}-{self.end} ({self.use})"


def _address(version: int, value: int) -> Address:
    return ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value)


def span(begin: str, end: str, use: Use = "Both") -> AddressRange:
    """A span from texts. Raises ValueError: no addresses, of two families, or the end before the
    begin."""
    first, last = ipaddress.ip_address(begin), ipaddress.ip_address(end)
    if first.version != last.version:
        raise ValueError(f"{begin} and {end} are of two families")
    if int(first) > int(last):
        raise ValueError(f"{end} is before {begin}")
    return AddressRange(first.version, int(first), int(last), use)


def of_entry(entry: Any) -> AddressRange | None:
    """The span of an entry of ``static_ip_ranges``; None for an unreadable entry."""
    try:
        both = entry["range"]
        use = _USES[entry.get("type", TYPES["Both"])]
        return span(both["begin"]["addr"], both["end"]["addr"], use)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def entry_of(addresses: AddressRange) -> structs.JSON:
    """The entry of ``static_ip_ranges`` for the addresses."""
    family = f"V{addresses.version}"
    return {
        "range": {
            "begin": {"addr": addresses.begin, "type": family},
            "end": {"addr": addresses.end, "type": family},
        },
        "type": TYPES[addresses.use],
    }


def prefix_of(subnet: Any) -> Prefix | None:
    """The prefix of an entry of ``configured_subnets``; None for an unreadable entry."""
    try:
        prefix = subnet["prefix"]
        return ipaddress.ip_network(f"{prefix['ip_addr']['addr']}/{prefix['mask']}", strict=False)
    except (KeyError, TypeError, ValueError):
        return None


def subnet_of(prefix: Prefix) -> structs.JSON:
    """A new entry of ``configured_subnets``, without ranges."""
    address = {"addr": str(prefix.network_address), "type": f"V{prefix.version}"}
    return {"prefix": {"ip_addr": address, "mask": prefix.prefixlen}, "static_ip_ranges": []}


def subnets(network: structs.JSON) -> Iterator[tuple[Prefix | None, list[AddressRange]]]:
    """Each configured subnet of a network, with its ranges."""
    for subnet in network.get("configured_subnets") or ():
        ranges = (of_entry(entry) for entry in subnet.get("static_ip_ranges") or ())
        yield prefix_of(subnet), [span for span in ranges if span is not None]


def of_network(network: structs.JSON) -> frozenset[AddressRange]:
    """All ranges of a network."""
    return frozenset(span for _, inside in subnets(network) for span in inside)


class Ours(NamedTuple):
    """Ranges that a pool put into a network, subnets that it made there, and its usable entry."""

    spans: frozenset[AddressRange] = frozenset()
    subnets: frozenset[Prefix] = frozenset()
    usable: bool = False
    """The network's entry among the usable ones is ours."""

    def __or__(self, other: Ours) -> Ours:
        usable = self.usable or other.usable
        return Ours(self.spans | other.spans, self.subnets | other.subnets, usable)

    def __bool__(self) -> bool:
        return bool(self.spans or self.subnets or self.usable)


class Subnet(NamedTuple):
    """A wanted subnet. ``ranges`` None: nothing is said about its ranges."""

    prefix: Prefix
    ranges: frozenset[AddressRange] | None


def spans_of(wanted: tuple[Subnet, ...]) -> frozenset[AddressRange]:
    """The ranges of all of them."""
    return frozenset(span for subnet in wanted for span in subnet.ranges or ())
