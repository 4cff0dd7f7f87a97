"""VSpherePortGroups on a vCenter in memory: made, changed, repaired, adopted."""

from __future__ import annotations

from typing import Any

from akoo_vsphere import marks
from akoo_vsphere.testing import Fault

from akoo_core.plugin import api
from akoo_core.testing import Crash, verbs
from tests.vsphere.vsphere_world import VSphereWorld, port_group

Json = dict[str, Any]


def made(**spec: Any) -> VSphereWorld:
    """A world with a port group that is in force."""
    there = VSphereWorld(port_group(**spec))
    assert isinstance(there.run_group(), api.Done), there.status()
    assert there.condition()[0] == "True", there.condition()
    return there


def test_it_is_made_marked_and_recorded() -> None:
    there = made()
    row = there.named("edge")
    assert row is not None
    status = there.status()
    assert there.vlan() == 112
    assert status["provenance"] == "Created"
    assert status["deletionPolicy"] == "Delete"
    assert status["observedGeneration"] == 1
    recorded = status["portGroup"]
    assert recorded == {
        "name": "edge",
        "moRef": row["moRef"],
        "key": row["moRef"],
        "instanceUuid": there.vcenter.instance_uuid,
        "datacenter": there.there.datacenter,
        "switchUuid": recorded["switchUuid"],
        "inventoryPath": "/DC0/network/edge",
        "configVersion": row["config"]["configVersion"],
        "vlan": {"id": 112},
    }
    mark = marks.of_description(row["config"]["description"])
    assert isinstance(mark, marks.Mark)
    assert (mark.name, mark.provenance, mark.nonce) == ("edge", "Created", "n1")
    assert [entry["value"] for entry in row["customValue"]] == [marks.text(mark)]
    for kind in ("SwitchResolved", "Provisioned", "OwnershipVerified", "ConfigInSync"):
        assert there.condition(kind)[0] == "True", kind
    assert [reason for reason, _ in there.events] == ["PortGroupCreated"]
    assert "pendingCreate" not in status
    obj = there.group()
    assert obj is not None
    assert "akoo.io/vsphere-port-group" in obj["metadata"]["finalizers"]


def test_at_rest_nothing_is_written() -> None:
    there = made()
    before = there.group(), there.hand.groups(), len(there.writes)
    there.clock.advance(700.0)
    again = there.trace()
    assert (there.group(), there.hand.groups(), len(there.writes)) == before
    assert again.writes == ()


def test_the_nonce_is_stored_before_the_create_and_nothing_before_the_finalizers() -> None:
    there = VSphereWorld(port_group())
    calls = [str(call) for call in there.trace().calls]
    first = next(i for i, call in enumerate(calls) if "vsphere AddDVPortgroup_Task" in call)
    before = calls[:first]
    assert any("patch vsphereportgroups/status" in call for call in before)
    assert any("patch vsphereportgroups edge" in call for call in before)
    assert any("patch vsphereconnections vc" in call for call in before)
    define = next(i for i, call in enumerate(calls) if "vsphere AddCustomFieldDef" in call)
    assert define < first
    # Only a create that an earlier attempt sent is looked for by its nonce: that reads them all.
    assert not any("descriptions" in call for call in calls)


def test_a_port_group_that_a_lost_create_made_is_found_under_another_name() -> None:
    """The process dies, or loses the answer, and somebody renames what was made."""
    for lost in (False, True):
        there = VSphereWorld(port_group())
        if lost:
            there.vcenter.faults.add(Fault(method="create", lost=True))
        else:
            operations = [call.operation for call in VSphereWorld(port_group()).trace().calls]
            sent = operations.index("AddDVPortgroup_Task") + 1
            there.calls.fail(sent, "after", Crash())
        there.run(verbs.try_reconcile(there.controllers, "port-groups", "edge", there))
        there.calls.heal()
        there.restart()
        row = there.named("edge")
        assert row is not None
        assert row["customValue"] == []
        there.hand.rename(row["moRef"], "renamed")
        there.run_group()
        assert there.status()["portGroup"]["moRef"] == row["moRef"]
        assert (there.named("renamed"), there.condition()[0]) == (None, "True")
        assert there.writes.count("create") == 1
