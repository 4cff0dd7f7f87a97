"""A pool on the network of a VSpherePortGroup: found by its moref, held, and followed."""

from __future__ import annotations

import pytest
from akoo_avi.place import catalog
from akoo_avi.pools import reconcile
from akoo_avi.spec import ip_pool, resources, spans
from akoo_avi.testing import pool_world
from akoo_avi.testing.pool_world import PoolWorld, pool

from akoo_core import testing
from akoo_core.plugin import api

RANGE = "10.70.0.10-10.70.0.19"
FIRST = {"begin": "10.70.0.10", "end": "10.70.0.19"}
SECOND = {"begin": "10.70.0.30", "end": "10.70.0.39"}
GROUPS = resources.VSPHERE_PORT_GROUPS


def world(moref: str = "dvportgroup-12", **settings: str) -> PoolWorld:
    """A pool that names VSpherePortGroup blue; ``moref``: that of its port group, or ""."""
    made = PoolWorld(
        pool("edge", RANGE, cloud="dc", network={"portGroupRef": "blue"}),
        pool_world.port_group(),
        pool_world.CONNECTION,
        vanished_network_in_use=settings.pop("vanished", "remove"),
    )
    made.vcenter_cloud(**settings)
    if moref:
        made.put_port_group(moref)
    return made


def ranges(there: PoolWorld, moref: str) -> set[str]:
    network = there.discovered(moref)
    assert network is not None
    return {f"{span.begin}-{span.end}" for span in spans.of_network(network)}


def usable(there: PoolWorld) -> list[str]:
    """Morefs of the usable networks."""
    profile = there.admin.get("ipamdnsproviderprofile?name=ipam")["results"][0]
    entries = profile["internal_profile"].get("usable_networks", [])
    return [entry["nw_ref"].partition("/network/")[2].partition("-cloud")[0] for entry in entries]


def finalizers(there: PoolWorld) -> list[str]:
    (obj,) = there.management.objects(GROUPS)
    listed: list[str] = obj["metadata"].get("finalizers") or []
    return listed


def test_it_is_the_network_of_the_port_group() -> None:
    there = world()
    there.discover("dvportgroup-12", "dvportgroup-13")
    there.run_pool()
    assert ranges(there, "dvportgroup-12") == {RANGE}
    assert not ranges(there, "dvportgroup-13")
    assert there.ready()[:2] == ("True", "Applied")
    assert finalizers(there) == [ip_pool.FINALIZER], "held before the first range"


def test_the_port_group_is_awaited() -> None:
    there = world("")
    answer = there.run_pool()
    assert isinstance(answer, api.Wait)
    assert (answer.reason, answer.after) == ("PortGroupAwaited", 5.0)
    assert there.ready()[:2] == ("False", "PortGroupAwaited")
    assert finalizers(there) == []


def test_discovery_is_seen_at_once_and_not_after_the_catalogs_seconds() -> None:
    there = world()
    answer = there.run_pool()
    assert isinstance(answer, api.Wait)
    assert (answer.reason, answer.after) == ("NetworkNotDiscovered", 5.0)
    assert finalizers(there) == [], "nothing is on Avi yet"
    there.discover("dvportgroup-12")
    assert isinstance(there.run_pool(), api.Done)


class PatientPlugin(pool_world.PoolsPlugin):
    """Keeps a catalog for an hour."""

    def __init__(self, there: PoolWorld) -> None:
        super().__init__(there.clients)
        self._known = catalog.Catalogs(seconds=3600.0)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (reconcile.IpPools(self._clients, self._known).registration(),)


def test_a_catalog_does_not_hide_a_new_network() -> None:
    there = world()
    plugin = PatientPlugin(there)
    testing.run_reconcile(plugin, "ip-pools", "edge", there)
    there.discover("dvportgroup-12")
    testing.run_reconcile(plugin, "ip-pools", "edge", there)
    assert ranges(there, "dvportgroup-12") == {RANGE}


def test_without_the_vsphere_plugin() -> None:
    there = PoolWorld(pool("edge", RANGE, network={"portGroupRef": "blue"}))
    there.run_pool()
    status, reason, message = there.ready()
    assert (status, reason) == ("False", "VSpherePortGroupNotFound")
    assert "spec.network.portGroupRef of AviIPPool/edge" in message


def test_a_cloud_of_another_vcenter() -> None:
    there = world(vcenter_url="other.example.com")
    there.discover("dvportgroup-12")
    there.run_pool()
    assert there.ready()[:2] == ("False", "VCenterDiffers")
    assert not ranges(there, "dvportgroup-12")


@pytest.mark.parametrize("vanished", ["remove", "keep"])
def test_it_follows_a_port_group_that_was_made_again(vanished: str) -> None:
    there = world(vanished=vanished)
    there.discover("dvportgroup-12")
    there.run_pool()
    there.discover("dvportgroup-44")
    there.put_port_group("dvportgroup-44")
    there.run_pool()
    assert ranges(there, "dvportgroup-44") == {RANGE}
    assert usable(there) == ["dvportgroup-44"]
    status = (there.pool() or {})["status"]
    assert status["networkUuid"].startswith("dvportgroup-44-")
    assert there.ready()[:2] == ("True", "Applied")
    there.discover("dvportgroup-44")
    assert there.discovered("dvportgroup-12") is None, "nothing of ours refers to it any more"
    before = there.writes
    there.run_pool()
    assert there.writes == before


def test_addresses_in_use_do_not_hold_it_on_a_vanished_network() -> None:
    there = world(vanished="keep")
    there.discover("dvportgroup-12")
    there.edit({"subnets": [{"cidr": "10.70.0.0/24", "ranges": [FIRST, SECOND]}]})
    there.run_pool()
    there.net = there.discovered("dvportgroup-12") or {}
    there.cloud = there.admin.get("cloud?name=dc")["results"][0]
    there.take("vs", "10.70.0.10")
    there.discover("dvportgroup-44")
    there.put_port_group("dvportgroup-44")
    there.run_pool()
    assert ranges(there, "dvportgroup-44") == {RANGE, "10.70.0.30-10.70.0.39"}
    assert ranges(there, "dvportgroup-12") == {RANGE}, "only the range that is in use is left"


def test_another_network_by_name_is_still_refused() -> None:
    """Only a port group moves: ranges in a network that is still there are not left behind."""
    there = PoolWorld(pool("edge", RANGE))
    there.run_pool()
    there.edit_status({"networkUuid": there.admin.post("network", {"name": "b"})["uuid"]})
    there.run_pool()
    assert there.ready()[:2] == ("False", "NetworkChanged")


def test_deleted_with_its_port_group() -> None:
    there = world()
    there.discover("dvportgroup-12")
    there.run_pool()
    there.delete()
    there.run_pool()
    assert there.gone()
    assert not ranges(there, "dvportgroup-12")


def test_a_lost_status_and_a_port_group_that_is_gone() -> None:
    there = world()
    there.discover("dvportgroup-12")
    there.run_pool()
    there.discover("dvportgroup-44")
    there.edit_status({"networkUuid": None, "ranges": None, "subnets": None, "usableAdded": None})
    there.run(
        there.management.client().merge_patch(GROUPS, "blue", {"metadata": {"finalizers": None}})
    )
    there.run(there.management.client().delete(GROUPS, "blue"))
    there.delete()
    there.run_pool()
    assert there.gone()
