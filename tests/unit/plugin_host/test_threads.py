from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable

import pytest

from akoo_core.plugin import threads
from akoo_core.plugin.errors import ThreadsClosedError, ThreadsExhaustedError

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")

Make = Callable[..., threads.PluginThreads]


async def _eventually(holds: Callable[[], bool]) -> None:
    """Wait until a state that threads bring about is there, 5 s at most."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - threads cannot set an asyncio.Event
            await asyncio.sleep(0.001)


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Pools that are closed, and whose threads are seen to end."""
    made: list[threads.PluginThreads] = []
    before = set(threading.enumerate())

    def make(
        size: int = 2, deadline_seconds: float = 30.0, owner: str = "demo"
    ) -> threads.PluginThreads:
        made.append(threads.PluginThreads(owner, size=size, deadline_seconds=deadline_seconds))
        return made[-1]

    yield make
    for pool in made:
        pool.close()
    await _eventually(lambda: set(threading.enumerate()) <= before)


class Gate:
    """A call that hangs until it is let go, and says when it runs."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.release = threading.Event()

    def hang(self) -> str:
        self.entered.release()
        assert self.release.wait(10)
        return "late"

    async def is_entered(self) -> None:
        await _eventually(lambda: self.entered.acquire(blocking=False))


async def test_a_call_runs_in_a_named_thread_with_the_callers_context(make: Make) -> None:
    variable.set("ours")

    def call(first: int, *, second: int) -> tuple[str, str, bool, int]:
        thread = threading.current_thread()
        return thread.name, variable.get(), thread.daemon, first + second

    assert await make().run(call, 1, second=2) == ("akoo-demo-0", "ours", True, 3)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit])
async def test_what_a_call_raises_comes_back(make: Make, error: type[BaseException]) -> None:
    class Crash(BaseException):
        pass

    def call() -> None:
        raise Crash if error is SystemExit else error

    with pytest.raises(Crash if error is SystemExit else ValueError):
        await make().run(call)


async def test_stop_iteration_is_no_silent_end(make: Make) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await make().run(next, iter(()))


async def test_threads_are_used_again_and_never_more_than_allowed(make: Make) -> None:
    pool = make(size=2)
    at_once: list[int] = []
    lock = threading.Lock()
    now = 0

    def call() -> str:
        nonlocal now
        with lock:
            now += 1
            at_once.append(now)
        time.sleep(0.001)
        with lock:
            now -= 1
        return threading.current_thread().name

    names = await asyncio.gather(*(pool.run(call) for _ in range(20)))
    assert set(names) <= {"akoo-demo-0", "akoo-demo-1"}
    assert max(at_once) <= 2


async def test_past_its_deadline_the_caller_goes_on_and_the_thread_stays_taken(
    make: Make,
) -> None:
    pool, gate = make(size=2, deadline_seconds=0.05), Gate()
    with pytest.raises(TimeoutError, match=r"Gate\.hang took longer than 0\.05 s"):
        await pool.run(gate.hang)
    assert pool.hanging == 1
    assert await pool.run(str, 3) == "3"
    gate.release.set()
    await _eventually(lambda: pool.hanging == 0)


async def test_when_all_threads_hang_callers_are_told_at_once(make: Make) -> None:
    pool, gate = make(size=1, deadline_seconds=0.2), Gate()
    hangs = asyncio.create_task(pool.run(gate.hang))
    await gate.is_entered()
    await asyncio.sleep(0)
    waits = asyncio.create_task(pool.run(str, 3))
    for task, error in ((hangs, TimeoutError), (waits, ThreadsExhaustedError)):
        with pytest.raises(error):
            await task
    with pytest.raises(ThreadsExhaustedError, match=r"all 1 threads of demo hang \(Gate"):
        await pool.run(str, 3)
    gate.release.set()
    await _eventually(lambda: pool.hanging == 0)
    assert await pool.run(str, 3) == "3"


async def test_a_call_that_waits_too_long_for_a_thread_never_starts(make: Make) -> None:
    pool, first, second, ran = make(size=1, deadline_seconds=0.2), Gate(), Gate(), threading.Event()
    runs = asyncio.create_task(pool.run(first.hang))
    await first.is_entered()
    follows = asyncio.create_task(pool.run(second.hang))
    waits = asyncio.create_task(pool.run(ran.set))
    await asyncio.sleep(0)
    first.release.set()
    assert await runs == "late"
    with pytest.raises(TimeoutError, match=r"no thread of demo got free for Event\.set"):
        await waits
    with pytest.raises(TimeoutError, match=r"Gate\.hang took longer"):
        await follows
    second.release.set()
    await _eventually(lambda: pool.hanging == 0)
    assert not ran.is_set()


async def test_a_call_cancelled_before_it_started_never_starts(make: Make) -> None:
    pool, gate, ran = make(size=1), Gate(), threading.Event()
    runs = asyncio.create_task(pool.run(gate.hang))
    await gate.is_entered()
    waits = asyncio.create_task(pool.run(ran.set))
    await asyncio.sleep(0)
    waits.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waits
    gate.release.set()
    assert await runs == "late"
    assert await pool.run(str, 3) == "3"
    assert not ran.is_set()


async def test_a_call_cancelled_while_it_runs_keeps_its_thread_until_it_returns(
    make: Make,
) -> None:
    pool, gate = make(size=1, deadline_seconds=0.1), Gate()
    runs = asyncio.create_task(pool.run(gate.hang))
    await gate.is_entered()
    runs.cancel()
    with pytest.raises(asyncio.CancelledError):
        await runs
    await _eventually(lambda: pool.hanging == 1)
    with pytest.raises(ThreadsExhaustedError):
        await pool.run(str, 3)
    gate.release.set()
    await _eventually(lambda: pool.hanging == 0)


async def test_closing_refuses_who_waits_and_lets_who_runs_finish(make: Make) -> None:
    pool, gate = make(size=1), Gate()
    runs = asyncio.create_task(pool.run(gate.hang))
    await gate.is_entered()
    waits = asyncio.create_task(pool.run(str, 3))
    await asyncio.sleep(0)
    pool.close()
    pool.close()
    for coming in (waits, pool.run(str, 3)):
        with pytest.raises(ThreadsClosedError):
            await coming
    gate.release.set()
    assert await runs == "late"


def test_a_process_ends_although_a_call_hangs() -> None:
    program = """
import asyncio, threading
from akoo_core.plugin import threads
async def main():
    pool = threads.PluginThreads("demo", deadline_seconds=0.05)
    try:
        await pool.run(threading.Event().wait)
    except TimeoutError:
        print("timed out")
    pool.close()
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "timed out\n", "")


async def test_a_system_that_hangs_takes_no_threads_of_another(make: Make) -> None:
    hung = make(size=2, deadline_seconds=0.05, owner="vcenter-a")
    healthy = make(size=2, owner="vcenter-b")
    gate = Gate()
    late = await asyncio.gather(*(hung.run(gate.hang) for _ in range(2)), return_exceptions=True)
    assert [type(error) for error in late] == [TimeoutError] * 2
    with pytest.raises(ThreadsExhaustedError, match=r"all 2 threads of vcenter-a hang \(Gate"):
        await hung.run(str.upper, "refused")
    answers = await asyncio.gather(*(healthy.run(str.upper, "here") for _ in range(50)))
    assert answers == ["HERE"] * 50
    assert (hung.hanging, healthy.hanging) == (2, 0)
    gate.release.set()
    await _eventually(lambda: hung.hanging == 0)
    assert await hung.run(str.upper, "again") == "AGAIN"
