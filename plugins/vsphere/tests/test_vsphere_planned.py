"""``akoo-core plan --kind VSpherePortGroup``: shows what an attempt would do, and does nothing."""

from __future__ import annotations

from typing import Any

import pytest

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
