"""The fields of a Cluster API Cluster that the core reads, the same for v1beta2 and v1beta1."""

from __future__ import annotations

from typing import Any

from akoo_core import structs
from akoo_core.objects import names


class Cluster(structs.Struct, frozen=True, kw_only=True):
    """One Cluster. ``raw`` is the whole object, for plugins."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    labels: dict[str, str]
    annotations: dict[str, str]
    finalizers: tuple[str, ...]
    paused: bool
    """``spec.paused`` or the annotation (its presence, whatever its value)."""
    deleting: bool
    moving: bool
    """It has the annotation that ``clusterctl move`` sets before it deletes an object. Others may
    set it, too."""
    connectable: bool
    """Infrastructure is provisioned and the control plane initialized: the API can answer."""
    raw: structs.JSON

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def is_management(self) -> bool:
        return self.namespace == names.MANAGEMENT_NAMESPACE


def _connectable(status: dict[str, Any]) -> bool:
    new = status.get("initialization") or {}
    if new:
        return bool(new.get("infrastructureProvisioned") and new.get("controlPlaneInitialized"))
    initialized = any(
        condition.get("type") == "ControlPlaneInitialized" and condition.get("status") == "True"
        for condition in status.get("conditions") or ()
    )
    return bool(status.get("infrastructureReady") and initialized)


def from_object(obj: structs.JSON) -> Cluster:
    """The Cluster of an object as the API sends it, in v1beta2 or v1beta1."""
    metadata: dict[str, Any] = obj["metadata"]
    annotations = metadata.get("annotations") or {}
    spec = obj.get("spec") or {}
    return Cluster(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata.get("resourceVersion", ""),
        labels=metadata.get("labels") or {},
        annotations=annotations,
        finalizers=tuple(metadata.get("finalizers") or ()),
        paused=bool(spec.get("paused")) or names.CAPI_PAUSED_ANNOTATION in annotations,
        deleting="deletionTimestamp" in metadata,
        moving=names.DELETE_FOR_MOVE_ANNOTATION in annotations,
        connectable=_connectable(obj.get("status") or {}),
        raw=obj,
    )
