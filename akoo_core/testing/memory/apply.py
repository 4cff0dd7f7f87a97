"""Server-side apply without schemas: merge, conflicts, removal of fields that are gone. Pure.

What it leaves out: union types, defaulting, ownership across API versions, and lists whose keys
:mod:`akoo_core.testing.memory.fields` does not know, which are atomic here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from akoo_core.testing.memory import fields
from akoo_core.testing.memory.patch import copied

Object = dict[str, Any]


class Manager(NamedTuple):
    """A writer. The same name with another operation or subresource is another manager."""

    name: str
    operation: Literal["Apply", "Update"]
    subresource: str = ""


Owners = dict[Manager, fields.Paths]


class Applied(NamedTuple):
    """The outcome of one apply, before the server's own rules."""

    object: Object
    owners: Owners


class ApplyConflictError(Exception):
    """Others own fields that would get another value."""

    def __init__(self, conflicts: Iterable[tuple[Manager, fields.Path]]) -> None:
        self.conflicts = sorted(conflicts)
        owners = ", ".join(f'"{who.name}": {".".join(path)}' for who, path in self.conflicts)
        super().__init__(f"Apply failed with {len(self.conflicts)} conflicts: {owners}")


def apply(
    live: Object, config: Object, owners: Owners, manager: Manager, *, force: bool
) -> Applied:
    """``config`` laid over ``live``. Raises ApplyConflictError unless ``force``."""
    leaves = fields.leaves(config)
    wanted = frozenset(leaves)
    conflicts = _conflicts(live, leaves, owners, manager)
    if conflicts and not force:
        raise ApplyConflictError(conflicts)
    others = {
        who: paths - {path for loser, path in conflicts if loser == who}
        for who, paths in owners.items()
        if who != manager
    }
    kept = frozenset[fields.Path]().union(wanted, *others.values())
    merged = _merge(live, config, "")
    # Items first: without its key field an item is not found any more.
    for path in sorted(owners.get(manager, frozenset()) - kept, key=lambda path: path[-1] != "."):
        # What was applied as empty may have got content from others since.
        if path[-1] == "." or not any(kept_path[: len(path)] == path for kept_path in kept):
            _remove(merged, path)
    return Applied(merged, {**{k: v for k, v in others.items() if v}, manager: wanted})


def after_update(before: Object, after: Object, owners: Owners, manager: Manager) -> Owners:
    """The owners once ``manager`` has written ``after`` by create, replace or patch."""
    return after_change(fields.leaves(before), fields.leaves(after), owners, manager)


def after_change(
    old: Mapping[fields.Path, Any], new: Mapping[fields.Path, Any], owners: Owners, manager: Manager
) -> Owners:
    """The same by the leaves before and after. The manager gets what it changed; others lose that,
    and what is gone."""
    changed = frozenset(
        path for path, value in new.items() if path not in old or old[path] != value
    )
    gone = old.keys() - new.keys()
    result = {
        who: paths - gone - (changed if who != manager else frozenset())
        for who, paths in owners.items()
    }
    result[manager] = result.get(manager, frozenset()) | changed
    return {who: paths for who, paths in result.items() if paths}


def read_owners(obj: Object) -> Owners:
    """The owners in ``metadata.managedFields``."""
    return {
        Manager(
            entry["manager"], entry["operation"], entry.get("subresource", "")
        ): fields.from_fields_v1(entry["fieldsV1"])
        for entry in obj["metadata"].get("managedFields") or []
    }


def _conflicts(
    live: Object, wanted: Mapping[fields.Path, Any], owners: Owners, manager: Manager
) -> set[tuple[Manager, fields.Path]]:
    others = {who: paths & wanted.keys() for who, paths in owners.items() if who != manager}
    if not any(others.values()):
        return set()
    there = fields.leaves(live)
    return {
        (who, path)
        for who, paths in others.items()
        for path in paths
        if path[-1] != "."
        and (there[path] if path in there else fields.lookup(live, path)) != wanted[path]
    }


def _merge(live: Any, config: Any, field: str) -> Any:
    if isinstance(live, dict) and isinstance(config, dict):
        merged = dict(live)
        for name, value in config.items():
            merged[name] = _merge(live.get(name), value, name)
        return merged
    if isinstance(live, list) and isinstance(config, list) and not fields.is_atomic(field, config):
        return _merge_items(live, config, field)
    return copied(config) if isinstance(config, dict | list) else config


def _merge_items(live: list[Any], config: list[Any], field: str) -> list[Any]:
    merged = {fields.item_step(field, item): item for item in live}
    for item in config:
        step = fields.item_step(field, item)
        merged[step] = _merge(merged.get(step), item, "")
    return list(merged.values())


def _remove(value: Any, path: fields.Path) -> None:
    """Take the leaf at ``path`` out, and containers that become empty by it."""
    parent, step = fields.lookup(value, path[:-1]), path[-1]
    if parent is fields.MISSING:
        return
    if step == ".":
        _remove_item(value, path[:-1])
    elif step.startswith("f:"):
        if isinstance(parent, dict):
            parent.pop(step[2:], None)
    else:
        _remove_item(value, path)
    # An item of a keyed list goes by its own ".", never because its fields went.
    if len(path) > 1 and path[-2].startswith("f:") and fields.lookup(value, path[:-1]) in ({}, []):
        _remove(value, path[:-1])


def _remove_item(value: Any, path: fields.Path) -> None:
    items = fields.lookup(value, path[:-1])
    field = path[-2][2:]
    if isinstance(items, list):
        items[:] = [item for item in items if fields.item_step(field, item) != path[-1]]
