"""FakeCluster: the infrastructure of a Cluster, which is little more than its API's address."""

from akoo_testbed.kubeapi import Object
from akoo_testbed.provider import actions, timing, world
from akoo_testbed.provider.actions import Action
from akoo_testbed.provider.world import World


def living(obj: Object, seen: World) -> list[Action]:
    """Give the Cluster its API's address and say that the infrastructure is there."""
    todo: list[Action] = []
    if not world.at(obj, "spec", "controlPlaneEndpoint", "host"):
        if seen.api is None:
            return [] if seen.namespace_terminating else [actions.OpenApi()]
        endpoint = {"host": seen.api.host, "port": seen.api.port}
        todo += actions.set_fields(obj, "spec", {"controlPlaneEndpoint": endpoint})
    status = {
        "ready": True,  # the contract v1beta1 has this one
        "initialization": {"provisioned": True},
        "conditions": actions.conditions(obj, seen.now, "Ready"),
    }
    return todo + actions.set_fields(obj, "status", status)


def leaving(obj: Object, seen: World) -> list[Action]:
    """Go when no machine stands on it any more."""
    if seen.objects.get(world.FAKE_MACHINE) or seen.objects.get(world.FAKE_MACHINE_POOL):
        return []
    return timing.after_delay(obj, seen, 0.0, actions.drop_finalizer(obj))
