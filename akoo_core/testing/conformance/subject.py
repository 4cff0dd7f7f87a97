"""The subject of the checks: a plugin in a scenario, brought to one of its verbs again and again.

Every trial starts from a fresh World and a fresh plugin, so nothing that one does can help another.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from akoo_core import structs
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.plugin_host import caller, contract
from akoo_core.reconcile.decide import facts
from akoo_core.testing import deploying, verbs
from akoo_core.testing.verbs import VerbRun
from akoo_core.testing.world import World

CALLS_TO_SETTLE = 10
"""A verb that still writes at its tenth call in an unchanged world never stops."""
FIRST = api.verbs_of("first")
LIVES = api.verbs_of("lives")
LEAVES = api.verbs_of("leaves")


class ConformanceError(AssertionError):
    """The plugin breaks a rule for every plugin. The message says where, what and why."""


class Trial(NamedTuple):
    """A fresh World with the plugin in it, brought to where ``verb`` is called."""

    world: World
    plugin: api.Plugin
    verb: str


class Subject:
    """One plugin in one scenario. ``make`` makes the plugin for a World, ``world`` the World."""

    def __init__(
        self,
        make: Callable[[World], api.Plugin],
        world: Callable[[], World],
        *,
        name: str = "",
        scenario: str = "plain",
    ) -> None:
        self._make = make
        self._world = world
        self._name = name
        self.scenario = scenario

    def plugin(self, world: World) -> api.Plugin:
        """A new instance, as a new process would make it."""
        plugin = self._make(world)
        plugin.name = plugin.name or self._name
        return verbs.named(plugin)

    def fresh(self) -> tuple[World, api.Plugin]:
        """The scenario from its beginning."""
        world = self._world()
        return world, self.plugin(world)

    def error(self, name: str, problem: str) -> ConformanceError:
        """The error of a verb or controller of that name. ``problem`` says what to do, too."""
        _, plugin = self.fresh()
        where = f'plugin "{plugin.name}" in scenario "{self.scenario}"'
        line = contract.where(getattr(type(plugin), name, type(plugin)))
        return ConformanceError(f"{line}: {name} of {where}: {problem}")

    def verbs(self) -> tuple[str, ...]:
        """The verbs that the plugin has and the scenario is about."""
        world, plugin = self.fresh()
        calling = caller.VerbCaller(verbs.plugin_set(plugin))
        lives = (*FIRST, *LIVES) if world.spec.leaving is None else ()
        return tuple(live for live in (*lives, *LEAVES) if calling.implements(plugin, live))

    def trials(self, *, values: bool = True) -> Iterator[Callable[[], Trial]]:
        """A maker of fresh trials for each verb that the scenario comes to; ``values``: also of
        those that are plain functions."""
        for verb in self.verbs():
            if (values or verb not in api.PURE_VERBS) and self.reach(verb) is not None:
                yield functools.partial(self._reached, verb)

    def _reached(self, verb: str) -> Trial:
        trial = self.reach(verb)
        if trial is None:
            raise self.error(verb, "equal scenarios end in different places: it is not pure.")
        return trial

    def reach(self, verb: str) -> Trial | None:
        """A fresh trial of one verb, after those that come before it.

        None when the scenario ends before: facts are missing, or a verb before it waits.
        """
        world, plugin = self.fresh()
        if verb in FIRST:
            return Trial(world, plugin, verb)
        try:
            return world.run(self._reach(Trial(world, plugin, verb)))
        except VerbError as error:
            raise self.failed(error.verb, error) from error

    async def _reach(self, trial: Trial) -> Trial | None:
        world, plugin, verb = trial
        if not prepared(plugin, world):
            return None
        if world.spec.leaving is None:
            for before in (*LIVES[: LIVES.index(verb)],) if verb in LIVES else LIVES:
                if not await self._live(before, world, plugin):
                    if verb in LIVES:
                        return None
                    break
        if verb in LIVES:
            return trial
        if world.spec.leaving is None:
            world.leave()
        for before in LEAVES[: LEAVES.index(verb)]:
            await self.settle(trial._replace(verb=before))
        return trial

    async def _live(self, verb: str, world: World, plugin: api.Plugin) -> bool:
        """Let the plugin go through a lives verb. True where the engine would go on after it."""
        run = await self.settle(Trial(world, plugin, verb))
        if run.contribution is not None:
            await deploying.deploy(run.contribution, plugin, world)
        return verb == "observe" or not isinstance(run.result, api.Wait | api.Blocked)

    async def settle(self, trial: Trial) -> VerbRun:
        """Call the verb until a call writes nothing, and finds nothing new on its way; the last
        call's run.

        Raises ConformanceError when it raises, or never stops writing.
        """
        for _ in range(CALLS_TO_SETTLE):
            known = trial.world.spec.facts
            run = await verbs.try_verb(trial.plugin, trial.verb, trial.world)
            if run.error is not None:
                raise self.failed(trial.verb, run.error) from run.error
            new_facts = isinstance(run.result, api.Wait) and trial.world.spec.facts != known
            if not run.writes and not new_facts:
                return run
        raise self.error(
            trial.verb,
            f"it goes on writing in a world that does not change ({', '.join(run.writes)} at call "
            f"{CALLS_TO_SETTLE}). Read first, and write only what differs.",
        )

    def failed(self, verb: str, error: BaseException) -> ConformanceError:
        """It raised where nothing was wrong."""
        problem = error.problem if isinstance(error, VerbError) else repr(error)
        return self.error(verb, f"it failed where nothing was wrong: {problem}")


def prepared(plugin: api.Plugin, world: World) -> bool:
    """True where the engine would call more than intend: facts are there, intend is not Blocked."""
    if facts.missing(world.spec.facts, plugin):
        return False
    calling = caller.VerbCaller(verbs.plugin_set(plugin))
    if world.spec.leaving is not None:
        return True
    view = verbs.view_of(plugin, world)
    return not isinstance(calling.call_pure("intend", plugin, view), api.Blocked)


def essence(answer: object) -> Any:
    """The part of an answer that must be the same the second time: all but its texts."""
    match answer:
        case None:
            return "None"
        case api.Done():
            facts = [structs.to_plain(fact) for fact in answer.facts]
            return ("Done", facts, sorted(answer.declines), answer.version)
        case api.Wait() | api.Blocked() | api.Unverified():
            return (type(answer).__name__, answer.reason)
        case api.Fenced():
            return ("Fenced", answer.grade)
        case _:
            return (type(answer).__name__, structs.to_plain(answer))


def conclusive(answer: object) -> bool:
    """True where the engine goes on after this answer."""
    return isinstance(answer, api.Done | api.Fenced | api.Proof | None)
