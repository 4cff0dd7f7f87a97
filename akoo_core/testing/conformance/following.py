"""Sources follow quietly: they read, wait, let errors out, end when cancelled, and lose no key.

They show no secret either, also when calls fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from akoo_core.plugin import api
from akoo_core.plugin.errors import describe
from akoo_core.plugin_host import leaks, sources
from akoo_core.telemetry import metrics
from akoo_core.testing import calls, verbs
from akoo_core.testing.conformance import canaries
from akoo_core.testing.conformance.subject import ConformanceError, Subject
from akoo_core.testing.sources import SourceRun, try_source
from akoo_core.testing.world import World

SECONDS = 300.0
"""Duration of one run, in virtual time."""
MOST_CALLS = 1000
"""External calls of one run: a source that makes more does not wait."""
FAULTS = 20
"""Calls of a run at which an error is tried."""

_MOMENTS: tuple[calls.Moment, ...] = ("before", "after")


def follows_quietly(subject: Subject) -> None:
    """Each source, undisturbed and with an error, or a crash, at each of its first calls."""
    for followed in _sources(subject):
        run = followed.undisturbed()
        made = run.observed.calls
        for number, call in enumerate(made[:FAULTS], start=1):
            # The last call may be the wait that the end of the run cut off.
            for moment in _MOMENTS if number < len(made) else _MOMENTS[:1]:
                followed.disturbed(run, number, moment, call)
                followed.crashed(number, moment, call)


def _sources(subject: Subject) -> Iterator[_Followed]:
    _, plugin = subject.fresh()
    for controller in verbs.registered(plugin):
        if controller.plugin is plugin:
            for source in controller.registration.sources:
                yield _Followed(subject, controller.registration.name, sources.name_of(source))


class _Left(NamedTuple):
    """The traces of runs that did not end when they were cancelled."""

    abandoned: float
    leaked: float


class _Followed(NamedTuple):
    """One source of the plugin, by its names."""

    subject: Subject
    controller: str
    source: str

    def undisturbed(self) -> SourceRun:
        """A run in which nothing goes wrong. Raises ConformanceError."""
        world, plugin = self.subject.fresh()
        world.calls.fail(MOST_CALLS, "before", RuntimeError("too many calls"))
        left, state = self._left(plugin), world.state()
        run = self._run(plugin, world)
        problem = _problem(run)
        if not problem and world.state() != state:
            problem = "it changed something. A source reads only."
        if not problem:
            problem = _leftovers(left, self._left(plugin))
        if problem:
            raise self._error(problem) from run.observed.error
        return run

    def disturbed(
        self, wanted: SourceRun, number: int, moment: calls.Moment, call: calls.Call
    ) -> None:
        """An error at one call: that run and the next add all keys of an undisturbed one."""
        world, plugin = self.subject.fresh()
        reset = ConnectionResetError("the connection was reset (by the conformance suite)")
        world.calls.fail(number, moment, reset)
        run = self._run(plugin, world)
        world.calls.heal()
        keys = {*run.keys, *(self._run(plugin, world).keys if run.ended else ())}
        lost = sorted(set(wanted.keys) - keys)
        if lost:
            raise self._error(
                f"after an error {moment} call {number} ({call}) it never adds {', '.join(lost)}. "
                "Begin each run with every key, or compare."
            )

    def crashed(self, number: int, moment: calls.Moment, call: calls.Call) -> None:
        """The end of the process at one call, which nothing may catch."""
        world, plugin = self.subject.fresh()
        crash = calls.Crash()
        world.calls.fail(number, moment, crash)
        run = self._run(plugin, world)
        if run.observed.error is not crash and not _holds_crash(run.observed.error):
            raise self._error(
                f"after a crash {moment} call {number} ({call}) it went on. Catch Exception at "
                "most, never BaseException."
            )

    def _run(self, plugin: api.Plugin, world: World) -> SourceRun:
        async def run() -> SourceRun:
            before = asyncio.all_tasks()
            try:
                return await try_source(
                    plugin, self.controller, world, source=self.source, seconds=SECONDS
                )
            finally:
                await leaks.stop(asyncio.all_tasks() - before)

        ended = world.run(run())
        for place, value in canaries.shown(ended.observed, world):
            raise self._error(canaries.problem(place, value))
        return ended

    def _left(self, plugin: api.Plugin) -> _Left:
        labels = {"verb": f"source {self.controller}", "plugin": plugin.name}
        abandoned, leaked = (
            metrics.REGISTRY.get_sample_value(name, labels) or 0.0
            for name in ("akoo_abandoned_calls_total", "akoo_verb_leaked_tasks_total")
        )
        return _Left(abandoned, leaked)

    def _error(self, problem: str) -> ConformanceError:
        return self.subject.error(self.source, f"as a source of {self.controller} {problem}")


def _problem(run: SourceRun) -> str:
    """The mistake that one run shows by itself; "" for none."""
    error = run.observed.error
    if len(run.observed.calls) >= MOST_CALLS:
        return (
            f"it made {MOST_CALLS} calls within {SECONDS:.0f} s of a world that does not change. "
            "Wait for news, or sleep between two looks."
        )
    if run.observed.writes:
        return f"it writes: {', '.join(run.observed.writes)}. Add a key, and let reconcile write."
    if error is not None:
        return f"it failed where nothing was wrong: {describe(error)}"
    if run.ended:
        return "it ended. Wait where there is nothing to do: a source runs until it is cancelled."
    return ""


def _leftovers(before: _Left, after: _Left) -> str:
    if before.abandoned != after.abandoned:
        return "it went on when it was cancelled. Never catch CancelledError without raising it."
    if before.leaked != after.leaked:
        return "it left tasks behind when it was cancelled. Use a TaskGroup."
    return ""


def _holds_crash(error: BaseException | None) -> bool:
    return isinstance(error, BaseExceptionGroup) and error.subgroup(calls.Crash) is not None
