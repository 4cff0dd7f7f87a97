"""FakeMachinePool: machines without Machines, as many as the owner MachinePool wants."""

from akoo_testbed.kubeapi import Object
from akoo_testbed.kubelet.nodes import NodeSpec
from akoo_testbed.provider import actions, timing, world
from akoo_testbed.provider.actions import Action
from akoo_testbed.provider.world import World


def living(obj: Object, seen: World) -> list[Action]:
    """One Node for each replica, `<name>-0`, `<name>-1` ...; surplus ones are switched off."""
    owner = seen.named(world.MACHINE_POOL, world.owner(obj, "MachinePool") or "")
    if owner is None or seen.api is None:
        return []
    if not world.at(owner, "spec", "template", "spec", "bootstrap", "dataSecretName"):
        return []
    if not world.at(seen.cluster, "status", "initialization", "infrastructureProvisioned"):
        return []
    version = world.at(owner, "spec", "template", "spec", "version")
    wanted = [
        NodeSpec(
            name=name,
            provider_id=f"fake://{obj['metadata']['namespace']}/{name}",
            version=version or seen.options.kubernetes_version,
        )
        for name in _names(obj, owner["spec"].get("replicas", 1))
    ]
    names = {node.name for node in wanted}
    todo: list[Action] = [actions.RunNode(n) for n in wanted if n.name not in seen.nodes]
    todo += [actions.LoseNode(name) for name in _running(obj, seen) if name not in names]
    todo += actions.set_fields(obj, "spec", {"providerIDList": [n.provider_id for n in wanted]})
    status = {
        "ready": True,  # Cluster API's MachinePool controller reads this one, in v1beta2 too
        "initialization": {"provisioned": True},
        "replicas": len(wanted),
        "conditions": actions.conditions(obj, seen.now, "Ready"),
    }
    return todo + actions.set_fields(obj, "status", status)


def leaving(obj: Object, seen: World) -> list[Action]:
    """Switch all of them off after the time the deletion takes."""
    off: list[Action] = [actions.LoseNode(name) for name in _running(obj, seen)]
    off += actions.drop_finalizer(obj)
    return timing.after_delay(obj, seen, seen.options.machine_delete_seconds, off)


def _names(obj: Object, replicas: int) -> list[str]:
    return [f"{obj['metadata']['name']}-{index}" for index in range(replicas)]


def _running(obj: Object, seen: World) -> list[str]:
    prefix = obj["metadata"]["name"] + "-"
    return sorted(n for n in seen.nodes if n.startswith(prefix) and n[len(prefix) :].isdigit())
