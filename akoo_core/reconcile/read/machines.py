"""Remnants of a Cluster's machines: the fence that the core itself can see.

Once a deleted Cluster has no Machine, no MachinePool and no infrastructure object any more, its AKO
cannot run. Everything is read from the API server; what cannot be read counts as left.
"""

from __future__ import annotations

from typing import NamedTuple

from akoo_core import structs
from akoo_core.kube import discovery, errors, listing
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.kube.resource import Resource
from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster

_CONTROL_PLANE_LABEL = "cluster.x-k8s.io/control-plane"
"""Its presence counts, the value is empty."""


class Machine(NamedTuple):
    """The fields of a Machine that fencing needs."""

    name: str
    control_plane: bool
    deleting: bool


class Reference(structs.Struct, frozen=True, kw_only=True):
    """``spec.infrastructureRef``: with ``apiVersion`` in v1beta1, ``apiGroup`` since v1beta2.

    In v1beta1 all of it is free text of the Cluster's author.
    """

    kind: str = ""
    name: str = ""
    api_group: str = ""
    api_version: str = ""

    @property
    def group(self) -> str:
        return self.api_group or self.api_version.rpartition("/")[0]

    @property
    def usable(self) -> bool:
        """True if it can name an object. Only then it becomes part of a path."""
        named = resources.is_kind(self.kind) and resources.is_object_name(self.name)
        return named and resources.is_group(self.group)


class Remnants(NamedTuple):
    """Objects that are left. ``others`` names MachinePools, the infrastructure, and unknown
    objects."""

    machines: tuple[Machine, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        return not self.machines and not self.others

    def __str__(self) -> str:
        shown = [f"Machine {machine.name}" for machine in self.machines[:3]]
        more = len(self.machines) - len(shown)
        return ", ".join([*shown, *([f"{more} more Machines"] if more > 0 else []), *self.others])


async def machines(
    client: KubeClient, clusters: Resource, namespace: str, name: str
) -> tuple[Machine, ...]:
    """The Machines of a Cluster, by label. Raises KubeError."""
    kind = Resource(clusters.group, clusters.version, "machines", "Machine")
    listed = await _labelled(client, kind, namespace, name)
    return tuple(
        Machine(
            name=machine["metadata"]["name"],
            control_plane=_CONTROL_PLANE_LABEL in (machine["metadata"].get("labels") or {}),
            deleting="deletionTimestamp" in machine["metadata"],
        )
        for machine in listed
    )


async def remnants(client: KubeClient, clusters: Resource, cluster: Cluster) -> Remnants:
    """Remnants of the machines of a Cluster that is being deleted. Raises KubeError."""
    left = await machines(client, clusters, cluster.namespace, cluster.name)
    pools = Resource(clusters.group, clusters.version, "machinepools", "MachinePool")
    others = [
        f"MachinePool {pool['metadata']['name']}"
        for pool in await _labelled(client, pools, cluster.namespace, cluster.name)
    ]
    infrastructure = await _infrastructure(client, cluster)
    return Remnants(left, (*others, *([infrastructure] if infrastructure else [])))


async def _labelled(
    client: KubeClient, kind: Resource, namespace: str, name: str
) -> list[structs.JSON]:
    selector = f"{names.CAPI_CLUSTER_NAME_LABEL}={name}"
    try:
        return await listing.every(
            client, kind, namespace, label_selector=selector, metadata_only=True
        )
    except errors.NotFoundError:
        return []  # The kind is not served: there is none.


async def _infrastructure(client: KubeClient, cluster: Cluster) -> str:
    """The infrastructure object if it exists or may exist; "" when it is gone."""
    ref = _reference(cluster)
    if ref is None or not ref.usable:
        return "an infrastructure object that the Cluster does not name"
    named = f"{ref.kind} {ref.name}"
    try:
        resource = await _resource(client, ref)
        if resource is None:
            return f"{named} (its kind is not served)"
        await client.get(resource, ref.name, cluster.namespace)
    except errors.NotFoundError:
        return ""
    except errors.ForbiddenError:
        return f"{named} (not allowed to read it)"
    return named


def _reference(cluster: Cluster) -> Reference | None:
    spec = cluster.raw.get("spec") or {}
    try:
        return structs.convert(spec.get("infrastructureRef") or {}, Reference)
    except structs.DecodeError:
        return None


async def _resource(client: KubeClient, ref: Reference) -> Resource | None:
    try:
        for version in await discovery.versions(client, ref.group):
            for kind in await discovery.kinds(client, f"{ref.group}/{version}"):
                if kind.kind == ref.kind:
                    return kind
    except errors.NotFoundError:
        return None
    return None
