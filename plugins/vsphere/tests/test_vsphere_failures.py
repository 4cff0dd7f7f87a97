"""Failures of a port group's life: what vCenter, people and other programs do to it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from akoo_vsphere import marks
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import About, Users
from akoo_vsphere.testing import reads
from akoo_vsphere.testing.faults import NEVER, Fault

from akoo_core import testing
from akoo_core.plugin import api, kube, structs
from tests.vsphere.vsphere_world import VSphereWorld, port_group

Json = dict[str, Any]
ID = {"_typeName": "VmwareDistributedVirtualSwitchVlanIdSpec", "inherited": False}


def made(**spec: Any) -> VSphereWorld:
    """A world with a port group that is in force."""
    there = VSphereWorld(port_group(**spec))
    there.run_group()
    assert there.condition()[0] == "True", there.condition()
    return there


def mo_ref(there: VSphereWorld, name: str = "edge") -> str:
    row = there.named(name)
    assert row is not None
    return str(row["moRef"])


def until_done(there: VSphereWorld, name: str = "edge", attempts: int = 5) -> None:
    """Attempts as the queue makes them."""
    for _ in range(attempts):
        result = there.run_group(name)
        if isinstance(result, api.Done):
            return
        there.clock.advance(result.after)
    raise AssertionError(result)


def touching(there: VSphereWorld) -> list[str]:
    """Calls that change a port group, or would."""
    return [method for method in there.writes if method != "define_attribute"]


def refused(there: VSphereWorld, kind: str = "Ready") -> tuple[str, str]:
    """Reason and message of a condition that is False, after an attempt that wrote nothing."""
    before = there.hand.groups(), touching(there)
    result = there.run_group()
    assert isinstance(result, api.Blocked | api.Wait), result
    assert (there.hand.groups(), touching(there)) == before
    status, reason, message = there.condition(kind)
    assert status == "False"
    assert there.condition()[0] == "False"
    return reason, message


class TestAnswers:
    """Rows 10 to 17: answers that are lost, late or refused."""

    def test_a_lost_answer_of_the_create(self) -> None:
        there = VSphereWorld(port_group())
        there.vcenter.faults.add(Fault(method="create", lost=True))
        result = there.run_group()
        assert isinstance(result, api.Wait)
        assert result.reason == "OutcomeUnknown"
        until_done(there)
        assert there.writes.count("create") == 1
        assert there.status()["provenance"] == "Created"
        assert there.condition()[0] == "True"

    @pytest.mark.parametrize("number", range(2))
    def test_a_lost_answer_whose_effect_comes_late(self, number: int) -> None:
        """The name is taken by our own port group then: it is found by its nonce."""
        there = VSphereWorld(port_group())
        there.vcenter.faults.add(
            Fault(method="create", error=errors.OutcomeUnknownError("The answer was lost."))
        )
        there.run_group()
        pending = there.status()["pendingCreate"]["nonce"]
        mark = marks.Mark(
            management_id=there.spec.management_id,
            epoch=1,
            name="edge",
            uid=(there.group() or {})["metadata"]["uid"],
            provenance="Created",
            nonce=pending,
        )
        there.hand.add_port_group(
            there.there.switch, "edge", vlan=112, description=marks.text(mark)
        )
        until_done(there)
        assert there.status()["provenance"] == "Created"
        assert there.status()["portGroup"]["moRef"] == mo_ref(there)

    def test_a_task_that_fails_though_the_port_group_exists(self) -> None:
        there = VSphereWorld(port_group())
        there.vcenter.faults.add(
            Fault(
                method="create",
                error=errors.FaultError("It was canceled.", "RequestCanceled"),
                place="task",
                after=True,
            )
        )
        there.run_group()
        until_done(there)
        assert there.writes.count("create") == 1
        assert there.condition()[0] == "True"

    def test_a_task_that_does_not_end(self) -> None:
        there = VSphereWorld(port_group())
        there.vcenter.faults.add(Fault(method="create", task_seconds=NEVER))
        result = there.run_group()
        assert isinstance(result, api.Wait)
        assert result.reason == "TaskRunning"
        task = there.status()["lastTask"]
        assert task["operation"] == "Create"
        for _ in range(3):
            there.restart()
            assert there.run_group().reason == "TaskRunning"
        assert there.writes.count("create") == 1
        assert there.status()["lastTask"] == task
        there.vcenter.tasks.clear()
        until_done(there)
        assert "lastTask" not in there.status()
        assert there.condition()[0] == "True"

    @pytest.mark.parametrize("place", ["method", "task"])
    def test_a_missing_privilege(self, place: Any) -> None:
        there = VSphereWorld(port_group())
        missing = errors.Missing(privilege="DVPortgroup.Create", mo_ref="group-n5")
        error = errors.ForbiddenError("DVPortgroup.Create is missing on group-n5.", (missing,))
        there.vcenter.faults.add(Fault(method="create", error=error, place=place, times=None))
        result = there.run_group()
        assert isinstance(result, api.Blocked)
        assert result.after >= 60
        assert there.condition()[1] == "PermissionDenied"
        assert there.status()["missingPrivileges"] == [
            {"privilege": "DVPortgroup.Create", "object": "group-n5"}
        ]
        there.vcenter.faults.clear()
        until_done(there)
        assert "missingPrivileges" not in there.status()

    def test_a_port_group_that_cannot_be_seen_any_more(self) -> None:
        there = made()
        there.hand.deny("System.Read", mo_ref(there))
        before = there.writes
        result = there.run_group()
        assert isinstance(result, api.Blocked)
        assert there.condition("Provisioned")[:2] == ("Unknown", "NotVisible")
        assert there.writes == before
        there.hand.allow()
        until_done(there)
        assert there.condition()[0] == "True"
        assert there.writes == before

    def test_one_that_is_not_even_listed_any_more(self) -> None:
        there = made()
        there.hand.deny("System.View", mo_ref(there))
        before = there.writes
        assert isinstance(there.run_group(), api.Blocked)
        assert there.condition("Provisioned")[:2] == ("Unknown", "NotVisible")
        assert there.status()["portGroup"]
        assert there.writes == before

    def test_a_changed_version_is_met_by_a_fresh_look(self) -> None:
        there = made()
        there.edit({"vlan": {"id": 7}})
        there.vcenter.faults.add(
            Fault(method="reconfigure", error=errors.ChangedError("It changed."), times=3)
        )
        assert isinstance(there.run_group(), api.Done)
        assert there.vlan() == 7
        assert there.vcenter.calls["reconfigure"] == 3 + 1

    def test_a_version_that_always_changes_is_said(self) -> None:
        there = made()
        there.edit({"vlan": {"id": 7}})
        there.vcenter.faults.add(
            Fault(method="reconfigure", error=errors.ChangedError("It changed."), times=None)
        )
        before = there.vcenter.calls["reconfigure"]
        assert there.run_group().reason == "ConcurrentModification"
        assert there.vcenter.calls["reconfigure"] - before == 4
        assert there.condition("ConfigInSync")[:2] == ("False", "ConcurrentModification")

    def test_hosts_that_did_not_take_it(self) -> None:
        there = made()
        there.edit({"vlan": {"id": 7}})
        error = errors.PartialError("Host esx-3 did not take it.", ("esx-3",))
        there.vcenter.faults.add(Fault(method="reconfigure", error=error, after=True))
        assert there.run_group().reason == "PartialHostFailure"
        status, reason, message = there.condition("ConfigInSync")
        assert (status, reason) == ("False", "PartialHostFailure")
        assert "esx-3" in message
        until_done(there)
        assert there.condition()[0] == "True"


class TestPeople:
    """Rows 18 to 22, 26, 27 and 46: people change things in vCenter."""

    def test_a_vlan_that_was_changed_is_repaired_even_in_use(self) -> None:
        there = made()
        there.hand.attach(mo_ref(there), "vm-1")
        there.hand.set_vlan(mo_ref(there), 999)
        there.run_group()
        assert there.vlan() == 112
        note = dict(there.events)["PortGroupRepaired"]
        assert "want VLAN 112, have VLAN 999" in note

    def test_or_reported(self) -> None:
        there = made(driftPolicy="Report")
        there.hand.set_vlan(mo_ref(there), 999)
        there.run_group()
        assert there.vlan() == 999
        assert there.condition("ConfigInSync")[:2] == ("False", "Drifted")
        assert there.status()["drift"] == [
            {"field": "vlan", "want": "VLAN 112", "have": "VLAN 999"}
        ]

    def test_an_edit_waits_while_it_is_in_use(self) -> None:
        there = made()
        there.hand.attach(mo_ref(there), "vm-1")
        there.edit({"vlan": {"id": 7}})
        there.run_group()
        assert there.vlan() == 112
        status, reason, message = there.condition("ConfigInSync")
        assert (status, reason) == ("False", "WaitingUntilUnused")
        assert "want VLAN 7, have VLAN 112" in message
        assert there.status()["usage"]["names"] == ["vm-1"]
        there.hand.detach(mo_ref(there))
        there.run_group()
        assert there.vlan() == 7

    def test_users_that_cannot_be_read_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        there = made()
        monkeypatch.setattr(reads, "users", lambda *_: Users(ports=None, machines=0))
        there.edit({"vlan": {"id": 7}})
        there.run_group()
        assert there.vlan() == 112
        assert there.condition("ConfigInSync")[1] == "WaitingUntilUnused"

    def test_a_renamed_one_is_found_and_named_again(self) -> None:
        there = made()
        known = mo_ref(there)
        there.hand.rename(known, "somebody-s")
        there.run_group()
        assert mo_ref(there) == known
        assert there.writes.count("create") == 1

    def test_or_its_name_is_reported(self) -> None:
        there = made(driftPolicy="Report")
        known = mo_ref(there)
        there.hand.rename(known, "somebody-s")
        there.run_group()
        assert there.condition("ConfigInSync")[1] == "Drifted"
        assert there.status()["portGroup"]["moRef"] == known
        assert there.status()["portGroup"]["name"] == "somebody-s"

    @pytest.mark.parametrize("wiped", ["description", "value"])
    def test_half_a_mark_is_healed(self, wiped: str) -> None:
        there = made()
        known = mo_ref(there)
        if wiped == "description":
            there.hand.describe(known, "for tests")
        else:
            there.hand.set_value(known, marks.ATTRIBUTE, None)
        there.run_group()
        assert there.condition()[0] == "True"
        row = there.named("edge")
        assert row is not None
        mark = marks.of_description(row["config"]["description"])
        assert isinstance(mark, marks.Mark)
        assert row["customValue"][0]["value"] == marks.text(mark)

    def test_without_both_marks_nothing_is_written(self) -> None:
        there = made()
        known = mo_ref(there)
        there.hand.describe(known, "for tests")
        there.hand.set_value(known, marks.ATTRIBUTE, None)
        there.hand.set_vlan(known, 999)
        reason, message = refused(there, "OwnershipVerified")
        assert reason == "MarkLost"
        assert "akoo.io/adopt" in message
        there.annotate({"akoo.io/adopt": there.spec.management_id})
        there.run_group()
        assert there.condition()[0] == "True"
        assert there.vlan() == 112

    def test_an_elastic_one_grows_in_peace(self) -> None:
        there = made()
        before = there.writes
        for number in range(40):
            there.hand.attach(mo_ref(there), f"vm-{number}")
        there.run_group()
        assert there.writes == before
        assert there.condition()[0] == "True"
        row = there.named("edge")
        assert row is not None
        assert row["config"]["numPorts"] >= 40

    def test_a_switch_in_another_folder(self) -> None:
        there = made()
        network = there.vcenter.inventory.named("network", there.there.datacenter)
        assert network is not None
        folder = there.hand.add_folder("moved", network.mo_ref)
        there.hand.move(there.there.switch, folder)
        there.run_group()
        assert there.condition()[0] == "True"
        assert there.status()["portGroup"]["inventoryPath"] == "/DC0/network/moved/edge"

    def test_a_switch_with_another_name(self) -> None:
        there = made()
        before = there.writes
        there.hand.change_switch(there.there.switch, name="DVS-new")
        there.run_group()
        assert there.condition()[0] == "True"
        assert 'is "DVS0"' in there.condition("SwitchResolved")[2]
        assert there.writes == before

    def test_a_switch_that_is_gone(self) -> None:
        there = made()
        there.hand.detach(there.there.management)
        there.hand.remove(there.there.switch)
        reason, message = refused(there, "SwitchResolved")
        assert reason == "SwitchNotFound"
        assert "not for this account" in message
        there.delete()
        there.run_group()
        assert there.group() is None


class TestMarks:
    def test_two_port_groups_with_our_mark(self) -> None:
        """Somebody copied the attribute, and the status was lost: nothing says which is ours."""
        there = made()
        row = there.named("edge")
        assert row is not None
        there.hand.set_value(there.there.free, marks.ATTRIBUTE, row["customValue"][0]["value"])
        there.set_status(None)
        reason, message = refused(there, "OwnershipVerified")
        assert reason == "MarksDisagree"
        assert row["moRef"] in message
        assert there.there.free in message
        there.hand.set_value(there.there.free, marks.ATTRIBUTE, None)
        until_done(there)
        assert there.status()["portGroup"]["moRef"] == row["moRef"]


class TestNames:
    """Rows 22, 23, 29 to 31: names that others have, and names that are found twice."""

    def test_a_name_that_nobody_owns(self) -> None:
        there = VSphereWorld(port_group(portGroupName="DC0-free"))
        reason, message = refused(there, "Provisioned")
        assert reason == "NameConflict"
        assert "adoptionPolicy" in message

    def test_a_name_that_another_of_ours_has(self) -> None:
        there = VSphereWorld(
            port_group("edge", portGroupName="data"), port_group("second", portGroupName="data")
        )
        there.run_group("edge")
        there.run_group("second")
        assert there.condition("OwnershipVerified", "second")[1] == "ForeignOwner"
        assert there.condition(name="edge")[0] == "True"
        there.delete("edge")
        there.run_group("edge")
        until_done(there, "second")
        assert there.condition(name="second")[0] == "True"

    def test_a_name_that_a_switch_has(self) -> None:
        there = VSphereWorld(port_group(portGroupName="DVS1"))
        result = there.run_group()
        assert isinstance(result, api.Blocked)
        assert there.condition("Provisioned")[1] == "NameConflict"
        assert there.named("DVS1") is None

    def test_the_same_name_on_two_switches(self) -> None:
        there = VSphereWorld(
            port_group("edge", portGroupName="data"),
            port_group(
                "second",
                portGroupName="data",
                datacenter="DC1",
                distributedSwitch={"name": "DVS0"},
            ),
        )
        for name in ("edge", "second", "edge"):
            there.run_group(name)
            assert there.condition(name=name)[0] == "True"
        first, second = (there.status(name)["portGroup"]["moRef"] for name in ("edge", "second"))
        assert first != second

    def test_a_datacenter_name_that_is_there_twice(self) -> None:
        there = VSphereWorld(port_group())
        folder = there.hand.add_folder("site-b")
        other = there.hand.add_datacenter("DC0", folder)
        there.hand.add_switch(other, "DVS0")
        reason, message = refused(there, "SwitchResolved")
        assert reason == "DatacenterAmbiguous"
        assert "/site-b/DC0" in message
        assert other in message

    @pytest.mark.parametrize("form", ["path", "moref"])
    def test_or_named_by_path_or_moref(self, form: str) -> None:
        there = VSphereWorld()
        folder = there.hand.add_folder("site/b")
        other = there.hand.add_datacenter("DC0", folder)
        switch = there.hand.add_switch(other, "DVS0")
        name = "/site%2fb/DC0" if form == "path" else f"moref:{other}"
        there.create(port_group(datacenter=name))
        there.run_group()
        assert there.condition()[0] == "True"
        assert there.status()["distributedSwitch"]["moRef"] == switch

    def test_a_switch_name_that_is_there_twice(self) -> None:
        there = VSphereWorld(port_group())
        network = there.vcenter.inventory.named("network", there.there.datacenter)
        assert network is not None
        there.hand.add_switch(
            there.there.datacenter, "DVS0", folder=there.hand.add_folder("f", network.mo_ref)
        )
        reason, _ = refused(there, "SwitchResolved")
        assert reason == "SwitchAmbiguous"

    @pytest.mark.parametrize("name", ["Größe 網", "a b", "x" * 80, "a'b\"c", "<&>"])
    def test_names_that_vcenter_takes(self, name: str) -> None:
        there = made(portGroupName=name)
        assert there.status()["portGroup"]["name"] == name
        before = there.writes
        there.run_group()
        assert there.writes == before


class TestVCenters:
    """Rows 5, 8, 9, 28, 37 and 38: the vCenter itself, and the way to it."""

    def test_one_that_does_not_answer(self) -> None:
        there = made()
        before = there.status()
        there.vcenter.stop()
        result = there.run_group()
        assert isinstance(result, api.Wait)
        assert there.condition()[:2] == ("False", "Unreachable")
        assert there.status()["portGroup"] == before["portGroup"]
        assert there.condition("ConfigInSync")[0] == "True"
        there.vcenter.come_back()
        until_done(there)
        assert there.condition()[0] == "True"

    def test_one_that_came_back_empty(self) -> None:
        there = VSphereWorld(port_group())
        empty = there.vcenter.snapshot()
        there.run_group()
        there.vcenter.stop()
        there.vcenter.come_back(empty)
        there.run_group()
        assert there.vlan() == 112
        assert there.condition()[0] == "True"
        assert [reason for reason, _ in there.events].count("PortGroupRemoved") == 1

    def test_one_that_gave_our_moref_to_another(self) -> None:
        """A port group of somebody has the recorded moRef: it is not touched."""
        there = VSphereWorld(port_group())
        empty = there.vcenter.snapshot()
        there.run_group()
        known = mo_ref(there)
        there.vcenter.stop()
        there.vcenter.come_back(empty)
        theirs = there.hand.add_port_group(there.there.switch, "theirs", vlan=5)
        assert theirs == known
        before = there.hand.read(theirs)
        until_done(there)
        assert there.hand.read(theirs) == before
        assert mo_ref(there) != theirs

    def test_one_that_gave_our_moref_to_another_of_ours(self) -> None:
        there = VSphereWorld(port_group("edge"), port_group("second"))
        empty = there.vcenter.snapshot()
        there.run_group("edge")
        there.run_group("second")
        there.vcenter.stop()
        there.vcenter.come_back(empty)
        for name in ("second", "edge", "second"):
            until_done(there, name)
        for name in ("edge", "second"):
            assert there.condition(name=name)[0] == "True"
            assert there.status(name)["portGroup"]["moRef"] == mo_ref(there, name)

    def test_one_that_was_replaced(self) -> None:
        there = made()
        there.vcenter.instance_uuid = "another"
        reason, message = refused(there, "OwnershipVerified")
        assert reason == "VCenterReplaced"
        assert "akoo.io/accept-vcenter: another" in message
        there.annotate_connection({"akoo.io/accept-vcenter": "another"})
        there.run_group()
        assert there.condition()[0] == "True"
        assert there.status()["portGroup"]["instanceUuid"] == "another"
        assert there.writes.count("create") == 1

    @pytest.mark.parametrize("look", [2, 3])
    def test_one_that_is_replaced_between_two_looks(
        self, look: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is asked which vCenter it is before each write, not once for all of them."""
        there = VSphereWorld(port_group())
        there.run_connection()
        asked, about = itertools.count(1), reads.about

        def answer(vcenter: Any) -> About:
            uuid = "another" if next(asked) >= look else vcenter.instance_uuid
            return structs.replace(about(vcenter), instance_uuid=uuid)

        monkeypatch.setattr(reads, "about", answer)
        there.run_group()
        assert there.condition("OwnershipVerified")[1] == "VCenterReplaced"
        assert touching(there) == ["create"][: look - 2]

    def test_a_new_object_on_a_replaced_one(self) -> None:
        there = VSphereWorld(port_group())
        there.run_connection()
        there.vcenter.instance_uuid = "another"
        assert refused(there, "OwnershipVerified")[0] == "VCenterReplaced"

    def test_a_missing_connection(self) -> None:
        there = VSphereWorld(port_group(connection="other"))
        reason, message = refused(there)
        assert reason == "ConnectionNotFound"
        assert "Create it" in message

    def test_a_secret_that_is_gone(self) -> None:
        there = made()
        there.run(there.management.client().delete(kube.SECRETS, "account", "vsphere"))
        reason, message = refused(there)
        assert reason == "SecretMissing"
        assert "vsphere/account" in message

    def test_an_old_one_without_a_field(self) -> None:
        policy = {"allowPromiscuous": False, "forgedTransmits": True, "macChanges": False}
        there = VSphereWorld(port_group(macManagementPolicy=policy))
        there.vcenter.api_version = "6.5"
        reason, message = refused(there, "SwitchResolved")
        assert reason == "VersionTooOld"
        assert "spec.macManagementPolicy" in message

    def test_an_attribute_that_may_not_be_defined(self) -> None:
        there = VSphereWorld(port_group())
        there.hand.deny("Global.ManageCustomFields")
        reason, message = refused(there, "OwnershipVerified")
        assert reason == "MarkUnavailable"
        assert "Global.ManageCustomFields" in message
        there.hand.set_value(there.there.free, marks.ATTRIBUTE, None)
        until_done(there)
        assert there.condition()[0] == "True"


class TestAdoption:
    """Rows 22, 40 and 42: port groups that are there already."""

    def test_an_identical_one_gets_only_its_mark(self) -> None:
        there = VSphereWorld(
            port_group(existing={"moRef": "?"}, vlan={"id": 20}, adoptionPolicy="IfIdentical")
        )
        there.edit({"existing": {"moRef": there.there.free}})
        before = there.hand.read(there.there.free)
        there.hand.attach(there.there.free, "vm-1")
        there.run_group()
        assert there.condition()[0] == "True"
        after = there.hand.read(there.there.free)
        assert after["config"]["defaultPortConfig"] == before["config"]["defaultPortConfig"]
        assert after["name"] == "DC0-free"
        status = there.status()
        assert (status["provenance"], status["deletionPolicy"]) == ("Adopted", "Retain")
        there.edit({"deletionPolicy": None})
        there.delete()
        there.run_group()
        assert there.group() is None
        left = there.hand.read(there.there.free)
        assert left["config"]["description"] == ""
        assert not any(entry["value"] for entry in left["customValue"])

    def test_by_its_path(self) -> None:
        there = made(
            existing={"inventoryPath": "/DC0/network/DC0-free"},
            vlan=None,
            adoptionPolicy="IfIdentical",
        )
        assert there.status()["portGroup"]["moRef"] == there.there.free

    def test_a_different_one_that_is_unused_is_changed(self) -> None:
        there = VSphereWorld(port_group(portGroupName="DC0-free", adoptionPolicy="IfUnowned"))
        there.run_group()
        assert there.condition()[0] == "True"
        assert there.vlan("DC0-free") == 112
        assert there.status()["provenance"] == "Adopted"

    def test_a_different_one_in_use_is_not(self) -> None:
        there = VSphereWorld(port_group(portGroupName="DC0-management", adoptionPolicy="IfUnowned"))
        reason, message = refused(there, "ConfigInSync")
        assert reason == "AdoptionWouldChange"
        assert "want VLAN 112, have VLAN 10" in message

    @pytest.mark.parametrize("name", ["DVS0-DVUplinks-{}", "DC0-segment"])
    def test_never_an_uplink_or_nsx_one(self, name: str) -> None:
        there = VSphereWorld()
        switch = there.there.switch.removeprefix("dvs-")
        wanted = name.format(switch)
        known = next(row for row in there.hand.groups().values() if row["name"] == wanted)
        there.create(
            port_group(existing={"moRef": known["moRef"]}, vlan=None, adoptionPolicy="IfUnowned")
        )
        reason, _ = refused(there, "OwnershipVerified")
        assert reason in ("UplinkPortGroup", "NSXManaged")

    def test_never_that_of_another_management_cluster(self) -> None:
        there = made()
        other = VSphereWorld(port_group(adoptionPolicy="IfUnowned"))
        other.spec = testing.builders.record_spec(management_id="m-other")
        other.registry.vcenters.update(there.registry.vcenters)
        other.vcenter, other.there = there.vcenter, there.there
        assert refused(other, "OwnershipVerified")[0] == "ForeignOwner"
        other.annotate({"akoo.io/adopt": there.spec.management_id})
        other.run_group()
        assert other.condition()[0] == "True"
        assert refused(there, "OwnershipVerified")[0] == "ForeignOwner"


class TestAvi:
    """No port group is made before the avi plugin agreed to this generation."""

    AVI: Json = {"controller": "main", "cloud": "vc-01"}

    def place(self, status: str, generation: int = 1) -> Json:
        return {
            "type": "AviPlacementValid",
            "status": status,
            "reason": "WrongDatacenter" if status == "False" else "Valid",
            "message": "Cloud vc-01 has another datacenter.",
            "observedGeneration": generation,
        }

    def test_it_waits_then_says_that_the_plugin_is_missing(self) -> None:
        there = VSphereWorld(port_group(avi=self.AVI))
        assert refused(there, "Provisioned")[0] == "AviPlacementAwaited"
        there.clock.advance(120.0)
        assert refused(there, "Provisioned")[0] == "AviPluginMissing"

    def test_it_is_refused_then_agreed(self) -> None:
        there = VSphereWorld(port_group(avi=self.AVI))
        there.set_condition(self.place("False"))
        reason, message = refused(there, "Provisioned")
        assert reason == "AviPlacementInvalid"
        assert "another datacenter" in message
        there.set_condition(self.place("True", generation=0))
        assert refused(there, "Provisioned")[0] == "AviPlacementAwaited"
        there.set_condition(self.place("True"))
        there.run_group()
        assert there.condition()[0] == "True"
        assert there.condition("AviPlacementValid")[0] == "True"

    def test_ready_waits_for_avi_s_network(self) -> None:
        there = VSphereWorld(port_group(avi=self.AVI))
        there.set_condition(self.place("True"))
        network = {
            "type": "AviNetworkDiscovered",
            "status": "False",
            "reason": "NotYet",
            "observedGeneration": 1,
        }
        there.set_condition(network)
        there.run_group()
        assert there.vlan() == 112
        assert there.condition()[:2] == ("False", "NotYet")
        there.set_condition({**network, "status": "True", "reason": "Discovered"})
        there.run_group()
        assert there.condition()[0] == "True"
