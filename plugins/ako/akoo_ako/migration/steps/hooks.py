"""Take the ancestor's hook off all Machines: nobody would take it off when they are deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from akoo_ako.installs.seen import at, metadata_of, name_of, namespace_of
from akoo_ako.migration import ancestor
from akoo_ako.migration.estate import Estate, is_deleting
from akoo_ako.migration.switch import change
from akoo_ako.migration.switch.change import Change
from akoo_ako.migration.switch.journal import Entry, Journal
from akoo_core.plugin import structs

NAME: Final = "hooks"
_PATH: Final = f"/metadata/annotations/{change.escaped(ancestor.HOOK)}"


def forward(estate: Estate, journal: Journal) -> Iterator[Change]:
    """One patch a Machine."""
    del journal
    for machine in estate.machines:
        value = _annotations(machine).get(ancestor.HOOK)
        if value is not None:
            yield change.patched(
                NAME,
                machine,
                change.removed(_PATH, value),
                f"hook {ancestor.HOOK} off",
                before={"value": value},
            )


def backward(entries: Sequence[Entry], estate: Estate) -> Iterator[Change]:
    """The hook on living Machines that had it."""
    machines = {(namespace_of(each), name_of(each)): each for each in estate.machines}
    for entry in entries:
        machine = machines.get((entry.namespace, entry.name))
        if machine is None or metadata_of(machine)["uid"] != entry.uid or is_deleting(machine):
            continue
        annotations = _annotations(machine)
        if ancestor.HOOK in annotations:
            continue
        wanted = {**annotations, ancestor.HOOK: entry.before["value"]}
        yield change.patched(
            NAME,
            machine,
            [change.put("/metadata/annotations", wanted)],
            f"hook {ancestor.HOOK} on",
            same_version=True,
        )


def _annotations(machine: structs.JSON) -> dict[str, Any]:
    return dict(at(machine, "metadata.annotations") or {})
