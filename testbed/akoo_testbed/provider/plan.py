"""The next action for one object of ours: rules that hold for all kinds, then its own."""

import collections.abc

from akoo_testbed.kubeapi import Object, kind_of
from akoo_testbed.provider import actions, bootstrap, cluster, control_plane, machine, pool, world
from akoo_testbed.provider.actions import Action
from akoo_testbed.provider.world import World

Rule = collections.abc.Callable[[Object, World], list[Action]]

LIVING: dict[str, Rule] = {
    world.FAKE_CLUSTER: cluster.living,
    world.FAKE_CONTROL_PLANE: control_plane.living,
    world.FAKE_MACHINE: machine.living,
    world.FAKE_MACHINE_POOL: pool.living,
    world.FAKE_CONFIG: bootstrap.living,
}
LEAVING: dict[str, Rule] = {
    world.FAKE_CLUSTER: cluster.leaving,
    world.FAKE_CONTROL_PLANE: control_plane.leaving,
    world.FAKE_MACHINE: machine.leaving,
    world.FAKE_MACHINE_POOL: pool.leaving,
}


def plan(obj: Object, seen: World) -> list[Action]:
    """The next actions; none when all is as it should be, or when the object is paused.

    Pure. An object gets our finalizer before anything is done for it; one that is being deleted
    and has none of ours is not ours any more. Kinds that are nothing of ours come here, too: a
    Cluster that went and was made again before anybody looked.
    """
    kind = kind_of(obj)
    if kind not in LIVING or world.is_paused(obj, seen.cluster):
        return []
    ours = world.FINALIZER in obj["metadata"].get("finalizers", ())
    if world.is_deleting(obj):
        return LEAVING[kind](obj, seen) if ours else []
    if seen.cluster is None:
        return []
    if kind in LEAVING and not ours:
        return actions.add_finalizer(obj)
    return LIVING[kind](obj, seen)


def plan_without(seen: World) -> list[Action]:
    """The action when an object of ours is gone: an API without an owner is closed."""
    holders = seen.objects.get(world.FAKE_CONTROL_PLANE, ())
    living = [o for o in seen.objects.get(world.FAKE_CLUSTER, ()) if not world.is_deleting(o)]
    return [actions.CloseApi()] if seen.api and not holders and not living else []
