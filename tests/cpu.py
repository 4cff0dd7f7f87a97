"""The CPU time of a piece of work, without what else the process and the machine do."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

RUNS = 3


def cpu_seconds(work: Callable[[], object]) -> float:
    """The least CPU time, in seconds, that this thread takes for ``work`` in some runs.

    Other threads and processes do not count. Nor does Python's garbage collector: it runs in the
    thread that happens to allocate, and a full collection reads every object of the process. After
    thousands of tests that takes longer than the work that is measured.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        return min(_once(work) for _ in range(RUNS))
    finally:
        if enabled:
            gc.enable()


def _once(work: Callable[[], object]) -> float:
    started = time.thread_time()
    work()
    return time.thread_time() - started
