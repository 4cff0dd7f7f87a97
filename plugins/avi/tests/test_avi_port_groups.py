"""Avi's part of a VSpherePortGroup: the right cloud, the network, the pool, and the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from akoo_avi import client
from akoo_avi.controllers import port_group_conditions, port_groups
from akoo_avi.place import catalog
from akoo_avi.pools import reconcile
from akoo_avi.spec import ip_pool, resources, spans
from akoo_avi.testing.pool_world import CONNECTION, Object, PoolWorld, pool, port_group

from akoo_core import structs, testing
from akoo_core.kube import resource as kube_resources
from akoo_core.plugin import api
from akoo_core.plugin.records import StoredUse
from akoo_core.testing import builders, calls, verbs

GROUPS = resources.VSPHERE_PORT_GROUPS
SUBNET = {
    "cidr": "10.70.0.0/24",
    "ranges": [{"begin": "10.70.0.10", "end": "10.70.0.19", "use": "VIP"}],
}
RESOLVED: Object = {"datacenter": {"moRef": "datacenter-2", "path": "/eu/dc-1"}}
FOREIGN: Object = {
    "type": "Provisioned",
    "status": "True",
    "reason": "Made",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


class PortGroupsPlugin(api.Plugin):
    """The controllers of port groups and of pools, as a process that starts now."""

    name = "avi"
    rbac: ClassVar[tuple[api.RbacRule, ...]] = (*reconcile.RIGHTS, *port_groups.RIGHTS)

    def __init__(self, clients: client.Controllers, seconds: float = 0.0) -> None:
        super().__init__()
        self._clients = clients
        self._known = catalog.Catalogs(seconds=seconds)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (
            reconcile.IpPools(self._clients, self._known).registration(),
            port_groups.PortGroups(self._clients, self._known).registration(),
        )


class GroupWorld(PoolWorld):
    """A vCenter cloud, a connection to its vCenter, and a VSpherePortGroup that is resolved."""

    def __init__(
        self, *objects: Object, settings: dict[str, str] | None = None, **avi: Any
    ) -> None:
        avi.setdefault("subnet", SUBNET)
        super().__init__(port_group(**avi), CONNECTION, *objects)
        if settings is None or settings:
            self.vcenter_cloud(**(settings or {}))
        self.put({**RESOLVED, "conditions": [FOREIGN]})
        self.keeper = PortGroupsPlugin(self.clients)

    def put(self, status: Object) -> None:
        """The vSphere plugin writes the status."""
        kube = self.management.client()
        self.run(kube.merge_patch(GROUPS, "blue", {"status": status}, subresource="status"))

    def change(self, patch: Object) -> None:
        """A person edits the port group."""
        self.run(self.management.client().merge_patch(GROUPS, "blue", patch))

    def judge(self) -> Any:
        """Reconcile the port group."""
        return testing.run_reconcile(self.keeper, "port-groups", "blue", self).result

    def keep_pool(self) -> Any:
        """Reconcile its pool."""
        return testing.run_reconcile(self.keeper, "ip-pools", "vspg-blue", self).result

    @property
    def group(self) -> Object | None:
        groups: list[Object] = self.management.objects(GROUPS)
        return groups[0] if groups else None

    def condition(self, kind: str) -> tuple[str, str]:
        """Status and reason."""
        rows = ((self.group or {}).get("status") or {}).get("conditions") or ()
        (row,) = (row for row in rows if row["type"] == kind)
        return row["status"], row["reason"]

    def message(self, kind: str) -> str:
        rows = (self.group or {})["status"]["conditions"]
        (row,) = (row for row in rows if row["type"] == kind)
        return str(row["message"])

    def types(self) -> set[str]:
        rows = ((self.group or {}).get("status") or {}).get("conditions") or ()
        return {row["type"] for row in rows}


PLACEMENT, NETWORK = port_group_conditions.OWNED
MOMENTS: tuple[calls.Moment, ...] = ("before", "after")


def test_the_cloud_is_judged_before_the_port_group_exists() -> None:
    there = GroupWorld()
    answer = there.judge()
    assert isinstance(answer, api.Done)
    assert there.condition(PLACEMENT) == ("True", "CloudDiscovers")
    assert there.condition(NETWORK) == ("False", "PortGroupAwaited")
    (row,) = (
        row for row in (there.group or {})["status"]["conditions"] if row["type"] == PLACEMENT
    )
    assert row["observedGeneration"] == (there.group or {})["metadata"]["generation"]


def test_the_conditions_of_others_stay() -> None:
    there = GroupWorld()
    there.judge()
    assert there.types() == {"Provisioned", PLACEMENT, NETWORK}
    rows = (there.group or {})["status"]["conditions"]
    assert FOREIGN in rows
    assert (there.group or {})["status"]["datacenter"] == RESOLVED["datacenter"]


def test_from_port_group_to_addresses() -> None:
    there = GroupWorld()
    there.judge()
    made = there.pool("vspg-blue")
    assert made is not None
    assert made["metadata"]["ownerReferences"][0]["name"] == "blue"
    assert made["spec"]["network"] == {"portGroupRef": "blue"}
    assert made["spec"]["subnets"] == [SUBNET]
    there.put_port_group("dvportgroup-12")
    assert there.judge().recheck_seconds == 5.0
    assert there.condition(NETWORK) == ("False", "NetworkNotDiscovered")
    there.discover("dvportgroup-12")
    assert there.judge().recheck_seconds == 60.0
    assert there.condition(NETWORK) == ("True", "Discovered")
    there.keep_pool()
    network = there.discovered("dvportgroup-12") or {}
    assert [str(span) for span in spans.of_network(network)] == ["10.70.0.10-10.70.0.19 (VIP)"]
    assert (there.group or {})["metadata"]["finalizers"] == [ip_pool.FINALIZER]


def test_an_attempt_in_order_writes_nothing() -> None:
    there = GroupWorld()
    there.put_port_group("dvportgroup-12")
    there.discover("dvportgroup-12")
    there.judge()
    run = testing.run_reconcile(there.keeper, "port-groups", "blue", there)
    assert run.writes == ()


def test_a_catalog_does_not_hide_a_new_network() -> None:
    there = GroupWorld()
    there.keeper = PortGroupsPlugin(there.clients, seconds=3600.0)
    there.put_port_group("dvportgroup-12")
    there.judge()
    there.discover("dvportgroup-12")
    there.judge()
    assert there.condition(NETWORK) == ("True", "Discovered")


def test_a_network_that_stays_away_is_looked_for_less_often() -> None:
    there = GroupWorld()
    there.put_port_group("dvportgroup-12")
    assert there.judge().recheck_seconds == 5.0
    there.clock.advance(200.0)
    assert there.judge().recheck_seconds == 20.0
    there.clock.advance(3600.0)
    assert there.judge().recheck_seconds == 60.0


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"vcenter_url": "other.example.com"}, "VCenterDiffers"),
        ({"datacenter_managed_object_id": "datacenter-9"}, "DatacenterDiffers"),
        ({"datacenter_managed_object_id": "", "datacenter": "dc-9"}, "DatacenterDiffers"),
        ({"privilege": "NO_ACCESS"}, "CloudDiscoversNothing"),
    ],
)
def test_a_cloud_that_never_discovers_it(settings: dict[str, str], reason: str) -> None:
    there = GroupWorld(settings=settings)
    there.judge()
    assert there.condition(PLACEMENT) == ("False", reason)
    assert there.condition(NETWORK) == ("Unknown", "PlacementNotValid")
    assert there.pool("vspg-blue") is None


def test_a_cloud_that_does_not_exist() -> None:
    there = GroupWorld(cloud="dc-x")
    there.judge()
    assert there.condition(PLACEMENT) == ("False", "CloudNotFound")
    assert "spec.avi.cloud of VSpherePortGroup/blue" in there.message(PLACEMENT)


def test_a_cloud_that_was_just_made() -> None:
    there = GroupWorld(settings={})
    there.keeper = PortGroupsPlugin(there.clients, seconds=3600.0)
    there.judge()
    assert there.condition(PLACEMENT)[1] == "CloudNotFound"
    there.vcenter_cloud()
    there.clock.advance(2.0)
    there.judge()
    assert there.condition(PLACEMENT) == ("True", "CloudDiscovers")


def test_a_controller_that_does_not_exist() -> None:
    there = GroupWorld(controller="mian")
    there.judge()
    assert there.condition(PLACEMENT) == ("False", "AviControllerNotFound")
    assert "nearest names: main" in there.message(PLACEMENT)


def test_what_is_not_known_yet_is_no_mistake() -> None:
    there = GroupWorld()
    there.put({"datacenter": None})
    there.judge()
    assert there.condition(PLACEMENT) == ("Unknown", "DatacenterAwaited")
    there.put(RESOLVED)
    there.run(there.management.client().delete(resources.VSPHERE_CONNECTIONS, "vc"))
    there.judge()
    assert there.condition(PLACEMENT) == ("Unknown", "VSphereConnectionNotFound")


def test_a_controller_that_is_away_makes_no_placement_wrong() -> None:
    there = GroupWorld()
    there.put_port_group("dvportgroup-12")
    there.discover("dvportgroup-12")
    there.judge()
    there.avi.restart()
    there.judge()
    assert there.condition(PLACEMENT) == ("True", "CloudDiscovers")
    assert there.condition(NETWORK) == ("True", "Discovered")
    there.change({"spec": {"avi": {"cloud": "other"}}})
    there.judge()
    assert there.condition(PLACEMENT)[0] == "Unknown", "of another generation"


def test_a_pool_in_the_way() -> None:
    there = GroupWorld(pool("vspg-blue", cloud="vc-01"))
    there.judge()
    assert there.condition(PLACEMENT) == ("False", "PoolNameTaken")


def test_a_subnet_that_no_pool_can_have() -> None:
    twice = [{"begin": "10.70.0.1", "end": "10.70.0.9"}, {"begin": "10.70.0.5", "end": "10.70.0.6"}]
    there = GroupWorld(subnet={"cidr": "10.70.0.0/24", "ranges": twice})
    there.judge()
    assert there.condition(PLACEMENT) == ("False", "InvalidPool")
    assert "overlap" in there.message(PLACEMENT)


def test_edits_reach_the_pool() -> None:
    there = GroupWorld()
    there.judge()
    there.change({"spec": {"avi": {"subnet": {"ranges": []}}}})
    there.judge()
    assert (there.pool("vspg-blue") or {})["spec"]["subnets"] == [
        {"cidr": "10.70.0.0/24", "ranges": []}
    ]
    there.change({"spec": {"avi": {"subnet": None}}})
    there.judge()
    assert there.pool("vspg-blue") is None


def test_another_cloud_is_another_pool() -> None:
    there = GroupWorld()
    there.vcenter_cloud("dc2")
    there.judge()
    there.change({"spec": {"avi": {"cloud": "dc2"}}})
    there.judge()
    assert there.pool("vspg-blue") is None, "first it goes"
    there.judge()
    assert (there.pool("vspg-blue") or {})["spec"]["cloud"] == "dc2"


def test_without_its_part_nothing_of_ours_is_left() -> None:
    there = GroupWorld()
    there.judge()
    there.change({"spec": {"avi": None}})
    there.judge()
    assert there.types() == {"Provisioned"}
    assert there.pool("vspg-blue") is None


def test_a_made_again_port_group() -> None:
    there = GroupWorld()
    there.put_port_group("dvportgroup-12")
    there.discover("dvportgroup-12")
    there.judge()
    there.keep_pool()
    there.put_port_group("dvportgroup-44")
    there.judge()
    assert there.condition(NETWORK) == ("False", "NetworkNotDiscovered")
    there.discover("dvportgroup-44")
    there.judge()
    there.keep_pool()
    assert there.condition(NETWORK) == ("True", "Discovered")
    assert spans.of_network(there.discovered("dvportgroup-44") or {})


def used(there: GroupWorld) -> Object:
    """A record that uses the port group."""
    use = StoredUse(
        plugin="vsphere",
        group="akoo.io",
        kind="VSpherePortGroup",
        name="blue",
        uid=(there.group or {})["metadata"]["uid"],
        state="confirmed",
    )
    spec = builders.record_spec(uses=(use,))
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AKODeployment",
        "metadata": {"name": spec.ako_cluster_name},
        "spec": structs.to_object(spec),
    }


def test_at_deletion_the_pool_goes_first_and_after_the_records() -> None:
    there = GroupWorld()
    there.put_port_group("dvportgroup-12")
    there.discover("dvportgroup-12")
    there.judge()
    there.keep_pool()
    record = used(there)
    there.management.seed(record)
    there.change({"metadata": {"finalizers": [ip_pool.FINALIZER, "akoo.io/vsphere-port-group"]}})
    kube = there.management.client()
    there.run(kube.delete(GROUPS, "blue"))
    answer = there.judge()
    assert (answer.reason, there.pool("vspg-blue") is not None) == ("InUse", True)
    there.run(kube.delete(kube_resources.AKO_DEPLOYMENTS, record["metadata"]["name"]))
    assert there.judge().reason == "PoolDeleting"
    assert ip_pool.FINALIZER in (there.group or {})["metadata"]["finalizers"], "still held"
    there.keep_pool()
    assert there.pool("vspg-blue") is None
    assert isinstance(there.judge(), api.Done)
    assert (there.group or {})["metadata"]["finalizers"] == ["akoo.io/vsphere-port-group"]
    assert not spans.of_network(there.discovered("dvportgroup-12") or {})


def test_a_pool_of_a_person_holds_it_too() -> None:
    there = GroupWorld(
        pool(
            "mine",
            "10.71.0.10-10.71.0.19",
            cloud="dc",
            network={"portGroupRef": "blue"},
            subnets=[{"cidr": "10.71.0.0/24"}],
        ),
        subnet=None,
    )
    there.put_port_group("dvportgroup-12")
    there.discover("dvportgroup-12")
    testing.run_reconcile(there.keeper, "ip-pools", "mine", there)
    there.run(there.management.client().delete(GROUPS, "blue"))
    answer = there.judge()
    assert answer.reason == "InUse"
    assert "mine" in answer.message
    assert there.pool("mine") is not None, "only a person deletes it"
    there.delete("mine")
    testing.run_reconcile(there.keeper, "ip-pools", "mine", there)
    there.judge()
    assert there.group is None


def test_one_that_was_moved_away_deletes_no_pool() -> None:
    there = GroupWorld()
    there.put_port_group("dvportgroup-12")
    there.discover("dvportgroup-12")
    there.judge()
    there.keep_pool()
    there.change({"metadata": {"annotations": {"clusterctl.cluster.x-k8s.io/delete-for-move": ""}}})
    there.run(there.management.client().delete(GROUPS, "blue"))
    there.judge()
    assert there.group is None
    assert "deletionTimestamp" not in (there.pool("vspg-blue") or {})["metadata"]


def undiscovered() -> GroupWorld:
    there = GroupWorld()
    there.put_port_group("dvportgroup-12")
    there.discover("dvportgroup-12")
    return there


def moved_to_another_cloud() -> GroupWorld:
    there = undiscovered()
    settle(there)
    there.vcenter_cloud("dc2")
    there.change({"spec": {"avi": {"cloud": "dc2"}}})
    return there


def leaving() -> GroupWorld:
    there = undiscovered()
    settle(there)
    there.change({"metadata": {"finalizers": [ip_pool.FINALIZER, "akoo.io/vsphere-port-group"]}})
    there.run(there.management.client().delete(GROUPS, "blue"))
    return there


def settle(there: GroupWorld) -> None:
    """Attempts of both controllers until nothing is left to do."""
    for _ in range(4):
        there.judge()
        there.keep_pool()


def end(there: GroupWorld) -> object:
    """Everything that is there, on both sides."""
    network = there.discovered("dvportgroup-12") or {}
    return there.state()["management"], sorted(map(str, spans.of_network(network)))


@pytest.mark.parametrize("make", [undiscovered, moved_to_another_cloud, leaving])
def test_a_death_at_any_call_ends_as_without_it(make: Callable[[], GroupWorld]) -> None:
    undisturbed = make()
    settle(undisturbed)
    counted = make()
    made = testing.run_reconcile(counted.keeper, "port-groups", "blue", counted).calls
    for number, call in enumerate(made, start=1):
        # After a read nothing is different from before the next call.
        for moment in MOMENTS if call.write else MOMENTS[:1]:
            there = make()
            there.calls.fail(number, moment, calls.Crash())
            run = there.run(verbs.try_reconcile(there.keeper, "port-groups", "blue", there))
            there.calls.heal()
            assert moment == "after" or isinstance(run.error, calls.Crash), (number, run)
            settle(there)
            assert end(there) == end(undisturbed), (number, moment)
    assert len(made) > 2


def planned(there: GroupWorld) -> list[tuple[str, str]]:
    """Actions of ``akoo-core plan --kind VSpherePortGroup blue``."""
    actions = testing.run_key_plan(there.keeper, "port-groups", "blue", there).actions
    return [(action.action, action.name) for action in actions]


def test_the_plan_is_what_happens() -> None:
    there = GroupWorld()
    assert planned(there) == [("create", "vspg-blue")]
    there.judge()
    assert planned(there) == [("keep", "vspg-blue")]
    there.change({"spec": {"avi": {"subnet": {"ranges": []}}}})
    assert planned(there) == [("change", "vspg-blue")]
    there.change({"spec": {"avi": {"cloud": "dc2"}}})
    assert planned(there) == [("delete", "vspg-blue")]
    there.change({"spec": {"avi": {"subnet": None}}})
    assert planned(there) == [("delete", "vspg-blue")]
    there.vcenter_cloud("dc2")
    there.judge()
    assert planned(there) == []


def test_a_plan_of_a_pool_in_the_way() -> None:
    there = GroupWorld(pool("vspg-blue", cloud="vc-01"))
    assert planned(there) == [("keep", "vspg-blue")]
