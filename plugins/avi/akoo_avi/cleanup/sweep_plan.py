"""The plan of a sweep of an inventory, as a value. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from akoo_avi.cleanup import order
from akoo_avi.ownership.judged import Inventory, JudgedObject, SharedObject
from akoo_avi.ownership.references import Key
from akoo_core.plugin import structs

_WHOSE = {
    "foreign": "which is not ours",
    "suspect": "which may be a leftover, but lacks marks",
    "unknown": "as the controller says",
}


class Holder(NamedTuple):
    """An object that refers to an own one and is not own."""

    kind: str
    name: str
    tenant: str = ""
    whose: Literal["foreign", "suspect", "unknown"] = "foreign"
    """``unknown``: the controller named it, and it could not be read."""

    def __str__(self) -> str:
        name = f' "{self.name}"' if self.name else ""
        tenant = f" (tenant {self.tenant})" if self.tenant else ""
        return f"{self.kind}{name}{tenant}, {_WHOSE[self.whose]}"


class HeldObject(NamedTuple):
    """An own object that cannot go, and its holders."""

    object: JudgedObject
    by: tuple[Holder, ...]

    def __str__(self) -> str:
        return f"{self.object} is used by {' and by '.join(map(str, self.by))}"


class SweepPlan(structs.Struct, frozen=True, kw_only=True):
    """Deletions level by level; entries of shared objects last."""

    levels: tuple[tuple[JudgedObject, ...], ...] = ()
    edits: tuple[SharedObject, ...] = ()
    kept: tuple[JudgedObject, ...] = ()
    """Own objects that something keeps, directly or by a referrer that is kept."""

    @property
    def deletes(self) -> int:
        return sum(len(level) for level in self.levels)


def plan(inventory: Inventory, held: Iterable[Key] = ()) -> SweepPlan:
    """Every own object that nothing keeps, in the order of references, then the edits."""
    own = inventory.own
    kept = order.kept_by(held, own)
    return SweepPlan(
        levels=order.levels(obj for obj in own if obj.key not in kept),
        edits=tuple(part for part in inventory.parts if part.own),
        kept=tuple(obj for obj in own if obj.key in kept),
    )


def kept(stuck: Iterable[Key], sweep_plan: SweepPlan) -> frozenset[Key]:
    """The objects of a plan that cannot go while ``stuck`` stay."""
    return order.kept_by(stuck, (obj for level in sweep_plan.levels for obj in level))
