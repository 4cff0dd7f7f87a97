"""Differences of a port group: desired, in force and observed values, field by field. Pure.

A field that is not desired has no difference. A field that was in force, is still desired and has
another value now has drifted: somebody changed it in vCenter. Every other difference is an edit
that a person asks for.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from akoo_core.plugin import structs
from akoo_vsphere import marks
from akoo_vsphere.observed import Observed
from akoo_vsphere.spec import settings
from akoo_vsphere.spec.settings import Leaves

Kind = Literal["Drift", "Edit"]

DISTURBING: Final = (settings.NAME, settings.VLAN, settings.TEAMING, settings.SECURITY)
"""Fields whose change is felt by whoever uses the port group."""


class Difference(structs.Struct, frozen=True, kw_only=True):
    """A field whose value in vCenter is not the desired one."""

    field: str
    kind: Kind
    want: Any
    have: Any
    """None: there is none, or it cannot be read."""
    in_force: Any = None
    """The value that was in force; None: none was."""
    drifted: bool = False
    """True: the value is not the one that was in force, whatever is desired by now."""

    @property
    def disturbing(self) -> bool:
        """True for a change that users of the port group feel."""
        return self.field.split(".")[0] in DISTURBING

    def __str__(self) -> str:
        want, have = (settings.text(self.field, value) for value in (self.want, self.have))
        return f"{self.field}: want {want}, have {have}"


def effective(observed: Observed) -> Leaves:
    """The values in vCenter, with the description without its mark."""
    return {**observed.leaves, settings.DESCRIPTION: marks.without(observed.description).strip()}


def same(field: str, value: Any, observed: Observed, have: Leaves) -> bool:
    """True if ``value`` is in force in vCenter."""
    if field == settings.VLAN and value.get("inherited"):
        return observed.vlan_inherited
    return field in have and bool(have[field] == value)


def between(desired: Leaves, in_force: Leaves, observed: Observed) -> tuple[Difference, ...]:
    """All differences, sorted by field."""
    have = effective(observed)
    return tuple(
        Difference(
            field=field,
            kind="Drift" if field in in_force and in_force[field] == want else "Edit",
            want=want,
            have=have.get(field),
            in_force=in_force.get(field),
            drifted=field in in_force and not same(field, in_force[field], observed, have),
        )
        for field, want in sorted(desired.items())
        if not same(field, want, observed, have)
    )


def in_force_now(desired: Leaves, in_force: Leaves, observed: Observed) -> Leaves:
    """The values to record as in force: those that are, and of the others those that were.

    A field that is not desired any more is forgotten: it is not ours to restore.
    """
    have = effective(observed)
    now = {field: want for field, want in desired.items() if same(field, want, observed, have)}
    return {field: in_force[field] for field in desired if field in in_force} | now
