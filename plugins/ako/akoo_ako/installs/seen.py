"""The objects that were read to recognise an install; values only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from akoo_core.plugin import structs


class Seen(structs.Struct, frozen=True, kw_only=True):
    """Objects of a Cluster and of its management cluster. Secrets have their metadata only."""

    namespace: str
    """Of the Cluster."""
    name: str
    labels: dict[str, str] = {}
    """Of the Cluster."""
    own: tuple[structs.JSON, ...] = ()
    """AKO's objects in the workload cluster."""
    workload: tuple[structs.JSON, ...] = ()
    """Objects in the workload cluster that may own those."""
    management: tuple[structs.JSON, ...] = ()
    """Objects in the management cluster that may own those."""
    unseen: tuple[str, ...] = ()
    """Sentences on lists that could not be read, or not in full."""

    def workload_of(self, kind: str) -> Iterator[structs.JSON]:
        """Owners of that kind in the workload cluster."""
        return (obj for obj in self.workload if obj["kind"] == kind)

    def management_of(self, kind: str) -> Iterator[structs.JSON]:
        """Owners of that kind in the management cluster."""
        return (obj for obj in self.management if obj["kind"] == kind)

    def own_of(self, kind: str, namespace: str = "") -> Iterator[structs.JSON]:
        """AKO's objects of that kind; in a namespace, or in all."""
        return (
            obj for obj in self.own if obj["kind"] == kind and namespace in ("", namespace_of(obj))
        )


def name_of(obj: structs.JSON) -> str:
    """Its name."""
    return str(metadata_of(obj).get("name") or "")


def namespace_of(obj: structs.JSON) -> str:
    """Its namespace; "" for none."""
    return str(metadata_of(obj).get("namespace") or "")


def metadata_of(obj: structs.JSON) -> dict[str, Any]:
    """Its metadata."""
    metadata: dict[str, Any] = obj.get("metadata") or {}
    return metadata


def label(obj: structs.JSON, key: str) -> str:
    """A label, or ""."""
    return str((metadata_of(obj).get("labels") or {}).get(key) or "")


def annotation(obj: structs.JSON, key: str) -> str:
    """An annotation, or ""."""
    return str((metadata_of(obj).get("annotations") or {}).get(key) or "")


def at(obj: structs.JSON, path: str) -> Any:
    """The value at a dotted path; None where there is none."""
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def items(obj: structs.JSON, path: str) -> list[dict[str, Any]]:
    """The objects in the list at a dotted path."""
    value = at(obj, path)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
