"""The AviInfraSetting of the management cluster, which the Go ancestor has made before."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.spec import placement

from akoo_core import structs
from akoo_core.kube.resource import Resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders

World = Any
SETTINGS = Resource("ako.vmware.com", "v1beta1", "aviinfrasettings", "AviInfraSetting", False)
NETWORK = {"controlPlaneNetwork": {"name": "vip-edge-1", "cidr": "10.70.0.0/24"}}
OF_ANCESTOR = {
    "apiVersion": "ako.vmware.com/v1beta1",
    "kind": "AviInfraSetting",
    "metadata": {"name": "default-ais"},
    "spec": {"seGroup": {"name": "seg"}},
}


def home(avi_world: World, changes: Any = NETWORK, **more: Any) -> World:
    """The management cluster, whose AKO was adopted."""
    now = builders.leaving().started_at
    world = avi_world(
        changes,
        cluster=builders.cluster(namespace="tkg-system", name="mc"),
        adoption=record.Adoption(started_at=now, ended_at=now),
        **more,
    )
    world.workload.served.serve(SETTINGS)
    assert isinstance(world.settled(), api.Done)
    return world


def test_that_of_the_ancestor_is_taken_over_by_its_uid(avi_world: World) -> None:
    world = home(avi_world)
    world.workload.seed(OF_ANCESTOR)
    (live,) = world.workload.objects(SETTINGS)
    assert world.call("contribute") == api.Contribution()
    world.call("observe")
    contribution = world.call("contribute")
    (setting,) = contribution.objects
    assert setting["metadata"] == {"name": "default-ais"}
    (adopted,) = contribution.adopts
    assert (adopted.kind, adopted.name) == ("AviInfraSetting", "default-ais")
    assert adopted.uid == live["metadata"]["uid"]


def test_where_there_is_none_it_is_made(avi_world: World) -> None:
    world = home(avi_world)
    world.call("observe")
    contribution = world.call("contribute")
    assert (len(contribution.objects), contribution.adopts) == (1, ())


def test_it_is_looked_for_once(avi_world: World) -> None:
    """An object that is made later under its name is somebody else's."""
    world = home(avi_world)
    world.call("observe")
    world.workload.seed(OF_ANCESTOR)
    world.call("observe")
    assert world.call("contribute").adopts == ()


def test_one_that_is_ours_already_stays_wanted(avi_world: World) -> None:
    """An adoption of a former release knows no fact about it."""
    world = home(avi_world)
    item = record.InventoryItem(
        plugin="avi",
        api_version="ako.vmware.com/v1beta1",
        kind="AviInfraSetting",
        name="default-ais",
    )
    world.spec = structs.replace(world.spec, inventory=(item,))
    assert len(world.call("contribute").objects) == 1


@pytest.mark.parametrize("adopted", [True, False])
def test_without_a_network_or_an_adoption_nothing_is_looked_for(
    avi_world: World, adopted: bool
) -> None:
    world = home(avi_world, {} if adopted else NETWORK)
    if not adopted:
        world.spec = structs.replace(world.spec, adoption=None)
    world.call("observe")
    assert placement.AviSettingSeen.fact_name not in world.spec.facts
    assert len(world.call("contribute").objects) == (0 if adopted else 1)
