"""`akoo-core check vsphere`: vCenters, privileges, port groups with their settings."""

from __future__ import annotations

import copy
from typing import Any

from akoo_vsphere.plugin import VSpherePlugin

from akoo_core import testing
from akoo_core.plugin import api
from tests.vsphere.vsphere_world import CONNECTION, VSphereWorld, port_group

Json = dict[str, Any]
VC = "VSphereConnection/vc"
EDGE = "VSpherePortGroup/edge"


def checked(there: VSphereWorld) -> dict[str, api.Finding]:
    """The findings by subject. vCenter stays as it is."""
    plugin = VSpherePlugin(None, there.registry)
    plugin.name = "vsphere"
    before = there.hand.groups()
    findings = testing.run_check(plugin, there).findings
    assert there.hand.groups() == before
    by_subject = {finding.subject: finding for finding in findings}
    assert len(by_subject) == len(findings)
    return by_subject


def made(**spec: Any) -> VSphereWorld:
    """A world with a port group that is in force."""
    there = VSphereWorld(port_group(**spec))
    assert isinstance(there.run_group(), api.Done)
    return there


def mo_ref(there: VSphereWorld) -> str:
    """The reference of the port group."""
    row = there.named("edge")
    assert row is not None
    return str(row["moRef"])


def test_a_connection_without_port_groups() -> None:
    findings = checked(VSphereWorld())
    assert {subject: finding.state for subject, finding in findings.items()} == {
        f"{VC}: Reachable": "good",
        f"{VC}: CredentialValid": "good",
    }
    first = findings[f"{VC}: Reachable"]
    assert first.version
    assert first.message.startswith(f"vcenter.example.com answers as vCenter {first.version}")


def test_before_the_operator_ran_once() -> None:
    there = VSphereWorld(port_group())
    findings = checked(there)
    assert {finding.state for finding in findings.values()} == {"good"}
    assert findings[f"{VC}: PermissionsSufficient"].state == "good"
    assert findings[EDGE].message == "Would be written: it does not exist."
    assert there.named("edge") is None


def test_settings_are_data() -> None:
    there = made()
    row = there.named("edge")
    assert row is not None
    finding = checked(there)[EDGE]
    assert (finding.state, finding.message) == (
        "good",
        "Nothing would be written: it is as it is wanted.",
    )
    assert finding.data["moRef"] == row["moRef"]
    assert finding.data["settings"]["vlan"] == {"id": 112}
    assert finding.data["configVersion"] == row["config"]["configVersion"]


def test_an_edit_is_named_and_one_that_waits_is_a_problem() -> None:
    there = made()
    there.edit({"vlan": {"id": 113}})
    finding = checked(there)[EDGE]
    assert (finding.state, "want VLAN 113" in finding.message) == ("good", True)
    there.hand.attach(mo_ref(there), "vm-1")
    finding = checked(there)[EDGE]
    assert (finding.state, "WaitingUntilUnused" in finding.message) == ("wrong", True)


def test_a_deleted_port_group_that_is_in_use() -> None:
    there = made()
    there.delete()
    finding = checked(there)[EDGE]
    assert (finding.state, finding.data["writes"]) == (
        "good",
        ["its object is deleted, and nothing uses it"],
    )
    there.hand.attach(mo_ref(there), "vm-1")
    finding = checked(there)[EDGE]
    assert (finding.state, "vm-1" in finding.message) == ("wrong", True)
    there.annotate({"akoo.io/let-go": "it serves others"})
    assert checked(there)[EDGE].state == "good"


def test_places_that_are_not_there_or_not_judged() -> None:
    finding = checked(VSphereWorld(port_group(datacenter="DC9")))[EDGE]
    assert (finding.state, 'there is no datacenter "DC9"' in finding.message) == ("wrong", True)
    avi = {"controller": "main", "cloud": "vc-01", "subnet": {"cidr": "10.70.0.0/24"}}
    finding = checked(VSphereWorld(port_group(avi=avi)))[EDGE]
    assert (finding.state, "avi plugin" in finding.message) == ("wrong", True)


def test_missing_privileges_are_named_before_the_first_write() -> None:
    there = VSphereWorld(port_group())
    there.hand.deny("DVPortgroup.Create")
    finding = checked(there)[f"{VC}: PermissionsSufficient"]
    assert finding.state == "wrong"
    assert "DVPortgroup.Create on /DC0/network" in finding.message


def test_a_vcenter_that_does_not_answer() -> None:
    there = VSphereWorld(port_group())
    there.vcenter.stop()
    findings = checked(there)
    assert findings[f"{VC}: Reachable"].state == "wrong"
    assert findings[EDGE].state == "unknown"
    assert findings[EDGE].message == f"Not asked, since {VC} is not usable."


def test_another_vcenter_than_the_recorded_one() -> None:
    there = made()
    there.run_connection()
    there.vcenter.instance_uuid = "another"
    findings = checked(there)
    assert findings[f"{VC}: Reachable"].state == "wrong"
    assert "another answers" in findings[f"{VC}: Reachable"].message
    assert findings[EDGE].state == "unknown"


def test_objects_that_lead_nowhere() -> None:
    broken: Json = copy.deepcopy(CONNECTION)
    broken["metadata"]["name"] = "broken"
    broken["spec"]["address"] = "https://user@x/"
    there = VSphereWorld(
        broken,
        port_group("far", connection="elsewhere"),
        port_group("near", connection="broken"),
    )
    findings = checked(there)
    assert findings["VSphereConnection/broken"].state == "wrong"
    assert findings["VSpherePortGroup/near"].state == "unknown"
    assert "no VSphereConnection elsewhere" in findings["VSpherePortGroup/far"].message
