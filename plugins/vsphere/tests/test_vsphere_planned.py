"""``akoo-core plan --kind VSpherePortGroup``: shows what an attempt would do, and does nothing."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_vsphere.connect import access

from akoo_core import testing
from tests.vsphere.vsphere_world import VSphereWorld, port_group, using


def planned(there: VSphereWorld, name: str = "edge") -> tuple[str, str]:
    """Action and reason of the only line; nothing is written."""
    before = there.state(), list(there.writes)
    (action,) = testing.run_key_plan(there.controllers, "port-groups", name, there).actions
    assert (there.state(), list(there.writes)) == before
    assert action.kind == "port group"
    return action.action, action.why


def made(**spec: Any) -> VSphereWorld:
    there = VSphereWorld(port_group(**spec))
    there.run_group()
    return there


def mo_ref(there: VSphereWorld) -> str:
    row = there.named("edge")
    assert row is not None
    return str(row["moRef"])


def test_a_new_one() -> None:
    there = VSphereWorld(port_group())
    assert planned(there) == ("create", "it does not exist")


def test_one_in_force_then_drifted_then_edited_in_use() -> None:
    there = made()
    assert planned(there) == ("keep", "it is as it is wanted")
    there.hand.set_vlan(mo_ref(there), 999)
    action, why = planned(there)
    assert action == "change"
    assert "want VLAN 112, have VLAN 999" in why
    there.run_group()
    there.hand.attach(mo_ref(there), "vm-1")
    there.edit({"vlan": {"id": 7}})
    action, why = planned(there)
    assert action == "keep"
    assert why.startswith("WaitingUntilUnused")


def test_one_that_cannot_be() -> None:
    there = VSphereWorld(port_group(portGroupName="DC0-free"))
    action, why = planned(there)
    assert action == "keep"
    assert why.startswith("NameConflict")
    assert "adoptionPolicy" in why


def test_one_that_is_deleted() -> None:
    there = made()
    record = using("shop", there)
    there.create(record)
    there.delete()
    assert planned(there)[0] == "keep"
    assert record["metadata"]["name"] in planned(there)[1]


def test_a_deleted_one_goes_once_it_is_unused() -> None:
    there = made()
    there.hand.attach(mo_ref(there), "Avi-se-1")
    there.delete()
    action, why = planned(there)
    assert action == "keep"
    assert "Avi-se-1" in why
    there.hand.detach(mo_ref(there))
    assert planned(there)[0] == "delete"


@pytest.mark.parametrize("way", ["Retain", "let-go"])
def test_one_that_stays(way: str) -> None:
    there = made()
    if way == "Retain":
        there.edit({"deletionPolicy": "Retain"})
    else:
        there.annotate({"akoo.io/let-go": "it serves others"})
    there.delete()
    action, why = planned(there)
    assert action == "keep"
    assert why.startswith("it stays in vCenter")


@pytest.mark.parametrize("name", ["DVS0", "DC0-storage"])
def test_a_name_that_another_object_has(name: str) -> None:
    """A switch, and a port group of another switch."""
    action, why = planned(VSphereWorld(port_group(portGroupName=name)))
    assert action == "keep"
    assert why.startswith("NameConflict")


def test_a_vlan_of_a_pool_that_another_port_group_has_by_now() -> None:
    chosen = {"annotations": {"akoo.io/config": "default"}}
    there = VSphereWorld(port_group(metadata=chosen, vlan={"id": 20}))
    action, why = planned(there)
    assert action == "keep"
    assert why.startswith("VlanInUse")
    assert "DC0-free" in why
    by_a_person = VSphereWorld(port_group(vlan={"id": 20}))
    assert planned(by_a_person)[0] == "create"


def test_a_person_may_insist_on_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused logins count for it as for other commands, and not as for the operator."""
    asked: list[bool] = []
    way = access.open

    async def noted(*args: Any, by_command: bool = False) -> Any:
        asked.append(by_command)
        return await way(*args, by_command=by_command)

    monkeypatch.setattr(access, "open", noted)
    there = VSphereWorld(port_group())
    planned(there)
    there.run_group()
    assert asked == [True, False]
