"""Types of the objects that are read to recognise an install; pure.

The administrator of a workload cluster may answer anything. The client bounds each answer, in bytes
and in values; here each part that is read is compared with its type, before anything is made of it.
"""

from __future__ import annotations

import datetime
from typing import Annotated

from akoo_core.plugin import structs
from akoo_core.plugin.kube import Resource, ServerError


class _Entry(structs.Struct, frozen=True, kw_only=True):
    """Of managedFields."""

    manager: str | None = None
    operation: str | None = None
    subresource: str | None = None
    time: Annotated[datetime.datetime, structs.Meta(tz=True)] | None = None
    fields_v1: dict[str, structs.JSON | None] | None = structs.field(default=None, name="fieldsV1")


class _Metadata(structs.Struct, frozen=True, kw_only=True):
    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[structs.JSON] | None = None
    managed_fields: list[_Entry] | None = None


class _Any(structs.Struct, frozen=True, kw_only=True):
    metadata: _Metadata


class _ConfigMap(_Any, frozen=True, kw_only=True):
    data: dict[str, str] | None = None


class _Claim(structs.Struct, frozen=True, kw_only=True):
    claim_name: str | None = None


class _Volume(structs.Struct, frozen=True, kw_only=True):
    name: str | None = None
    persistent_volume_claim: _Claim | None = None


class _Variable(structs.Struct, frozen=True, kw_only=True):
    name: str
    value: str | None = None
    value_from: structs.JSON | None = None


class _Container(structs.Struct, frozen=True, kw_only=True):
    name: str
    image: str | None = None
    env: list[_Variable] | None = None
    resources: dict[str, structs.JSON | None] | None = None
    security_context: structs.JSON | None = None
    volume_mounts: list[structs.JSON] | None = None


class _PodSpec(structs.Struct, frozen=True, kw_only=True):
    containers: list[_Container] | None = None
    init_containers: list[_Container] | None = None
    volumes: list[_Volume] | None = None
    image_pull_secrets: list[structs.JSON] | None = None
    node_selector: dict[str, str] | None = None
    tolerations: list[structs.JSON] | None = None
    security_context: structs.JSON | None = None
    priority_class_name: str | None = None


class _Template(structs.Struct, frozen=True, kw_only=True):
    metadata: _Metadata | None = None
    spec: _PodSpec | None = None


class _Selector(structs.Struct, frozen=True, kw_only=True):
    match_labels: dict[str, str] | None = None


class _Spec(structs.Struct, frozen=True, kw_only=True):
    replicas: int | None = None
    selector: _Selector | None = None
    template: _Template | None = None
    volume_claim_templates: list[structs.JSON] | None = None


class _Status(structs.Struct, frozen=True, kw_only=True):
    ready_replicas: int | None = None


class _StatefulSet(_Any, frozen=True, kw_only=True):
    spec: _Spec | None = None
    status: _Status | None = None


class _ContainerStatus(structs.Struct, frozen=True, kw_only=True):
    name: str | None = None
    restart_count: int | None = None


class _PodStatus(structs.Struct, frozen=True, kw_only=True):
    container_statuses: list[_ContainerStatus] | None = None


class _Pod(_Any, frozen=True, kw_only=True):
    status: _PodStatus | None = None


_TYPES: dict[str, type[_Any]] = {
    "ConfigMap": _ConfigMap,
    "StatefulSet": _StatefulSet,
    "Pod": _Pod,
}


def check(kind: Resource, obj: structs.JSON) -> None:
    """Raise ServerError for an object that has another type at a place that is read."""
    try:
        structs.convert(obj, _TYPES.get(kind.kind, _Any), path=kind.kind)
    except structs.DecodeError as error:
        raise ServerError(f"the answer is none of Kubernetes: {error}") from None
