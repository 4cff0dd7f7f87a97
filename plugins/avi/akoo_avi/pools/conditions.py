"""Conditions from the state of a pool. Pure.

``Applied``: Avi has what the pool says. ``AddressesFree``: there are enough addresses. ``Ready``
has the status of ``Applied``: a pool that runs low still works.
"""

from __future__ import annotations

from collections.abc import Iterable

from akoo_avi.pools.inputs import Allocated, HeldRange, NetworkPlan
from akoo_avi.pools.usage import AddressCount
from akoo_core.plugin.conditions import Condition

APPLIED = "Applied"
FREE = "AddressesFree"
SHOWN = 5
"""Names in a message; further names are counted."""


def applied(planned: NetworkPlan, where: str) -> Condition:
    """``Applied`` for the result of a plan."""
    if planned.overlaps:
        overlaps = "; ".join(
            f"{overlap.wanted} overlaps {overlap.there} of {overlap.whose}"
            for overlap in planned.overlaps[:SHOWN]
        )
        message = f"Nothing was changed {where}: {overlaps}. Choose other ranges."
        return Condition(type=APPLIED, status="False", reason="Overlap", message=message)
    if planned.held:
        return Condition(
            type=APPLIED,
            status="False",
            reason="AddressesInUse",
            message=f"{in_use(planned.held)} {where}. They are removed when these are released.",
        )
    if planned.network is not None:
        message = (
            f"What was written {where} was not kept, or was changed at once. It is written again."
        )
        return Condition(type=APPLIED, status="False", reason="NotKept", message=message)
    message = f"Ranges, subnets and usable networks are as wanted {where}."
    return Condition(type=APPLIED, status="True", reason="Applied", message=message)


def drifted(planned: NetworkPlan, *, usable: bool, where: str) -> Condition:
    """``Applied`` for a change by somebody else that is only reported. ``usable``: the entry is
    gone."""
    differences = [f"{span} is missing" for span in sorted(planned.added.spans)]
    differences += [
        f"subnet {subnet} is missing" for subnet in sorted(map(str, planned.added.subnets))
    ]
    differences += [f"{span} is left" for span in sorted(planned.removed.spans)]
    differences += ["the network is not usable any more"] if usable else []
    message = (
        f"Somebody changed what was in force {where}: {'; '.join(differences)}. "
        "spec.driftPolicy is Report, so nothing is changed back."
    )
    return Condition(type=APPLIED, status="False", reason="Drifted", message=message)


def in_use(held: Iterable[HeldRange]) -> str:
    """The ranges that cannot go, and the holders of their addresses."""
    ranges = tuple(held)
    shown = ", ".join(str(row.range) for row in ranges)
    users = holders(user for row in ranges for user in row.by)
    return f"Of {shown} addresses are in use: {users}"


def holders(allocated: Iterable[Allocated]) -> str:
    """``10.0.0.10 by shop-vip, ... and 3 more``."""
    rows = [f"{address.address} by {address.holder}" for address in allocated]
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return ", ".join(rows[:SHOWN]) + more


def failed(*, reason: str, message: str) -> Condition:
    """``Applied`` for an attempt that failed."""
    return Condition(type=APPLIED, status="False", reason=reason, message=message)


def free(counts: tuple[AddressCount, ...], warn_below: int) -> Condition:
    """``AddressesFree`` over all subnets together."""
    total, left = sum(count.total for count in counts), sum(count.free for count in counts)
    if not total:
        message = "No range gives addresses to virtual services."
        return Condition(type=FREE, status="Unknown", reason="NoRanges", message=message)
    counted = f"{left} of {total} addresses are free"
    if not left:
        message = f"{counted}: the next virtual service gets none. Add ranges to spec.subnets."
        return Condition(type=FREE, status="False", reason="AddressesExhausted", message=message)
    if left < warn_below:
        message = f"{counted}, less than {warn_below} (spec.warnBelow). Add ranges to spec.subnets."
        return Condition(type=FREE, status="False", reason="AddressesLow", message=message)
    # No figures: each new address would be another message, and another write.
    message = f"At least {warn_below} addresses are free."
    return Condition(type=FREE, status="True", reason="AddressesLeft", message=message)


def with_ready(known: Iterable[Condition]) -> tuple[Condition, ...]:
    """The conditions, with ``Ready`` before them: a copy of ``Applied``."""
    rows = tuple(known)
    first = next(row for row in rows if row.type == APPLIED)
    ready = Condition(type="Ready", status=first.status, reason=first.reason, message=first.message)
    return (ready, *rows)
