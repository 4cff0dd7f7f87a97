"""Stopped anywhere, a verb is called again and comes to the same end.

Stopped by a cancellation at each of its awaits (a timeout, a lost lease), by an error at each of
its external calls, and by the death of the process there: before a write, and after any call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from typing import Any, NamedTuple

from akoo_core.kube import errors
from akoo_core.plugin import api
from akoo_core.plugin_host.kept import keep
from akoo_core.testing import calls, verbs
from akoo_core.testing.conformance.subject import Subject, Trial, essence
from akoo_core.testing.verbs import VerbRun
from akoo_core.testing.world import NAMESPACE

MOST_AWAITS = 500


class End(NamedTuple):
    """The answer and the state at the end of an undisturbed verb."""

    answer: Any
    state: Mapping[str, object]


def survives_cancellation(subject: Subject) -> None:
    """Cancelled at each await: it stops there, and the next call comes to the same end."""
    for make in subject.trials(values=False):
        end = _undisturbed(subject, make())
        for number in range(1, MOST_AWAITS):
            trial, steps = make(), _Steps(number)
            run = trial.world.run(
                verbs.try_verb(trial.plugin, trial.verb, trial.world, wrap=steps.around)
            )
            if steps.seen < number:
                break
            where = f"cancelled at its await {number}"
            if not steps.stopped:
                raise subject.error(
                    trial.verb,
                    f"{where} it went on ({_outcome(run)}). Never catch CancelledError without "
                    "raising it again.",
                )
            _comes_to(subject, trial, end, where)


def survives_failures(subject: Subject) -> None:
    """An error, or the end of the process, after each external call, and before each write."""
    for make in subject.trials(values=False):
        end = _undisturbed(subject, make())
        for number, call in enumerate(_calls(make()), start=1):
            for moment, error in _faults(call):
                trial = make()
                trial.world.calls.fail(number, moment, error)
                run = trial.world.run(verbs.try_verb(trial.plugin, trial.verb, trial.world))
                trial.world.calls.heal()
                where = f"{_fault_name(error)} {moment} call {number} ({call})"
                _check_answer(subject, trial, run, end, error, where)
                _comes_to(subject, trial, end, f"after {where}")


def _undisturbed(subject: Subject, trial: Trial) -> End:
    run = trial.world.run(subject.settle(trial))
    return End(essence(run.result), trial.world.state())


def _calls(trial: Trial) -> tuple[calls.Call, ...]:
    return trial.world.run(verbs.try_verb(trial.plugin, trial.verb, trial.world)).calls


def _faults(call: calls.Call) -> Iterator[tuple[calls.Moment, BaseException]]:
    # Before a read everything is as after the call before it.
    moments: tuple[calls.Moment, ...] = ("before", "after") if call.write else ("after",)
    for moment in moments:
        yield moment, lost(call)
        yield moment, calls.Crash()
    if call.write and call.subject.startswith(f"{NAMESPACE}/{keep.PREFIX}."):
        kind = errors.AlreadyExistsError if "create" in call.operation else errors.ConflictError
        yield "before", kind("another process was first (by the conformance suite)")


def lost(call: calls.Call) -> Exception:
    """The error of a call whose connection is lost."""
    reset = "the connection was reset (by the conformance suite)"
    kube = call.system in ("kubernetes", "workload")
    return errors.UnreachableError(reset) if kube else ConnectionResetError(reset)


def _fault_name(error: BaseException) -> str:
    return "a crash" if isinstance(error, calls.Crash) else "an error"


def _check_answer(
    subject: Subject, trial: Trial, run: VerbRun, end: End, error: BaseException, where: str
) -> None:
    """A fault may be answered, but not with a success that is none."""
    if isinstance(error, calls.Crash) and run.error is not error:
        raise subject.error(
            trial.verb,
            f"{where}: it went on ({_outcome(run)}). Catch Exception at most, never BaseException.",
        )
    if run.error is not None or trial.verb == "drain":
        return  # drain's outcome is a hint, it may say Done at any time
    claims = isinstance(run.result, api.Done | api.Proof) or (
        isinstance(run.result, api.Fenced) and run.result.grade != "Unfenced"
    )
    if claims and (trial.world.state(), essence(run.result)) != (end.state, end.answer):
        raise subject.error(
            trial.verb,
            f"{where}: it answered {essence(run.result)} although not everything was done. Let the "
            "error out: it is a retry with backoff.",
        )


def _comes_to(subject: Subject, trial: Trial, end: End, where: str) -> None:
    """A new process calls the verb again: the end must be that of an undisturbed one."""
    world = trial.world
    heir = trial._replace(plugin=subject.plugin(world))
    run = world.run(subject.settle(heir))
    if essence(run.result) != end.answer:
        raise subject.error(
            trial.verb,
            f"{where} it ends with {essence(run.result)}, undisturbed with {end.answer}.",
        )
    differing = differences(end.state, world.state())
    if differing:
        raise subject.error(
            trial.verb,
            f"{where} it ends with another state than undisturbed: {differing}. Derive names from "
            "the record, and look for what an earlier attempt made before making it.",
        )


def differences(wanted: Mapping[str, object], got: Mapping[str, object]) -> str:
    """The differences between two states, in words: ``outside; workload: only in one: a, b``."""
    places: list[str] = []
    for place in wanted:
        expected, actual = wanted[place], got[place]
        if expected == actual:
            continue
        if isinstance(expected, dict) and isinstance(actual, dict):
            keys = sorted(
                key for key in {*expected, *actual} if expected.get(key) != actual.get(key)
            )
            places.append(f"{place} ({', '.join(map(str, keys[:5]))})")
        else:
            places.append(place)
    return "; ".join(places)


def _outcome(run: VerbRun) -> str:
    return repr(run.error) if run.error is not None else f"and answered {essence(run.result)}"


class _Steps:
    """Counts the awaits of a coroutine at which it gives way, and cancels its task at the nth."""

    def __init__(self, cancel_at: int) -> None:
        self.seen = 0
        self.stopped = False
        """True once the cancellation ended the coroutine. Its caller cannot tell: it raises
        CancelledError in any case."""
        self._cancel_at = cancel_at

    async def around(self, inner: Awaitable[Any]) -> Any:
        """Await ``inner``."""
        try:
            return await _Driven(inner, self._give_way)
        except asyncio.CancelledError:
            self.stopped = self.seen >= self._cancel_at
            raise

    def _give_way(self) -> None:
        self.seen += 1
        task = asyncio.current_task()
        if self.seen == self._cancel_at and task is not None:
            task.cancel()


class _Driven:
    """Awaits a coroutine and calls ``give_way`` whenever that yields to the event loop."""

    def __init__(self, inner: Awaitable[Any], give_way: Callable[[], None]) -> None:
        self._inner = inner
        self._give_way = give_way

    def __await__(self) -> Generator[Any, Any, Any]:
        awaiting = self._inner.__await__()
        step = awaiting.__next__
        while True:
            try:
                waited_for = step()
            except StopIteration as stop:
                return stop.value
            self._give_way()
            try:
                yield waited_for
            except BaseException as error:  # noqa: BLE001 - handed on to the coroutine
                raised = error
                step = lambda: awaiting.throw(raised)  # noqa: B023, E731
            else:
                step = awaiting.__next__
