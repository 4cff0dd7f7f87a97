"""The slots of requests: how many are under way, the order of waiting ones, and their time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from akoo_avi.client import Controllers, Credential, OutcomeUnknownError, UnreachableError, slots
from akoo_avi.testing import memory_controllers
from akoo_testbed.avisim import Controller, faults
from hypothesis import given, settings
from hypothesis import strategies as st

from akoo_core import external
from akoo_core.testing import virtual_time

AT = "avi.example.com"
WHO = Credential("admin", "Slots-password-1")
START = 1000.0
"""Of virtual time."""


class SlotsWorld:
    """Notes who runs in a slot, and how many at most."""

    def __init__(self, size: int) -> None:
        self.slots = slots.Slots(size)
        self.began: list[str] = []
        self.running = self.most = self.writing = self.most_writes = 0

    async def use(self, name: str, *, write: bool = False, seconds: float = 1.0) -> None:
        async with self.slots.slot(write=write):
            self.began.append(name)
            self.running += 1
            self.writing += write
            self.most = max(self.most, self.running)
            self.most_writes = max(self.most_writes, self.writing)
            try:
                await asyncio.sleep(seconds)
            finally:
                self.running -= 1
                self.writing -= write


@virtual_time.test
async def test_reads_go_before_writes_and_writes_are_not_forgotten(
    time: virtual_time.LoopClock,
) -> None:
    world = SlotsWorld(1)
    async with asyncio.TaskGroup() as group:
        group.create_task(world.use("for reads", seconds=100))
        group.create_task(world.use("first"))
        await asyncio.sleep(0)
        for number in range(2):
            group.create_task(world.use(f"write {number}", write=True))
        for number in range(7):
            group.create_task(world.use(f"read {number}"))
    reads = [f"read {number}" for number in range(7)]
    assert world.began[1:] == ["first", *reads[:3], "write 0", *reads[3:6], "write 1", *reads[6:]]


@settings(max_examples=40)
@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 12)), max_size=24),
)
def test_no_slot_is_lost_whoever_is_cancelled(
    size: int, users: list[tuple[bool, int, int]]
) -> None:
    async def main(_: object) -> None:
        world = SlotsWorld(size)
        tasks = [
            asyncio.ensure_future(world.use("x", write=write, seconds=seconds))
            for write, seconds, _ in users
        ]
        loop = asyncio.get_running_loop()
        for task, (_, _, cancelled_after) in zip(tasks, users, strict=True):
            if cancelled_after < 9:
                loop.call_later(cancelled_after, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert world.most <= size + slots.FOR_READS
        assert world.most_writes <= size
        last = SlotsWorld(size)
        last.slots = world.slots
        await asyncio.gather(*(last.use("again") for _ in range(size + slots.FOR_READS)))
        assert last.most == size + slots.FOR_READS, "all of them are free again"

    virtual_time.run(main)


def slow(seconds: float, **where: Any) -> tuple[Controllers, Controller]:
    """A registry with two slots for its controller, which takes its time to answer ``where``."""
    controller = Controller(password=WHO.password)
    fault = faults.Fault(hold_seconds=seconds, times=None, **where)
    controller.faults.add(fault)
    return memory_controllers({AT: controller}, pool_size=2), controller


@virtual_time.test
async def test_the_wait_for_a_slot_is_not_the_controllers_time(
    time: virtual_time.LoopClock,
) -> None:
    """Twelve reads of 9 s each, three at a time: the last waits 27 s, with 10 s for each."""
    made, _ = slow(9.0, kind="pool")
    avi = await made.client(AT, WHO, external=external.External())
    begun = time.monotonic()
    assert await asyncio.gather(*(avi.list("pool") for _ in range(12))) == [()] * 12
    assert time.monotonic() - begun == 36.0
    await made.close()


@virtual_time.test
async def test_a_write_has_thirty_seconds_and_a_read_has_ten(time: virtual_time.LoopClock) -> None:
    made, controller = slow(25.0, kind="pool")
    avi = await made.client(AT, WHO, external=external.External())
    await avi.create("pool", {"name": "x"}, tenant="admin")
    assert time.monotonic() - START == 25.0
    with pytest.raises(UnreachableError, match="within 10 s"):
        await avi.list("pool")
    controller.faults.clear()
    controller.faults.add(faults.Fault(hold_seconds=31.0, times=None, kind="pool"))
    begun = time.monotonic()
    with pytest.raises(OutcomeUnknownError, match="within 30 s"):
        await avi.create("pool", {"name": "y"}, tenant="admin")
    assert time.monotonic() - begun == 30.0
    await made.close()


@virtual_time.test
async def test_a_write_is_shorter_where_the_lease_is(time: virtual_time.LoopClock) -> None:
    made, _ = slow(25.0, kind="pool")
    seam = external.External(deadline_seconds=2.0, longest_seconds=7.0)
    avi = await made.client(AT, WHO, external=seam)
    with pytest.raises(OutcomeUnknownError, match="within 7 s"):
        await avi.create("pool", {"name": "x"}, tenant="admin")
    assert time.monotonic() - START == 7.0
    await made.close()


@virtual_time.test
async def test_a_slot_that_reaches_a_task_amid_its_cancellation_goes_on(
    time: virtual_time.LoopClock,
) -> None:
    world = SlotsWorld(1)
    async with world.slots.slot(write=True):
        late = asyncio.ensure_future(world.use("late", write=True))
        await asyncio.sleep(0)
    late.cancel()  # it has the slot, and does not know yet
    await asyncio.gather(late, return_exceptions=True)
    async with asyncio.timeout(5):
        await world.use("next", write=True)
    assert world.began == ["next"]
