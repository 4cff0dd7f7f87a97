"""Manifests for tests and sandboxes, complete without Cluster API's defaulting webhooks."""

import base64
import typing

from akoo_testbed.kubeapi import Object
from akoo_testbed.provider import world
from akoo_testbed.provider.options import DELETE_SECONDS_ANNOTATION

VERSION = "v1.34.4"


def cluster(
    namespace: str,
    name: str,
    *,
    labels: typing.Mapping[str, str] | None = None,
    annotations: typing.Mapping[str, str] | None = None,
    workers: int = 1,
    control_plane_machines: int = 0,
    paused: bool = False,
    machine_delete_seconds: float | None = None,
    version: str = VERSION,
) -> list[Object]:
    """A Cluster with all its parts, in the order in which to create them.

    What a Cluster refers to comes before it: Cluster API looks for it again only after 30 s.
    `labels` and `annotations` go to the Cluster. Without control plane Machines the control plane
    is external. `machine_delete_seconds` is that of the workers; None leaves it to the provider's
    options. The namespace is not among them.
    """
    made = [
        _object(world.FAKE_CLUSTER, namespace, name, name, {}),
        _control_plane(namespace, name, control_plane_machines, version),
        _cluster(namespace, name, labels, annotations, paused=paused),
    ]
    if workers:
        made += machine_deployment(
            namespace,
            name,
            workers,
            machine_delete_seconds=machine_delete_seconds,
            version=version,
        )
    return made


def machine_deployment(
    namespace: str,
    cluster_name: str,
    replicas: int,
    *,
    name: str | None = None,
    machine_delete_seconds: float | None = None,
    version: str = VERSION,
) -> list[Object]:
    """Workers `<cluster>-workers` (or `name`): bootstrap Secret, template, MachineDeployment."""
    name = name or f"{cluster_name}-workers"
    metadata: Object = {}
    if machine_delete_seconds is not None:
        metadata = {"annotations": {DELETE_SECONDS_ANNOTATION: str(machine_delete_seconds)}}
    template: Object = {"template": {"metadata": metadata, "spec": {}}}
    kind = world.FAKE_MACHINE + "Template"
    return [
        _bootstrap(namespace, cluster_name, name),
        _object(kind, namespace, name, cluster_name, template),
        _deployment(namespace, cluster_name, name, replicas, version),
    ]


def machine_pool(
    namespace: str,
    cluster_name: str,
    replicas: int,
    *,
    name: str | None = None,
    machine_delete_seconds: float | None = None,
    version: str = VERSION,
) -> list[Object]:
    """Workers without Machines, `<cluster>-pool` (or `name`): Secret, FakeMachinePool, pool.

    `machine_delete_seconds` is how long the Nodes live on after the deletion.
    """
    name = name or f"{cluster_name}-pool"
    fake = _object(world.FAKE_MACHINE_POOL, namespace, name, cluster_name, {})
    if machine_delete_seconds is not None:
        fake["metadata"]["annotations"] = {DELETE_SECONDS_ANNOTATION: str(machine_delete_seconds)}
    machine = {
        "clusterName": cluster_name,
        "version": version,
        "bootstrap": {"dataSecretName": name},
        "infrastructureRef": _reference(world.FAKE_MACHINE_POOL, name),
    }
    spec = {"clusterName": cluster_name, "replicas": replicas, "template": {"spec": machine}}
    pool = _object(world.MACHINE_POOL, namespace, name, cluster_name, spec)
    return [_bootstrap(namespace, cluster_name, name), fake, pool]


def _bootstrap(namespace: str, cluster_name: str, name: str) -> Object:
    secret = _object(world.SECRET, namespace, name, cluster_name, None)
    data = {"value": base64.b64encode(b"#!fake").decode()}
    return secret | {"type": world.SECRET_TYPE, "data": data}


def _deployment(
    namespace: str, cluster_name: str, name: str, replicas: int, version: str
) -> Object:
    match_labels = {
        world.CLUSTER_NAME_LABEL: cluster_name,
        "cluster.x-k8s.io/deployment-name": name,
    }
    machine = {
        "clusterName": cluster_name,
        "version": version,
        "bootstrap": {"dataSecretName": name},
        "infrastructureRef": _reference(world.FAKE_MACHINE + "Template", name),
    }
    rolling = {"maxSurge": 1, "maxUnavailable": 0}
    spec = {
        "clusterName": cluster_name,
        "replicas": replicas,
        "selector": {"matchLabels": match_labels},
        "rollout": {"strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}},
        "template": {"metadata": {"labels": match_labels}, "spec": machine},
    }
    kind = "cluster.x-k8s.io/v1beta2/MachineDeployment"
    return _object(kind, namespace, name, cluster_name, spec)


def _cluster(
    namespace: str,
    name: str,
    labels: typing.Mapping[str, str] | None,
    annotations: typing.Mapping[str, str] | None,
    *,
    paused: bool,
) -> Object:
    spec: Object = {
        "clusterNetwork": {
            "pods": {"cidrBlocks": ["192.168.0.0/16"]},
            "services": {"cidrBlocks": ["10.0.0.0/24"]},
        },
        "infrastructureRef": _reference(world.FAKE_CLUSTER, name),
        "controlPlaneRef": _reference(world.FAKE_CONTROL_PLANE, name),
    }
    if paused:
        spec["paused"] = True
    made = _object(world.CLUSTER, namespace, name, name, spec)
    made["metadata"]["labels"] |= labels or {}
    if annotations:
        made["metadata"]["annotations"] = dict(annotations)
    return made


def _control_plane(namespace: str, name: str, machines: int, version: str) -> Object:
    spec: Object = {"version": version}
    if machines:
        spec["replicas"] = machines
    return _object(world.FAKE_CONTROL_PLANE, namespace, name, name, spec)


def _reference(kind: str, name: str) -> Object:
    api_version, _, short = kind.rpartition("/")
    return {"apiGroup": api_version.partition("/")[0], "kind": short, "name": name}


def _object(kind: str, namespace: str, name: str, cluster_name: str, spec: Object | None) -> Object:
    api_version, _, short = kind.rpartition("/")
    labels = {world.CLUSTER_NAME_LABEL: cluster_name}
    metadata: Object = {"name": name, "namespace": namespace, "labels": labels}
    made: Object = {"apiVersion": api_version, "kind": short, "metadata": metadata}
    return made if spec is None else made | {"spec": spec}
