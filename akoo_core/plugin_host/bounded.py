"""One call of a plugin's coroutine: bounded in time, and alone in a task of its own.

The coroutine affects nothing else. It may raise anything, cancel its own task, or go on after it
was cancelled: then it is abandoned. An abandoned call is counted and named, may start no
external call any more, and is not made a second time before it has ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from akoo_core import errors, external
from akoo_core.plugin.errors import VerbError, describe
from akoo_core.plugin_host import leaks
from akoo_core.telemetry import metrics

STOP_SECONDS = leaks.STOP_SECONDS
"""Seconds that a cancelled call gets to end, before it is abandoned."""

_log = logging.getLogger(__name__)


def passes(error: BaseException) -> bool:
    """True for an error that is not the plugin's fault: it is passed on, not retried.

    Every other BaseException is a failure of the call: SDKs call sys.exit, libraries panic.
    """
    ends = (errors.ProcessEnd, KeyboardInterrupt)
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(ends) is not None
    return isinstance(error, (*ends, errors.LeadershipLostError))


class PluginCall(NamedTuple):
    """One call: a verb (or another coroutine) of a plugin, for one record or key."""

    plugin: str
    verb: str
    subject: str = ""

    def failed(self, error: BaseException) -> VerbError:
        """The VerbError for an exception of the plugin; safe to show."""
        return VerbError(self.plugin, self.verb, describe(error))


class PluginCalls:
    """Makes calls, and remembers those that were abandoned until they end. One per process."""

    def __init__(self) -> None:
        self._abandoned: dict[PluginCall, asyncio.Task[Any]] = {}

    async def run(
        self, call: PluginCall, function: Callable[[], Awaitable[Any]], *, seconds: float | None
    ) -> Any:
        """Await ``function()`` in a task of its own, for at most ``seconds`` (None: until the
        caller is cancelled); its answer.

        Raises VerbError when it took longer, was cancelled, raised a BaseException that is no
        Exception, or is still running since an earlier call that was abandoned; else what it raised
        (``passes`` names the errors that must not be caught). When the caller is cancelled, so is
        the call.
        """
        if call in self._abandoned:
            problem = "an earlier call was abandoned and has not ended yet; it is not called again"
            raise VerbError(call.plugin, call.verb, problem, timed_out=True)
        with external.permitted(), leaks.noted() as children:
            task = asyncio.create_task(_outcome(function), name=f"{call.verb} {call.plugin}")
            children.discard(task)
            try:
                await asyncio.wait((task,), timeout=seconds)
                return await self._answer(call, task, seconds)
            finally:
                await self._end(call, task)
                await _stop_leaks(call, children)

    async def _answer(
        self, call: PluginCall, task: asyncio.Task[_Outcome], seconds: float | None
    ) -> Any:
        if not task.done():
            await self._end(call, task)
            problem = f"cancelled, it took longer than {seconds:g} s"
            raise VerbError(call.plugin, call.verb, problem, timed_out=True)
        if task.cancelled():
            raise VerbError(call.plugin, call.verb, "it awaited something that was cancelled")
        outcome = task.result()
        if outcome.error is None:
            return outcome.answer
        try:
            if isinstance(outcome.error, Exception) or passes(outcome.error):
                raise outcome.error
            raise call.failed(outcome.error) from outcome.error
        finally:
            del outcome, task  # Its traceback has this frame: the two would keep each other alive.

    async def _end(self, call: PluginCall, task: asyncio.Task[Any]) -> None:
        """Cancel the task unless it has ended; abandon it when that does not help."""
        if task.done() or call in self._abandoned:
            return
        task.cancel()
        try:
            await asyncio.wait((task,), timeout=STOP_SECONDS)
        finally:
            if not task.done():
                self._abandon(call, task)

    def _abandon(self, call: PluginCall, task: asyncio.Task[Any]) -> None:
        self._abandoned[call] = task
        task.add_done_callback(lambda _: self._returned(call))
        metrics.ABANDONED_CALLS.labels(call.verb, call.plugin).inc()
        _log.error(
            "a plugin's call goes on after it was cancelled: it is abandoned",
            extra={"verb": call.verb, "plugin": call.plugin, "subject": call.subject},
        )

    def _returned(self, call: PluginCall) -> None:
        del self._abandoned[call]
        _log.info(
            "an abandoned call has ended",
            extra={"verb": call.verb, "plugin": call.plugin, "subject": call.subject},
        )


class _Outcome(NamedTuple):
    answer: Any
    error: BaseException | None


async def _outcome(function: Callable[[], Awaitable[Any]]) -> _Outcome:
    """The end of a call as a value: a task that raises SystemExit would end the event loop."""
    try:
        return _Outcome(await function(), None)
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a plugin raises is its own failure
        return _Outcome(None, error)


async def _stop_leaks(call: PluginCall, children: set[asyncio.Task[Any]]) -> None:
    names = await leaks.stop(children)
    if names:
        metrics.LEAKED_TASKS.labels(call.verb, call.plugin).inc(len(names))
        _log.warning(
            "verb left tasks running, they were cancelled",
            extra={"verb": call.verb, "plugin": call.plugin, "tasks": ", ".join(names)},
        )
