"""Addresses of a network that are in use, and that are left. Pure, but for the metric."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from akoo_avi.pools.inputs import Allocated
from akoo_avi.spec import spans
from akoo_core.plugin import metrics, structs

_MOST = 2**32
"""Upper bound of a total: subnets of IPv6 have more than anybody can use, or a status hold."""


class AddressCount(NamedTuple):
    """Addresses for virtual services in one subnet."""

    prefix: spans.Prefix
    total: int
    allocated: int

    @property
    def free(self) -> int:
        return max(self.total - self.allocated, 0)


def allocated(runtime: structs.JSON) -> tuple[Allocated, ...]:
    """All addresses that ``networkruntime`` reports in use, in the order of addresses."""
    by_address = {}
    for subnet in runtime.get("subnet_runtime") or ():
        for range_runtime in subnet.get("ip_range_runtimes") or ():
            for entry in range_runtime.get("allocated_ips") or ():
                read = _read(entry)
                if read is not None:
                    by_address[read.address] = read
    return tuple(
        sorted(
            by_address.values(), key=lambda holding: (holding.address.version, int(holding.address))
        )
    )


def _read(entry: structs.JSON) -> Allocated | None:
    try:
        address = ipaddress.ip_address((entry.get("ip") or {}).get("addr", ""))
    except ValueError:
        return None
    return Allocated(address, str(entry.get("obj_info") or entry.get("obj_uuid") or "somebody"))


def counts(
    network: structs.JSON, taken: tuple[Allocated, ...], wanted: Iterable[spans.Prefix]
) -> tuple[AddressCount, ...]:
    """Counts of the wanted subnets; of all subnets if none is wanted.

    Avi gives an address from any range of a subnet, so ranges of others count as well; ranges for
    service engines alone do not.
    """
    chosen = set(wanted)
    counted = []
    for prefix, inside in spans.subnets(network):
        if prefix is None or (chosen and prefix not in chosen):
            continue
        ranges = [span for span in inside if span.serves("VIP")]
        used = sum(1 for address in taken if any(span.holds(address.address) for span in ranges))
        total = min(sum(span.size for span in ranges), _MOST)
        counted.append(AddressCount(prefix, total, used))
    return tuple(counted)


def publish(pool: str, counted: Iterable[AddressCount]) -> None:
    """Set ``akoo_pool_addresses`` of a pool; one without ranges has none."""
    rows = tuple(counted)
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
    """Remove the metric of a pool that is gone."""
    for state in ("total", "allocated", "free"):
        try:
            metrics.POOL_ADDRESSES.remove(pool, state)
        except KeyError:
            return  # it never had one
