"""Threads for SDKs that block: a few for each plugin, or for each system outside.

A thread cannot be cancelled. When a call is past its deadline its caller goes on with a
TimeoutError, but the thread stays taken until the call returns. When every thread hangs that way,
callers get an error at once, instead of waiting for a system that does not answer. Threads are
daemons: the process ends without them (``concurrent.futures`` would wait for them at exit).
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import contextvars
import functools
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from akoo_core import external
from akoo_core.plugin.errors import ThreadsClosedError, ThreadsExhaustedError

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)


class _Job:
    """One call: the function, its context, and the future of its caller."""

    def __init__(self, call: Callable[[], Any], name: str, answer: asyncio.Future[Any]) -> None:
        self.call = call
        self.name = name
        self.context = contextvars.copy_context()
        self.answer = answer
        self.started = 0.0
        self.late = False
        self.timer: asyncio.TimerHandle | None = None

    def restart_timer(self, timer: asyncio.TimerHandle | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.timer = timer

    def settle(self, answer: Any = None, error: BaseException | None = None) -> None:
        """Give the caller its answer, unless it has one or was cancelled."""
        self.restart_timer(None)
        if self.answer.done():
            return
        if isinstance(error, StopIteration):  # asyncio refuses it: it would end coroutines silently
            error = RuntimeError("the call raised StopIteration")
        if error is not None:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(answer)


class PluginThreads:
    """The threads of one plugin, or of one system outside (a ThreadPool of the plugin reference).

    For one event loop. ``owner`` is the name of the plugin or system, in messages and as the name
    of the threads. There are ``size`` threads. ``deadline_seconds`` (at most 30) is the time of one
    call, and the longest wait for a free thread before it: a call that the leadership guard
    allowed must not start much later.
    """

    def __init__(
        self,
        owner: str,
        *,
        size: int = 4,
        deadline_seconds: float = external.MAX_DEADLINE_SECONDS,
    ) -> None:
        self._owner = owner
        self._size = size
        self._deadline = min(deadline_seconds, external.MAX_DEADLINE_SECONDS)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting: collections.deque[_Job] = collections.deque()
        self._running: set[_Job] = set()
        self._threads: list[threading.Thread] = []
        self._closed = False

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``function`` in a thread, with the context variables (spans) of the caller.

        Raises what it raises; TimeoutError past the deadline; ThreadsExhaustedError when every
        thread hangs; ThreadsClosedError after close.
        """
        if self._closed:
            raise ThreadsClosedError(f"the threads of {self._owner} are closed")
        self._raise_when_exhausted()
        loop = asyncio.get_running_loop()
        name = getattr(function, "__qualname__", type(function).__name__)
        job = _Job(functools.partial(function, *args, **kwargs), name, loop.create_future())
        job.timer = loop.call_later(self._deadline, self._give_up, job)
        self._waiting.append(job)
        self._start_waiting(loop)
        try:
            answer: T = await job.answer
        finally:
            self._leave_queue(job)
        return answer

    @property
    def hanging(self) -> int:
        """Threads that are in a call past its deadline."""
        return sum(job.late for job in self._running)

    def close(self) -> None:
        """Take no more calls; idle threads end, the others when their call returns."""
        self._closed = True
        while self._waiting:
            job = self._waiting.popleft()
            job.settle(error=ThreadsClosedError(f"the threads of {self._owner} close"))
        for _ in self._threads:
            self._jobs.put(None)

    # All bookkeeping happens on the loop's thread; threads only take jobs and report back.

    def _start_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting and len(self._running) < self._size:
            job = self._waiting.popleft()
            job.started = time.monotonic()
            job.restart_timer(loop.call_later(self._deadline, self._expire, job))
            self._running.add(job)
            if len(self._threads) < len(self._running):
                self._add_thread(loop)
            self._jobs.put(job)

    def _add_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        thread = threading.Thread(
            target=_work,
            args=(self._jobs, functools.partial(_report, loop, self._finish)),
            name=f"akoo-{self._owner}-{len(self._threads)}",
            daemon=True,
        )
        self._threads.append(thread)
        thread.start()

    def _finish(self, job: _Job, answer: Any, error: BaseException | None) -> None:
        self._running.discard(job)
        job.settle(answer, error)
        if job.late:
            _log.info(
                "late call returned, its thread is free again",
                extra={"owner": self._owner, "call": job.name, "seconds": _age(job)},
            )
        self._start_waiting(asyncio.get_running_loop())

    def _give_up(self, job: _Job) -> None:
        self._waiting.remove(job)
        job.settle(error=TimeoutError(f"no thread of {self._owner} got free for {job.name}"))

    def _expire(self, job: _Job) -> None:
        job.late = True
        job.settle(
            error=TimeoutError(
                f"{job.name} took longer than {self._deadline:g} s; it goes on and keeps its thread"
            ),
        )
        if self.hanging == self._size:
            while self._waiting:
                self._waiting.popleft().settle(error=self._exhausted())

    def _leave_queue(self, job: _Job) -> None:
        """A call that is cancelled before it started never starts; a started one goes on."""
        if job in self._waiting:
            self._waiting.remove(job)
            job.restart_timer(None)

    def _raise_when_exhausted(self) -> None:
        if self.hanging == self._size:
            raise self._exhausted()

    def _exhausted(self) -> ThreadsExhaustedError:
        calls = sorted(self._running, key=lambda job: job.started)
        names = ", ".join(f"{job.name} for {_age(job):.0f} s" for job in itertools.islice(calls, 4))
        return ThreadsExhaustedError(
            f"all {self._size} threads of {self._owner} hang ({names}); "
            "the system it talks to does not answer"
        )


def _age(job: _Job) -> float:
    return round(time.monotonic() - job.started, 1)


_Report = Callable[[_Job, Any, BaseException | None], None]


def _work(jobs: queue.SimpleQueue[_Job | None], report: _Report) -> None:
    """The life of one thread: take a job, run it in its caller's context, report."""
    while (job := jobs.get()) is not None:
        answer, error = None, None
        try:
            answer = job.context.run(job.call)
        except BaseException as raised:  # noqa: BLE001 - handed to the caller, whatever it is
            error = raised
        report(job, answer, error)
        del job, answer, error


def _report(
    loop: asyncio.AbstractEventLoop, finish: _Report, job: _Job, answer: Any, error: Any
) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(finish, job, answer, error)
