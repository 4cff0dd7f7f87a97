"""Wishes of users of other tools, each as a test: the numbers are those of their issues.

And inputs that cannot be: each refusal names the field and the cure, and nothing is written.
"""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core.plugin import api
from tests.vsphere.vsphere_world import VSphereWorld, port_group

Json = dict[str, Any]
SECURITY = {
    "allowPromiscuous": False,
    "forgedTransmits": True,
    "macChanges": True,
    "macLearning": {
        "enabled": True,
        "allowUnicastFlooding": True,
        "limit": 512,
        "limitPolicy": "ALLOW",
    },
}


def made(*others: Json, **spec: Any) -> VSphereWorld:
    there = VSphereWorld(port_group(**spec), *others)
    there.run_group()
    assert there.condition()[0] == "True", there.condition()
    return there


def plain(value: Any) -> Any:
    """A value of vCenter without the names of types."""
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, dict):
        return {key: entry for key, entry in value.items() if key != "_typeName"}
    return value


def mo_ref(there: VSphereWorld, name: str = "edge") -> str:
    row = there.named(name)
    assert row is not None
    return str(row["moRef"])


class TestWishes:
    def test_1_removed_by_hand_is_made_again_with_an_event(self) -> None:
        """terraform-provider-vsphere 1337: an error for ever."""
        there = made()
        there.hand.remove(mo_ref(there))
        there.run_group()
        assert there.vlan() == 112
        assert there.condition()[0] == "True"
        assert "is made again" in dict(there.events)["PortGroupRemoved"]

    @pytest.mark.parametrize(
        ("kind", "field", "stored"),
        [
            ({"id": 7}, "vlanId", 7),
            ({"trunk": [{"start": 5, "end": 9}]}, "vlanId", [{"start": 5, "end": 9}]),
            ({"pvlanSecondaryID": 201}, "pvlanId", 201),
        ],
    )
    @pytest.mark.parametrize("before", [{"id": 9}, {"trunk": [{"start": 1, "end": 3}]}])
    def test_2_each_change_of_the_vlan_s_kind_takes_effect(
        self, kind: Json, field: str, stored: Any, before: Json
    ) -> None:
        """terraform-provider-vsphere 1592, 919, 1760."""
        there = made(vlan=before)
        there.edit({"vlan": {**dict.fromkeys(before), **kind}})
        there.run_group()
        assert there.condition()[0] == "True", there.condition()
        row = there.named("edge")
        assert row is not None
        assert there.status()["portGroup"]["vlan"] == kind
        vlan = row["config"]["defaultPortConfig"]["vlan"]
        assert plain(vlan[field]) == stored
        assert set(vlan) <= {"_typeName", "inherited", field}

    def test_3_the_same_object_again_is_no_task(self) -> None:
        """community.vmware 1873, 1071, 1841: changed on every run."""
        there = made(
            macManagementPolicy=SECURITY,
            teaming={"activeUplinks": ["Uplink 2"], "standbyUplinks": ["Uplink 1"]},
            portAllocation="Fixed",
            numPorts=16,
            description="Avi",
        )
        before = there.writes
        for _ in range(3):
            there.restart()
            there.run_group()
        assert there.writes == before

    def test_4_a_drifted_one_can_be_removed(self) -> None:
        """community.vmware 1506, 1522."""
        there = made(driftPolicy="Report")
        there.hand.set_vlan(mo_ref(there), 999)
        there.hand.rename(mo_ref(there), "somebody-s")
        there.delete()
        there.run_group()
        assert there.group() is None
        assert there.named("somebody-s") is None

    def test_5_what_is_not_listed_is_never_touched_and_in_use_names_its_users(self) -> None:
        """salt 62064."""
        there = made()
        others = {key: row for key, row in there.hand.groups().items() if row["name"] != "edge"}
        there.hand.attach(mo_ref(there), "vm-1")
        there.edit({"vlan": {"id": 7}})
        there.run_group()
        there.delete()
        there.run_group()
        assert "vm-1" in there.condition("Held")[2]
        there.hand.detach(mo_ref(there))
        there.run_group()
        assert there.hand.groups() == others

    def test_6_the_same_name_on_two_switches_and_beside_nsx(self) -> None:
        """terraform-provider-vsphere 925, eks-anywhere 3162 and 3163."""
        second = port_group(
            "second", portGroupName="DC0-storage", distributedSwitch={"name": "DVS0"}
        )
        there = VSphereWorld(second)
        folder = there.hand.add_folder(
            "other",
            str(there.vcenter.inventory.named("network", there.there.datacenter).mo_ref),  # type: ignore[union-attr]
        )
        there.hand.move(there.there.other_switch, folder)
        there.run_group("second")
        assert there.condition(name="second")[0] == "True"
        names = [row["name"] for row in there.hand.groups().values()]
        assert names.count("DC0-storage") == 2
        uuid = there.status("second")["distributedSwitch"]["uuid"]
        there.create(port_group("third", distributedSwitch={"uuid": uuid}))
        there.run_group("third")
        assert there.condition(name="third")[0] == "True"

    @pytest.mark.parametrize("way", ["moRef", "inventoryPath"])
    def test_7_adopted_without_a_difference_afterwards(self, way: str) -> None:
        """terraform-provider-vsphere 669, 1208, 1461."""
        there = VSphereWorld()
        known = {"moRef": there.there.free, "inventoryPath": "/DC0/network/DC0-free"}
        there.create(
            port_group(existing={way: known[way]}, vlan={"id": 20}, adoptionPolicy="IfIdentical")
        )
        before = there.hand.read(there.there.free)
        there.run_group()
        assert there.condition()[0] == "True"
        assert "drift" not in there.status()
        after = there.hand.read(there.there.free)
        assert after["config"]["defaultPortConfig"] == before["config"]["defaultPortConfig"]
        writes = there.writes
        there.run_group()
        assert there.writes == writes

    def test_8_the_order_of_uplinks_counts(self) -> None:
        """community.vmware 161."""
        there = made(teaming={"activeUplinks": ["Uplink 1", "Uplink 2"]})
        there.edit({"teaming": {"activeUplinks": ["Uplink 2", "Uplink 1"]}})
        there.run_group()
        row = there.named("edge")
        assert row is not None
        order = row["config"]["defaultPortConfig"]["uplinkTeamingPolicy"]["uplinkPortOrder"]
        assert order["activeUplinkPort"] == ["Uplink 2", "Uplink 1"]
        assert order["standbyUplinkPort"] == []
        there.hand.change_switch(there.there.switch, uplinks=("Uplink 1", "Uplink 2", "lag1"))
        there.edit({"teaming": {"activeUplinks": ["lag1"]}})
        there.run_group()
        assert there.condition()[0] == "True"

    def test_9_trunks_and_private_vlans(self) -> None:
        """ansible 47649, salt 62114."""
        spans = [{"start": 1, "end": 100}, {"start": 4094, "end": 4094}]
        there = made(port_group("second", vlan={"pvlanSecondaryID": 200}), vlan={"trunk": spans})
        there.run_group("second")
        assert plain(there.vlan()) == spans
        row = there.named("second")
        assert row is not None
        assert row["config"]["defaultPortConfig"]["vlan"]["pvlanId"] == 200


BAD: list[tuple[Json, str, str, str]] = [
    ({"portGroupName": "a/b"}, "InvalidSpec", "spec.portGroupName", "/"),
    ({"portGroupName": "a\\b"}, "InvalidSpec", "spec.portGroupName", "\\"),
    ({"portGroupName": "a%2fb"}, "InvalidSpec", "spec.portGroupName", "%"),
    ({"portGroupName": "x" * 81}, "InvalidSpec", "spec.portGroupName", "81"),
    ({"portGroupName": "NSX-data"}, "InvalidSpec", "spec.portGroupName", "NSX-"),
    ({"vlan": {"id": 4095}}, "InvalidSpec", "spec.vlan.id", "4094"),
    (
        {"vlan": {"trunk": [{"start": 1, "end": 5}, {"start": 5, "end": 9}]}},
        "InvalidSpec",
        "spec.vlan.trunk",
        "overlap",
    ),
    (
        {"portBinding": "Ephemeral", "portAllocation": "Elastic"},
        "InvalidSpec",
        "spec.portAllocation",
        "Remove it",
    ),
    ({"numPorts": 8}, "InvalidSpec", "spec.numPorts", "Fixed"),
    (
        {"teaming": {"activeUplinks": ["Uplink 7"]}},
        "SwitchUnsuitable",
        "spec.teaming.activeUplinks[0]",
        "Its uplinks: Uplink 1, Uplink 2",
    ),
    ({"datacenter": "DC00"}, "DatacenterNotFound", "spec.datacenter", "Did you mean DC0"),
    (
        {"distributedSwitch": {"name": "DVS9"}},
        "SwitchNotFound",
        "spec.distributedSwitch",
        "not for this account",
    ),
    (
        {"datacenter": "DC1", "distributedSwitch": {"name": "DVS-extension"}},
        "SwitchUnsuitable",
        "spec.distributedSwitch",
        "com.example.network",
    ),
    ({"minimumMTU": 9100}, "SwitchUnsuitable", "spec.minimumMTU", "9000"),
    ({"vlan": {"pvlanSecondaryID": 7}}, "SwitchUnsuitable", "spec.vlan.pvlanSecondaryID", "200"),
]


@pytest.mark.parametrize(("spec", "reason", "field", "cure"), BAD)
def test_bad_input_names_field_and_cure(spec: Json, reason: str, field: str, cure: str) -> None:
    there = VSphereWorld(port_group(**spec))
    result = there.run_group()
    assert isinstance(result, api.Blocked)
    status, known, message = there.condition()
    assert (status, known) == ("False", reason)
    assert field in message
    assert cure in message
    assert there.writes == []
    there.delete()
    there.run_group()
    assert there.group() is None
