"""Logs the code that blocks the event loop, while it is blocked.

A thread of its own watches the ticker: the loop itself could only log it afterwards, when the code
is no longer on the stack.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import FrameType
from typing import NamedTuple

from akoo_core.health.ticker import Ticker

LOOK_SECONDS = 0.25
BLOCKED_SECONDS = 1.0
"""Shorter blocks are in the metric only."""

_log = logging.getLogger(__name__)
_CALLERS = (
    "akoo_core.plugin_host.bounded",
    "akoo_core.plugin_host.caller",
    "akoo_core.plugin_host.controller_runner",
)
"""The modules that call plugins. The task of a verb begins in ``bounded``."""


class Frame(NamedTuple):
    """A frame of the loop's thread: ``akoo_avi.client`` ``.../client.py:42`` ``Client.fetch``."""

    module: str
    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.module} {self.file}:{self.line} ({self.function})"


class Watchdog:
    """Watches the loop of the thread that starts it, through its ticker."""

    def __init__(
        self,
        ticker: Ticker,
        *,
        look_seconds: float = LOOK_SECONDS,
        blocked_seconds: float = BLOCKED_SECONDS,
    ) -> None:
        self._ticker = ticker
        self._look_seconds = look_seconds
        self._blocked_seconds = blocked_seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._reported = False

    def start(self) -> None:
        """Watch from now on, until ``stop``."""
        self._stop.clear()
        watched = threading.get_ident()
        self._thread = threading.Thread(
            target=self._run, args=(watched,), name="akoo-loop-watchdog", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the watching. Safe to call twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, watched: int) -> None:
        while not self._stop.wait(self._look_seconds):
            self.look(watched)

    def look(self, watched: int) -> None:
        """Check the thread ``watched`` once; log the culprit once for each block."""
        seconds = self._ticker.stalled_seconds
        if seconds < self._blocked_seconds:
            self._reported = False
            return
        frame = sys._current_frames().get(watched)
        if self._reported or frame is None:
            return
        self._reported = True
        _log.warning(
            "event loop is blocked: everything waits for a call that belongs in a thread",
            extra={"seconds": round(seconds, 1), "at": str(culprit(frame))},
        )


def culprit(innermost: FrameType) -> Frame:
    """Innermost frame of the plugin that was called; without a plugin, the innermost of all."""
    stack: list[FrameType] = []
    frame: FrameType | None = innermost
    while frame is not None and _module(frame) not in _CALLERS:
        stack.append(frame)
        frame = frame.f_back
    if frame is None or not stack:
        return _frame_of(innermost)
    package = _package(stack[-1])
    return _frame_of(next(frame for frame in stack if _package(frame) == package))


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _package(frame: FrameType) -> str:
    return _module(frame).partition(".")[0]


def _frame_of(frame: FrameType) -> Frame:
    code = frame.f_code
    return Frame(_module(frame), code.co_filename, frame.f_lineno, code.co_qualname)
