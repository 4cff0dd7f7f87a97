"""Which addresses of a network are in use, and how many are left. Pure, but for the metric."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from akoo_avi.pools.inputs import Allocated
from akoo_avi.spec import spans
from akoo_core.plugin import metrics, structs

_MOST = 2**32
"""What a total counts up to: subnets of IPv6 have more than anybody can use, or a status hold."""


class Count(NamedTuple):
    """Addresses for virtual services in one subnet."""

    prefix: spans.Prefix
    total: int
    allocated: int

    @property
    def free(self) -> int:
        return max(self.total - self.allocated, 0)


def allocated(runtime: structs.JSON) -> tuple[Allocated, ...]:
    """All that ``networkruntime`` says is in use, in the order of addresses."""
    found = {}
    for subnet in runtime.get("subnet_runtime") or ():
        for each in subnet.get("ip_range_runtimes") or ():
            for one in each.get("allocated_ips") or ():
                read = _read(one)
                if read is not None:
                    found[read.address] = read
    return tuple(sorted(found.values(), key=lambda one: (one.address.version, int(one.address))))


def _read(one: structs.JSON) -> Allocated | None:
    try:
        address = ipaddress.ip_address((one.get("ip") or {}).get("addr", ""))
    except ValueError:
        return None
    return Allocated(address, str(one.get("obj_info") or one.get("obj_uuid") or "somebody"))


def counts(
    network: structs.JSON, taken: tuple[Allocated, ...], wanted: Iterable[spans.Prefix]
) -> tuple[Count, ...]:
    """Of the wanted subnets; of all if none is.

    Avi gives an address from any range of a subnet, so ranges of others count as well; those for
    service engines alone do not.
    """
    chosen = set(wanted)
    found = []
    for prefix, inside in spans.subnets(network):
        if prefix is None or (chosen and prefix not in chosen):
            continue
        ranges = [one for one in inside if one.serves("VIP")]
        used = sum(1 for one in taken if any(each.holds(one.address) for each in ranges))
        total = min(sum(one.size for one in ranges), _MOST)
        found.append(Count(prefix, total, used))
    return tuple(found)


def publish(pool: str, found: Iterable[Count]) -> None:
    """Set ``akoo_pool_addresses`` of a pool; one without ranges has none."""
    rows = tuple(found)
    if not any(row.total for row in rows):
        forget(pool)
        return
    for state, value in (
        ("total", sum(row.total for row in rows)),
        ("allocated", sum(row.allocated for row in rows)),
        ("free", sum(row.free for row in rows)),
    ):
        metrics.POOL_ADDRESSES.labels(pool, state).set(value)


def forget(pool: str) -> None:
    """Take the metric of a pool that is gone away."""
    for state in ("total", "allocated", "free"):
        try:
            metrics.POOL_ADDRESSES.remove(pool, state)
        except KeyError:
            return  # it never had one
