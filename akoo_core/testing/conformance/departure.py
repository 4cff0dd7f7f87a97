"""Leaves verbs are called in any state: before prepare ended, and when nothing is left to ask.

A Cluster can be deleted a second after it was made, and its config, its API server and the Cluster
object itself may be gone while the record is still worked on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from akoo_core.plugins import api, caller
from akoo_core.testing import calls, verbs
from akoo_core.testing.conformance.interruption import differences
from akoo_core.testing.conformance.subject import LEAVES, LIVES, Subject, Trial, prepared
from akoo_core.testing.world import World


def leaves_before_prepared(subject: Subject) -> None:
    """The process dies at any call of prepare, then the cluster leaves: nothing of it remains."""
    world, plugin = subject.fresh()
    if world.spec.leaving is not None or not prepared(plugin, world) or not _leaves(plugin):
        return
    untouched = _leave(subject, world, plugin)
    if "prepare" not in subject.verbs():
        return
    for number, moment, name in _moments(subject):
        world, plugin = subject.fresh()
        world.calls.fail(number, moment, calls.Crash())
        world.run(verbs.try_verb(plugin, "prepare", world))
        world.calls.heal()
        left = differences(untouched, _leave(subject, world, subject.plugin(world)))
        if left:
            raise subject.error(
                "prepare",
                f"when the process dies {moment} call {number} ({name}) and the cluster leaves "
                f"then, something remains: {left}. Sweep or release by names from the record, not "
                "by what prepare remembered.",
            )


def leaves_with_nothing(subject: Subject) -> None:
    """Without the workload API, the config, the Cluster, and all of them: an answer, no error."""
    for missing, take in _LOSSES.items():
        world, plugin = subject.fresh()
        if not _leaves(plugin):
            return
        if world.spec.leaving is None:
            if prepared(plugin, world):
                for verb in _implemented(plugin, LIVES):
                    world.run(verbs.try_verb(plugin, verb, world))
            world.leave()
        take(world)
        for verb in ("intend", *_implemented(plugin, LEAVES)):
            run = world.run(verbs.try_verb(plugin, verb, world))
            if run.error is not None:
                raise subject.error(
                    verb,
                    f"while the cluster leaves without {missing} it raised: {run.error}. What "
                    "leaving needs must be in the record (intent, facts).",
                ) from run.error


def _without_workload(world: World) -> None:
    world.reachable = False


def _without_config(world: World) -> None:
    world.config = {}


def _without_cluster(world: World) -> None:
    _without_workload(world)
    world.cluster = None


def _without_all(world: World) -> None:
    _without_cluster(world)
    _without_config(world)


_LOSSES: Mapping[str, Callable[[World], None]] = {
    "its workload API": _without_workload,
    "its config": _without_config,
    "its Cluster object": _without_cluster,
    "workload API, config and Cluster object": _without_all,
}


def _moments(subject: Subject) -> Iterator[tuple[int, calls.Moment, str]]:
    """Each call of an undisturbed prepare, before and after."""
    world, plugin = subject.fresh()
    run = world.run(verbs.try_verb(plugin, "prepare", world))
    for number, call in enumerate(run.calls, start=1):
        yield number, "before", str(call)
        yield number, "after", str(call)


def _leave(subject: Subject, world: World, plugin: api.Plugin) -> Mapping[str, object]:
    """Go through all leaves verbs; what is there afterwards."""
    if plugin.name not in world.spec.plugins:
        calling = caller.VerbCaller(verbs.plugin_set(plugin))
        verbs.store_intent(calling, plugin, world)
    world.leave()
    for verb in _implemented(plugin, LEAVES):
        world.run(subject.settle(Trial(world, plugin, verb)))
    return world.state()


def _leaves(plugin: api.Plugin) -> bool:
    return bool(_implemented(plugin, LEAVES))


def _implemented(plugin: api.Plugin, some: tuple[str, ...]) -> tuple[str, ...]:
    calling = caller.VerbCaller(verbs.plugin_set(plugin))
    return tuple(verb for verb in some if calling.implements(plugin, verb))
