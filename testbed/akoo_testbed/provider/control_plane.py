"""FakeControlPlane: the workload API, its kubeconfig Secret, and on wish Machines."""

import base64

from akoo_testbed.kubeapi import Object
from akoo_testbed.provider import actions, timing, world
from akoo_testbed.provider.actions import Action
from akoo_testbed.provider.world import World


def living(obj: Object, seen: World) -> list[Action]:
    """Open the API, write the kubeconfig Secret at once, then report.

    The Secret is not held back until the infrastructure is there: Cluster API would try its
    first connection before it, and a second one half a minute later.
    """
    if seen.api is None:
        return [] if seen.namespace_terminating else [actions.OpenApi()]
    todo = _secrets(obj, seen) + _machines(obj, seen)
    if world.at(seen.cluster, "status", "initialization", "infrastructureProvisioned"):
        todo += actions.set_fields(obj, "status", _status(obj, seen))
    return todo


def leaving(obj: Object, seen: World) -> list[Action]:
    """Outlive all workers, delete the own Machines, then go together with the API.

    The API is cut before the finalizer goes: nobody meets the API of a control plane that is gone.
    """
    machines = seen.objects.get(world.MACHINE, ())
    if seen.objects.get(world.MACHINE_POOL):
        return []
    if any(not world.is_control_plane(machine) for machine in machines):
        return []
    if machines:
        return [_delete(machine) for machine in machines if not world.is_deleting(machine)]
    gone = [actions.CloseApi(), *actions.drop_finalizer(obj)]
    return timing.after_delay(obj, seen, 0.0, gone)


def _secrets(obj: Object, seen: World) -> list[Action]:
    if seen.namespace_terminating or seen.cluster is None or seen.api is None:
        return []
    cluster = seen.cluster["metadata"]["name"]
    wanted = {f"{cluster}-kubeconfig": seen.api.kubeconfig}
    if world.at(obj, "spec", "replicas"):
        wanted[_bootstrap_name(obj)] = "#!fake"
    return [
        actions.Create(secret(obj, cluster, name, value))
        for name, value in wanted.items()
        if seen.named(world.SECRET, name) is None
    ]


def secret(owner: Object, cluster: str, name: str, value: str) -> Object:
    """A Secret in Cluster API's form, which goes with its owner."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": world.SECRET_TYPE,
        "metadata": {
            "name": name,
            "namespace": owner["metadata"]["namespace"],
            "labels": {world.CLUSTER_NAME_LABEL: cluster},
            "ownerReferences": [actions.owned_by(owner)],
        },
        "data": {"value": base64.b64encode(value.encode()).decode()},
    }


def _machines(obj: Object, seen: World) -> list[Action]:
    """Machines `<name>-0`, `<name>-1` ...: made when missing, deleted from the top."""
    if seen.namespace_terminating or seen.cluster is None:
        return []
    if world.at(obj, "spec", "replicas") is None:
        return []
    prefix, replicas = obj["metadata"]["name"], obj["spec"]["replicas"]
    wanted = [f"{prefix}-{index}" for index in range(replicas)]
    todo: list[Action] = []
    for name in wanted:
        if seen.named(world.FAKE_MACHINE, name) is None:
            todo.append(actions.Create(_machine(obj, seen.cluster, name, fake=True)))
        if seen.named(world.MACHINE, name) is None:
            todo.append(actions.Create(_machine(obj, seen.cluster, name, fake=False)))
    for machine in seen.objects.get(world.MACHINE, ()):
        surplus = _is_own(obj, machine) and machine["metadata"]["name"] not in wanted
        if surplus and not world.is_deleting(machine):
            todo.append(_delete(machine))
    return todo


def _machine(obj: Object, cluster: Object, name: str, *, fake: bool) -> Object:
    cluster_name = cluster["metadata"]["name"]
    template = world.at(obj, "spec", "machineTemplate", "metadata") or {}
    labels = {world.CLUSTER_NAME_LABEL: cluster_name, world.CONTROL_PLANE_LABEL: ""}
    metadata: Object = {
        "name": name,
        "namespace": obj["metadata"]["namespace"],
        "labels": template.get("labels", {}) | labels,
        "annotations": template.get("annotations", {}),
    }
    kind = world.FAKE_MACHINE if fake else world.MACHINE
    api_version, _, short = kind.rpartition("/")
    made: Object = {"apiVersion": api_version, "kind": short, "metadata": metadata, "spec": {}}
    if fake:
        return made
    metadata["ownerReferences"] = [actions.owned_by(obj)]
    infrastructure = {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "FakeMachine"}
    made["spec"] = {
        "clusterName": cluster_name,
        "bootstrap": {"dataSecretName": _bootstrap_name(obj)},
        "infrastructureRef": infrastructure | {"name": name},
    }
    if version := world.at(obj, "spec", "version"):
        made["spec"]["version"] = version
    return made


def _status(obj: Object, seen: World) -> Object:
    machines = [m for m in seen.objects.get(world.MACHINE, ()) if _is_own(obj, m)]
    working = sum(1 for m in machines if world.at(m, "status", "nodeRef", "name"))
    status: Object = {
        "ready": True,  # the contract v1beta1 has this one, and the next
        "initialized": True,
        "updatedReplicas": len(machines),
        "unavailableReplicas": len(machines) - working,
        "initialization": {"controlPlaneInitialized": True},
        "observedGeneration": obj["metadata"]["generation"],
        "externalManagedControlPlane": world.at(obj, "spec", "replicas") is None,
        "replicas": len(machines),
        "upToDateReplicas": len(machines),
        "readyReplicas": working,
        "availableReplicas": working,
        "conditions": actions.conditions(obj, seen.now, "Available"),
    }
    if version := world.at(obj, "spec", "version"):
        status["version"] = version
    return status


def _is_own(obj: Object, machine: Object) -> bool:
    return world.owner(machine, "FakeControlPlane") == str(obj["metadata"]["name"])


def _bootstrap_name(obj: Object) -> str:
    return f"{obj['metadata']['name']}-bootstrap"


def _delete(machine: Object) -> Action:
    metadata = machine["metadata"]
    return actions.Delete(world.MACHINE, metadata["namespace"], metadata["name"])
