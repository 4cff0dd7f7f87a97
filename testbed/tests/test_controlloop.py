"""The control loop: one worker per key, retries, delays, bugs."""

import asyncio
import collections.abc
import typing

import pytest
from akoo_testbed import controlloop, errors, kubeapi
from akoo_testbed.controlloop import ControlLoop, Key, Watched
from akoo_testbed.kubeapi import Event, Object

KIND = "v1/ConfigMap"
A: Key = (KIND, "ns", "a")
B: Key = (KIND, "ns", "b")
SYNCED = Event("SYNCED", {})


class FakeApi:
    """Watches that yield what is put into a queue."""

    server = "https://fake"

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()

    async def watch(self, kind: str, *, labels: str) -> collections.abc.AsyncGenerator[Event, None]:
        while True:
            yield await self.events.get()

    def put(self, kind: str, name: str) -> None:
        obj = {"metadata": {"namespace": "ns", "name": name}}
        self.events.put_nowait(Event(kind, obj))


Reconcile = collections.abc.Callable[[Key], collections.abc.Awaitable[float | None]]


class LoopWorld:
    """A loop on a fake API; `calls` are the keys reconciled, in order."""

    def __init__(self) -> None:
        self.api = FakeApi()
        self.calls: list[Key] = []
        self.called = asyncio.Condition()
        self.answer: Reconcile = self.rest
        self.loop = ControlLoop(
            typing.cast("kubeapi.KubeApi", self.api),
            [Watched(KIND)],
            changed=self.changed,
            reconcile=self.reconcile,
        )

    def changed(self, key: Key, obj: Object) -> None:
        self.loop.mark(key)

    async def rest(self, key: Key) -> float | None:
        return None

    async def reconcile(self, key: Key) -> float | None:
        async with self.called:
            self.calls.append(key)
            self.called.notify_all()
        return await self.answer(key)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5), self.called:
            await self.called.wait_for(lambda: len(self.calls) >= count)


@pytest.fixture
async def world() -> collections.abc.AsyncIterator[LoopWorld]:
    made = LoopWorld()
    made.api.events.put_nowait(SYNCED)
    await made.loop.start()
    yield made
    await made.loop.stop()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_nothing_runs_before_everything_is_listed() -> None:
    world = LoopWorld()
    world.api.put("ADDED", "a")
    starting = asyncio.create_task(world.loop.start())
    await settle()
    assert world.calls == []
    world.api.events.put_nowait(SYNCED)
    await starting
    await world.until(1)
    await world.loop.stop()
    assert world.calls == [A]


async def test_a_server_that_lists_nothing_is_named() -> None:
    world = LoopWorld()
    with pytest.raises(TimeoutError, match="https://fake did not list v1/ConfigMap"):
        await world.loop.start(within_seconds=0.05)


async def test_the_mirror_follows(world: LoopWorld) -> None:
    world.api.put("ADDED", "a")
    await world.until(1)
    assert A in world.loop.objects
    world.api.put("DELETED", "a")
    await world.until(2)
    assert A not in world.loop.objects


async def test_a_key_never_runs_twice_at_once_and_runs_again_when_marked_meanwhile(
    world: LoopWorld,
) -> None:
    gate = asyncio.Event()

    async def slow(key: Key) -> float | None:
        if key == A:
            await gate.wait()
        return None

    world.answer = slow
    world.loop.mark(A)
    await world.until(1)
    for _ in range(3):
        world.loop.mark(A)
    world.loop.mark(B)
    await world.until(2)
    await settle()
    assert world.calls == [A, B]
    gate.set()
    await world.until(3)
    await settle()
    assert world.calls == [A, B, A]


async def test_the_earliest_of_several_delays_counts(world: LoopWorld) -> None:
    world.loop.mark(A, after_seconds=3600)
    world.loop.mark(A, after_seconds=0.01)
    world.loop.mark(A, after_seconds=3600)
    await world.until(1)


async def test_what_wants_to_be_called_again_is(world: LoopWorld) -> None:
    async def thrice(key: Key) -> float | None:
        return 0.001 if len(world.calls) < 3 else None

    world.answer = thrice
    world.loop.mark(A)
    await world.until(3)
    await settle()
    assert len(world.calls) == 3


@pytest.mark.parametrize(
    "error",
    [kubeapi.ApiError(409, "Conflict", ""), ConnectionError(), errors.PartError("no server")],
)
async def test_a_hiccup_is_tried_again(
    world: LoopWorld, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(controlloop, "FIRST_DELAY_SECONDS", 0.001)

    async def twice_bad(key: Key) -> float | None:
        if len(world.calls) < 3:
            raise error
        return None

    world.answer = twice_bad
    world.loop.mark(A)
    await world.until(3)


async def test_a_bug_is_tried_again_and_raised_at_the_end() -> None:
    world = LoopWorld()
    world.api.events.put_nowait(SYNCED)
    await world.loop.start()

    async def bad_once(key: Key) -> float | None:
        if len(world.calls) == 1:
            raise KeyError("a bug")
        return None

    world.answer = bad_once
    world.loop.mark(A)
    await world.until(2)
    with pytest.raises(KeyError, match="a bug"):
        await world.loop.stop()


async def test_a_loop_that_is_started_again_knows_nothing(world: LoopWorld) -> None:
    world.api.put("ADDED", "a")
    await world.until(1)
    world.loop.mark(A, after_seconds=3600)
    await world.loop.stop()
    world.api.events.put_nowait(SYNCED)
    await world.loop.start()
    assert world.loop.objects == {}
    world.loop.mark(A)
    await world.until(2)
