"""The VLAN of a port group: four kinds, of which each replaces the others whole. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

from akoo_core.plugin import structs
from akoo_vsphere.spec import refusal

LAST: Final = 4094
"""The highest VLAN id: IEEE 802.1Q reserves 4095. 0 means no VLAN."""


class Range(structs.Struct, frozen=True, kw_only=True):
    """VLAN ids from start to end, both included."""

    start: int
    end: int


class Vlan(structs.Struct, frozen=True, kw_only=True):
    """One kind of VLAN: exactly one of the four fields is set."""

    id: int | None = None
    """A single VLAN; 0: no VLAN tag."""
    trunk: tuple[Range, ...] | None = None
    """All these VLANs, with their tags."""
    pvlan_secondary_id: int | None = structs.field(default=None, name="pvlanSecondaryID")
    """A secondary id of the switch's private VLANs."""
    inherited: bool | None = None
    """True: the VLAN of the switch."""


def normal(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same VLAN ids as few ranges, sorted: ranges that touch or overlap become one."""
    merged: list[Range] = []
    for span in sorted(ranges, key=lambda span: span.start):
        if merged and span.start <= merged[-1].end + 1:
            last = merged.pop()
            span = Range(start=last.start, end=max(last.end, span.end))  # noqa: PLW2901
        merged.append(span)
    return tuple(merged)


def normalised(vlan: Vlan) -> Vlan:
    """The same VLAN in its only spelling."""
    if vlan.trunk is None:
        return vlan
    return structs.replace(vlan, trunk=normal(vlan.trunk))


def text(vlan: Vlan) -> str:
    """The VLAN in words: ``VLAN 7``, ``trunk 1-5,9``, ``private VLAN 7``, ``inherited``."""
    if vlan.trunk is not None:
        spans = (
            str(span.start) if span.start == span.end else f"{span.start}-{span.end}"
            for span in vlan.trunk
        )
        return f"trunk {','.join(spans)}"
    if vlan.pvlan_secondary_id is not None:
        return f"private VLAN {vlan.pvlan_secondary_id}"
    if vlan.id is not None:
        return f"VLAN {vlan.id}"
    return "inherited" if vlan.inherited else "unknown"


def check(vlan: Vlan, field: str) -> None:
    """Raise Refusal for a VLAN that a port group cannot have."""
    kinds = (vlan.id, vlan.trunk, vlan.pvlan_secondary_id, vlan.inherited)
    if sum(kind is not None for kind in kinds) != 1:
        raise refusal.invalid(
            field,
            "sets none or several kinds of VLAN",
            "Set exactly one of id, trunk, pvlanSecondaryID and inherited",
        )
    if vlan.inherited is False:
        raise refusal.invalid(
            f"{field}.inherited", "false is no VLAN", "Say which VLAN, or leave out vlan"
        )
    if vlan.id is not None:
        _check_id(vlan.id, 0, f"{field}.id")
    if vlan.pvlan_secondary_id is not None:
        _check_id(vlan.pvlan_secondary_id, 1, f"{field}.pvlanSecondaryID")
    if vlan.trunk is not None:
        _check_trunk(vlan.trunk, f"{field}.trunk")


def _check_trunk(ranges: tuple[Range, ...], field: str) -> None:
    if not ranges:
        raise refusal.invalid(field, "is empty", "Give at least one range, or an id")
    for number, span in enumerate(ranges):
        _check_id(span.start, 0, f"{field}[{number}].start")
        _check_id(span.end, 0, f"{field}[{number}].end")
        if span.start > span.end:
            problem = f"the end {span.end} is before the start {span.start}"
            raise refusal.invalid(f"{field}[{number}]", problem, "Exchange them")
    ordered = sorted(ranges, key=lambda span: span.start)
    for span, following in itertools.pairwise(ordered):
        if following.start <= span.end:
            problem = f"{_span(span)} and {_span(following)} overlap"
            raise refusal.invalid(field, problem, "Name each VLAN once")


def _check_id(number: int, first: int, field: str) -> None:
    if not first <= number <= LAST:
        problem = f"{number} is not a VLAN id"
        raise refusal.invalid(field, problem, f"Give a number from {first} to {LAST}")


def _span(span: Range) -> str:
    return f"{span.start}-{span.end}"
