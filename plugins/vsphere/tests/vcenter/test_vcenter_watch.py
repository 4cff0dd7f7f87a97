"""The waiting call: its reports, and the end of its session or connection."""

from __future__ import annotations

import asyncio

import pytest
from akoo_testbed.vcsim import Action, Fault
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import api, errors, watch
from akoo_vsphere.client.client import SoapClient

from tests.vsphere.vcenter_client import SPEC, Open, count, group_named, inject, switch_of


async def whole(client: SoapClient) -> api.Changes:
    changes = await client.changes("")
    assert changes.whole
    return changes


async def waits(vcsim: vcsim_plugin.RunningVcsim) -> int:
    """Waiting calls that are under way."""
    return (await vcsim.call(vcsim.control.calls())).waiting


async def test_the_first_answer_is_the_whole_list(client: SoapClient) -> None:
    changes = await whole(client)
    names = {group.name for group in changes.changed}
    assert {"DC0-management", "DC0-free", "DC0-segment", "DC0-storage", "DC1-management"} < names
    listed = await client.port_groups((await switch_of(client)).switch.mo_ref)
    assert all(group in changes.changed for group in listed)
    assert changes.removed == ()


async def test_each_kind_of_change_is_reported_once(client: SoapClient, open_client: Open) -> None:
    other = client
    switch = (await switch_of(other)).switch.mo_ref
    key = await other.define_attribute("akoo.owner")
    version = (await whole(client)).version
    assert await client.changes(version, 0) == api.Changes(version=version)

    mo_ref = await other.create(switch, {**SPEC, "name": "new"})
    changes = await client.changes(version)
    assert [(group.mo_ref, group.name) for group in changes.changed] == [(mo_ref, "new")]
    assert not changes.whole

    await other.set_attribute(mo_ref, key, "mark")
    changes = await client.changes(changes.version)
    assert [group.values for group in changes.changed] == [{"akoo.owner": "mark"}]

    before = changes.changed[0]
    await other.rename(mo_ref, "renamed")
    changes = await client.changes(changes.version)
    assert [group.name for group in changes.changed] == ["renamed"]
    while changes.changed and changes.changed[0].config_version == before.config_version:
        changes = await client.changes(changes.version)

    await other.destroy(mo_ref)
    changes = await client.changes(changes.version)
    assert (changes.changed, changes.removed) == ((), (mo_ref,))


async def test_a_change_during_the_wait_ends_it(client: SoapClient) -> None:
    group = await group_named(client, "DC0-free")
    version = (await whole(client)).version
    waiting = asyncio.ensure_future(client.changes(version))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await client.rename(group.mo_ref, "renamed")
    async with asyncio.timeout(5):
        changes = await waiting
    assert [changed.mo_ref for changed in changes.changed] == [group.mo_ref]


async def test_the_wait_takes_no_thread_of_other_calls(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = await group_named(client, "DC0-free")
    version = (await whole(client)).version
    read = "FindByInventoryPath"
    await inject(vcsim, Fault(action=Action.HOLD, method=read))
    waiting = asyncio.ensure_future(client.changes(version))
    path = "/DC0/network/DC0-free"
    others = [asyncio.ensure_future(client.port_group_at(path)) for _ in range(4)]
    async with asyncio.timeout(5):
        while await count(vcsim, read) < 4 or not await waits(vcsim):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await vcsim.call(vcsim.control.release())
    assert set(await asyncio.gather(*others)) == {group.mo_ref}
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(5):
        assert await client.changes(version, 0) == api.Changes(version=version)


async def test_after_the_end_of_the_session_comes_the_whole_list(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """Changes of that time were reported to nobody."""
    group = await group_named(client, "DC0-free")
    version = (await whole(client)).version
    await vcsim.call(vcsim.control.end_sessions())
    await client.destroy(group.mo_ref)
    await vcsim.call(vcsim.control.clear_calls())
    changes = await client.changes(version)
    assert changes.whole
    assert group.mo_ref not in {listed.mo_ref for listed in changes.changed}
    assert await count(vcsim, "Login") == 0
    assert await client.changes(changes.version, 0) == api.Changes(version=changes.version)


async def test_the_end_of_the_session_during_the_wait_costs_one_login(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    version = (await whole(client)).version
    await vcsim.call(vcsim.control.clear_calls())
    waiting = asyncio.ensure_future(client.changes(version))
    while not await waits(vcsim):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await vcsim.call(vcsim.control.end_sessions())
    async with asyncio.timeout(5):
        changes = await waiting
    assert changes.whole
    assert await count(vcsim, "Login") == 1


@pytest.mark.parametrize("version", ["9:4", "nonsense"])
async def test_a_version_of_another_collector_gives_the_whole_list(
    version: str, client: SoapClient
) -> None:
    await whole(client)
    assert (await client.changes(version, 0)).whole


async def test_a_collector_that_was_lost_alone_is_made_anew(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    version = (await whole(client)).version
    fault = Fault(
        action=Action.THROW,
        method="WaitForUpdatesEx",
        fault="ManagedObjectNotFound",
        fields={
            "obj": {
                "_typeName": "ManagedObjectReference",
                "type": "PropertyCollector",
                "value": "session[1]2",
            }
        },
        count=1,
    )
    await inject(vcsim, fault)
    assert (await client.changes(version, 0)).whole
    assert await count(vcsim, "Login") == 0


async def test_a_lost_answer_is_asked_for_again(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = await group_named(client, "DC0-free")
    version = (await whole(client)).version
    await client.rename(group.mo_ref, "renamed")
    await inject(vcsim, Fault(action=Action.CUT, method="WaitForUpdatesEx", count=1))
    changes = await client.changes(version)
    assert [changed.name for changed in changes.changed if not changes.whole] == ["renamed"]


async def test_long_answers_come_in_pages(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = await whole(client)
    monkeypatch.setattr(watch, "OBJECTS", 2)
    await vcsim.call(vcsim.control.clear_calls())
    changes = await whole(client)
    assert changes.changed == everything.changed
    assert await count(vcsim, "WaitForUpdatesEx") >= len(changes.changed) // 2
    switch = (await switch_of(client)).switch.mo_ref
    made = {await client.create(switch, {**SPEC, "name": f"new-{each}"}) for each in range(5)}
    await client.destroy(made.pop())
    changes = await client.changes(changes.version)
    assert {group.mo_ref for group in changes.changed} == made
    await client.destroy(made.pop())
    changes = await client.changes(changes.version)
    assert (changes.changed, len(changes.removed)) == ((), 1)


async def test_a_new_list_frees_the_collector_before_it(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    await whole(client)
    await inject(vcsim, Fault(action=Action.STATUS, method="WaitForUpdatesEx", count=1))
    with pytest.raises(errors.OverloadedError):
        await client.changes("")
    await whole(client)
    for method in ("CreateContainerView", "DestroyView", "DestroyPropertyCollector"):
        assert await count(vcsim, method) == 2
