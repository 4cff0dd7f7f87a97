"""The search for the port group of an object, while a source follows the vCenter."""

from __future__ import annotations

import asyncio

import pytest
from akoo_vsphere import marks
from akoo_vsphere.client.api import Changes, Listed
from akoo_vsphere.connect.marked import HEARD_SECONDS, Marked
from akoo_vsphere.spec import connection as connections
from akoo_vsphere.spec.connection import Connection
from akoo_vsphere.testing.faults import Fault

from akoo_core.plugin import structs
from akoo_core.testing import virtual_time
from tests.vsphere.vsphere_fleet import VSphereFleet
from tests.vsphere.vsphere_world import CONNECTION, VSphereWorld, port_group


def followed() -> VSphereWorld:
    """The list of the switch was read before the port group of ``edge`` was made."""
    there = VSphereWorld(port_group("first", vlan={"id": 5}), port_group())
    there.follow()
    there.run_group("first")
    there.run_group()
    assert there.condition()[0] == there.condition(name="first")[0] == "True"
    assert there.vcenter.calls["port_groups"] == 1
    return there


def mo_ref(there: VSphereWorld) -> str:
    row = there.named("edge")
    assert row is not None
    return str(row["moRef"])


def test_a_port_group_that_was_marked_after_the_list_was_read_is_known() -> None:
    there = followed()
    made = mo_ref(there)
    there.hand.rename(made, "somebody-s")
    there.set_status(None)
    there.run_group()
    assert there.condition()[0] == "True"
    assert mo_ref(there) == made
    assert there.writes.count("create") == 2
    assert there.vcenter.calls["port_groups"] == 1


def test_a_mark_that_was_wiped_is_not_believed_by_an_old_list() -> None:
    """The name alone does not say whose the port group is."""
    there = followed()
    made = mo_ref(there)
    there.hear()
    there.hand.set_value(made, marks.ATTRIBUTE, None)
    there.hand.describe(made, "")
    there.hand.rename(made, "somebody-s")
    there.set_status(None)
    there.run_group()
    assert mo_ref(there) != made
    assert there.hand.read(made)["name"] == "somebody-s"


def test_a_port_group_that_the_account_cannot_read_any_more_is_not_made_again() -> None:
    there = followed()
    made = mo_ref(there)
    there.hear()
    there.hand.rename(made, "somebody-s")
    there.hand.deny("System.View", made)
    there.set_status(None)
    there.run_group()
    assert there.condition()[:2] == ("Unknown", "NotVisible")
    assert there.writes.count("create") == 2


def test_a_namesake_is_not_the_port_group_of_a_lost_create() -> None:
    there = VSphereWorld(port_group())
    there.vcenter.faults.add(Fault(method="create", lost=True))
    there.run_group()
    made = mo_ref(there)
    there.hand.rename(made, "somebody-s")
    there.hand.add_port_group(there.there.switch, "edge")
    there.run_group()
    assert there.condition()[:2] == ("False", "NameConflict")
    assert there.hand.read(made)["customValue"]
    assert there.writes.count("create") == 1


def test_a_mark_on_another_switch_is_not_that_of_this_one() -> None:
    there = followed()
    copy = there.hand.read(mo_ref(there))["customValue"][0]["value"]
    other = there.hand.add_port_group(there.there.other_switch, "other")
    there.hand.set_value(other, marks.ATTRIBUTE, copy)
    before = there.hand.read(other)
    there.hand.remove(mo_ref(there))
    there.run_group()
    assert there.condition()[0] == "True"
    assert there.hand.read(other) == before


def test_a_namesake_on_the_switch_counts_wherever_somebody_moved_it() -> None:
    there = VSphereWorld(port_group(portGroupName="DC0-free"))
    there.hand.move(
        there.there.free,
        there.hand.add_folder("spare", there.vcenter.inventory.entities[there.there.switch].parent),
    )
    there.run_group()
    assert there.condition()[:2] == ("False", "NameConflict")
    assert there.writes == []


@pytest.mark.parametrize("place", ["beside", "other switch"])
def test_a_name_that_is_taken_costs_no_refused_create(place: str) -> None:
    there = VSphereWorld(port_group(portGroupName="DVS0" if place == "beside" else "taken"))
    if place != "beside":
        there.hand.add_port_group(there.there.other_switch, "taken")
    result = there.run_group()
    other = there.status().get("pendingCreate")
    assert (result.reason, other, there.writes) == ("NameConflict", None, [])
    assert there.group()["metadata"].get("finalizers") is None  # type: ignore[index]


@virtual_time.test
async def test_a_hundred_port_groups_are_made_by_two_lists(clock: virtual_time.LoopClock) -> None:
    """The first ones are looked for before the source follows."""
    there = VSphereFleet(clock)
    async with there.fleet:
        for number in range(100):
            await there.create(port_group(f"edge-{number}", vlan={"id": 1 + number}))
        for number in range(100):
            await there.until_ready(f"edge-{number}")
        await asyncio.sleep(30.0)
        assert there.vcenter.calls["create"] == 100
        assert there.vcenter.calls["port_groups"] <= 2
        assert there.vcenter.calls["child"] == 100


class TestMarked:
    """The reports of a source, as values."""

    def connection(self, generation: int = 1) -> Connection:
        metadata = {**CONNECTION["metadata"], "uid": "u-1", "generation": generation}
        return connections.from_object({**CONNECTION, "metadata": metadata})

    def entry(self, mo_ref: str, value: str = "mark") -> Listed:
        return Listed(
            mo_ref=mo_ref, name="x", parent="f", config_version="1", values={marks.ATTRIBUTE: value}
        )

    def marked(self) -> Marked:
        marked = Marked()
        whole = Changes(version="1", changed=(self.entry("pg-1"), self.entry("pg-2", "")))
        marked.take(self.connection(), structs.replace(whole, whole=True), 0.0)
        return marked

    def test_changes_are_added(self) -> None:
        marked = self.marked()
        assert marked.of(self.connection(), 0.0) == {"pg-1": "mark"}
        marked.take(self.connection(), Changes(version="2", changed=(self.entry("pg-3"),)), 1.0)
        assert marked.of(self.connection(), 1.0) == {"pg-1": "mark", "pg-3": "mark"}

    def test_what_left_the_view_or_lost_its_mark_stays_a_candidate(self) -> None:
        marked = self.marked()
        wiped = Changes(version="2", changed=(self.entry("pg-1", ""),), removed=("pg-1",))
        marked.take(self.connection(), wiped, 1.0)
        assert marked.of(self.connection(), 1.0) == {"pg-1": "mark"}

    def test_without_an_answer_nothing_is_known(self) -> None:
        marked = self.marked()
        assert marked.of(self.connection(), HEARD_SECONDS) is not None
        assert marked.of(self.connection(), HEARD_SECONDS + 0.1) is None
        marked.take(self.connection(), Changes(version="2"), 100.0)
        assert marked.of(self.connection(), 100.0) is not None
        marked.lose("vc")
        assert marked.of(self.connection(), 100.0) is None

    def test_changes_alone_are_not_the_whole(self) -> None:
        marked = self.marked()
        marked.lose("vc")
        marked.take(self.connection(), Changes(version="2", changed=(self.entry("pg-3"),)), 1.0)
        assert marked.of(self.connection(), 1.0) is None

    def test_a_connection_that_was_edited_may_be_another_vcenter(self) -> None:
        assert self.marked().of(self.connection(generation=2), 0.0) is None
