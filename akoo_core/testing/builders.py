"""Values for tests: a Cluster, an AKODeploymentConfig, a record, a Secret full of canaries.

Each takes what matters to the test and has a sensible rest. Objects are what an API server would
send; everything is the same in every run.
"""

from __future__ import annotations

import base64
import datetime
from typing import Any

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster, from_object
from akoo_core.objects.record import (
    Cause,
    ClusterRef,
    ConfigRef,
    Leaving,
    Record,
    RecordSpec,
    StoredFact,
    Workload,
)
from akoo_core.plugin import api

CREATED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
MANAGEMENT_ID = "00000000-0000-4000-8000-000000000001"
CLUSTER_UID = "00000000-0000-4000-8000-00000000c1a5"
CONFIG_UID = "00000000-0000-4000-8000-0000000c0f16"
KUBE_SYSTEM_UID = "00000000-0000-4000-8000-00000000cafe"
CANARY = "c4nary"
"""The beginning of every planted secret value."""

_STAMP = "2026-01-01T00:00:00Z"


def cluster_object(
    name: str = "shop",
    namespace: str = "team-a",
    *,
    uid: str = CLUSTER_UID,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    spec: structs.JSON | None = None,
    ready: bool = True,
    deleting: bool = False,
) -> structs.JSON:
    """A Cluster API Cluster (v1beta2). ``ready``: its API server can be asked."""
    metadata: dict[str, Any] = {
        "namespace": namespace,
        "name": name,
        "uid": uid,
        "resourceVersion": "1",
        "creationTimestamp": _STAMP,
        "labels": dict(labels or {}),
        "annotations": dict(annotations or {}),
        "finalizers": [names.FINALIZER],
    }
    if deleting:
        metadata["deletionTimestamp"] = _STAMP
    started = {"infrastructureProvisioned": ready, "controlPlaneInitialized": ready}
    return {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Cluster",
        "metadata": metadata,
        "spec": dict(spec or {}),
        "status": {"initialization": started},
    }


def cluster(name: str = "shop", namespace: str = "team-a", **fields: Any) -> Cluster:
    """``cluster_object``, decoded as plugins get it."""
    return from_object(cluster_object(name, namespace, **fields))


def config(
    spec: structs.JSON | None = None,
    *,
    name: str = "default",
    plugins: dict[str, structs.JSON] | None = None,
) -> structs.JSON:
    """An AKODeploymentConfig. ``plugins`` is its ``spec.plugins``, by name."""
    return {
        "apiVersion": "networking.tkg.tanzu.vmware.com/v1alpha1",
        "kind": "AKODeploymentConfig",
        "metadata": {
            "name": name,
            "uid": CONFIG_UID,
            "resourceVersion": "1",
            "creationTimestamp": _STAMP,
        },
        "spec": {**(spec or {}), **({"plugins": plugins} if plugins else {})},
    }


def record_spec(of: Cluster | None = None, **changes: Any) -> RecordSpec:
    """The spec of the record of a Cluster; ``changes`` are fields of RecordSpec."""
    owner = of or cluster()
    defaults: dict[str, Any] = {
        "ako_cluster_name": names.record_name(MANAGEMENT_ID, owner.uid),
        "management_id": MANAGEMENT_ID,
        "cluster_ref": ClusterRef(namespace=owner.namespace, name=owner.name, uid=owner.uid),
        "config_ref": ConfigRef(name="default", uid=CONFIG_UID),
        "workload": Workload(kube_system_uid=KUBE_SYSTEM_UID),
    }
    return RecordSpec(**(defaults | changes))


def record(of: Cluster | None = None, **changes: Any) -> Record:
    """The whole record of a Cluster, as read from the API."""
    spec = record_spec(of, **changes)
    return Record(
        name=spec.ako_cluster_name,
        uid="00000000-0000-4000-8000-0000000000ec",
        resource_version="1",
        created=CREATED,
        labels={names.MOVE_LABEL: ""},
        finalizers=(names.RECORD_FINALIZER,),
        spec=spec,
    )


def leaving(cause: Cause = "ClusterDeleted", **changes: Any) -> Leaving:
    """A record's ``spec.leaving`` that has just begun."""
    return Leaving(cause=cause, started_at=changes.pop("started_at", CREATED), **changes)


def stored_facts(provider: str, *facts: api.Fact) -> dict[str, StoredFact]:
    """Facts as the record keeps them, given by the plugin ``provider``."""
    return {
        type(fact).fact_name: StoredFact(
            plugin=provider, version=type(fact).fact_version, data=structs.to_object(fact)
        )
        for fact in facts
    }


def secret(namespace: str, name: str, *keys: str, **values: str) -> structs.JSON:
    """A Secret of the management cluster. ``keys`` get canaries: values nobody may ever show."""
    data = {key: canary(f"{name}-{key}") for key in keys} | values
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": name},
        "type": "Opaque",
        "data": encoded,
    }


def canary(name: str) -> str:
    """A value that must not be seen anywhere."""
    return f"{CANARY}-{name}"
