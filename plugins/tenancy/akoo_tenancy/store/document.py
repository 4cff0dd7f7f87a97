"""The versions of one key, as KV version 2 keeps them. Pure.

The Secret store keeps it as JSON, the store in memory as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from akoo_core.plugin import structs
from akoo_tenancy.store import api, errors


class Entry(structs.Struct, frozen=True, kw_only=True):
    """One version."""

    data: structs.JSON | None = None
    """None: destroyed."""
    deleted: bool = False

    @property
    def state(self) -> api.VersionState:
        """Its state."""
        if self.data is None:
            return "destroyed"
        return "deleted" if self.deleted else "live"

    def __repr__(self) -> str:
        """Its state alone."""
        return f"Entry({self.state})"


class History(structs.Struct, frozen=True, kw_only=True):
    """All versions of a key. ``current`` never goes back."""

    current: int = 0
    versions: dict[str, Entry] = {}
    """By number, as text: JSON has no other keys."""


EMPTY: Final = History()


def written(
    history: History, data: structs.JSON, *, expected: int, key: api.Key, most: int
) -> History:
    """The history with one more version. Raises ConflictError."""
    if expected != history.current:
        raise errors.ConflictError(
            f"{key} is not at version {expected} any more: another writer was faster. It is read "
            "again."
        )
    current = history.current + 1
    versions = {**history.versions, str(current): Entry(data=data)}
    kept = sorted(versions, key=int)[-most:]
    return History(current=current, versions={number: versions[number] for number in kept})


def read(history: History, version: int, *, key: api.Key) -> api.Document:
    """One version; 0: the current one. Raises AbsentError, DeletedError."""
    number = version or history.current
    entry = history.versions.get(str(number))
    if entry is None:
        about = f"Version {version} of {key}" if version else str(key)
        raise errors.AbsentError(f"{about} is not in the store.")
    if entry.data is None or entry.deleted:
        destroyed = entry.data is None
        raise errors.DeletedError(
            f"Version {number} of {key} was {'destroyed' if destroyed else 'deleted'}.",
            version=number,
            destroyed=destroyed,
        )
    return api.Document(key=key, version=number, data=entry.data)


def destroyed(history: History, versions: Iterable[int]) -> History:
    """The history without the values of these versions."""
    gone = {str(number) for number in versions}
    return structs.replace(
        history,
        versions={
            number: Entry(deleted=entry.deleted) if number in gone else entry
            for number, entry in history.versions.items()
        },
    )


def deleted(history: History) -> History:
    """The history whose current version is deleted, and can be restored."""
    number = str(history.current)
    entry = history.versions.get(number)
    if entry is None:
        return history
    return structs.replace(
        history, versions={**history.versions, number: structs.replace(entry, deleted=True)}
    )


def metadata(history: History, key: api.Key) -> api.Metadata:
    """Its versions, without values. Raises AbsentError for an empty history."""
    if history == EMPTY:
        raise errors.AbsentError(f"{key} is not in the store.")
    return api.Metadata(
        key=key,
        current=history.current,
        versions={int(number): entry.state for number, entry in history.versions.items()},
    )
