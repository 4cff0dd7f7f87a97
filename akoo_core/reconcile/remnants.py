"""What is left of a Cluster's machines: the fence that the core itself can see.

Once a deleted Cluster has no Machine, no MachinePool and no infrastructure object any more, no AKO
of it can run. Everything is read live; what cannot be read counts as left.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from akoo_core import structs
from akoo_core.api import cluster, names
from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube.resource import Resource

_CONTROL_PLANE_LABEL = "cluster.x-k8s.io/control-plane"
"""Its presence counts, the value is empty."""


class Machine(NamedTuple):
    """What matters of one Machine."""

    name: str
    control_plane: bool
    deleting: bool


class Remnants(NamedTuple):
    """What is left. ``others`` names MachinePools, the infrastructure, and what is unknown."""

    machines: tuple[Machine, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        return not self.machines and not self.others

    def __str__(self) -> str:
        shown = [f"Machine {one.name}" for one in self.machines[:3]]
        more = len(self.machines) - len(shown)
        return ", ".join([*shown, *([f"{more} more Machines"] if more > 0 else []), *self.others])


async def machines(
    client: client_.KubeClient, clusters: Resource, namespace: str, name: str
) -> tuple[Machine, ...]:
    """The Machines of a Cluster, by label. Raises KubeError."""
    kind = Resource(clusters.group, clusters.version, "machines", "Machine")
    found = await _labelled(client, kind, namespace, name)
    return tuple(
        Machine(
            name=one["metadata"]["name"],
            control_plane=_CONTROL_PLANE_LABEL in (one["metadata"].get("labels") or {}),
            deleting="deletionTimestamp" in one["metadata"],
        )
        for one in found
    )


async def remnants(
    client: client_.KubeClient, clusters: Resource, target: cluster.Cluster
) -> Remnants:
    """What is left of the machines of a Cluster that is being deleted. Raises KubeError."""
    left = await machines(client, clusters, target.namespace, target.name)
    pools = Resource(clusters.group, clusters.version, "machinepools", "MachinePool")
    others = [
        f"MachinePool {one['metadata']['name']}"
        for one in await _labelled(client, pools, target.namespace, target.name)
    ]
    infrastructure = await _infrastructure(client, target)
    return Remnants(left, (*others, *([infrastructure] if infrastructure else [])))


async def _labelled(
    client: client_.KubeClient, kind: Resource, namespace: str, name: str
) -> list[structs.JSON]:
    selector = f"{names.CAPI_CLUSTER_NAME_LABEL}={name}"
    found: list[structs.JSON] = []
    token = ""
    while True:
        try:
            page = await client.list(
                kind, namespace, label_selector=selector, token=token, metadata_only=True
            )
        except errors.NotFoundError:
            return found  # The kind is not served: there is none.
        found += page.items
        token = page.token
        if not token:
            return found


async def _infrastructure(client: client_.KubeClient, target: cluster.Cluster) -> str:
    """The infrastructure object if it is there or cannot be told; "" when it is gone."""
    ref: dict[str, Any] = (target.raw.get("spec") or {}).get("infrastructureRef") or {}
    kind, name = ref.get("kind", ""), ref.get("name", "")
    group = ref.get("apiGroup") or ref.get("apiVersion", "").rpartition("/")[0]
    if not (kind and name and group):
        return "an infrastructure object that the Cluster does not name"
    try:
        resource = await _resource(client, group, kind)
        if resource is None:
            return f"{kind} {name} (its kind is not served)"
        await client.get(resource, name, target.namespace)
    except errors.NotFoundError:
        return ""
    except errors.ForbiddenError:
        return f"{kind} {name} (not allowed to read it)"
    return f"{kind} {name}"


async def _resource(client: client_.KubeClient, group: str, kind: str) -> Resource | None:
    try:
        versions = (await client.raw(f"/apis/{group}")).get("versions") or ()
        for one in versions:
            listed = await client.raw(f"/apis/{one['groupVersion']}")
            for entry in listed.get("resources") or ():
                if entry["kind"] == kind and "/" not in entry["name"]:
                    return Resource(group, one["version"], entry["name"], kind)
    except errors.NotFoundError:
        return None
    return None
