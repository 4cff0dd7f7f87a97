"""A pool's controller dies at every single call, and goes on later: the end is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from akoo_avi.testing import pool_world
from akoo_avi.testing.pool_world import PoolWorld, pool
from akoo_testbed.avisim import faults

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.testing import calls, verbs

Object = dict[str, Any]
GROWN = [{"begin": "10.70.0.10", "end": "10.70.0.29"}]
VOLATILE = ("uuid", "_last_modified", "url")


def new() -> PoolWorld:
    return PoolWorld(pool("edge", "10.70.0.10-10.70.0.19"))


def applied() -> PoolWorld:
    there = new()
    there.run_pool()
    there.add_ranges("10.70.0.100-10.70.0.110")
    return there


def grown() -> PoolWorld:
    there = applied()
    there.edit({"subnets": [{"cidr": "10.70.0.0/24", "ranges": GROWN}]})
    return there


def drifted() -> PoolWorld:
    there = applied()
    there.put_ranges("10.70.0.100-10.70.0.110")
    return there


def shut() -> PoolWorld:
    there = applied()
    there.edit({"usable": False})
    return there


def deleted() -> PoolWorld:
    there = applied()
    there.delete()
    return there


def deleted_beside_another() -> PoolWorld:
    there = PoolWorld(
        pool("edge", "10.70.0.10-10.70.0.19"), pool("second", "10.70.0.30-10.70.0.39")
    )
    there.run_pool("edge")
    there.run_pool("second")
    there.delete()
    return there


def of_port_group(vanished: str) -> PoolWorld:
    """A pool in force on the network of a port group, which is made again under another moref."""
    there = PoolWorld(
        pool("edge", "10.70.0.10-10.70.0.19", cloud="dc", network={"portGroupRef": "blue"}),
        pool_world.port_group(),
        pool_world.CONNECTION,
        vanished_network_in_use=vanished,
    )
    there.vcenter_cloud()
    there.put_port_group("dvportgroup-12")
    there.discover("dvportgroup-12")
    there.run_pool()
    there.put_port_group("dvportgroup-44")
    there.discover("dvportgroup-44")
    return there


def made_again_while_the_former_network_is_listed() -> PoolWorld:
    return of_port_group("keep")


def made_again() -> PoolWorld:
    return of_port_group("remove")


SCENES: list[Callable[[], PoolWorld]] = [
    new,
    grown,
    drifted,
    shut,
    deleted,
    deleted_beside_another,
    made_again,
    made_again_while_the_former_network_is_listed,
]


def settle(there: PoolWorld) -> None:
    """Attempts until nothing is left to do, as the queue makes them."""
    for _ in range(3):
        for name in ("edge", "second"):
            if not there.gone(name):
                there.run_pool(name)


def end(there: PoolWorld) -> object:
    """Everything that is there, on both sides."""
    objects = {
        f"{obj.kind}/{obj.name}": {k: v for k, v in obj.data.items() if k not in VOLATILE}
        for obj in there.avi.state.objects.everything().values()
        if not obj.builtin
    }
    return there.state()["management"], objects


class PassedCalls(calls.Calls):
    """Notes the moments that an attempt passes. A call that fails has no moment after it, and the
    one before a read is like the one after the call before it."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: list[tuple[int, calls.Moment]] = []

    def _raise(self, number: int, moment: calls.Moment) -> None:
        if moment == "after" or self.made[number - 1].write:
            self.passed.append((number, moment))


def moments(make: Callable[[], PoolWorld]) -> Iterator[tuple[int, calls.Moment]]:
    """Before each write and after each external call of an undisturbed attempt."""
    there = make()
    there.calls = passed = PassedCalls()
    testing.run_reconcile(there.plugin(), "ip-pools", "edge", there)
    yield from passed.passed


@pytest.mark.parametrize("make", SCENES, ids=lambda scene: scene.__name__)
def test_a_death_at_any_call_ends_as_without_it(make: Callable[[], PoolWorld]) -> None:
    undisturbed = make()
    settle(undisturbed)
    tried = 0
    for number, moment in moments(make):
        there = make()
        there.calls.fail(number, moment, calls.Crash())
        run = there.run(verbs.try_reconcile(there.plugin(), "ip-pools", "edge", there))
        assert isinstance(run.error, calls.Crash), (number, moment, run)
        there.calls.heal()
        settle(there)
        assert end(there) == end(undisturbed), (number, moment)
        tried += 1
    assert tried > 10


@pytest.mark.parametrize("kind", ["network", "ipamdnsproviderprofile"])
@pytest.mark.parametrize("make", SCENES, ids=lambda scene: scene.__name__)
@pytest.mark.parametrize("fault", ["stale", "drop", "broken"])
def test_whatever_becomes_of_a_write(make: Callable[[], PoolWorld], kind: str, fault: str) -> None:
    """Refused as stale, carried out without an answer, failed: the end is the same."""
    undisturbed = make()
    settle(undisturbed)
    there = make()
    lost = fault == "drop"
    there.avi.faults.add(
        faults.Fault(answer="" if lost else fault, drop=lost, after=lost, kind=kind, method="PUT")
    )
    settle(there)
    settle(there)
    assert end(there) == end(undisturbed)


def test_without_leadership_nothing_is_written() -> None:
    there = new()
    before = end(there)
    with there.calls.reading():
        run = there.run(verbs.try_reconcile(there.plugin(), "ip-pools", "edge", there))
    assert run.error is not None
    assert end(there) == before
    assert isinstance(there.run_pool(), api.Done)
