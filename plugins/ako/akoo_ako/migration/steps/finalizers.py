"""Exchange the finalizers of living configs and Clusters, each in one patch.

At no time has an object both finalizers, or none. An object in deletion can get no finalizer: who
began its deletion has to finish it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from akoo_ako.installs.seen import metadata_of
from akoo_ako.migration import ancestor
from akoo_ako.migration.estate import Estate, has_finalizer, is_deleting
from akoo_ako.migration.switch import change
from akoo_ako.migration.switch.change import Change
from akoo_ako.migration.switch.journal import Entry, Journal
from akoo_core.plugin import names, structs

NAME: Final = "finalizers"


def forward(estate: Estate, journal: Journal) -> Iterator[Change]:
    """Ours for the ancestor's. Configs first: a Cluster is managed by its config."""
    del journal
    for obj in (*estate.configs, *estate.clusters):
        if has_finalizer(obj, ancestor.FINALIZER) and not is_deleting(obj):
            yield _exchanged(obj, ancestor.FINALIZER, names.FINALIZER, before={"exchanged": True})


def backward(entries: Sequence[Entry], estate: Estate) -> Iterator[Change]:
    """The ancestor's for ours, also on what came after the switch: akoo-core is going.

    What was switched and has neither by now was freed by akoo-core, and gets the ancestor's again.
    """
    switched = {entry.uid for entry in entries}
    for obj in (*estate.clusters, *estate.configs):
        if is_deleting(obj):
            continue
        if has_finalizer(obj, names.FINALIZER):
            yield _exchanged(obj, names.FINALIZER, ancestor.FINALIZER)
        elif metadata_of(obj)["uid"] in switched and not has_finalizer(obj, ancestor.FINALIZER):
            wanted = [*(metadata_of(obj).get("finalizers") or ()), ancestor.FINALIZER]
            yield change.patched(
                NAME,
                obj,
                [change.put("/metadata/finalizers", wanted)],
                f"finalizer {ancestor.FINALIZER} on",
                same_version=True,
            )


def _exchanged(obj: structs.JSON, old: str, new: str, before: structs.JSON | None = None) -> Change:
    present = list(metadata_of(obj)["finalizers"])
    wanted = list(dict.fromkeys(new if each == old else each for each in present))
    operations = change.exchanged("/metadata/finalizers", present, wanted)
    return change.patched(NAME, obj, operations, f"finalizer {new} on, {old} off", before=before)
