"""Tasks that run long, fail, or are forgotten."""

from __future__ import annotations

import pytest
from akoo_testbed.vcsim import Action, Fault, When
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import api, errors
from akoo_vsphere.client.client import SoapClient

from akoo_core.plugin.clock import ManualClock
from tests.vsphere.vcenter_client import SPEC, count, group_named, inject, switch_of


async def test_a_task_that_does_not_end_is_an_error_that_names_it(
    client: SoapClient, clock: ManualClock, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    switch = (await switch_of(client)).switch.mo_ref
    begun = clock.monotonic()
    await inject(
        vcsim, Fault(action=Action.TASK, when=When.NEVER, method="AddDVPortgroup_Task", count=1)
    )
    with pytest.raises(errors.TaskRunningError) as raised:
        await client.create(switch, {**SPEC, "name": "slow"})
    assert clock.monotonic() - begun <= 60
    assert await count(vcsim, "AddDVPortgroup_Task") == 1
    # 0.1 s, then half as much again each time, up to 2 s.
    assert 30 <= await count(vcsim, "RetrievePropertiesEx") <= 40
    assert await client.task(raised.value.task) == api.TaskState(state="running")


async def test_a_session_that_ends_during_a_task_does_not_end_the_wait(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = (await group_named(client, "DC0-free")).mo_ref
    read = Fault(
        action=Action.THROW,
        method="RetrievePropertiesEx",
        fault="NotAuthenticated",
        count=1,
    )
    await inject(vcsim, read)
    await client.rename(group, "renamed")
    assert await count(vcsim, "Login") == 1
    assert await count(vcsim, "Rename_Task") == 1


async def test_looks_at_a_task_that_fail_do_not_end_the_wait(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = (await group_named(client, "DC0-free")).mo_ref
    await inject(
        vcsim, Fault(action=Action.STATUS, status=503, method="RetrievePropertiesEx", count=3)
    )
    await client.rename(group, "renamed")
    assert (await client.port_group(group))["name"] == "renamed"


async def test_a_task_may_report_an_error_and_have_had_its_effect(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    switch = (await switch_of(client)).switch.mo_ref
    fault = Fault(
        action=Action.TASK,
        when=When.AFTER,
        method="AddDVPortgroup_Task",
        fault="DvsOperationBulkFault",
        count=1,
    )
    await inject(vcsim, fault)
    with pytest.raises(errors.PartialError):
        await client.create(switch, {**SPEC, "name": "half"})
    assert "half" in {group.name for group in await client.port_groups(switch)}


async def test_a_task_that_vcenter_does_not_know_is_unknown(client: SoapClient) -> None:
    assert await client.task("task-4711") == api.TaskState(state="unknown")


async def test_the_error_of_an_earlier_task_is_told(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = (await group_named(client, "DC0-management")).mo_ref
    tasks = []
    original = client._writes._ended

    async def noted(task: object) -> bool:
        tasks.append(task)
        return await original(task)  # type: ignore[arg-type]

    client._writes._ended = noted  # type: ignore[method-assign]
    with pytest.raises(errors.InUseError):
        await client.destroy(group)
    state = await client.task(tasks[0].value)  # type: ignore[attr-defined]
    assert state.state == "error"
    assert "in use" in state.message
