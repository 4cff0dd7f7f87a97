"""Port groups as an update of the property collector after the other leaves them. Pure.

Updates are idempotent here: a server may send objects again that did not change.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from akoo_vsphere.client import api, errors
from akoo_vsphere.client.answers import inventory, properties
from akoo_vsphere.client.answers.properties import items
from akoo_vsphere.client.wire import Ref

LEFT: Final = "leave"


class Known:
    """The last known fields of all port groups."""

    def __init__(self) -> None:
        self._fields: dict[str, dict[str, Any]] = {}
        self._refs: dict[Ref, Ref] = {}
        """Folders: thousands of port groups share a few."""

    def apply(self, answer: Any) -> tuple[set[str], set[str], bool]:
        """Take one answer; (changed, removed) moRefs, and True if more of it follows.

        Raises DeadSessionError.
        """
        changed: set[str] = set()
        removed: set[str] = set()
        for update in _updates(answer):
            mo_ref = update["obj"].value
            if update.get("kind") == LEFT or properties.missing(update.get("missingSet")):
                if self._fields.pop(mo_ref, None) is not None:
                    removed.add(mo_ref)
                    changed.discard(mo_ref)
                continue
            fields = self._fields.setdefault(mo_ref, {})
            before = dict(fields)
            for change in items(update.get("changeSet")):
                self._change(fields, change)
            if fields != before:
                changed.add(mo_ref)
                removed.discard(mo_ref)
        return changed, removed, bool(answer.get("truncated"))

    def _change(self, fields: dict[str, Any], change: Any) -> None:
        """Take one change. An unset value (None) is removed, as one whose property is removed."""
        if not isinstance(change, dict):
            return
        name, value = sys.intern(str(change.get("name") or "")), change.get("val")
        if change.get("op") in ("remove", "indirectRemove") or value is None:
            fields.pop(name, None)
        else:
            fields[name] = self._refs.setdefault(value, value) if isinstance(value, Ref) else value

    def keys(self) -> set[int]:
        """Keys of all custom attributes that have a value."""
        return {
            entry["key"]
            for fields in self._fields.values()
            for entry in items(fields.get("customValue"))
            if isinstance(entry, dict) and isinstance(entry.get("key"), int)
        }

    def listed(self, mo_refs: set[str], attributes: dict[int, str]) -> tuple[api.Listed, ...]:
        """These port groups, sorted."""
        return tuple(
            inventory.listed(mo_ref, self._fields[mo_ref], attributes)
            for mo_ref in sorted(mo_refs)
            if mo_ref in self._fields
        )

    def all(self) -> set[str]:
        """moRefs of all port groups."""
        return set(self._fields)


def version(answer: Any) -> str:
    """vCenter's version of an answer. Raises NotVCenterError."""
    value = answer.get("version") if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value:
        raise errors.NotVCenterError("The answer to a wait for changes has no version.")
    return value


def _updates(answer: Any) -> list[dict[str, Any]]:
    if not isinstance(answer, dict):
        raise errors.NotVCenterError("The answer to a wait for changes has another form.")
    return [
        update
        for filtered in items(answer.get("filterSet"))
        if isinstance(filtered, dict)
        for update in items(filtered.get("objectSet"))
        if isinstance(update, dict) and isinstance(update.get("obj"), Ref)
    ]
