"""The controller of port groups dies at every single call, and goes on later: the end is the same.

By default each place of a call that writes is tried once in each scene, before and after it.
AKOO_PROOF=1 tries every call.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from akoo_vsphere import marks
from akoo_vsphere.client import errors
from akoo_vsphere.testing.faults import Fault

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.testing import calls, verbs
from tests.vsphere.vsphere_world import VSphereWorld, port_group

Json = dict[str, Any]
PROOF = os.environ.get("AKOO_PROOF") == "1"


def new() -> VSphereWorld:
    return VSphereWorld(port_group())


def in_force() -> VSphereWorld:
    there = new()
    there.run_group()
    assert there.condition()[0] == "True"
    there.restart()
    return there


def mo_ref(there: VSphereWorld) -> str:
    row = there.named("edge")
    assert row is not None
    return str(row["moRef"])


def edited() -> VSphereWorld:
    there = in_force()
    there.edit({"vlan": {"id": None, "trunk": [{"start": 5, "end": 9}]}, "description": "new"})
    return there


def drifted() -> VSphereWorld:
    there = in_force()
    there.hand.set_vlan(mo_ref(there), 999)
    return there


def renamed() -> VSphereWorld:
    there = in_force()
    there.hand.rename(mo_ref(there), "somebody-s")
    return there


def removed() -> VSphereWorld:
    there = in_force()
    there.hand.remove(mo_ref(there))
    return there


def wiped() -> VSphereWorld:
    there = in_force()
    there.hand.set_value(mo_ref(there), marks.ATTRIBUTE, None)
    return there


def adopted() -> VSphereWorld:
    return VSphereWorld(
        port_group(portGroupName="DC0-free", vlan={"id": 20}, adoptionPolicy="IfIdentical")
    )


def adopted_and_changed() -> VSphereWorld:
    return VSphereWorld(port_group(portGroupName="DC0-free", adoptionPolicy="IfUnowned"))


def handed_over() -> VSphereWorld:
    """The mark of a lost management cluster, and a person who hands its port groups over."""
    there = in_force()
    obj = there.group()
    assert obj is not None
    mark = marks.Mark(
        management_id="m-lost",
        epoch=4,
        name="edge",
        uid="u-lost",
        provenance="Created",
        nonce="n-lost",
    )
    there.hand.describe(mo_ref(there), marks.text(mark))
    there.hand.set_value(mo_ref(there), marks.ATTRIBUTE, marks.text(mark))
    there.annotate({"akoo.io/adopt": "m-lost"})
    return there


def status_lost() -> VSphereWorld:
    there = in_force()
    there.set_status(None)
    return there


def status_lost_and_renamed() -> VSphereWorld:
    there = status_lost()
    there.hand.rename(mo_ref(there), "somebody-s")
    return there


def lost_and_renamed() -> VSphereWorld:
    """The answer to a create is lost, and a person gives the port group another name."""
    there = new()
    there.vcenter.faults.add(Fault(method="create", lost=True))
    there.run_group()
    there.hand.rename(mo_ref(there), "somebody-s")
    return there


def deleted() -> VSphereWorld:
    there = in_force()
    there.delete()
    return there


def deleted_and_retained() -> VSphereWorld:
    there = VSphereWorld(port_group(deletionPolicy="Retain"))
    there.run_group()
    there.restart()
    there.delete()
    return there


SCENES: list[Callable[[], VSphereWorld]] = [
    new,
    edited,
    drifted,
    renamed,
    removed,
    wiped,
    adopted,
    adopted_and_changed,
    handed_over,
    status_lost,
    status_lost_and_renamed,
    lost_and_renamed,
    deleted,
    deleted_and_retained,
]


def followed(make: Callable[[], VSphereWorld]) -> Callable[[], VSphereWorld]:
    """The scene in a process whose source reports, so that no list is read anew."""

    @functools.wraps(make)
    def scene() -> VSphereWorld:
        there = make()
        there.follow()
        return there

    scene.__name__ = f"{make.__name__}, followed"
    return scene


SCENES += [
    followed(make)
    for make in (
        SCENES
        if PROOF
        else [new, removed, status_lost, status_lost_and_renamed, lost_and_renamed, deleted]
    )
]


def settle(there: VSphereWorld) -> None:
    """Attempts of another process until nothing is left to do, as the queue makes them."""
    there.restart()
    for _ in range(4):
        if there.group() is None:
            return
        result = there.run_group()
        if not isinstance(result, api.Done):
            there.clock.advance(result.after)


def end(there: VSphereWorld) -> object:
    """Everything that is there, on both sides, without nonces, versions and counted users.

    Events may be lost."""
    management = {
        key: value
        for key, value in there.state()["management"].items()  # type: ignore[attr-defined]
        if "events" not in key
    }
    groups = there.hand.groups()
    carriers = [
        mo_ref
        for mo_ref, plain in groups.items()
        if isinstance(marks.of_description(plain["config"]["description"]), marks.Mark)
    ]
    assert len(carriers) <= 1, f"made twice: {carriers}"
    return _steady(management), _steady(groups)


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        hidden = ("configVersion", "nonce", "usage")
        return {key: _steady(entry) for key, entry in value.items() if key not in hidden}
    if isinstance(value, list | tuple):
        return [_steady(entry) for entry in value]
    return re.sub(r"nonce=\S+", "nonce=N", value) if isinstance(value, str) else value


@functools.cache
def undisturbed(make: Callable[[], VSphereWorld]) -> tuple[object, frozenset[str]]:
    """The end without any failure, and the methods of the calls until then."""
    there = make()
    settle(there)
    return end(there), frozenset(entry.method for entry in there.vcenter.journal)


def moments(make: Callable[[], VSphereWorld]) -> Iterator[tuple[int, calls.Moment]]:
    """Before and after each external call of an undisturbed attempt that is to be tried."""
    there = make()
    seen: set[tuple[str, str]] = set()
    for number, call in enumerate(there.trace().calls, start=1):
        site = call.system, call.operation
        if not PROOF and (not call.write or site in seen):
            continue
        seen.add(site)
        yield number, "before"
        yield number, "after"


@pytest.mark.parametrize("make", SCENES, ids=lambda scene: scene.__name__)
def test_a_death_at_any_call_ends_as_without_it(make: Callable[[], VSphereWorld]) -> None:
    wanted, _ = undisturbed(make)
    tried = 0
    for number, moment in moments(make):
        there = make()
        there.calls.fail(number, moment, calls.Crash())
        run = there.run(verbs.try_reconcile(there.controllers, "port-groups", "edge", there))
        there.calls.heal()
        if moment == "after" and not isinstance(run.error, calls.Crash):
            continue  # The call failed by itself.
        assert isinstance(run.error, calls.Crash), (number, moment, run)
        settle(there)
        assert end(there) == wanted, (number, moment)
        tried += 1
    assert tried >= 2


@pytest.mark.parametrize("make", SCENES, ids=lambda scene: scene.__name__)
@pytest.mark.parametrize("method", ["create", "reconfigure", "rename", "set_attribute", "destroy"])
@pytest.mark.parametrize("fault", ["lost", "failed", "failed after"] if PROOF else ["lost"])
def test_whatever_becomes_of_a_call(
    make: Callable[[], VSphereWorld], method: str, fault: str
) -> None:
    """Carried out without an answer, refused once, carried out and refused: the end is the same."""
    wanted, methods = undisturbed(make)
    if method not in methods:
        return
    there = make()
    error = errors.FaultError("It failed.", "SystemError")
    there.vcenter.faults.add(
        Fault(method=method, lost=True)
        if fault == "lost"
        else Fault(method=method, error=error, after=fault != "failed")
    )
    settle(there)
    settle(there)
    assert end(there) == wanted


def test_without_leadership_nothing_is_written() -> None:
    there = new()
    before = end(there)
    with there.calls.reading():
        run = there.run(verbs.try_reconcile(there.controllers, "port-groups", "edge", there))
    assert run.error is not None
    assert end(there) == before
    assert isinstance(there.run_group(), api.Done)


@pytest.mark.parametrize("first", ["a", "b"])
def test_two_operators_and_one_name(first: str) -> None:
    """Two management clusters want the same port group: one has it, the other says so."""
    worlds = {"a": new(), "b": VSphereWorld(port_group())}
    second = "b" if first == "a" else "a"
    worlds["b"].spec = testing.builders.record_spec(management_id="m-other")
    worlds["b"].vcenter, worlds["b"].there = worlds["a"].vcenter, worlds["a"].there
    worlds["b"].registry.vcenters.update(worlds["a"].registry.vcenters)
    for name in (first, second, first, second):
        worlds[name].run_group()
    assert worlds[first].condition()[0] == "True"
    assert worlds[second].condition("OwnershipVerified")[1] == "ForeignOwner"
    assert worlds["a"].writes.count("create") == 1
    worlds[first].delete()
    worlds[first].run_group()
    worlds[second].clock.advance(60.0)
    worlds[second].run_group()
    worlds[second].run_group()
    assert worlds[second].condition()[0] == "True"
