"""Templates of configs: a port group for a config, or one for each of its clusters."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from akoo_vsphere.spec import resources

from akoo_core.plugin import kube
from akoo_core.testing import virtual_time
from tests.vsphere.vsphere_fleet import VSphereFleet
from tests.vsphere.vsphere_world import port_group

Json = dict[str, Any]


def template(**changes: Any) -> Json:
    fields = {
        "per": "Cluster",
        "connection": "vc",
        "datacenter": "DC0",
        "distributedSwitch": {"name": "DVS0"},
        "vlan": {"pool": [{"start": 200, "end": 202}]},
        **changes,
    }
    return {"vsphere": {"portGroupTemplate": fields}}


class Site:
    """A fleet whose configs have templates."""

    def __init__(self, there: VSphereFleet) -> None:
        self.there = there
        self.fleet = there.fleet

    def groups(self) -> dict[str, Json]:
        rows = self.fleet.management.objects(resources.PORT_GROUPS)
        return {row["metadata"]["name"]: row for row in rows}

    def record(self, cluster: str) -> str:
        record = self.fleet.record(cluster)
        assert record is not None
        return record.name

    def vlans(self) -> dict[str, int]:
        return {name: row["spec"]["vlan"]["id"] for name, row in self.groups().items()}

    def ready(self, config: str = "default") -> tuple[str, str, str]:
        rows = self.fleet.management.objects(kube.AKO_DEPLOYMENT_CONFIGS)
        (obj,) = (row for row in rows if row["metadata"]["name"] == config)
        for row in (obj.get("status") or {}).get("conditions") or ():
            if row["type"] == "VsphereReady":
                return row["status"], row["reason"], row.get("message", "")
        return "", "", ""


@virtual_time.test
async def test_each_cluster_gets_a_port_group_and_gives_it_back(
    clock: virtual_time.LoopClock,
) -> None:
    there = VSphereFleet(clock)
    site = Site(there)
    async with there.fleet as fleet:
        await fleet.create_config(plugins=template())
        for name in ("shop", "bank"):
            await fleet.create_cluster(name)
        for name in ("shop", "bank"):
            await fleet.until_phase(name, "Running", seconds=900.0)
        shop, bank = site.record("shop"), site.record("bank")
        assert sorted(site.vlans().values()) == [200, 201]
        assert set(site.groups()) == {shop, bank}
        row = site.groups()[shop]
        assert row["spec"]["description"] == "Avi data network of Cluster demo/shop"
        assert row["spec"]["distributedSwitch"].keys() == {"uuid"}
        assert row["spec"]["datacenter"] == f"moref:{there.there.datacenter}"
        assert there.vlan(shop) == site.vlans()[shop]
        assert site.ready()[0] == "True"
        kept = site.vlans()[bank]
        await fleet.delete_cluster("shop")
        await fleet.until_gone("shop")
        await fleet.until(lambda: set(site.groups()) == {bank}, seconds=600.0)
        assert there.named(shop) is None
        assert site.vlans() == {bank: kept}


@virtual_time.test
async def test_a_config_has_one_for_all_its_clusters(clock: virtual_time.LoopClock) -> None:
    there = VSphereFleet(clock)
    site = Site(there)
    async with there.fleet as fleet:
        await fleet.create_config(plugins=template(per="Config", vlan={"id": 300}))
        await fleet.until(lambda: bool(site.groups()), seconds=60.0)
        for name in ("shop", "bank"):
            await fleet.create_cluster(name)
        for name in ("shop", "bank"):
            record = await fleet.until_phase(name, "Running", seconds=900.0)
            assert record.spec.facts["PortGroup"].data["moref"] == there.mo_ref("default-data")
        assert site.vlans() == {"default-data": 300}
        assert there.vlan("default-data") == 300
        await fleet.change_config({"plugins": {"vsphere": None}})
        await fleet.until(lambda: site.ready()[0] == "", seconds=120.0)
        await fleet.delete_cluster("shop")
        await fleet.until_gone("shop")
        assert there.vlan("default-data") == 300, "a use stays until the cluster has left"
        assert "deletionTimestamp" not in site.groups()["default-data"]["metadata"]
        await fleet.delete_cluster("bank")
        await fleet.until_gone("bank")
        await fleet.until(lambda: not site.groups(), seconds=1200.0)
        assert there.named("default-data") is None


@virtual_time.test
async def test_a_pool_that_is_used_up_says_who_has_it(clock: virtual_time.LoopClock) -> None:
    """The waiting cluster goes on once a VLAN is free."""
    there = VSphereFleet(clock)
    site = Site(there)
    async with there.fleet as fleet:
        await there.create(port_group(name="manual", vlan={"id": 201}))
        await there.until_ready("manual")
        pool = {"pool": [{"start": 200, "end": 201}]}
        await fleet.create_config(plugins=template(vlan=pool))
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running", seconds=900.0)
        await fleet.create_cluster("bank")
        await fleet.until(lambda: site.ready()[1] == "VlanPoolUsedUp", seconds=120.0)
        assert f"200 is that of VSpherePortGroup {site.record('shop')}" in site.ready()[2]
        assert "201 is that of VSpherePortGroup manual" in site.ready()[2]
        await fleet.user.delete(resources.PORT_GROUPS, "manual")
        await fleet.until_phase("bank", "Running", seconds=900.0)
        assert sorted(site.vlans().values()) == [200, 201]


@virtual_time.test
async def test_clusters_at_once_never_share_a_vlan(clock: virtual_time.LoopClock) -> None:
    there = VSphereFleet(clock)
    site = Site(there)
    async with there.fleet as fleet:
        pool = {"pool": [{"start": 200, "end": 219}]}
        for config in ("red", "blue"):
            labels = {"colour": config}
            selecting = {"clusterSelector": {"matchLabels": labels}}
            await fleet.create_config(selecting, name=config, plugins=template(vlan=pool))
        names = [f"{colour}-{number}" for colour in ("red", "blue") for number in range(4)]
        async with asyncio.TaskGroup() as group:
            for name in names:
                colour = name.partition("-")[0]
                group.create_task(fleet.create_cluster(name, labels={"colour": colour}))
        for name in names:
            await fleet.until_phase(name, "Running", seconds=1800.0)
        vlans = site.vlans()
        assert len(vlans) == len(set(vlans.values())) == 8
        assert {there.vlan(name) for name in vlans} == set(vlans.values())


@virtual_time.test
async def test_a_vlan_that_another_manager_took_meanwhile_is_not_made(
    clock: virtual_time.LoopClock,
) -> None:
    """Two management clusters whose pools overlap: neither sees the other's objects."""
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        annotations = {"akoo.io/config": "default"}
        chosen = port_group(
            name="default-data", metadata={"annotations": annotations}, vlan={"id": 200}
        )
        theirs = there.hand.add_port_group(there.there.switch, "theirs")
        there.hand.set_vlan(theirs, 200)
        plugins = template(per="Config", vlan={"pool": [{"start": 200, "end": 200}]})
        await fleet.user.create(resources.PORT_GROUPS, chosen)
        await fleet.create_config(plugins=plugins)
        await fleet.until(
            lambda: there.condition("Ready", "default-data")[1] == "VlanInUse", seconds=120.0
        )
        assert there.named("default-data") is None


@virtual_time.test
async def test_an_object_of_a_person_is_not_taken(clock: virtual_time.LoopClock) -> None:
    there = VSphereFleet(clock)
    site = Site(there)
    async with there.fleet as fleet:
        await there.create(port_group(name="default-data", vlan={"id": 77}))
        await there.until_ready("default-data")
        await fleet.create_config(plugins=template(per="Config", vlan={"id": 300}))
        await fleet.until(lambda: site.ready()[1] == "PortGroupNameTaken", seconds=60.0)
        assert site.vlans() == {"default-data": 77}
        await fleet.change_config({"plugins": {"vsphere": None}})
        await asyncio.sleep(600.0)
        assert there.vlan("default-data") == 77


@pytest.mark.parametrize(
    ("plugins", "reason"),
    [
        ({"vsphere": {"portGroupRef": "nobody"}}, "PortGroupMissing"),
        (template(vlan={"id": 7}), "InvalidSpec"),
        (template(connection="other"), "ConnectionNotFound"),
        (template(per="Config", distributedSwitch={"name": "DVS9"}), "SwitchNotFound"),
        ({"vsphere": {**template()["vsphere"], "portGroupRef": "edge"}}, "ConfigConflict"),
    ],
)
def test_a_config_that_cannot_be_says_why(plugins: Json, reason: str) -> None:
    async def main(clock: virtual_time.LoopClock) -> None:
        there = VSphereFleet(clock)
        site = Site(there)
        async with there.fleet as fleet:
            await fleet.create_config(plugins=plugins)
            await fleet.create_cluster("shop")
            await fleet.until(lambda: site.ready()[1] == reason, seconds=120.0)
            assert not site.groups()
            assert not [row for row in there.hand.groups().values() if row["name"] == "edge"]

    virtual_time.run(main)


@virtual_time.test
async def test_settings_follow_the_template_and_the_choice_stays(
    clock: virtual_time.LoopClock,
) -> None:
    there = VSphereFleet(clock)
    site = Site(there)
    async with there.fleet as fleet:
        await fleet.create_config(plugins=template())
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running", seconds=900.0)
        name = site.record("shop")
        teaming = {"activeUplinks": ["uplink2"], "standbyUplinks": ["uplink1"]}
        pool = {"pool": [{"start": 900, "end": 901}]}
        changed = template(vlan=pool, teaming=teaming, changePolicy="Always")
        await fleet.change_config({"plugins": changed})
        await fleet.until(lambda: "teaming" in site.groups()[name]["spec"], seconds=120.0)
        assert site.vlans() == {name: 200}
