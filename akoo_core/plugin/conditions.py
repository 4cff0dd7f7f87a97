"""Conditions of a plugin's own kinds, as Kubernetes writes them.

Several controllers may write conditions of one object: each owns the types that only it writes,
and keeps those of others (:func:`write`).
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from akoo_core import structs
from akoo_core.kube.client import KubeClient, Object
from akoo_core.kube.resource import Resource
from akoo_core.objects.conditions import (
    MESSAGE_LIMIT,
    Condition,
    find,
    merge,
    replaced,
    type_for_plugin,
)

__all__ = [
    "MESSAGE_LIMIT",
    "Condition",
    "find",
    "kept",
    "listed",
    "merge",
    "readable",
    "replaced",
    "type_for_plugin",
    "write",
]


def listed(obj: Object) -> tuple[Condition, ...]:
    """The conditions of an object, without those that cannot be read."""
    rows = readable(obj.get("status") or {})["conditions"]
    return tuple(structs.convert(row, Condition) for row in rows)


def readable(status: structs.JSON) -> structs.JSON:
    """The status of an object without the conditions that cannot be read, for a typed status."""
    rows = [row for row in status.get("conditions") or () if _readable(row)]
    return {**status, "conditions": rows}


def kept(rows: Sequence[structs.JSON], wanted: Iterable[Condition]) -> tuple[structs.JSON, ...]:
    """``status.conditions`` to write: ``wanted``, and of the ``rows`` as read those that cannot be
    read. A row that says what is wanted stays as it is, in every field."""
    before = {str(row.get("type")): row for row in rows}
    new: dict[str, structs.JSON] = {}
    for condition in wanted:
        row = before.get(condition.type)
        same = row is not None and _readable(row) and structs.convert(row, Condition) == condition
        new[condition.type] = row if row is not None and same else structs.to_object(condition)
    others = [row for row in rows if str(row.get("type")) not in new and not _readable(row)]
    return (*new.values(), *others)


def _readable(row: structs.JSON) -> bool:
    try:
        structs.convert(row, Condition)
    except structs.DecodeError:
        return False
    return True


async def write(
    client: KubeClient,
    resource: Resource,
    obj: Object,
    wanted: Iterable[Condition],
    *,
    owns: Collection[str],
    now: datetime.datetime,
    status: structs.JSON | None = None,
) -> Object:
    """Write the conditions of the types in ``owns`` into the status of ``obj``, as it was read.

    Owned types that are not wanted are removed; conditions of other types stay as they are.
    ``status`` has further fields of the status (None removes one). The object as it is then;
    nothing is written where nothing differs. Raises ConflictError when the object changed since it
    was read: read it again, in the next attempt.
    """
    before: structs.JSON = obj.get("status") or {}
    fields = {key: value for key, value in (status or {}).items() if before.get(key) != value}
    rows = replaced(before.get("conditions") or (), wanted, owns=owns, now=now)
    if rows is not None:
        fields["conditions"] = rows
    if not fields:
        return obj
    metadata: dict[str, Any] = obj["metadata"]
    patch = {
        "metadata": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]},
        "status": fields,
    }
    return await client.merge_patch(
        resource, metadata["name"], patch, metadata.get("namespace"), subresource="status"
    )
