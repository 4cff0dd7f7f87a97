"""Conditions of a plugin's own kinds, as Kubernetes writes them.

Several controllers may write conditions of one object: each owns the types that only it writes,
and keeps those of others (:func:`write`).
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
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
    "listed",
    "merge",
    "replaced",
    "type_for_plugin",
    "write",
]


def listed(obj: Object) -> tuple[Condition, ...]:
    """The conditions of an object, without those that cannot be read."""
    readable: list[Condition] = []
    for row in (obj.get("status") or {}).get("conditions") or ():
        try:
            readable.append(structs.convert(row, Condition))
        except structs.DecodeError:
            continue
    return tuple(readable)


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
