"""The verbs: a cluster waits for its port group, uses it, and gives the use back."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_vsphere.plugin import VSpherePlugin
from akoo_vsphere.spec import resources

from akoo_core import testing
from akoo_core.plugin import api, structs
from akoo_core.testing import builders, virtual_time
from tests.vsphere.vsphere_fleet import VSphereFleet
from tests.vsphere.vsphere_world import VSphereWorld, port_group

Json = dict[str, Any]


class Clusters(VSphereWorld):
    """A world whose cluster has a config with these options."""

    def __init__(self, options: Json, *objects: Json) -> None:
        super().__init__(*objects)
        self.choose(options)
        self.whole = VSpherePlugin(None, self.registry)
        self.whole.name = "vsphere"

    def choose(self, options: Json) -> None:
        self.config = builders.config({}, plugins={"vsphere": options} if options else {})

    def verb(self, name: str) -> Any:
        return testing.run_verb(self.whole, name, self).result


def ready(**spec: Any) -> Clusters:
    there = Clusters({"portGroupRef": "edge"}, port_group(**spec))
    there.run_group()
    return there


def test_a_config_without_a_port_group_declines_the_fact() -> None:
    there = Clusters({})
    answer = there.verb("prepare")
    assert answer == api.Done(declines=("PortGroup",))
    assert there.verb("intend") is None
    assert isinstance(there.verb("observe"), api.Done)


def test_it_is_found_then_used_then_given() -> None:
    there = ready()
    first = there.verb("prepare")
    assert isinstance(first, api.Wait)
    assert first.reason == "PortGroupFound"
    (use,) = there.verb("intend").uses
    obj = there.group()
    assert obj is not None
    assert (use.resource, use.name, use.uid) == (
        resources.PORT_GROUPS,
        "edge",
        obj["metadata"]["uid"],
    )
    second = there.verb("prepare")
    assert isinstance(second, api.Done)
    fact = second.facts[0]
    recorded = obj["status"]["portGroup"]
    assert fact == api.PortGroup(
        name="edge",
        moref=recorded["moRef"],
        instance_uuid=there.vcenter.instance_uuid,
        vcenter="vcenter.example.com",
        datacenter=there.there.datacenter,
        datacenter_name="DC0",
        switch_uuid=recorded["switchUuid"],
        vlan=112,
        cidr="",
    )


def test_it_waits_until_the_port_group_is_in_force() -> None:
    there = Clusters({"portGroupRef": "edge"}, port_group())
    there.verb("prepare")
    answer = there.verb("prepare")
    assert isinstance(answer, api.Wait)
    assert answer.reason == "PortGroupAwaited"
    there.hand.deny("DVPortgroup.Create")
    there.run_group()
    assert there.verb("prepare").reason == "PermissionDenied"
    there.hand.allow()
    there.run_group()
    assert isinstance(there.verb("prepare"), api.Done)


def test_a_new_cluster_waits_while_it_is_not_as_it_is_wanted() -> None:
    there = ready(driftPolicy="Report")
    row = there.named("edge")
    assert row is not None
    there.hand.set_vlan(row["moRef"], 999)
    there.run_group()
    there.verb("prepare")
    answer = there.verb("prepare")
    assert isinstance(answer, api.Wait)
    assert answer.reason == "Drifted"


def test_a_cluster_keeps_its_fact_while_the_port_group_is_there() -> None:
    there = ready()
    there.verb("prepare")
    earlier = there.verb("prepare")
    there.hand.attach(earlier.facts[0].moref, "vm-1")
    there.edit({"vlan": {"id": 7}})
    there.run_group()
    assert there.condition()[:2] == ("False", "WaitingUntilUnused")
    assert there.verb("prepare") == earlier
    seen = there.verb("observe")
    assert isinstance(seen, api.Wait)
    assert seen.reason == "WaitingUntilUnused"


def test_a_rename_in_vcenter_changes_no_fact() -> None:
    there = ready(driftPolicy="Report")
    there.verb("prepare")
    earlier = there.verb("prepare")
    there.hand.rename(earlier.facts[0].moref, "somebody-s")
    there.run_group()
    assert there.verb("prepare") == earlier
    assert there.verb("observe").reason == "Drifted"


def test_one_that_is_made_again_has_another_moref() -> None:
    there = ready()
    there.verb("prepare")
    earlier = there.verb("prepare")
    there.hand.remove(earlier.facts[0].moref)
    there.run_group()
    after = there.verb("prepare")
    assert after.facts[0].moref != earlier.facts[0].moref
    assert structs.replace(after.facts[0], moref="") == structs.replace(earlier.facts[0], moref="")


def test_another_port_group_is_no_relocation() -> None:
    there = ready()
    there.create(port_group("second", vlan={"id": 113}))
    there.run_group("second")
    there.verb("prepare")
    there.verb("prepare")
    first = there.verb("intend")
    there.choose({"portGroupRef": "second"})
    assert there.verb("intend") == first, "until it is found"
    there.verb("prepare")
    second = there.verb("intend")
    assert (second.uses[0].name, second.placement) == ("second", first.placement)
    assert there.verb("prepare").facts[0].vlan == 113


@pytest.mark.parametrize("name", ["other", "deleted"])
def test_one_that_is_missing_or_deleted(name: str) -> None:
    there = ready()
    if name == "deleted":
        there.delete()
    else:
        there.choose({"portGroupRef": "other"})
    answer = there.verb("prepare")
    assert isinstance(answer, api.Blocked)
    assert answer.reason == ("PortGroupMissing" if name == "other" else "PortGroupDeleting")
    assert "spec.plugins.vsphere.portGroupRef" in answer.message


def test_reference_and_template_together_are_refused() -> None:
    template = {
        "per": "Config",
        "connection": "vc",
        "datacenter": "DC0",
        "distributedSwitch": {"name": "DVS0"},
        "vlan": {"id": 5},
    }
    there = Clusters({"portGroupRef": "edge", "portGroupTemplate": template})
    answer = there.verb("intend")
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "ConfigConflict"
    assert "Remove one of them" in answer.message


def test_no_verb_calls_vcenter() -> None:
    there = ready()
    calls = len(there.vcenter.journal)
    for verb in ("intend", "prepare", "prepare", "observe"):
        there.verb(verb)
    there.leave()
    there.verb("release")
    assert len(there.vcenter.journal) == calls


def test_plan_shows_the_port_group() -> None:
    there = ready()
    shown = testing.run_plan(there.whole, "prepare", there).actions
    (action,) = shown
    assert (action.action, action.kind, action.name) == ("keep", "VSpherePortGroup", "edge")
    assert action.where == "/DC0/network/edge"
    assert action.why == "it is in force"


def test_audit_lists_marked_port_groups_without_an_object() -> None:
    there = ready()
    there.finalize([])
    there.delete()
    assert there.group() is None
    run = testing.run_audit(there.whole, there)
    (stray,) = run.strays
    assert stray.owner == "edge"
    assert stray.where.endswith("/DC0/network/DVS0")
    assert not hasattr(VSpherePlugin, "remove_stray")


@virtual_time.test
async def test_a_life_with_a_cluster(clock: virtual_time.LoopClock) -> None:
    """The cluster waits for the port group, and the port group for the cluster."""
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        await fleet.create_config(plugins={"vsphere": {"portGroupRef": "edge"}})
        await fleet.create_cluster("shop")
        await fleet.until(
            lambda: (
                (fleet.record("shop") is not None)
                and "PortGroupMissing" in str(fleet.record("shop"))
            ),
            seconds=60.0,
        )
        await there.create(port_group())
        record = await fleet.until_phase("shop", "Running", seconds=600.0)
        assert record.spec.facts["PortGroup"].data["moref"] == there.mo_ref()
        await fleet.user.delete(resources.PORT_GROUPS, "edge")
        await fleet.until(lambda: there.condition("Held")[0] == "True", seconds=120.0)
        await fleet.delete_cluster("shop")
        await fleet.until_gone("shop")
        await fleet.until(lambda: there.group() is None, seconds=600.0)
        assert there.named("edge") is None
