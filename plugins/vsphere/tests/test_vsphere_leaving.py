"""VSpherePortGroups that are deleted, moved and restored."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from akoo_vsphere import marks
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import About, Users
from akoo_vsphere.controllers import leave
from akoo_vsphere.spec import resources
from akoo_vsphere.testing import operations, reads
from akoo_vsphere.testing.faults import NEVER, Fault

from akoo_core.plugin import api, kube, structs
from tests.vsphere.vsphere_world import VSphereWorld, port_group, using

Json = dict[str, Any]


def made(*others: Json, **spec: Any) -> VSphereWorld:
    """A world with a port group that is in force."""
    there = VSphereWorld(port_group(**spec), *others)
    there.run_group()
    assert there.condition()[0] == "True", there.condition()
    return there


def mo_ref(there: VSphereWorld, name: str = "edge") -> str:
    row = there.named(name)
    assert row is not None
    return str(row["moRef"])


def held(there: VSphereWorld) -> tuple[str, str]:
    """Reason and message of Held, after an attempt that removed nothing."""
    before = there.hand.groups()
    result = there.run_group()
    assert isinstance(result, api.Wait | api.Blocked)
    assert there.hand.groups() == before
    status, reason, message = there.condition("Held")
    assert status == "True"
    assert there.condition()[:2] == ("False", "Deleting")
    return reason, message


class TestDeletion:
    def test_an_unused_one_is_destroyed(self) -> None:
        there = made()
        others = {key: row for key, row in there.hand.groups().items() if row["name"] != "edge"}
        there.delete()
        there.run_group()
        assert there.group() is None
        assert there.hand.groups() == others
        assert "PortGroupDestroyed" in dict(there.events)

    def test_a_record_keeps_it(self) -> None:
        there = made()
        record = using("shop", there)
        there.create(record)
        there.delete()
        reason, message = held(there)
        assert reason == "InUse"
        assert record["metadata"]["name"] in message
        there.delete(record["metadata"]["name"], kube.AKO_DEPLOYMENTS)
        there.run_group()
        assert there.group() is None

    def test_another_controller_s_finalizer_keeps_it(self) -> None:
        there = made()
        there.finalize(["akoo.io/vsphere-port-group", "akoo.io/avi-ip-pool-of-port-group"])
        there.delete()
        assert "akoo.io/avi-ip-pool-of-port-group" in held(there)[1]
        there.finalize(["akoo.io/vsphere-port-group"])
        there.run_group()
        assert there.group() is None

    @pytest.mark.parametrize("machine", [True, False])
    def test_what_is_connected_keeps_it(self, machine: bool) -> None:
        there = made()
        for number in range(7):
            there.hand.attach(mo_ref(there), f"user-{number}", machine=machine)
        there.delete()
        reason, message = held(there)
        assert reason == "InUse"
        assert "user-0, user-1, user-2, user-3, user-4" in message
        assert "user-5" not in message
        assert there.writes.count("destroy") == 0
        assert [reason for reason, _ in there.events].count("PortGroupHeld") == 1
        held(there)
        assert [reason for reason, _ in there.events].count("PortGroupHeld") == 1
        there.hand.detach(mo_ref(there))
        there.run_group()
        assert there.group() is None

    def test_it_is_looked_at_again_after_as_long_as_it_is_held(self) -> None:
        """From two seconds to ten minutes: vCenter does not say when a machine leaves."""
        there = made()
        there.hand.attach(mo_ref(there), "vm-1")
        there.delete()
        assert there.run_group().after == 2.0
        for passed, after in ((30.0, 30.0), (70.0, 100.0), (5000.0, 600.0)):
            there.clock.advance(passed)
            assert there.run_group().after == after

    def test_users_that_our_account_cannot_see(self) -> None:
        there = made()
        user = there.hand.attach(mo_ref(there), "vm-1")
        there.hand.deny("System.Read", user)
        there.delete()
        message = held(there)[1]
        assert "1 of them not for this account to see" in message
        assert "vm-1" not in message

    @pytest.mark.parametrize(
        "unread", [{"ports": None, "machines": 0}, {"ports": 0, "machines": None}]
    )
    def test_users_that_cannot_be_read_count_as_use(
        self, unread: Json, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        there = made()
        monkeypatch.setattr(reads, "users", lambda *_: Users(**unread))
        there.delete()
        reason, message = held(there)
        assert reason == "InUse"
        assert "cannot be read" in message
        assert there.writes.count("destroy") == 0

    def test_a_switch_that_cannot_be_seen_any_more(self) -> None:
        there = made()
        there.hand.deny("System.Read", there.there.switch, only=True)
        there.delete()
        assert held(there)[0] == "SwitchNotFound"

    def test_idle_service_engines_are_the_cause(self) -> None:
        there = made()
        there.hand.attach(mo_ref(there), "Avi-se-abcde")
        there.delete()
        message = held(there)[1]
        assert "se_deprovision_delay" in message

    def test_one_that_is_attached_right_before_the_destroy(self) -> None:
        there = made()
        there.delete()
        there.vcenter.faults.add(
            Fault(method="destroy", error=errors.InUseError("In use by vm-9.", "vm-9"))
        )
        assert "vm-9" in held(there)[1]
        there.run_group()
        assert there.group() is None

    def test_a_drifted_one(self) -> None:
        there = made()
        there.hand.set_vlan(mo_ref(there), 999)
        there.edit({"vlan": {"id": 4000}})
        there.delete()
        there.run_group()
        assert there.group() is None
        assert there.named("edge") is None

    def test_one_that_is_gone_already(self) -> None:
        there = made()
        there.hand.remove(mo_ref(there))
        there.delete()
        there.run_group()
        assert there.group() is None

    def test_one_that_was_never_made(self) -> None:
        there = VSphereWorld(port_group(connection="other"))
        there.run_group()
        there.delete()
        assert there.group() is None

    def test_a_lost_answer_of_the_destroy(self) -> None:
        there = made()
        there.vcenter.faults.add(Fault(method="destroy", lost=True))
        there.delete()
        there.run_group()
        assert there.group() is not None
        there.run_group()
        assert there.group() is None

    def test_a_destroy_without_effect(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The absence is confirmed by a look: an answer alone proves nothing."""
        there = made()
        with monkeypatch.context() as patched:
            patched.setattr(operations, "destroy", lambda *_: "")
            there.delete()
            assert held(there)[0] == "DestroyAwaited"
        there.run_group()
        assert there.group() is None
        assert there.named("edge") is None

    def test_one_whose_create_still_runs(self) -> None:
        there = VSphereWorld(port_group())
        there.vcenter.faults.add(Fault(method="create", task_seconds=NEVER))
        there.run_group()
        there.delete()
        assert held(there)[0] == "TaskRunning"
        there.vcenter.tasks.clear()
        there.clock.advance(300.0)
        there.run_group()
        assert there.group() is None

    def test_one_whose_create_lost_its_answer(self) -> None:
        """The port group appears after the deletion: it is found by its nonce and goes."""
        there = VSphereWorld(port_group())
        there.vcenter.faults.add(
            Fault(method="create", error=errors.OutcomeUnknownError("The answer was lost."))
        )
        there.run_group()
        there.delete()
        assert held(there)[0] == "CreateUncertain"
        obj = there.group()
        assert obj is not None
        mark = marks.Mark(
            management_id=there.spec.management_id,
            epoch=1,
            name="edge",
            uid=obj["metadata"]["uid"],
            provenance="Created",
            nonce=obj["status"]["pendingCreate"]["nonce"],
        )
        there.hand.add_port_group(there.there.switch, "edge", description=marks.text(mark))
        there.run_group()
        assert there.group() is None
        assert there.named("edge") is None

    def test_one_whose_marks_are_gone_stays(self) -> None:
        there = made()
        known = mo_ref(there)
        there.hand.describe(known, "somebody's")
        there.hand.set_value(known, marks.ATTRIBUTE, None)
        there.delete()
        reason, message = held(there)
        assert reason == "OwnershipUnclear"
        assert "Retain" in message
        there.edit({"deletionPolicy": "Retain"})
        there.run_group()
        assert there.group() is None
        assert there.hand.read(known)["config"]["description"] == "somebody's"

    def test_one_of_another_management_cluster_stays(self) -> None:
        there = made()
        known = mo_ref(there)
        mark = marks.Mark(
            management_id="m-other",
            epoch=2,
            name="edge",
            uid="u-other",
            provenance="Created",
            nonce="n",
        )
        there.hand.describe(known, marks.text(mark))
        there.hand.set_value(known, marks.ATTRIBUTE, marks.text(mark))
        there.delete()
        assert held(there)[0] == "OwnershipUnclear"

    def test_one_that_nsx_took_over_stays(self) -> None:
        there = made()
        there.hand._group(mo_ref(there)).config["backingType"] = "nsx"
        there.delete()
        assert held(there)[0] == "NSXManaged"

    def test_another_vcenter_is_not_touched(self) -> None:
        there = made()
        there.vcenter.instance_uuid = "another"
        there.delete()
        assert held(there)[0] == "VCenterReplaced"

    def test_another_vcenter_right_before_the_destroy(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        there = made()
        asked, about = itertools.count(1), reads.about

        def answer(vcenter: Any) -> About:
            uuid = "another" if next(asked) >= 2 else vcenter.instance_uuid
            return structs.replace(about(vcenter), instance_uuid=uuid)

        there.run_connection()
        monkeypatch.setattr(reads, "about", answer)
        there.delete()
        assert held(there)[0] == "VCenterReplaced"
        assert there.writes.count("destroy") == 0

    def test_the_uses_in_words(self) -> None:
        text = leave.used_by(Users(ports=None, machines=2, names=("a",)))
        assert "cannot be read" in text


class TestRetain:
    def test_it_stays_without_its_mark(self) -> None:
        there = made(deletionPolicy="Retain")
        known = mo_ref(there)
        there.delete()
        there.run_group()
        assert there.group() is None
        row = there.hand.read(known)
        assert row["config"]["description"] == ""
        assert not any(entry["value"] for entry in row["customValue"])
        assert "without a mark" in dict(there.events)["PortGroupRetained"]

    @pytest.mark.parametrize("way", ["Retain", "let-go"])
    def test_a_dead_vcenter_does_not_hold_it(self, way: str) -> None:
        there = made()
        there.vcenter.stop()
        there.delete()
        assert held(there)[0] == "Unreachable"
        if way == "Retain":
            there.edit({"deletionPolicy": "Retain"})
        else:
            there.annotate({"akoo.io/let-go": "vCenter is gone"})
        there.run_group()
        assert there.group() is None
        (note,) = (
            note
            for reason, note in there.events
            if reason in ("PortGroupRetained", "PortGroupLetGo")
        )
        assert "stays in vCenter, with its mark" in note

    def test_one_that_is_let_go_is_not_asked_for(self) -> None:
        there = made()
        calls = len(there.vcenter.journal)
        there.annotate({"akoo.io/let-go": "it serves others now"})
        there.delete()
        there.run_group()
        assert there.group() is None
        assert there.named("edge") is not None
        assert len(there.vcenter.journal) == calls

    def test_records_hold_it_in_any_case(self) -> None:
        there = made(deletionPolicy="Retain")
        there.create(using("shop", there))
        there.delete()
        assert held(there)[0] == "InUse"


class TestMoves:
    """clusterctl moves the object away: vCenter is not called."""

    def test_a_moved_one_loses_its_finalizer_alone(self) -> None:
        there = made()
        calls, groups = len(there.vcenter.journal), there.hand.groups()
        there.annotate({"clusterctl.cluster.x-k8s.io/delete-for-move": ""})
        there.delete()
        there.run_group()
        assert there.group() is None
        assert (len(there.vcenter.journal), there.hand.groups()) == (calls, groups)

    def test_restored_with_another_uid_and_without_status(self) -> None:
        there = made()
        known = mo_ref(there)
        there.annotate({"clusterctl.cluster.x-k8s.io/delete-for-move": ""})
        there.delete()
        there.run_group()
        there.create(port_group())
        there.run_group()
        obj = there.group()
        assert obj is not None
        status = obj["status"]
        assert there.condition()[0] == "True"
        assert status["portGroup"]["moRef"] == known
        assert status["provenance"] == "Created"
        mark = marks.read(there.hand.read(known)["customValue"][0]["value"])
        assert isinstance(mark, marks.Mark)
        assert mark.uid == obj["metadata"]["uid"]
        assert there.writes.count("create") == 1

    def test_a_lost_status_is_rebuilt_from_the_mark(self) -> None:
        there = made()
        before = there.status()
        there.hand.rename(mo_ref(there), "somebody-s")
        there.set_status(None)
        there.run_group()
        after = there.status()
        assert after["portGroup"]["moRef"] == before["portGroup"]["moRef"]
        assert (after["provenance"], after["nonce"]) == ("Created", before["nonce"])
        assert there.writes.count("create") == 1

    def test_a_lost_status_while_it_is_deleted(self) -> None:
        there = made()
        there.set_status(None)
        there.delete()
        there.run_group()
        assert there.group() is None
        assert there.named("edge") is None

    def test_an_adopted_one_with_a_lost_status_stays_in_vcenter(self) -> None:
        there = VSphereWorld(
            port_group(portGroupName="DC0-free", vlan=None, adoptionPolicy="IfIdentical")
        )
        there.run_group()
        there.set_status(None)
        there.delete()
        there.run_group()
        assert there.group() is None
        assert there.named("DC0-free") is not None


class TestConnections:
    def test_a_connection_stays_while_port_groups_need_it(self) -> None:
        there = made()
        there.delete("vc", resources.CONNECTIONS)
        result = there.run_connection(controller="kept-connections")
        assert isinstance(result, api.Wait)
        connection = there.connection()
        assert connection is not None
        (row,) = (row for row in connection["status"]["conditions"] if row["type"] == "Held")
        assert "edge" in row["message"]
        there.delete()
        there.run_group()
        there.run_connection(controller="kept-connections")
        assert there.connection() is None

    def test_a_deleted_one_takes_no_new_port_group(self) -> None:
        there = made()
        there.delete("vc", resources.CONNECTIONS)
        there.create(port_group("second"))
        result = there.run_group("second")
        assert isinstance(result, api.Blocked)
        assert there.condition(name="second")[1] == "ConnectionDeleting"
        second = there.group("second")
        assert second is not None
        assert "finalizers" not in second["metadata"], "nothing is outside, so nothing holds it"
        assert there.named("second") is None

    def test_a_moved_one_goes_at_once(self) -> None:
        there = made()
        there.annotate_connection({"clusterctl.cluster.x-k8s.io/delete-for-move": ""})
        there.delete("vc", resources.CONNECTIONS)
        there.run_connection(controller="kept-connections")
        assert there.connection() is None


DELETIONS: dict[str, Callable[[VSphereWorld], None]] = {
    "group": lambda there: there.delete(),
    "connection": lambda there: there.delete("vc", resources.CONNECTIONS),
    "record": lambda there: (
        there.delete(using("shop", there)["metadata"]["name"], kube.AKO_DEPLOYMENTS)
        if there.group() is not None
        else None
    ),
}


@pytest.mark.parametrize("order", list(itertools.permutations(DELETIONS)))
@pytest.mark.parametrize("between", [False, True])
def test_any_order_of_deletion_ends_by_itself(order: tuple[str, ...], between: bool) -> None:
    """``between``: the controllers look after each deletion, not only after the last."""
    there = made()
    record = using("shop", there)
    there.create(record)
    for which in order:
        DELETIONS[which](there)
        if between:
            run_all(there)
    for _ in range(4):
        run_all(there)
    assert there.group() is None
    assert there.connection() is None
    assert there.named("edge") is None


def run_all(there: VSphereWorld) -> None:
    """An attempt of each controller."""
    there.run_group()
    there.run_connection(controller="kept-connections")
    there.run_connection()
    there.clock.advance(60.0)
