"""The journal of a switch: the state of each object before its change. Pure.

It is kept in ConfigMaps of the operator's namespace, each below the size that a server takes, and
it holds no secret: no step reads one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from akoo_ako.installs.seen import at, name_of
from akoo_ako.migration.switch.change import Change
from akoo_core.plugin import errors, structs

NAME: Final = "akoo-migration"
LABEL: Final = "akoo.io/migration"
"""On each ConfigMap of it."""
DATA: Final = "entries.json"
PHASE: Final = "phase"
"""In the first ConfigMap."""
STOPPED: Final = "stopped"
"""In the first ConfigMap, while the ancestor is stopped; akoo-core reads it."""
PART_BYTES: Final = 400_000
"""Text of one ConfigMap. A server takes 1 MiB of an object, keys and quotes included."""

Phase = Literal["Switching", "Finishing"]
"""Finishing: there is no way back."""


class Entry(structs.Struct, frozen=True, kw_only=True):
    """The state of one object before a step."""

    step: str
    kind: str
    name: str
    namespace: str = ""
    uid: str = ""
    before: structs.JSON = {}

    @property
    def key(self) -> tuple[str, str, str, str]:
        """A later entry of the same key replaces this one."""
        return (self.step, self.kind, self.namespace, self.name)


class _Head(structs.Struct, frozen=True, kw_only=True):
    phase: Phase
    stopped: str | None = None


class Part(structs.Struct, frozen=True, kw_only=True):
    """One ConfigMap."""

    index: int
    entries: tuple[Entry, ...] = ()
    phase: Phase = "Switching"
    """Of the first part; without a meaning in the others. So is ``stopped``."""
    stopped: str | None = None
    """The keys of the ancestor's Deployments, whose Pods have ended; None: they may run."""
    stored: structs.JSON | None = None
    """The ConfigMap as it was read; None: it is not there yet."""

    @property
    def name(self) -> str:
        """Of the ConfigMap."""
        return f"{NAME}-{self.index}"


class Journal(structs.Struct, frozen=True, kw_only=True):
    """All parts, by their index."""

    parts: tuple[Part, ...] = ()

    @property
    def phase(self) -> Phase | Literal[""]:
        """ "" where there is no journal."""
        return self.parts[0].phase if self.parts else ""

    @property
    def stopped(self) -> str | None:
        """The keys of the ancestor's Deployments, whose Pods have ended; None: they may run."""
        return self.parts[0].stopped if self.parts else None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """In the order in which they were made."""
        return tuple(entry for part in self.parts for entry in part.entries)

    def of(self, step: str) -> tuple[Entry, ...]:
        """The entries of a step."""
        return tuple(entry for entry in self.entries if entry.step == step)


def entry_of(change: Change) -> Entry | None:
    """The entry that has to be there before ``change`` is made; None where it needs none."""
    if change.before is None:
        return None
    return Entry(
        step=change.step,
        kind=change.kind,
        name=change.name,
        namespace=change.namespace,
        uid="" if change.verb == "Delete" else change.uid,  # made again, it gets another
        before=change.before,
    )


def with_entries(journal: Journal, added: Iterable[Entry]) -> tuple[Part, ...]:
    """The parts that have to be written so that the journal has these entries, too.

    An entry stays in its part. Raises InputError for an entry that no part can hold.
    """
    latest = {entry.key: entry for entry in added}
    changed: dict[int, Part] = {}
    for part in journal.parts:
        entries = tuple(latest.pop(entry.key, entry) for entry in part.entries)
        if entries != part.entries:
            changed[part.index] = structs.replace(part, entries=entries)
    last = journal.parts[-1] if journal.parts else Part(index=0)
    last = changed.get(last.index, last)
    for entry in latest.values():
        _check(entry)
        if last.entries and _size((*last.entries, entry)) > PART_BYTES:
            last = Part(index=last.index + 1)
        last = structs.replace(last, entries=(*last.entries, entry))
        changed[last.index] = last
    return tuple(changed[index] for index in sorted(changed))


def written(part: Part, namespace: str) -> structs.JSON:
    """The ConfigMap of a part, to be created or to replace the one that was read."""
    data = {DATA: structs.encode_json([structs.to_plain(entry) for entry in part.entries]).decode()}
    if part.index == 0:
        data[PHASE] = part.phase
        if part.stopped is not None:
            data[STOPPED] = part.stopped
    metadata: dict[str, Any] = {
        "name": part.name,
        "namespace": namespace,
        "labels": {LABEL: "journal"},
    }
    if part.stored is not None:
        own: Mapping[str, Any] = part.stored["metadata"]
        metadata |= {"uid": own["uid"], "resourceVersion": own["resourceVersion"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def read(stored: Iterable[structs.JSON]) -> Journal:
    """The journal in these ConfigMaps. Raises InputError for one that cannot be read, or that is
    missing in the middle."""
    parts = sorted(map(_part, stored), key=lambda part: part.index)
    if [part.index for part in parts] != list(range(len(parts))):
        there = ", ".join(part.name for part in parts)
        raise errors.InputError(
            f"the journal of the switch has a gap: only {there} are there. Restore the missing "
            "ConfigMaps from a backup: they hold what the way back needs"
        )
    return Journal(parts=tuple(parts))


def _part(stored: structs.JSON) -> Part:
    name = name_of(stored)
    index = name.removeprefix(f"{NAME}-")
    data = at(stored, "data") or {}
    try:
        entries = tuple(
            structs.convert(each, Entry) for each in structs.decode_json(data[DATA].encode())
        )
        head = structs.convert(
            {"phase": data.get(PHASE, "Switching"), "stopped": data.get(STOPPED)}, _Head
        )
        return Part(
            index=int(index),
            entries=entries,
            phase=head.phase,
            stopped=head.stopped,
            stored=stored,
        )
    except (KeyError, ValueError, TypeError, AttributeError, structs.DecodeError) as error:
        raise errors.InputError(
            f"ConfigMap {name} is not a part of the journal of a switch. Restore it from a backup, "
            "or remove its label "
            f"{LABEL} if it is something else"
        ) from error


def _check(entry: Entry) -> None:
    if _size((entry,)) > PART_BYTES:
        key = "/".join(filter(None, (entry.namespace, entry.name)))
        raise errors.InputError(
            f"{entry.kind} {key} is too large to be stored in a ConfigMap "
            f"(JournalTooLarge, more than {PART_BYTES} bytes). Nothing of it was changed. Remove "
            "annotations that it does not need"
        )


def _size(entries: Iterable[Entry]) -> int:
    return len(structs.encode_json([structs.to_plain(entry) for entry in entries]))
