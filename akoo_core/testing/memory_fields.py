"""Which fields of an object a manager owns: sets of paths, as ``metadata.managedFields`` has them.

A path is a tuple of FieldsV1 steps: ``f:name`` (field), ``k:{"type":"Ready"}`` (list item by key),
``v:"x"`` (item of a set) and ``.`` (the item itself). Without schemas, lists are atomic but for
those named below, which are keyed or sets in every API we meet. Pure.
"""

from __future__ import annotations

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

_NOT_OWNED = frozenset({("f:apiVersion",), ("f:kind",)})
_SYSTEM_METADATA = frozenset(
    {
        "f:name",
        "f:namespace",
        "f:uid",
        "f:resourceVersion",
        "f:generation",
        "f:creationTimestamp",
        "f:managedFields",
        "f:deletionTimestamp",
        "f:deletionGracePeriodSeconds",
        "f:generateName",
        "f:selfLink",
    }
)


class Missing:
    """The value at a path that leads nowhere."""


MISSING: Final = Missing()


def owned(obj: Any) -> Paths:
    """Every field of ``obj`` that can have an owner."""
    return frozenset(
        path
        for path in _leaves(obj, ())
        if path not in _NOT_OWNED
        and not (path[0] == "f:metadata" and (len(path) < 2 or path[1] in _SYSTEM_METADATA))
    )


def item_step(field: str, item: Any) -> str | None:
    """The step that names ``item`` in the list ``field``; None when the list is atomic."""
    if field in SETS:
        return f"v:{structs.encode_json(item).decode()}"
    key = KEYED_LISTS.get(field)
    if key is None or not isinstance(item, dict) or key not in item:
        return None
    return f"k:{structs.encode_json({key: item[key]}).decode()}"


def is_atomic(field: str, items: list[Any]) -> bool:
    """Whether the list ``field`` is owned as a whole."""
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
            value = next((one for one in items if item_step(field, one) == step), MISSING)
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


def _leaves(value: Any, prefix: Path) -> set[Path]:
    if isinstance(value, dict) and value:
        return {
            path for name, child in value.items() for path in _leaves(child, (*prefix, f"f:{name}"))
        }
    field = prefix[-1][2:] if prefix else ""
    if isinstance(value, list) and not is_atomic(field, value):
        found: set[Path] = set()
        for item in value:
            step = item_step(field, item) or ""
            if step.startswith("k:"):
                found.add((*prefix, step, "."))
                found |= _leaves(item, (*prefix, step))
            else:
                found.add((*prefix, step))
        return found
    return {prefix} if prefix else set()
