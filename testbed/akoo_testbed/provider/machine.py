"""FakeMachine: a machine that is a Node of the workload cluster for as long as it is there."""

from akoo_testbed.kubeapi import Object
from akoo_testbed.kubelet import nodes
from akoo_testbed.provider import actions, timing, world
from akoo_testbed.provider.actions import Action
from akoo_testbed.provider.world import World


def living(obj: Object, seen: World) -> list[Action]:
    """Run once the owner Machine has its bootstrap data and the Cluster its infrastructure."""
    machine = seen.named(world.MACHINE, world.owner(obj, "Machine") or "")
    if machine is None or seen.api is None:
        return []
    if not world.at(machine, "spec", "bootstrap", "dataSecretName"):
        return []
    if not world.at(seen.cluster, "status", "initialization", "infrastructureProvisioned"):
        return []
    node = _node(obj, machine, seen)
    todo: list[Action] = [] if node.name in seen.nodes else [actions.RunNode(node)]
    todo += actions.set_fields(obj, "spec", {"providerID": node.provider_id})
    addresses = [
        {"type": "InternalIP", "address": nodes.address_of(node.name)},
        {"type": "Hostname", "address": node.name},
    ]
    status = {
        "ready": True,  # the contract v1beta1 has this one
        "initialization": {"provisioned": True},
        "addresses": addresses,
        "conditions": actions.conditions(obj, seen.now, "Ready"),
    }
    return todo + actions.set_fields(obj, "status", status)


def leaving(obj: Object, seen: World) -> list[Action]:
    """Switch the machine off after the time its deletion takes; the Node object stays behind."""
    off = [actions.LoseNode(_node_name(obj)), *actions.drop_finalizer(obj)]
    return timing.after_delay(obj, seen, seen.options.machine_delete_seconds, off)


def _node(obj: Object, machine: Object, seen: World) -> nodes.NodeSpec:
    name = _node_name(obj)
    return nodes.NodeSpec(
        name=name,
        provider_id=f"fake://{obj['metadata']['namespace']}/{name}",
        version=world.at(machine, "spec", "version") or seen.options.kubernetes_version,
        control_plane=world.is_control_plane(machine),
    )


def _node_name(obj: Object) -> str:
    # The owner's name where there is one: in a MachineSet both are the same anyway.
    return world.owner(obj, "Machine") or str(obj["metadata"]["name"])
