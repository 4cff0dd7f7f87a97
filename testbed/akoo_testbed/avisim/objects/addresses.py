"""IP addresses of networks: ranges, who holds what, the next free one. Pure arithmetic.

Who holds an address is read from the VIPs themselves: there is no second book to keep in step.
"""

import dataclasses
import ipaddress
from collections.abc import Iterator

from akoo_testbed.avisim.objects import schema, store

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FOR_VIPS = frozenset({"STATIC_IPS_FOR_VIP", "STATIC_IPS_FOR_VIP_AND_SE"})
FOR_ENGINES = frozenset({"STATIC_IPS_FOR_SE", "STATIC_IPS_FOR_VIP_AND_SE"})
FAMILIES = {"V4_ONLY": ("V4",), "V6_ONLY": ("V6",), "V4_V6": ("V4", "V6")}
FIELDS = {"V4": "ip_address", "V6": "ip6_address"}


@dataclasses.dataclass(frozen=True, slots=True)
class Range:
    """Addresses from begin to end, both included."""

    begin: Address
    end: Address
    use: str

    @property
    def size(self) -> int:
        return max(int(self.end) - int(self.begin) + 1, 0)

    def __str__(self) -> str:
        return f"range {self.begin}-{self.end}"

    def __contains__(self, address: Address) -> bool:
        return address.version == self.begin.version and (
            int(self.begin) <= int(address) <= int(self.end)
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """An address that a VIP or a service engine holds."""

    address: Address
    holder: store.Stored

    @property
    def uses(self) -> frozenset[str]:
        """Types of ranges that the address may come from."""
        return FOR_VIPS if self.holder.kind == "vsvip" else FOR_ENGINES


class MalformedError(Exception):
    """A subnet or range is not right; the text says why."""


def prefix(data: schema.Json) -> Network:
    """An IpAddrPrefix. Raises MalformedError."""
    try:
        return ipaddress.ip_network(f"{data['ip_addr']['addr']}/{data['mask']}", strict=False)
    except ValueError as error:
        raise MalformedError(str(error)) from None


def shown_prefix(network: Network) -> schema.Json:
    """The IpAddrPrefix of a network."""
    addr = {"addr": str(network.network_address), "type": f"V{network.version}"}
    return {"ip_addr": addr, "mask": network.prefixlen}


def shown(address: Address) -> schema.Json:
    """The IpAddr of an address."""
    return {"addr": str(address), "type": f"V{address.version}"}


def parse(data: schema.Json) -> Address:
    """An IpAddr. Raises MalformedError."""
    try:
        return ipaddress.ip_address(data["addr"])
    except ValueError as error:
        raise MalformedError(str(error)) from None


def ranges(subnet: schema.Json) -> list[Range]:
    """The static ranges of a configured subnet. Raises MalformedError."""
    ranges = []
    for entry in subnet.get("static_ip_ranges", ()):
        begin, end = parse(entry["range"]["begin"]), parse(entry["range"]["end"])
        ranges.append(Range(begin, end, entry["type"]))
    return ranges


def check_families(subnets: list[schema.Json]) -> None:
    """Addresses are addresses, and those of a subnet are of one family. Raises MalformedError."""
    for subnet in subnets:
        whole = prefix(subnet["prefix"])
        for each in ranges(subnet):
            if each.begin.version != whole.version or each.end.version != whole.version:
                raise MalformedError(f"{each} is not of the family of subnet {whole}")


def check(subnets: list[schema.Json]) -> None:
    """Ranges are in order, inside their prefix, and do not overlap. Raises MalformedError."""
    prefixes: set[Network] = set()
    seen: list[Range] = []
    for subnet in subnets:
        whole = prefix(subnet["prefix"])
        if whole in prefixes:
            raise MalformedError(f"subnet {whole} is there twice")
        prefixes.add(whole)
        for each in ranges(subnet):
            _check_range(each, whole, seen)
            seen.append(each)


def _check_range(each: Range, whole: Network, seen: list[Range]) -> None:
    if int(each.begin) > int(each.end):
        raise MalformedError(f"{each} ends before it begins")
    if each.begin not in whole or each.end not in whole:
        raise MalformedError(f"{each} is not in subnet {whole}")
    if any(other.begin in each or each.begin in other for other in seen):
        raise MalformedError(f"{each} overlaps another range of the network")


def held(objects: store.Store, network: str) -> Iterator[Held]:
    """The addresses of a network (uuid) that the controller gave to VIPs and service engines."""
    for referrer in objects.referrers(("network", network)):
        if referrer.kind == "vsvip":
            yield from _held_by_vip(referrer, network)
        elif referrer.kind == "serviceengine":
            yield from _held_by_engine(referrer, network)


def _held_by_vip(vsvip: store.Stored, network: str) -> Iterator[Held]:
    for vip in vsvip.data.get("vip", ()):
        if vip.get("avi_allocated_vip") and network_of(vip) == network:
            for field in FIELDS.values():
                if field in vip:
                    yield Held(ipaddress.ip_address(vip[field]["addr"]), vsvip)


def _held_by_engine(engine: store.Stored, network: str) -> Iterator[Held]:
    for vnic in [engine.data.get("mgmt_vnic", {}), *engine.data.get("data_vnics", ())]:
        if vnic.get("network_ref") != network:
            continue
        for entry in vnic.get("vnic_networks", ()):
            if entry.get("mode") == "STATIC":
                yield Held(ipaddress.ip_address(entry["ip"]["ip_addr"]["addr"]), engine)


def network_of(vip: schema.Json) -> str:
    """uuid of the network that a VIP's address was allocated from, "" if none."""
    networks: list[schema.Json] = vip.get("discovered_networks", [])
    return str(networks[0]["network_ref"]) if networks else ""


def free(
    network: store.Stored, family: str, taken: set[Address], only: Network | None
) -> tuple[Address, Network] | None:
    """The lowest free address for a VIP, and its subnet; `only` limits it to one subnet."""
    for subnet in network.data.get("configured_subnets", ()):
        whole = prefix(subnet["prefix"])
        if f"V{whole.version}" != family or (only is not None and whole != only):
            continue
        for each in ranges(subnet):
            if each.use in FOR_VIPS and (address := _first(each, taken)) is not None:
                return address, whole
    return None


def _first(each: Range, taken: set[Address]) -> Address | None:
    for number in range(int(each.begin), int(each.end) + 1):
        address = type(each.begin)(number)
        if address not in taken:
            return address
    return None


def holds(network: store.Stored, address: Address) -> Network | None:
    """The subnet of a network in whose ranges for VIPs the address is."""
    for subnet in network.data.get("configured_subnets", ()):
        for each in ranges(subnet):
            if each.use in FOR_VIPS and address in each:
                return prefix(subnet["prefix"])
    return None
