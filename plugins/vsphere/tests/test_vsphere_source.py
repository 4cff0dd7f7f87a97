"""The source: news of vCenter reach the controller at once, and cost nothing at rest."""

from __future__ import annotations

import asyncio
import collections

from akoo_vsphere import marks
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import Changes, Listed
from akoo_vsphere.controllers.index import Index, Seen
from akoo_vsphere.spec import resources
from akoo_vsphere.testing.faults import Fault

from akoo_core.plugin import kube
from akoo_core.testing import virtual_time
from tests.vsphere.vsphere_fleet import VSphereFleet
from tests.vsphere.vsphere_world import port_group


async def settled(there: VSphereFleet, *names: str) -> None:
    for name in names or ("edge",):
        await there.create(port_group(name))
    for name in names or ("edge",):
        await there.until_ready(name)
    await asyncio.sleep(5.0)


@virtual_time.test
async def test_drift_removal_rename_and_a_wiped_mark_are_repaired_in_a_second(
    clock: virtual_time.LoopClock,
) -> None:
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        await settled(there)
        there.hand.set_vlan(there.mo_ref(), 999)
        await fleet.until(lambda: there.vlan() == 112, seconds=2.0)
        there.hand.rename(there.mo_ref(), "somebody-s")
        await fleet.until(lambda: there.named("edge") is not None, seconds=2.0)
        there.hand.set_value(there.mo_ref(), marks.ATTRIBUTE, None)
        await fleet.until(lambda: there.hand.read(there.mo_ref())["customValue"], seconds=2.0)
        former = there.mo_ref()
        there.hand.remove(former)
        await fleet.until(lambda: there.named("edge") is not None, seconds=2.0)
        await there.until_ready()
        assert there.mo_ref() != former
        assert there.events.count("PortGroupRemoved") == 1


@virtual_time.test
async def test_at_rest_three_waiting_calls_a_minute_and_no_other(
    clock: virtual_time.LoopClock,
) -> None:
    there = VSphereFleet(clock)
    async with there.fleet:
        await settled(there, "edge", "second")
        await asyncio.sleep(30.0)
        before, writes = there.vcenter.calls.copy(), there.vcenter.writes
        await asyncio.sleep(540.0)
        after = there.vcenter.calls - before
        waiting = after.pop("changes", 0)
        assert 9 <= waiting <= 27
        assert after == {}
        assert there.vcenter.writes == writes


@virtual_time.test
async def test_twenty_port_groups_cost_seven_calls_each_and_a_restart_one(
    clock: virtual_time.LoopClock,
) -> None:
    """Our own writes come back as news, and start nothing."""
    there = VSphereFleet(clock)
    names = [f"edge-{number}" for number in range(20)]
    async with there.fleet as fleet:
        await asyncio.sleep(3.0)
        await settled(there, *names)
        counts = collections.Counter(there.vcenter.calls)
        assert {method: counts[method] for method in ("create", "set_attribute")} == {
            "create": 20,
            "set_attribute": 20,
        }
        assert counts["port_group"] == 40
        assert counts["users"] == 0
        shared = ("about", "inventory", "attributes", "port_groups")
        assert sum(counts[method] for method in shared) < 20
        await fleet.restart()
        await asyncio.sleep(30.0)
        after = collections.Counter(there.vcenter.calls) - counts
        assert after["port_group"] == 20
        assert sum(after[method] for method in shared) < 10
        assert not after.keys() & {"create", "set_attribute", "reconfigure", "users"}


@virtual_time.test
async def test_what_others_change_costs_no_call(clock: virtual_time.LoopClock) -> None:
    there = VSphereFleet(clock)
    async with there.fleet:
        await settled(there)
        before = there.vcenter.calls.copy()
        for vlan in range(5, 15):
            there.hand.set_vlan(there.there.free, vlan)
            await asyncio.sleep(0.5)
        after = collections.Counter(there.vcenter.calls) - before
        assert after.keys() == {"changes"}
        assert after["changes"] >= 10


@virtual_time.test
async def test_a_vcenter_that_comes_back_is_followed_again(
    clock: virtual_time.LoopClock,
) -> None:
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        await settled(there)
        there.vcenter.stop()
        await fleet.until(lambda: there.reachable() == "False", seconds=31.0)
        assert there.ready(), "what is in force stays so"
        await asyncio.sleep(120.0)
        there.vcenter.come_back()
        await fleet.until(lambda: there.reachable() == "True", seconds=61.0)
        there.hand.set_vlan(there.mo_ref(), 999)
        await fleet.until(lambda: there.vlan() == 112, seconds=3.0)
        await there.until_ready()


@virtual_time.test
async def test_a_short_outage_is_over_soon(clock: virtual_time.LoopClock) -> None:
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        await settled(there)
        there.vcenter.stop()
        await fleet.until(lambda: there.reachable() == "False", seconds=31.0)
        await asyncio.sleep(5.0)
        there.vcenter.come_back()
        await fleet.until(lambda: there.reachable() == "True", seconds=10.0)


@virtual_time.test
async def test_a_new_secret_ends_the_pause_of_the_source(clock: virtual_time.LoopClock) -> None:
    """Not only the connection is well again at once: drift is seen at once, too."""
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        await settled(there)
        refused = errors.CredentialRefusedError("The password is wrong.", 300.0)
        there.vcenter.faults.add(Fault(method="", error=refused, times=None))
        there.vcenter.end_sessions()
        await fleet.until(lambda: there.reachable("CredentialValid") == "False", seconds=31.0)
        await asyncio.sleep(10.0)
        there.vcenter.faults.clear()
        labels = {"metadata": {"labels": {"rotated": "yes"}}}
        await fleet.user.merge_patch(kube.SECRETS, "account", labels, "vsphere")
        await fleet.until(lambda: there.reachable("CredentialValid") == "True", seconds=3.0)
        there.hand.set_vlan(there.mo_ref(), 999)
        await fleet.until(lambda: there.vlan() == 112, seconds=3.0)


@virtual_time.test
async def test_an_error_between_an_answer_and_the_next_wait_is_told(
    clock: virtual_time.LoopClock,
) -> None:
    """vCenter answers the connection, and is gone before its source asks again."""
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        await settled(there)
        there.vcenter.stop()
        await fleet.until(lambda: there.reachable() == "False", seconds=31.0)
        there.vcenter.faults.add(Fault(method="changes", error=_lost, times=None))
        there.vcenter.come_back()
        await fleet.until(lambda: there.reachable() == "True", seconds=61.0)
        there.vcenter.stop()
        await fleet.until(lambda: there.reachable() == "False", seconds=31.0)


@virtual_time.test
async def test_a_waiting_call_that_fails_alone_is_asked_rarely(
    clock: virtual_time.LoopClock,
) -> None:
    there = VSphereFleet(clock)
    async with there.fleet:
        await settled(there)
        before = there.vcenter.calls.copy()
        there.vcenter.faults.add(Fault(method="changes", error=_lost, times=None))
        there.vcenter.end_sessions()
        await asyncio.sleep(600.0)
        calls = there.vcenter.calls - before
        assert calls["changes"] < 60
        assert calls["about"] < 60


def _lost() -> errors.VCenterError:
    return errors.UnreachableError("The connection is lost.")


@virtual_time.test
async def test_an_ended_session_is_no_removal(clock: virtual_time.LoopClock) -> None:
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        await settled(there)
        writes = there.vcenter.writes
        for _ in range(5):
            there.vcenter.end_sessions()
            await asyncio.sleep(20.0)
        assert there.vcenter.writes == writes
        there.hand.set_vlan(there.mo_ref(), 999)
        await fleet.until(lambda: there.vlan() == 112, seconds=2.0)


@virtual_time.test
async def test_a_deleted_connection_is_not_followed(clock: virtual_time.LoopClock) -> None:
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        await settled(there)
        await fleet.user.delete(resources.PORT_GROUPS, "edge")
        await fleet.until(lambda: there.group() is None, seconds=60.0)
        await asyncio.sleep(60.0)
        before = there.vcenter.calls["changes"]
        await asyncio.sleep(300.0)
        assert there.vcenter.calls["changes"] <= before + 1


class TestIndex:
    """News and the keys that they concern, as values."""

    SEEN = Seen("dvportgroup-1", "edge", "group-n1", "2", "mark")

    def index(self) -> Index:
        index = Index()
        index.begin("edge", "vc")
        assert not index.end("edge", self.SEEN)
        return index

    def listed(self, version: str = "2", value: str = "mark", name: str = "edge") -> Listed:
        return Listed(
            mo_ref="dvportgroup-1",
            name=name,
            parent="group-n1",
            config_version=version,
            values={marks.ATTRIBUTE: value},
        )

    def test_our_own_write_concerns_nothing(self) -> None:
        assert self.index().concerned("vc", Changes(version="1", changed=(self.listed(),))) == ()

    def test_late_news_concern_nothing(self) -> None:
        late = self.listed(version="1", value="")
        assert self.index().concerned("vc", Changes(version="1", changed=(late,))) == ()

    def test_a_wiped_mark_concerns_it_though_no_version_counts(self) -> None:
        wiped = self.listed(value="")
        assert self.index().concerned("vc", Changes(version="1", changed=(wiped,))) == ("edge",)

    def test_another_vcenter_s_namesake_concerns_nothing(self) -> None:
        changed = self.listed(version="9")
        assert self.index().concerned("other", Changes(version="1", changed=(changed,))) == ()

    def test_news_during_an_attempt_are_kept_until_its_end(self) -> None:
        index = self.index()
        index.begin("edge", "vc")
        newer = Changes(version="1", changed=(self.listed(version="3"),))
        assert index.concerned("vc", newer) == ()
        assert index.end("edge", self.SEEN)
        index.begin("edge", "vc")
        index.concerned("vc", newer)
        assert not index.end("edge", self.SEEN._replace(config_version="3"))

    def test_a_removal_during_an_attempt(self) -> None:
        index = self.index()
        index.begin("edge", "vc")
        assert index.concerned("vc", Changes(version="1", removed=("dvportgroup-1",))) == ()

    def test_a_whole_list_concerns_what_is_missing_and_what_failed(self) -> None:
        index = self.index()
        index.begin("second", "vc")
        index.end("second", None)
        whole = Changes(version="1", whole=True)
        assert index.concerned("vc", whole) == ("edge", "second")
        same = Changes(version="1", changed=(self.listed(),), whole=True)
        assert index.concerned("vc", same) == ("second",)
