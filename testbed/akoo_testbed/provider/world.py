"""One Cluster and all that belongs to it, as the fake provider sees it; and how it is read."""

import dataclasses
import datetime
import typing

from akoo_testbed.kubeapi import Object
from akoo_testbed.provider.options import ProviderOptions
from akoo_testbed.workload.workloads import WorkloadApi

CLUSTER = "cluster.x-k8s.io/v1beta2/Cluster"
MACHINE = "cluster.x-k8s.io/v1beta2/Machine"
MACHINE_POOL = "cluster.x-k8s.io/v1beta2/MachinePool"
FAKE_CLUSTER = "infrastructure.cluster.x-k8s.io/v1/FakeCluster"
FAKE_MACHINE = "infrastructure.cluster.x-k8s.io/v1/FakeMachine"
FAKE_MACHINE_POOL = "infrastructure.cluster.x-k8s.io/v1/FakeMachinePool"
FAKE_CONTROL_PLANE = "controlplane.cluster.x-k8s.io/v1/FakeControlPlane"
FAKE_CONFIG = "bootstrap.cluster.x-k8s.io/v1/FakeConfig"
SECRET = "v1/Secret"  # noqa: S105 a kind
NAMESPACE = "v1/Namespace"

FINALIZER = "testbed.akoo.io/fake-provider"
CLUSTER_NAME_LABEL = "cluster.x-k8s.io/cluster-name"
CONTROL_PLANE_LABEL = "cluster.x-k8s.io/control-plane"
PAUSED_ANNOTATION = "cluster.x-k8s.io/paused"
SECRET_TYPE = "cluster.x-k8s.io/secret"  # noqa: S105 a type

ClusterKey = tuple[str, str]
"""namespace, name of a Cluster"""


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """The knowledge about one Cluster when one of its objects is handled."""

    now: datetime.datetime
    options: ProviderOptions = dataclasses.field(default_factory=ProviderOptions)
    cluster: Object | None = None
    objects: typing.Mapping[str, typing.Sequence[Object]] = dataclasses.field(default_factory=dict)
    """kind -> the Cluster's objects of that kind"""
    api: WorkloadApi | None = None
    """The workload API, once opened."""
    nodes: frozenset[str] = frozenset()
    """Nodes that our kubelet knows in the workload cluster."""
    namespace_terminating: bool = False

    def named(self, kind: str, name: str) -> Object | None:
        """The Cluster's object of this kind and name."""
        return next((o for o in self.objects.get(kind, ()) if o["metadata"]["name"] == name), None)


def cluster_name(kind: str, obj: Object) -> str | None:
    """The name of the Cluster that an object belongs to: by label, else by owner."""
    metadata = obj["metadata"]
    if kind == CLUSTER:
        return str(metadata["name"])
    return metadata.get("labels", {}).get(CLUSTER_NAME_LABEL) or owner(obj, "Cluster")


def owner(obj: Object, kind: str) -> str | None:
    """The name of an object's owner of this kind."""
    owners = obj["metadata"].get("ownerReferences", ())
    return next((o["name"] for o in owners if o["kind"] == kind), None)


def is_deleting(obj: Object) -> bool:
    """True if the object's deletion was asked for."""
    return "deletionTimestamp" in obj["metadata"]


def is_paused(obj: Object, cluster: Object | None) -> bool:
    """Cluster API's rule: by the Cluster's spec, or by an annotation on either."""
    if cluster and (cluster.get("spec", {}).get("paused") or _annotated(cluster)):
        return True
    return _annotated(obj)


def is_control_plane(machine: Object) -> bool:
    """True if a Machine is one of a control plane."""
    return CONTROL_PLANE_LABEL in machine["metadata"].get("labels", {})


def at(obj: Object | None, *path: str) -> typing.Any:
    """The value at a path, None where it ends early."""
    value: typing.Any = obj
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _annotated(obj: Object) -> bool:
    return PAUSED_ANNOTATION in obj["metadata"].get("annotations", {})
