"""Leaves verbs are called in any state: before prepare ended, and after everything else is gone.

A Cluster can be deleted a second after it was made, and its config, its API server and the Cluster
object itself may be gone while its record is still worked on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from akoo_core.plugin import api
from akoo_core.plugin_host import caller
from akoo_core.testing import calls, verbs
from akoo_core.testing.conformance.interruption import differences
from akoo_core.testing.conformance.subject import (
    LEAVES,
    LIVES,
    Subject,
    Trial,
    conclusive,
    essence,
    prepared,
)
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
    """Without what was there before, one by one and all together: an answer, no error."""
    for missing, losses in _LOSSES.items():
        world, plugin = subject.fresh()
        _begin_to_leave(world, plugin, losses)
        for verb in _implemented(plugin, LEAVES):
            run = world.run(verbs.try_verb(plugin, verb, world))
            if run.error is not None:
                raise subject.error(
                    verb,
                    f"while the cluster leaves without {missing} it raised: {run.error}. Leaving "
                    "goes by the record (intent, facts), and with what is there.",
                ) from run.error


def fences_without_workload(subject: Subject) -> None:
    """A fence that ends with the workload API ends without it, too, and after nothing was done.

    It is asked where AKO was never deployed and where no Machine is left. The Cluster is held for
    as long as it does not end.
    """
    _, plugin = subject.fresh()
    if not _implemented(plugin, ("fence",)):
        return
    if not conclusive(_fenced(subject, ())):
        return  # Something else is missing in this scenario.
    for missing in ("its workload API", "all of them"):
        answer = _fenced(subject, _LOSSES[missing])
        if not conclusive(answer):
            raise subject.error(
                "fence",
                f"without {missing} it ends with {essence(answer)}, and the Cluster waits for it. "
                "Where ctx.workload is None, answer Unfenced, or what can be seen without it.",
            )


def _fenced(subject: Subject, losses: tuple[Callable[[World], None], ...]) -> object:
    """The last answer of fence, in a world with these losses."""
    world, plugin = subject.fresh()
    _begin_to_leave(world, plugin, losses)
    return world.run(subject.settle(Trial(world, plugin, "fence"))).result


def _begin_to_leave(
    world: World, plugin: api.Plugin, losses: tuple[Callable[[World], None], ...]
) -> None:
    """Lead the life before, and lose what is to be lost."""
    if world.spec.leaving is None:
        if _without_past not in losses and prepared(plugin, world):
            for verb in _implemented(plugin, LIVES):
                world.run(verbs.try_verb(plugin, verb, world))
        world.leave()
    for take in losses:
        take(world)


def _without_past(world: World) -> None:
    """Nothing was ever called: the record has neither intents nor facts of the plugin's own."""


def _without_workload(world: World) -> None:
    world.reachable = False


def _without_config(world: World) -> None:
    world.config = {}


def _without_cluster(world: World) -> None:
    world.cluster = None


_LOSSES: Mapping[str, tuple[Callable[[World], None], ...]] = {
    "a past": (_without_past,),
    "its workload API": (_without_workload,),
    "its config": (_without_config,),
    "its Cluster object": (_without_cluster,),
    "all of them": (_without_past, _without_workload, _without_config, _without_cluster),
}


def _moments(subject: Subject) -> Iterator[tuple[int, calls.Moment, str]]:
    """Each call of an undisturbed prepare, before and after."""
    world, plugin = subject.fresh()
    run = world.run(verbs.try_verb(plugin, "prepare", world))
    for number, call in enumerate(run.calls, start=1):
        yield number, "before", str(call)
        yield number, "after", str(call)


def _leave(subject: Subject, world: World, plugin: api.Plugin) -> Mapping[str, object]:
    """Go through all leaves verbs; the state after them."""
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
