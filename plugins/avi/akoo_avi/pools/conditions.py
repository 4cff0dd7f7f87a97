"""From what was found of a pool to conditions. Pure.

``Applied``: whether Avi has what the pool says. ``AddressesFree``: whether there are enough. The
summary ``Ready`` is the first; a pool that runs low still works.
"""

from __future__ import annotations

from collections.abc import Iterable

from akoo_avi.pools.inputs import Allocated, Held, Plan
from akoo_avi.pools.usage import Count
from akoo_core.plugin.conditions import Condition

APPLIED = "Applied"
FREE = "AddressesFree"
SHOWN = 5
"""Names in a message; of more the number is told."""


def applied(planned: Plan, where: str) -> Condition:
    """What came of a plan."""
    if planned.overlaps:
        told = "; ".join(
            f"{overlap.wanted} overlaps {overlap.there} of {overlap.whose}"
            for overlap in planned.overlaps[:SHOWN]
        )
        message = f"Nothing was changed {where}: {told}. Choose other ranges."
        return Condition(type=APPLIED, status="False", reason="Overlap", message=message)
    if planned.held:
        return Condition(
            type=APPLIED,
            status="False",
            reason="AddressesInUse",
            message=f"{in_use(planned.held)} {where}. They go once these are given back.",
        )
    if planned.network is not None:
        message = f"What was written {where} was not kept, or changed at once. It is written again."
        return Condition(type=APPLIED, status="False", reason="NotKept", message=message)
    message = f"Ranges, subnets and usable networks are as they are wanted {where}."
    return Condition(type=APPLIED, status="True", reason="Applied", message=message)


def drifted(planned: Plan, *, usable: bool, where: str) -> Condition:
    """Something differs that was in force, and is only reported. ``usable``: the entry is gone."""
    told = [f"{span} is missing" for span in sorted(planned.added.spans)]
    told += [f"subnet {one} is missing" for one in sorted(map(str, planned.added.subnets))]
    told += [f"{span} is left" for span in sorted(planned.removed.spans)]
    told += ["the network is not usable any more"] if usable else []
    message = (
        f"Somebody changed what was in force {where}: {'; '.join(told)}. "
        "spec.driftPolicy is Report, so it is left so."
    )
    return Condition(type=APPLIED, status="False", reason="Drifted", message=message)


def in_use(held: Iterable[Held]) -> str:
    """Which ranges cannot go, and who holds them."""
    ranges = tuple(held)
    shown = ", ".join(str(one.range) for one in ranges)
    return f"Of {shown} addresses are in use: {holders(h for one in ranges for h in one.by)}"


def holders(found: Iterable[Allocated]) -> str:
    """``10.0.0.10 by shop-vip, ... and 3 more``."""
    rows = [f"{one.address} by {one.holder}" for one in found]
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return ", ".join(rows[:SHOWN]) + more


def failed(*, reason: str, message: str) -> Condition:
    """It could not be applied, or not be looked at."""
    return Condition(type=APPLIED, status="False", reason=reason, message=message)


def free(counts: tuple[Count, ...], warn_below: int) -> Condition:
    """Whether there are addresses left in every subnet together."""
    total, left = sum(count.total for count in counts), sum(count.free for count in counts)
    if not total:
        message = "No range gives addresses to virtual services."
        return Condition(type=FREE, status="Unknown", reason="NoRanges", message=message)
    told = f"{left} of {total} addresses are free"
    if not left:
        message = f"{told}: the next virtual service gets none. Add ranges to spec.subnets."
        return Condition(type=FREE, status="False", reason="AddressesExhausted", message=message)
    if left < warn_below:
        message = f"{told}, less than {warn_below} (spec.warnBelow). Add ranges to spec.subnets."
        return Condition(type=FREE, status="False", reason="AddressesLow", message=message)
    # No figures: each new address would be another message, and another write.
    message = f"At least {warn_below} addresses are free."
    return Condition(type=FREE, status="True", reason="AddressesLeft", message=message)


def with_ready(known: Iterable[Condition]) -> tuple[Condition, ...]:
    """``Ready`` before them: as ``Applied`` is."""
    rows = tuple(known)
    first = next(row for row in rows if row.type == APPLIED)
    ready = Condition(type="Ready", status=first.status, reason=first.reason, message=first.message)
    return (ready, *rows)
