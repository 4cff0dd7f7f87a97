"""FakeConfig: bootstrap data, which nobody reads."""

from akoo_testbed.kubeapi import Object
from akoo_testbed.provider import actions, control_plane, world
from akoo_testbed.provider.actions import Action
from akoo_testbed.provider.world import World


def living(obj: Object, seen: World) -> list[Action]:
    """Once the infrastructure is there: the Secret, then its name in the status."""
    if seen.cluster is None or seen.namespace_terminating:
        return []
    if not world.at(seen.cluster, "status", "initialization", "infrastructureProvisioned"):
        return []
    name, cluster = f"{obj['metadata']['name']}-bootstrap", seen.cluster["metadata"]["name"]
    todo: list[Action] = []
    if seen.named(world.SECRET, name) is None:
        todo.append(actions.Create(control_plane.secret(obj, cluster, name, "#!fake")))
    status = {
        "ready": True,  # the contract v1beta1 has this one
        "initialization": {"dataSecretCreated": True},
        "dataSecretName": name,
        "conditions": actions.conditions(obj, seen.now, "Ready"),
    }
    return todo + actions.set_fields(obj, "status", status)
