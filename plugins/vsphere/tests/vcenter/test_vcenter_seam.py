"""The seam of external calls: each call goes through it, and a write asks whether it may."""

from __future__ import annotations

import collections

import pytest
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.sessions import SharedVCenters

from akoo_core import errors, external
from tests.vsphere.vcenter_client import SPEC, count, group_named, switch_of

WRITES = {
    "AddDVPortgroup_Task",
    "ReconfigureDVPortgroup_Task",
    "Rename_Task",
    "Destroy_Task",
    "AddCustomFieldDef",
    "SetField",
}


class Sites:
    """An interceptor that counts calls, and a guard that counts questions."""

    def __init__(self, allowed: int = 1000) -> None:
        self.sites: collections.Counter[tuple[str, bool]] = collections.Counter()
        self.questions = 0
        self.allowed = allowed

    def before(self, site: str, *, write: bool) -> None:
        self.sites[site, write] += 1

    def after(self, site: str, *, write: bool) -> None:
        return

    def check(self) -> None:
        self.questions += 1
        if self.questions > self.allowed:
            raise errors.LeadershipLostError("another replica leads")


async def test_every_call_goes_through_the_seam_and_writes_are_named_so(
    account: Account, vcenters: SharedVCenters, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    await vcsim.call(vcsim.control.clear_calls())
    sites = Sites()
    client = await vcenters.client(
        account, external=external.External(guard=sites, interceptor=sites)
    )
    switch = (await switch_of(client)).switch.mo_ref
    mo_ref = await client.create(switch, {**SPEC, "name": "new"})
    await client.set_attribute(mo_ref, await client.define_attribute("akoo.owner"), "mark")
    plain = await client.port_group(mo_ref)
    spec = {**SPEC, "name": "new", "configVersion": plain["config"]["configVersion"]}
    await client.reconfigure(mo_ref, spec)
    await client.rename(mo_ref, "renamed")
    await client.changes((await client.changes("")).version, 0)
    await client.users(mo_ref, switch)
    await client.destroy(mo_ref)

    seen: collections.Counter[str] = collections.Counter()
    for (site, _), number in sites.sites.items():
        system, method, *_ = site.split()
        assert system == "vsphere"
        seen[method] += number
    calls = await vcsim.call(vcsim.control.calls())
    inside_login = {"RetrieveServiceContent": 1}
    assert dict(seen) == {
        method: number for method, number in calls.methods.items() if method not in inside_login
    }
    writes = {site.split()[1] for site, write in sites.sites if write}
    assert writes == WRITES
    assert sites.questions == sum(number for (_, write), number in sites.sites.items() if write)


async def test_a_replica_that_leads_no_more_writes_nothing(
    account: Account, vcenters: SharedVCenters, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """Nor a second time, in a new session."""
    sites = Sites(allowed=0)
    client = await vcenters.client(
        account, external=external.External(guard=sites, interceptor=sites)
    )
    group = (await group_named(client, "DC0-free")).mo_ref
    await vcsim.call(vcsim.control.clear_calls())
    with pytest.raises(errors.LeadershipLostError):
        await client.rename(group, "renamed")
    assert await count(vcsim, "Rename_Task") == 0

    sites.allowed = 2
    await vcsim.call(vcsim.control.end_sessions())
    with pytest.raises(errors.LeadershipLostError):
        await client.rename(group, "renamed")
    assert await count(vcsim, "Rename_Task") == 1
    groups = await vcsim.call(vcsim.control.port_groups())
    assert groups[group].name == "DC0-free"
