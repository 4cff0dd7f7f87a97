"""A verb leaves the loop alone, writes only where the guard was asked, and counts what is there.

All three are seen from outside of the plugin: the time of one step of the loop, Python's audit
events, and the deletions of sweep.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from akoo_core import external
from akoo_core.plugin import api
from akoo_core.testing import verbs
from akoo_core.testing.conformance.subject import Subject

BLOCKED_SECONDS = 0.25
"""A step of the loop that takes longer stops every other cluster for as long."""
TRIES = 3
"""A machine may be busy once: it counts if it is so each time."""

_WRITES = frozenset(
    {
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.truncate",
        "os.system",
        "shutil.copyfile",
        "shutil.move",
        "shutil.rmtree",
        "socket.connect",
        "socket.sendto",
        "sqlite3.connect",
        "subprocess.Popen",
    }
)
"""Audit events of what reaches out; ``open`` counts where it is for writing."""

_HANDLE: Any = asyncio.Handle
_CALL: Any = external._Call
"""Classes whose methods are replaced while a check looks."""


def does_not_block(subject: Subject) -> None:
    """No step of a verb holds the event loop up."""
    for make in subject.trials():
        seconds, verb = math.inf, ""
        for _ in range(TRIES):
            trial = make()
            verb = trial.verb
            with _slowest_step() as steps:
                trial.world.run(verbs.try_verb(trial.plugin, trial.verb, trial.world))
            seconds = min(seconds, max(steps, default=0.0))
            if seconds < BLOCKED_SECONDS:
                break
        else:
            raise subject.error(
                verb,
                f"it held up the event loop for {seconds:.1f} s, and every cluster with it. Await "
                "what takes time; call what blocks by ctx.threads.run.",
            )


def writes_by_the_seam(subject: Subject) -> None:
    """A verb changes things outside only within ``ctx.external.call(..., write=True)``."""
    for make in subject.trials():
        trial = make()
        before = trial.world.state()
        with _reached_out() as events:
            run = trial.world.run(verbs.try_verb(trial.plugin, trial.verb, trial.world))
        if not events and not run.writes and trial.world.state() != before:
            events.append("something outside has changed")
        if events:
            raise subject.error(
                trial.verb,
                f"it reached out without a call of the seam ({events[0]}): no leadership is asked "
                "for, and no trace shows it. Do it within `async with ctx.external.call(...)`, "
                "with write=True where it changes something.",
            )


def counts_what_is_there(subject: Subject) -> None:
    """verify does not say that nothing is left, while sweep has something to delete."""
    if "verify" not in subject.verbs() or "sweep" not in subject.verbs():
        return
    trial = subject.reach("sweep")
    if trial is None:
        return
    # In one world, verify first: what is outside may be real, and the same for all worlds.
    counted = trial.world.run(verbs.try_verb(trial.plugin, "verify", trial.world)).result
    swept = trial.world.run(verbs.try_verb(trial.plugin, "sweep", trial.world))
    if swept.writes and isinstance(counted, api.Proof) and not (counted.own or counted.held):
        raise subject.error(
            "verify",
            f"it says own=0 before sweep, which then deletes ({', '.join(swept.writes[:3])}): a "
            "false proof, for which a Cluster would be let go. Count what sweep would delete.",
        )


@contextlib.contextmanager
def _slowest_step() -> Iterator[list[float]]:
    """The seconds that each callback of event loops of this thread takes meanwhile.

    Without the time for which the machine gave this thread no CPU: that is nobody's fault here.
    """
    steps: list[float] = []
    thread, run = threading.get_ident(), _HANDLE._run
    file = _open_schedstat()

    def timed(handle: asyncio.Handle) -> None:
        started = _unstarved(file)
        try:
            run(handle)
        finally:
            if threading.get_ident() == thread:
                steps.append(_unstarved(file) - started)

    _HANDLE._run = timed
    try:
        yield steps
    finally:
        _HANDLE._run = run
        if file is not None:
            os.close(file)


def _open_schedstat() -> int | None:
    try:
        return os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    except OSError:
        return None  # not Linux, or a kernel without it


def _unstarved(file: int | None) -> float:
    """Monotonic seconds without the time for which this thread has waited for a CPU.

    Both are read at a time at which the thread did not wait: a wait between the two reads would
    count on one side only, and hide a step that blocks, or blame one that does not.
    """
    starved = _starved(file)
    while True:
        now, before, starved = time.monotonic(), starved, _starved(file)
        if starved == before:
            return now - starved


def _starved(file: int | None) -> float:
    """Seconds this thread has waited for a CPU in all (proc(5): the second number, nanoseconds)."""
    return int(os.pread(file, 64, 0).split()[1]) / 1e9 if file is not None else 0.0


class _Watch:
    """Listens to audit events while it is the current one. A hook cannot be taken off again."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.calls = 0
        """Open calls of the seam."""


_current: _Watch | None = None
_hooked = False


@contextlib.contextmanager
def _reached_out() -> Iterator[list[str]]:
    """Events that leave the process meanwhile, outside of any call of the seam."""
    global _current, _hooked  # noqa: PLW0603 - there is one audit hook per process
    if not _hooked:
        sys.addaudithook(_heard)
        _hooked = True
    watch = _current = _Watch()
    enter, leave = _CALL.__aenter__, _CALL.__aexit__

    async def entered(call: Any) -> Any:
        span = await enter(call)
        watch.calls += 1
        return span

    async def left(call: Any, *error: Any) -> Any:
        watch.calls -= 1
        return await leave(call, *error)

    _CALL.__aenter__ = entered
    _CALL.__aexit__ = left
    try:
        yield watch.events
    finally:
        _current = None
        _CALL.__aenter__ = enter
        _CALL.__aexit__ = leave


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    watch = _current
    if watch is None or watch.calls:
        return
    if event == "open":
        path, _, flags = arguments
        changes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if not changes or not isinstance(path, str | bytes | os.PathLike):
            return
    elif event not in _WRITES:
        return
    shown = str(arguments[0]) if arguments else ""
    # Python itself keeps what it compiled, and reads chance and nothing from devices.
    if "__pycache__" not in shown and not shown.startswith("/dev/"):
        watch.events.append(f"{event} {shown}"[:200])
