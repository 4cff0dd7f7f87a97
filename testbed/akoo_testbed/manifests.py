"""Objects that make a Cluster of the fake provider, complete as Cluster API wants them.

There are no webhooks that would fill in defaults, so all that matters is written out.
"""

import typing
from collections.abc import Mapping

from akoo_testbed.kubeapi import Object

KUBERNETES_VERSION = "v1.34.4"
_CORE = "cluster.x-k8s.io/v1beta2"
_INFRASTRUCTURE = "infrastructure.cluster.x-k8s.io"
_CONTROL_PLANE = "controlplane.cluster.x-k8s.io"
_BOOTSTRAP = "bootstrap.cluster.x-k8s.io"
CLUSTER_LABEL = "cluster.x-k8s.io/cluster-name"
DEPLOYMENT_LABEL = "cluster.x-k8s.io/deployment-name"


def cluster(
    namespace: str,
    name: str,
    *,
    workers: int = 1,
    control_plane_machines: int | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> list[Object]:
    """A Cluster and all it needs, in the order in which to create them.

    `workers` Machines in one MachineDeployment (none: no MachineDeployment);
    `control_plane_machines` None means a control plane that is managed elsewhere.
    """
    control_plane: Object = {"version": KUBERNETES_VERSION}
    if control_plane_machines is not None:
        control_plane["replicas"] = control_plane_machines
    objects = [
        _object(f"{_INFRASTRUCTURE}/v1", "FakeCluster", namespace, name, name, {}),
        _object(f"{_CONTROL_PLANE}/v1", "FakeControlPlane", namespace, name, name, control_plane),
        _cluster(namespace, name, labels or {}, annotations or {}),
    ]
    if workers:
        objects += _workers(namespace, name, workers)
    return objects


def _cluster(
    namespace: str, name: str, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> Object:
    obj = _object(_CORE, "Cluster", namespace, name, None, {})
    obj["metadata"] |= {"labels": dict(labels), "annotations": dict(annotations)}
    obj["spec"] = {
        "infrastructureRef": _reference(_INFRASTRUCTURE, "FakeCluster", name),
        "controlPlaneRef": _reference(_CONTROL_PLANE, "FakeControlPlane", name),
    }
    return obj


def _workers(namespace: str, name: str, replicas: int) -> list[Object]:
    workers = f"{name}-workers"
    template: Object = {"template": {"spec": {}}}
    labels = {CLUSTER_LABEL: name, DEPLOYMENT_LABEL: workers}
    deployment = {
        "clusterName": name,
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "rollout": {
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            }
        },
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "clusterName": name,
                "version": KUBERNETES_VERSION,
                "bootstrap": {"configRef": _reference(_BOOTSTRAP, "FakeConfigTemplate", workers)},
                "infrastructureRef": _reference(_INFRASTRUCTURE, "FakeMachineTemplate", workers),
            },
        },
    }
    return [
        _object(f"{_BOOTSTRAP}/v1", "FakeConfigTemplate", namespace, workers, name, template),
        _object(f"{_INFRASTRUCTURE}/v1", "FakeMachineTemplate", namespace, workers, name, template),
        _object(_CORE, "MachineDeployment", namespace, workers, name, deployment),
    ]


def _object(
    api_version: str, kind: str, namespace: str, name: str, cluster_name: str | None, spec: Object
) -> Object:
    metadata: dict[str, typing.Any] = {"namespace": namespace, "name": name}
    if cluster_name is not None:
        metadata["labels"] = {CLUSTER_LABEL: cluster_name}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def _reference(group: str, kind: str, name: str) -> dict[str, str]:
    return {"apiGroup": group, "kind": kind, "name": name}
