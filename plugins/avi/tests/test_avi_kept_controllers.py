"""An AviController stays to the end of those who need it to take something away from Avi."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from akoo_avi import client
from akoo_avi.connect import controller_hold
from akoo_avi.controllers import keeping, reconcile
from akoo_avi.pools import reconcile as pools
from akoo_avi.spec import ip_pool, resources
from akoo_avi.testing.pool_world import PoolsPlugin, PoolWorld, pool
from akoo_testbed.avisim import faults
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs, testing
from akoo_core.kube import resource as kube_resource
from akoo_core.objects import conditions, names, record
from akoo_core.plugin import api, uses
from akoo_core.testing import builders, calls, conformance, verbs

Object = dict[str, Any]
RANGE = "10.70.0.10-10.70.0.19"


class Keeping(PoolsPlugin):
    """The controllers of AviControllers and of pools, as a process that starts now."""

    rbac: ClassVar[tuple[api.RbacRule, ...]] = (*keeping.RIGHTS, *pools.RIGHTS)

    def __init__(self, clients: client.Controllers) -> None:
        super().__init__(clients)
        self.looking = reconcile.AviControllers(clients)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        registrations: tuple[api.ControllerRegistration, ...] = super().controllers()
        return (*registrations, keeping.registration(), self.looking.registration())


class KeptWorld(PoolWorld):
    """A management cluster with AviController main."""

    def plugin(self) -> Keeping:
        return Keeping(self.clients)

    def outside(self) -> object:
        return sorted(map(str, self.ranges))

    def keep(self) -> Any:
        return testing.run_reconcile(self.plugin(), "kept-controllers", "main", self).result

    def look(self) -> None:
        testing.run_reconcile(self.plugin(), "controllers", "main", self)

    @property
    def controller(self) -> Object | None:
        controllers = self.management.objects(resources.AVI_CONTROLLERS)
        return next(iter(controllers), None)

    @property
    def finalizers(self) -> list[str]:
        return list((self.controller or {"metadata": {}})["metadata"].get("finalizers") or ())

    def condition(self, kind: str) -> Object | None:
        listed = ((self.controller or {}).get("status") or {}).get("conditions") or []
        return next((condition for condition in listed if condition["type"] == kind), None)

    def change(self, **metadata: Any) -> None:
        server = self.management.client()
        self.run(server.merge_patch(resources.AVI_CONTROLLERS, "main", {"metadata": metadata}))

    def delete_controller(self) -> None:
        self.run(self.management.client().delete(resources.AVI_CONTROLLERS, "main"))

    def use(self, **changes: Any) -> None:
        """A record uses it."""
        uid = (self.controller or {})["metadata"]["uid"]
        use = record.StoredUse(
            plugin="avi", group="akoo.io", kind="AviController", name="main", uid=uid
        )
        spec = builders.record_spec(uses=(use,), **changes)
        self.management.seed(
            {
                "apiVersion": "akoo.io/v1alpha1",
                "kind": "AKODeployment",
                "metadata": {"name": spec.ako_cluster_name},
                "spec": structs.to_object(spec),
            }
        )

    def finish(self) -> None:
        """The record has ended."""
        (record,) = self.management.objects(kube_resource.AKO_DEPLOYMENTS)
        patch = {"spec": {"finishedAt": "2026-01-01T00:00:00Z", "uses": None}}
        server = self.management.client()
        name = record["metadata"]["name"]
        self.run(server.merge_patch(kube_resource.AKO_DEPLOYMENTS, name, patch))


def test_one_that_nobody_needs_goes_at_once() -> None:
    there = KeptWorld()
    assert there.keep() == api.Done()
    assert there.finalizers == []
    there.delete_controller()
    assert there.controller is None


def test_it_is_held_before_the_first_range_is_written() -> None:
    there = KeptWorld(pool("edge", RANGE))
    there.avi.faults.add(faults.Fault(answer="booting", method="PUT", times=None))
    there.run_pool()
    assert there.ranges == set(), "nothing could be written"
    assert there.finalizers == [ip_pool.FINALIZER]


def test_a_pool_that_changes_nothing_holds_nothing_by_itself() -> None:
    there = KeptWorld(pool("edge", usable=False, subnets=[]))
    there.run_pool()
    assert there.finalizers == []
    there.keep()
    assert there.finalizers == [ip_pool.FINALIZER], "but it may, and keeps its way"


def test_the_controller_is_deleted_first_and_the_pool_gives_its_ranges_back() -> None:
    there = KeptWorld(pool("edge", RANGE))
    there.run_pool()
    there.change(finalizers=["theirs/first", *there.finalizers])
    there.delete_controller()
    answer = there.keep()
    assert isinstance(answer, api.Wait)
    assert answer.reason == "InUse"
    held = there.condition("Held")
    assert held is not None
    assert (held["status"], held["reason"]) == ("True", "InUse")
    assert "1 AviIPPool (edge)" in held["message"]
    there.delete()
    there.run_pool()
    assert there.gone()
    assert there.ranges == set()
    assert not there.usable()
    assert there.keep() == api.Done()
    assert there.finalizers == ["theirs/first"]


def test_nothing_new_is_put_on_avi_by_one_that_is_being_deleted() -> None:
    there = KeptWorld(pool("edge", RANGE))
    there.run_pool()
    there.delete_controller()
    more = pool("more", "10.70.0.30-10.70.0.39")
    there.management.seed(more)
    writes = there.writes
    there.run_pool("more")
    assert there.ready("more")[:2] == ("False", "AviControllerDeleting")
    assert there.writes == writes
    there.edit({"subnets": [{"cidr": "10.70.0.0/24", "ranges": []}]})
    there.run_pool()
    assert there.ready()[:2] == ("True", "Applied"), "one that has something goes on"
    assert there.ranges == set()


def test_a_live_record_needs_it_and_a_finished_one_does_not() -> None:
    there = KeptWorld()
    there.use()
    there.keep()
    assert there.finalizers == [controller_hold.FINALIZER]
    there.delete_controller()
    answer = there.keep()
    assert isinstance(answer, api.Wait)
    assert "1 AKODeployment (akoo-" in answer.message
    there.finish()
    assert there.keep() == api.Done()
    assert there.controller is None


def test_a_record_that_cannot_be_read_may_be_a_user() -> None:
    there = KeptWorld()
    there.change(finalizers=[controller_hold.FINALIZER])
    broken = {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AKODeployment",
        "metadata": {"name": "akoo-broken"},
        "spec": {},
    }
    there.management.seed(broken)
    there.delete_controller()
    answer = there.keep()
    assert isinstance(answer, api.Wait)
    assert "1 AKODeployment (akoo-broken, which cannot be read)" in answer.message
    assert there.finalizers == [controller_hold.FINALIZER]


def test_a_hold_that_nobody_here_declared_counts() -> None:
    there = KeptWorld()
    there.change(finalizers=[controller_hold.FINALIZER, "akoo.io/of-another-plugin"])
    there.delete_controller()
    answer = there.keep()
    assert isinstance(answer, api.Wait)
    assert "by 1 finalizer (akoo.io/of-another-plugin)" in answer.message
    there.change(finalizers=[controller_hold.FINALIZER])
    assert there.keep() == api.Done()
    assert there.controller is None


def test_a_pool_of_an_earlier_release_counts_without_its_hold() -> None:
    there = KeptWorld(pool("edge", RANGE))
    there.run_pool()
    there.change(finalizers=[controller_hold.FINALIZER])
    there.delete_controller()
    answer = there.keep()
    assert isinstance(answer, api.Wait)
    assert "1 AviIPPool (edge)" in answer.message


def test_conditions_of_others_stay_on_it() -> None:
    there = KeptWorld(pool("edge", RANGE))
    theirs = {
        "type": "Theirs",
        "status": "True",
        "reason": "Looked",
        "message": "x" * 2000,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
        "observedGeneration": 7,
    }
    server = there.management.client()
    patch = {"status": {"conditions": [theirs]}}
    there.run(server.merge_patch(resources.AVI_CONTROLLERS, "main", patch, subresource="status"))
    there.look()
    assert there.condition("Theirs") == theirs
    there.run_pool()
    there.delete_controller()
    there.keep()
    there.look()
    assert there.condition("Theirs") == theirs
    assert there.condition("Held") is not None
    assert there.condition("Ready") is not None


def test_a_use_of_its_namesake_is_none_of_it() -> None:
    there = KeptWorld()
    there.use()
    (record,) = there.management.objects(kube_resource.AKO_DEPLOYMENTS)
    uses = [{**record["spec"]["uses"][0], "uid": "of-another"}]
    server = there.management.client()
    patch = {"spec": {"uses": uses}}
    name = record["metadata"]["name"]
    there.run(server.merge_patch(kube_resource.AKO_DEPLOYMENTS, name, patch))
    there.keep()
    assert there.finalizers == []


def test_one_that_was_moved_away_is_let_go() -> None:
    there = KeptWorld(pool("edge", RANGE))
    there.run_pool()
    there.change(annotations={names.DELETE_FOR_MOVE_ANNOTATION: ""})
    there.delete_controller()
    assert there.keep() == api.Done()
    assert there.controller is None


def test_what_is_said_of_its_health_leaves_who_needs_it() -> None:
    there = KeptWorld(pool("edge", RANGE))
    there.run_pool()
    there.delete_controller()
    there.keep()
    there.look()
    assert there.condition("Held") is not None
    ready = there.condition("Ready")
    assert ready is not None
    assert ready["status"] == "True"
    before = there.controller
    there.keep()
    assert there.controller == before, "nothing new, nothing written"


def test_who_has_to_be_asked_again_when_what_changes() -> None:
    used = {"spec": {"uses": [{"kind": "AviController", "name": "main"}, {"kind": "AviIPPool"}]}}
    assert keeping.keys(kube_resource.AKO_DEPLOYMENTS, used) == ("main",)
    assert keeping.keys(resources.AVI_IP_POOLS, pool("edge")) == ("main",)
    assert keeping.keys(resources.AVI_IP_POOLS, pool("edge", controller=None)) == ()
    stored = pool("edge") | {"status": {"free": 1}}
    assert keeping.goes_by(resources.AVI_IP_POOLS, pool("edge")) == keeping.goes_by(
        resources.AVI_IP_POOLS, stored
    )


# A death at any call.


def needed() -> KeptWorld:
    there = KeptWorld()
    there.use()
    return there


def needed_and_deleted() -> KeptWorld:
    there = KeptWorld(pool("edge", RANGE))
    there.run_pool()
    there.delete_controller()
    return there


def let_go() -> KeptWorld:
    there = needed()
    there.keep()
    there.delete_controller()
    there.finish()
    return there


def moved() -> KeptWorld:
    there = needed()
    there.keep()
    there.change(annotations={names.DELETE_FOR_MOVE_ANNOTATION: ""})
    there.delete_controller()
    return there


@pytest.mark.parametrize("make", [needed, needed_and_deleted, let_go, moved])
def test_a_death_at_any_call_ends_as_without_it(make: Callable[[], KeptWorld]) -> None:
    undisturbed = make()
    made = testing.run_reconcile(undisturbed.plugin(), "kept-controllers", "main", undisturbed)
    assert made.calls
    undisturbed.keep()
    moments: tuple[calls.Moment, ...] = ("before", "after")
    for number, moment in itertools.product(range(1, len(made.calls) + 1), moments):
        there = make()
        there.calls.fail(number, moment, calls.Crash())
        run = there.run(verbs.try_reconcile(there.plugin(), "kept-controllers", "main", there))
        assert isinstance(run.error, calls.Crash), (number, moment, run)
        there.calls.heal()
        there.keep()
        assert there.state()["management"] == undisturbed.state()["management"], (number, moment)


NAMES = st.lists(st.text("abc-", min_size=1, max_size=60), max_size=40)


@given(NAMES, NAMES)
def test_the_message_is_bounded_and_counts_all(pool_names: list[str], records: list[str]) -> None:
    kinds = (("AviIPPool", pool_names), ("AKODeployment", records))
    users = [uses.User(kind, name) for kind, listed in kinds for name in listed]
    message = keeping.needed_by(users)
    assert len(message) < conditions.MESSAGE_LIMIT
    for kind, listed in kinds:
        plural = "s" if len(listed) > 1 else ""
        assert (f"{len(listed)} {kind}{plural} (" in message) is bool(listed)


@pytest.mark.parametrize(
    "check",
    ["bears_missing_kinds", "keeps_marks_of_others", "waits_for_holds", "reconciles_alike"],
)
def test_the_controllers_get_on_with_their_neighbours(check: str) -> None:
    def make(world: testing.World) -> api.Plugin:
        assert isinstance(world, KeptWorld)
        return world.plugin()

    subject = conformance.Subject(make, lambda: KeptWorld(pool("edge", RANGE)), scenario="a pool")
    conformance.CHECKS[check](subject)
