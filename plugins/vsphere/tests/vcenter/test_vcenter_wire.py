"""Connections that break, and answers that are none of vCenter's."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time

import pytest
from akoo_testbed.vcsim import Action, Fault, When
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import errors
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.client import SoapClient
from akoo_vsphere.client.sessions import SharedVCenters

from akoo_core.plugin import external
from akoo_core.plugin.clock import ManualClock
from tests.vsphere.vcenter_client import SPEC, count, group_named, inject, switch_of

READ = "FindByInventoryPath"
PATH = "/DC0/network/DC0-free"

BROKEN = {
    "cut": (Fault(action=Action.CUT, method=READ), errors.UnreachableError),
    "html": (Fault(action=Action.STATUS, status=200, method=READ), errors.NotVCenterError),
    "redirect": (Fault(action=Action.STATUS, status=302, method=READ), errors.NotVCenterError),
    "full": (Fault(action=Action.STATUS, status=503, method=READ), errors.OverloadedError),
    "truncated": (Fault(action=Action.TRUNCATE, method=READ), errors.NotVCenterError),
    "html-500": (Fault(action=Action.STATUS, status=500, method=READ), errors.NotVCenterError),
    "unknown-fault": (
        Fault(action=Action.THROW, method=READ, fault="SystemError"),
        errors.FaultError,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_answer_to_a_read_is_an_error_and_never_a_result(
    name: str, client: SoapClient, clock: ManualClock, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    fault, expected = BROKEN[name]
    mo_ref = await client.port_group_at(PATH)
    await inject(vcsim, fault)
    with pytest.raises(expected) as raised:
        await client.port_group_at(PATH)
    assert vcsim.part.address in str(raised.value)
    await vcsim.call(vcsim.control.release())
    clock.advance(60)  # two cuts in a row open the circuit
    assert await client.port_group_at(PATH) == mo_ref


async def test_a_read_whose_connection_is_cut_once_is_repeated(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    mo_ref = await client.port_group_at(PATH)
    await inject(vcsim, Fault(action=Action.CUT, method=READ, count=1))
    assert await client.port_group_at(PATH) == mo_ref
    assert await count(vcsim, READ) == 2
    assert await count(vcsim, "Login") == 0


WRITES = ("cut", "html", "redirect", "full", "truncated")


@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
@pytest.mark.parametrize("name", WRITES)
async def test_a_write_that_may_have_reached_vcenter_is_never_repeated(
    name: str, when: When, client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """A create of which nothing is known: the caller finds it by its nonce, or makes it."""
    switch = (await switch_of(client)).switch.mo_ref
    fault = dataclasses.replace(BROKEN[name][0], method="AddDVPortgroup_Task")
    if fault.action is Action.TRUNCATE:
        when = When.AFTER
    await inject(vcsim, dataclasses.replace(fault, when=when))
    with pytest.raises(errors.OutcomeUnknownError):
        await client.create(switch, {**SPEC, "name": "lost", "description": "nonce"})
    assert await count(vcsim, "AddDVPortgroup_Task") == 1
    await vcsim.call(vcsim.control.release())
    names = [group.name for group in await client.port_groups(switch)]
    assert names.count("lost") == (1 if when is When.AFTER else 0)
    if when is When.AFTER:
        with pytest.raises(errors.NameTakenError) as raised:
            await client.create(switch, {**SPEC, "name": "lost", "description": "nonce"})
        plain = await client.port_group(raised.value.mo_ref)
        assert plain["config"]["description"] == "nonce"


async def test_a_login_that_breaks_is_no_write_of_unknown_outcome(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = (await group_named(client, "DC0-free")).mo_ref
    await inject(vcsim, Fault(action=Action.CUT, method="Login"))
    await vcsim.call(vcsim.control.end_sessions())
    with pytest.raises(errors.UnreachableError):
        await client.rename(group, "renamed")


async def test_a_vcenter_that_holds_an_answer_is_waited_for_until_the_deadline(
    account: Account, vcenters: SharedVCenters, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    short = external.External(deadline_seconds=0.5, longest_seconds=0.5)
    client = await vcenters.client(account, external=short)
    group = (await group_named(client, "DC0-free")).mo_ref
    await inject(vcsim, Fault(action=Action.HOLD, method=READ))
    await vcsim.call(
        vcsim.control.inject(
            Fault(action=Action.HOLD, when=When.AFTER, method="Rename_Task", count=1)
        )
    )
    begun = time.monotonic()
    with pytest.raises(errors.UnreachableError):
        await client.port_group_at(PATH)
    with pytest.raises(errors.OutcomeUnknownError):
        await client.rename(group, "renamed")
    assert time.monotonic() - begun < 5
    await vcsim.call(vcsim.control.release())


async def test_calls_that_nobody_waits_for_free_their_threads(
    account: Account, vcenters: SharedVCenters, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    client = await vcenters.client(account, external=external.External())
    mo_ref = await client.port_group_at(PATH)
    await inject(vcsim, Fault(action=Action.HOLD, method=READ, count=8))
    for sent in (4, 8):
        tasks = [asyncio.ensure_future(client.port_group_at(PATH)) for _ in range(4)]
        async with asyncio.timeout(5):
            while await count(vcsim, READ) < sent:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(3):
        assert await client.port_group_at(PATH) == mo_ref
    named = [thread for thread in threading.enumerate() if vcsim.part.address in thread.name]
    assert len(named) <= 4
    await vcsim.call(vcsim.control.release())


async def test_an_answer_that_is_too_large_is_refused(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = (await switch_of(client)).switch.mo_ref
    door = client._connection._door
    monkeypatch.setattr(door._transport, "_max_bytes", 2000)  # type: ignore[attr-defined]
    with pytest.raises(errors.NotVCenterError, match="larger than"):
        await client.port_groups(switch)
