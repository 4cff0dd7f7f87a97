"""The vCenter in memory: faults, tasks and waits in virtual time. The contract has the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import VCenterClient
from akoo_vsphere.testing import NEVER, Fault, MemoryVCenter, Standard, standard

from akoo_core import external
from akoo_core.testing import Call, Calls, virtual_time

SPEC = {"name": "edge", "numPorts": 8, "autoExpand": True}


def standard_vcenter(through: external.External | None = None) -> tuple[MemoryVCenter, Standard]:
    vc = MemoryVCenter(through=through)
    return vc, standard(vc.vcenter)


async def outcome(work: Awaitable[object]) -> str:
    try:
        await work
    except errors.VCenterError as error:
        return type(error).__name__
    return "done"


def names(vc: MemoryVCenter) -> list[str]:
    return [str(plain["name"]) for plain in vc.hand.groups().values()]


def test_it_is_a_client() -> None:
    client: VCenterClient = MemoryVCenter()
    assert client.address == "vcenter.example.com"


@virtual_time.test
async def test_each_call_is_an_external_call_about_its_object(
    clock: virtual_time.LoopClock,
) -> None:
    calls = Calls()
    vc, refs = standard_vcenter(calls)
    made = await vc.create(refs.switch, SPEC)
    await vc.port_group(made)
    await vc.set_attribute(made, await vc.define_attribute("akoo.owner"), "x")
    await vc.destroy(made)
    about = "vcenter.example.com"
    group = "RetrievePropertiesEx DistributedVirtualPortgroup"
    assert calls.made == [
        Call("vsphere", "AddDVPortgroup_Task", f"{about} {refs.switch}", True),
        Call("vsphere", "RetrievePropertiesEx Task", f"{about} task-1", False),
        Call("vsphere", "RetrievePropertiesEx DistributedVirtualSwitch", about, False),
        Call("vsphere", "FindChild", about, False),
        Call("vsphere", group, f"{about} {made}", False),
        Call("vsphere", "RetrievePropertiesEx CustomFieldsManager", about, False),
        Call("vsphere", "AddCustomFieldDef", about, True),
        Call("vsphere", "RetrievePropertiesEx CustomFieldsManager", about, False),
        Call("vsphere", "SetField", f"{about} {made}", True),
        Call("vsphere", "Destroy_Task", f"{about} {made}", True),
        Call("vsphere", "RetrievePropertiesEx Task", f"{about} task-2", False),
    ]
    assert (vc.vcenter.writes, vc.vcenter.calls["create"]) == (4, 1)


@pytest.mark.parametrize(
    ("fault", "expected", "there"),
    [
        (Fault(method="create", error=errors.LimitError("full")), "LimitError", False),
        (Fault(method="create", error=errors.FaultError("x", "X"), after=True), "FaultError", True),
        (
            Fault(method="create", error=errors.LimitError("full"), place="task"),
            "LimitError",
            False,
        ),
        (
            Fault(method="create", error=errors.LimitError("x"), place="task", after=True),
            "LimitError",
            True,
        ),
        (Fault(method="create", lost=True), "OutcomeUnknownError", True),
        (Fault(method="create", hold_seconds=31), "OutcomeUnknownError", True),
        (Fault(method="create", delay_seconds=31), "OutcomeUnknownError", True),
        (Fault(method="create", hold_seconds=29), "done", True),
        (Fault(method="create", task_seconds=59), "done", True),
        (Fault(method="create", task_seconds=NEVER), "TaskRunningError", False),
    ],
)
def test_a_fault_has_its_effect_or_not(fault: Fault, expected: str, there: bool) -> None:
    async def main(_: virtual_time.LoopClock) -> None:
        vc, refs = standard_vcenter()
        vc.vcenter.faults.add(fault)
        assert await outcome(vc.create(refs.switch, SPEC)) == expected
        assert ("edge" in names(vc)) is there

    virtual_time.run(main)


@virtual_time.test
async def test_a_fault_meets_the_calls_that_it_names(clock: virtual_time.LoopClock) -> None:
    vc, refs = standard_vcenter()
    refused = errors.LimitError("full")
    vc.vcenter.faults.add(Fault(method="port_group", error=refused, object="dvs-0"))
    vc.vcenter.faults.add(Fault(method="port_group", error=refused, user="other"))
    vc.vcenter.faults.add(Fault(method="port_group", error=refused, skip=1, times=2))
    met = [await outcome(vc.port_group(refs.free)) for _ in range(4)]
    assert met == ["done", "LimitError", "LimitError", "done"]
    assert [vc.vcenter.faults.met(number) for number in range(3)] == [0, 0, 2]
    vc.vcenter.faults.add(Fault(method="", error=refused, times=None))
    assert [await outcome(vc.about()) for _ in range(3)] == ["LimitError"] * 3
    vc.vcenter.faults.clear()
    assert await outcome(vc.about()) == "done"


@pytest.mark.parametrize("fault", [{}, {"task_seconds": 1, "method": "about"}])
def test_a_fault_that_does_nothing_is_refused(fault: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Fault(**{"method": "create", **fault})  # type: ignore[arg-type]


@virtual_time.test
async def test_a_task_goes_on_after_its_caller_gave_up(clock: virtual_time.LoopClock) -> None:
    vc, refs = standard_vcenter()
    vc.vcenter.faults.add(Fault(method="create", task_seconds=90))
    with pytest.raises(errors.TaskRunningError) as raised:
        await vc.create(refs.switch, SPEC)
    assert (await vc.task(raised.value.task)).state == "running"
    assert "edge" not in names(vc)
    await asyncio.sleep(60)
    assert (await vc.task(raised.value.task)).state == "success"
    assert (await vc.task("task-0")).state == "unknown"
    assert "edge" in names(vc)


@virtual_time.test
async def test_a_lost_answer_to_a_read_is_no_answer(clock: virtual_time.LoopClock) -> None:
    vc, refs = standard_vcenter()
    vc.vcenter.faults.add(Fault(method="port_group", lost=True))
    vc.vcenter.faults.add(Fault(method="port_group", hold_seconds=11))
    for _ in range(2):
        assert await outcome(vc.port_group(refs.free)) == "UnreachableError"
    assert await outcome(vc.port_group(refs.free)) == "done"


@virtual_time.test
async def test_a_wait_ends_with_a_change_or_with_its_time(clock: virtual_time.LoopClock) -> None:
    vc, refs = standard_vcenter()
    first = await vc.changes("")
    assert (len(first.changed), first.whole) == (len(vc.hand.groups()), True)
    before = clock.monotonic()
    silent = await vc.changes(first.version, 20)
    assert (silent.changed, silent.removed, clock.monotonic() - before) == ((), (), 20)
    waiting = asyncio.create_task(vc.changes(silent.version, 30))
    await asyncio.sleep(3)
    vc.hand.set_vlan(refs.free, 7)
    news = await waiting
    assert [listed.mo_ref for listed in news.changed] == [refs.free]
    assert clock.monotonic() - before == 23
    vc.hand.remove(refs.free)
    assert (await vc.changes(news.version)).removed == (refs.free,)
    assert (await vc.changes("stale")).whole


@virtual_time.test
async def test_a_wait_begins_anew_when_its_session_ends(clock: virtual_time.LoopClock) -> None:
    vc, _ = standard_vcenter()
    first = await vc.changes("")
    waiting = asyncio.create_task(vc.changes(first.version))
    await virtual_time.settle()
    vc.vcenter.end_sessions()
    anew = await waiting
    assert (anew.whole, len(anew.changed)) == (True, len(first.changed))
    waiting = asyncio.create_task(vc.changes(anew.version))
    await virtual_time.settle()
    vc.vcenter.stop()
    assert await outcome(waiting) == "UnreachableError"
    assert await outcome(vc.about()) == "UnreachableError"
    vc.vcenter.come_back()
    assert (await vc.changes(anew.version)).whole


@virtual_time.test
async def test_clients_share_a_vcenter_and_not_their_rights(clock: virtual_time.LoopClock) -> None:
    vc, refs = standard_vcenter()
    other = MemoryVCenter(vc.vcenter, username="other")
    vc.hand.deny("DVPortgroup.Create", user="other")
    assert await outcome(other.create(refs.switch, SPEC)) == "ForbiddenError"
    made = await vc.create(refs.switch, SPEC)
    assert (await other.port_group(made))["name"] == "edge"
    before = vc.vcenter.snapshot()
    await vc.destroy(made)
    vc.vcenter.come_back(before)
    assert "edge" in names(other)
