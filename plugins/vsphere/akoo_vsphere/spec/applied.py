"""Values that were in force, as ``status.applied`` stores them. Pure."""

from __future__ import annotations

from akoo_core.plugin import structs
from akoo_vsphere.spec.settings import Leaves


class Value(structs.Struct, frozen=True, kw_only=True):
    """The value of one field that was in force."""

    field: str
    """A leaf of the settings (``teaming.policy``)."""
    value: str
    """The value as JSON text."""


def of_leaves(leaves: Leaves) -> tuple[Value, ...]:
    """The stored form, sorted by field."""
    return tuple(
        Value(field=field, value=structs.encode_json(leaves[field]).decode())
        for field in sorted(leaves)
    )


def to_leaves(stored: tuple[Value, ...]) -> Leaves:
    """The values by field. A value that cannot be read was not in force."""
    leaves: Leaves = {}
    for entry in stored:
        try:
            leaves[entry.field] = structs.decode_json(entry.value)
        except structs.DecodeError:
            continue
    return leaves
