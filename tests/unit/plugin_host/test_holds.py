"""Holds: a shared object stays while an object of another kind needs it, in any order of events."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace

from akoo_core import external
from akoo_core.kube import client
from akoo_core.kube.errors import NotFoundError
from akoo_core.kube.resource import AKO_DEPLOYMENTS, Resource
from akoo_core.objects import names, record
from akoo_core.plugin import uses
from akoo_core.plugin.errors import HolderRefusedError
from akoo_core.testing import builders
from akoo_core.testing.memory import BUILT_IN, MemoryServer

LINES = Resource("akoo.io", "v1alpha1", "lines", "Line", namespaced=False)
POOLS = Resource("akoo.io", "v1alpha1", "pools", "Pool", namespaced=False)
OWN = "akoo.io/line"
HOLD_NAME = "akoo.io/pool"
FOREIGN = "akoo.io/of-another-plugin"


def needs(pool: client.Object) -> Iterable[str]:
    """The line that a pool names, from its finalizer on."""
    if HOLD_NAME in pool["metadata"].get("finalizers", ()):
        yield pool["spec"]["line"]


HOLD = uses.Holding(holder=POOLS, held=LINES, finalizer=HOLD_NAME, needs=needs)


def line(*finalizers: str) -> client.Object:
    return {
        "apiVersion": LINES.api_version,
        "kind": "Line",
        "metadata": {"name": "east", "finalizers": list(finalizers)},
    }


def pool(name: str = "edge", *, line: str = "east", held: bool = True) -> client.Object:
    return {
        "apiVersion": POOLS.api_version,
        "kind": "Pool",
        "metadata": {"name": name, "finalizers": [HOLD_NAME] if held else []},
        "spec": {"line": line},
    }


class Lines:
    """A management cluster with one line."""

    def __init__(self, *objects: client.Object) -> None:
        self.server = MemoryServer(resources=(*BUILT_IN, LINES, POOLS))
        self.server.seed(*objects)
        self.client = self.server.client()

    @property
    def finalizers(self) -> list[str] | None:
        """Those of the line; None: it is gone."""
        objects = self.server.objects(LINES)
        return list(objects[0]["metadata"].get("finalizers") or ()) if objects else None

    def used(self, name: str = "akoo-1") -> None:
        """A record uses the line."""
        (obj,) = self.server.objects(LINES)
        use = record.StoredUse(
            plugin="p", group=LINES.group, kind="Line", name="east", uid=obj["metadata"]["uid"]
        )
        self.server.seed(record.to_object(name, builders.record_spec(uses=(use,))))

    async def delete(self) -> None:
        await self.client.delete(LINES, "east")

    async def line(self) -> client.Object:
        return await self.client.get(LINES, "east")

    async def needed_by(self, *holds: uses.Holding) -> tuple[uses.User, ...]:
        metadata = (await self.line())["metadata"]
        return await uses.needed_by(
            self.client,
            LINES,
            "east",
            uid=metadata["uid"],
            finalizers=metadata["finalizers"],
            own=OWN,
            holds=holds,
        )

    async def keep(self) -> tuple[uses.User, ...]:
        return await uses.keep(self.client, LINES, await self.line(), own=OWN, holds=(HOLD,))

    async def let_go(self) -> tuple[str, ...]:
        return await uses.let_go(self.client, HOLD, await self.line())


async def test_a_holder_adds_its_finalizer_once() -> None:
    there = Lines(line("theirs/first"), pool())
    held = await uses.hold(there.client, HOLD, "east")
    assert held["metadata"]["finalizers"] == ["theirs/first", HOLD_NAME]
    version = (await there.line())["metadata"]["resourceVersion"]
    await uses.hold(there.client, HOLD, "east")
    assert (await there.line())["metadata"]["resourceVersion"] == version


async def test_one_that_is_being_deleted_takes_no_holder() -> None:
    there = Lines(line(HOLD_NAME), pool())
    await there.delete()
    problem = "Line/east is being deleted and takes no new users. Name another Line."
    with pytest.raises(HolderRefusedError, match=problem) as caught:
        await uses.hold(there.client, HOLD, "east")
    assert caught.value.reason == "HolderRefused"


async def test_one_that_is_missing_cannot_be_held() -> None:
    with pytest.raises(NotFoundError):
        await uses.hold(Lines().client, HOLD, "east")


async def test_a_hold_goes_when_no_holder_is_left_of_one_that_is_being_deleted() -> None:
    there = Lines(line(HOLD_NAME, OWN), pool("b"), pool("a"), pool("other", line="west"))
    assert await there.let_go() == ()
    assert there.finalizers == [HOLD_NAME, OWN], "nobody deletes it"
    await there.delete()
    assert await there.let_go() == ("a", "b")
    for name in ("a", "b"):
        await there.client.merge_patch(POOLS, name, {"metadata": {"finalizers": []}})
    assert await there.let_go() == ()
    assert there.finalizers == [OWN]


async def test_a_line_that_moved_has_no_holders_here() -> None:
    there = Lines(line(HOLD_NAME, OWN), pool())
    moved = {"metadata": {"annotations": {names.DELETE_FOR_MOVE_ANNOTATION: ""}}}
    await there.client.merge_patch(LINES, "east", moved)
    assert await there.let_go() == ()
    assert there.finalizers == [HOLD_NAME, OWN], "it is not deleted yet"
    await there.delete()
    assert await there.let_go() == ()
    assert there.finalizers == [OWN]
    assert await there.keep() == ()
    assert there.finalizers is None


async def test_everything_that_needs_it_is_counted() -> None:
    there = Lines(line(OWN, HOLD_NAME, FOREIGN, "theirs/first"), pool())
    there.used()
    declared = await there.needed_by(HOLD)
    assert declared == (
        uses.User("Pool", "edge"),
        uses.User("AKODeployment", "akoo-1"),
        uses.User("", FOREIGN),
    )
    undeclared = await there.needed_by()
    assert undeclared == (
        uses.User("AKODeployment", "akoo-1"),
        uses.User("", HOLD_NAME),
        uses.User("", FOREIGN),
    )


async def test_a_record_that_cannot_be_read_may_be_a_user() -> None:
    there = Lines(line(OWN))
    broken = record.to_object("akoo-1", builders.record_spec())
    broken["spec"]["uses"] = "?"
    there.server.seed(broken)
    assert await there.needed_by() == (uses.User("AKODeployment", "akoo-1, which cannot be read"),)


async def test_a_line_gets_the_finalizers_that_its_users_need() -> None:
    there = Lines(line())
    await there.keep()
    assert there.finalizers == []
    there.server.seed(pool())
    await there.keep()
    assert there.finalizers == [HOLD_NAME]
    there.used()
    await there.keep()
    assert there.finalizers == [HOLD_NAME, OWN]


async def test_a_line_loses_each_finalizer_when_it_may() -> None:
    there = Lines(line(OWN, HOLD_NAME, FOREIGN), pool())
    there.used()
    await there.delete()
    assert len(await there.keep()) == 3
    assert there.finalizers == [OWN, HOLD_NAME, FOREIGN]
    await there.client.merge_patch(POOLS, "edge", {"metadata": {"finalizers": []}})
    assert [user.name for user in await there.keep()] == ["akoo-1", FOREIGN]
    assert there.finalizers == [OWN, FOREIGN]
    finished = {"spec": {"finishedAt": "2026-01-01T00:00:00Z"}}
    await there.client.merge_patch(AKO_DEPLOYMENTS, "akoo-1", finished)
    assert await there.keep() == (uses.User("", FOREIGN),)
    assert there.finalizers == [OWN, FOREIGN], "somebody still needs what it stands for"
    await there.client.merge_patch(LINES, "east", {"metadata": {"finalizers": [OWN]}})
    assert await there.keep() == ()
    assert there.finalizers is None


# Every order of the calls of a holder, of the user who deletes, and of the controller.


class Ordered(external.External):
    """A seam at which the calls of two parties take place in a given order."""

    def __init__(self, order: Iterable[str]) -> None:
        super().__init__()
        self._order = list(order)
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def call(self, system: str, *rest: Any, **named: Any) -> AsyncIterator[trace.Span]:
        async with self._changed:
            await self._changed.wait_for(
                lambda: not self._order or self._order[0] == system,
            )
        async with super().call(system, *rest, **named) as span:
            yield span
        await self._step(system)

    async def _step(self, system: str) -> None:
        async with self._changed:
            if self._order and self._order[0] == system:
                self._order.pop(0)
            self._changed.notify_all()

    async def left(self, system: str) -> None:
        """The party has ended: its turns are skipped."""
        async with self._changed:
            self._order = [other for other in self._order if other != system]
            self._changed.notify_all()


async def race(order: tuple[str, ...], *finalizers: str) -> tuple[bool, bool]:
    """A holder and a deletion at the same time: (something is outside, the line is gone)."""
    there = Lines(line(*finalizers), pool(held=False))
    seam, outside = Ordered(order), False
    holder = there.server.client(external=seam, system="holder")
    keeper = there.server.client(external=seam, system="keeper")

    async def hold() -> None:
        nonlocal outside
        try:
            # The holder says first that it needs the line.
            await holder.merge_patch(POOLS, "edge", {"metadata": {"finalizers": [HOLD_NAME]}})
            with contextlib.suppress(HolderRefusedError, NotFoundError):
                await uses.hold(holder, HOLD, "east")
                outside = True
        finally:
            await seam.left("holder")

    async def delete() -> None:
        try:
            await keeper.delete(LINES, "east")
            with contextlib.suppress(NotFoundError):
                obj = await keeper.get(LINES, "east")
                await uses.let_go(keeper, HOLD, obj)
        finally:
            await seam.left("keeper")

    await asyncio.gather(hold(), delete())
    return outside, there.finalizers is None


ORDERS = sorted(
    {
        tuple("holder" if at in places else "keeper" for at in range(9))
        for places in itertools.combinations(range(9), 4)
    }
)


@pytest.mark.parametrize("finalizers", [(), (HOLD_NAME,)])
async def test_in_no_order_is_the_line_gone_under_a_holder(finalizers: tuple[str, ...]) -> None:
    ends = [await race(order, *finalizers) for order in ORDERS]
    assert (True, True) not in ends
    assert {(True, False), (False, True)} <= set(ends)


@given(st.lists(st.tuples(st.sampled_from(("Pool", "AKODeployment", "")), st.text(max_size=60))))
def test_a_description_is_bounded_and_counts_all(pairs: list[tuple[str, str]]) -> None:
    text = uses.described(uses.User(*pair) for pair in pairs)
    assert bool(text) is bool(pairs)
    assert len(text) < 1200
    for kind in ("Pool", "AKODeployment", ""):
        count = sum(listed == kind for listed, _ in pairs)
        plural = "s" if count > 1 else ""
        assert (f"{count} {kind or 'finalizer'}{plural} (" in text) >= (count > 0)
