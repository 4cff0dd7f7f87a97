"""Fields of an object that a manager owns: sets of paths, as ``metadata.managedFields`` has them.

A path is a tuple of FieldsV1 steps: ``f:name`` (field), ``k:{"type":"Ready"}`` (list item by key),
``v:"x"`` (item of a set) and ``.`` (the item itself). Without schemas, lists are atomic but for
those named below, which are keyed or sets in every API we meet. Pure.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from akoo_core import structs

Path = tuple[str, ...]
Paths = frozenset[Path]

KEYED_LISTS: Final = {
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
SETS: Final = frozenset({"finalizers"})

_NOT_OWNED = frozenset({"apiVersion", "kind"})
_SYSTEM_METADATA = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generateName",
        "selfLink",
    }
)


class AbsentValue:
    """The value at a path that leads nowhere."""


MISSING: Final = AbsentValue()


def leaves(obj: Any) -> dict[Path, Any]:
    """Every field of ``obj`` that can have an owner, and its value."""
    values: dict[Path, Any] = {}
    for name, child in obj.items():
        if name == "metadata":
            for inner, value in child.items():
                if inner not in _SYSTEM_METADATA:
                    _collect(value, ("f:metadata", f"f:{inner}"), values)
        elif name not in _NOT_OWNED:
            _collect(child, (f"f:{name}",), values)
    return values


def owned(obj: Any) -> Paths:
    """Every field of ``obj`` that can have an owner."""
    return frozenset(leaves(obj))


def item_step(field: str, item: Any) -> str | None:
    """The step that names ``item`` in the list ``field``; None when the list is atomic."""
    if field in SETS:
        return f"v:{structs.encode_json(item).decode()}"
    key = KEYED_LISTS.get(field)
    if key is None or not isinstance(item, dict) or key not in item:
        return None
    value = item[key]
    return _keyed(key, value) if isinstance(value, str) else _encoded(key, value)


def _encoded(key: str, value: Any) -> str:
    return f"k:{structs.encode_json({key: value}).decode()}"


_keyed = functools.lru_cache(maxsize=4096)(_encoded)


def is_atomic(field: str, items: list[Any]) -> bool:
    """True where the list ``field`` is owned as a whole."""
    return not items or any(item_step(field, item) is None for item in items)


def lookup(value: Any, path: Path) -> Any:
    """The value at ``path``, or MISSING."""
    field = ""
    for step in path:
        if step == ".":
            break
        if step.startswith("f:"):
            field = step[2:]
            value = value.get(field, MISSING) if isinstance(value, dict) else MISSING
        else:
            items = value if isinstance(value, list) else []
            value = next((item for item in items if item_step(field, item) == step), MISSING)
        if value is MISSING:
            return MISSING
    return value


def to_fields_v1(paths: Paths) -> dict[str, Any]:
    """The tree that managedFields holds."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        node = tree
        for step in path:
            node = node.setdefault(step, {})
    return tree


def from_fields_v1(tree: dict[str, Any]) -> Paths:
    """The reverse of ``to_fields_v1``."""

    def walk(node: dict[str, Any], prefix: Path) -> set[Path]:
        if not node:
            return {prefix} if prefix else set()
        return {path for step, child in node.items() for path in walk(child, (*prefix, step))}

    return frozenset(walk(tree, ()))


def _collect(value: Any, prefix: Path, into: dict[Path, Any]) -> None:
    """Every field of ``value`` and what it holds; an item's own step holds nothing."""
    if isinstance(value, dict) and value:
        for name, child in value.items():
            _collect(child, (*prefix, f"f:{name}"), into)
        return
    field = prefix[-1][2:] if prefix else ""
    if not isinstance(value, list) or is_atomic(field, value):
        if prefix:
            into[prefix] = value
        return
    for item in value:
        step = item_step(field, item) or ""
        if step.startswith("k:"):
            into[(*prefix, step, ".")] = None
            _collect(item, (*prefix, step), into)
        else:
            into[(*prefix, step)] = item
