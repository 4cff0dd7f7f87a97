"""An observed cluster whose AKO can be adopted: one write, and no two records of one name."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile.decide import adoption_limit
from tests.unit.reconcile import deploy_world, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

ADOPT: dict[str, Any] = {"plugins": {"ako": {"existing": "Adopt"}}}
REFUSE: dict[str, Any] = {"plugins": {"ako": {"existing": None}}}
NAME = "my-cluster"


class AdoptingAko(reconcile_plugins.Ako):
    """The small plugin ako; it observes, and may be adopted."""

    provides: ClassVar[tuple[type[api.Fact], ...]] = (api.AdoptedName,)

    class Options(structs.StrictStruct, frozen=True, kw_only=True):
        existing: str | None = None

    config_type = Options

    def __init__(self) -> None:
        super().__init__()
        self.answer: api.Result = api.Done(version="1.13.4")
        self.adopted: api.AdoptedName | None = api.AdoptedName(cluster_name=NAME)
        self.trouble: api.Blocked | None = None

    def only_observes(self, section: structs.JSON) -> bool:
        return section.get("existing") == "Adopt"

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait | api.Blocked | None:
        return self.trouble

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        self.calls.append("observe")
        if isinstance(self.answer, api.Done) and self.adopted is not None:
            return structs.replace(self.answer, facts=(self.adopted,))
        return self.answer


@pytest.fixture
def ako() -> AdoptingAko:
    return AdoptingAko()


async def begun(fleet: ReconcileFleet, cluster_name: str = "shop", **spec: Any) -> str:
    """The record of a cluster under a config with that spec, after two attempts."""
    if not fleet.world.configs():
        await fleet.config(**(spec or ADOPT))
    name = await fleet.cluster(cluster_name)
    await fleet.run(name)
    await fleet.run(name)
    return name


async def test_one_write_sets_the_name_and_ends_observing(
    fleet: ReconcileFleet, ako: AdoptingAko, avi: reconcile_plugins.Avi
) -> None:
    ako.answer = api.Wait(reason="AkoNotReady", message="It starts.", after=1.0)
    name = await begun(fleet)
    assert fleet.record(name).spec.observed
    assert avi.calls == []
    ako.answer = api.Done()
    await fleet.run(name)
    record = fleet.record(name)
    assert (record.spec.ako_cluster_name, record.spec.observed) == (NAME, False)
    assert record.labels[names.ADOPTED_NAME_LABEL] == names.adopted_name_label(NAME)
    assert record.spec.facts["AdoptedName"].data["clusterName"] == NAME
    assert record.spec.workload is not None
    assert record.spec.adoption is not None
    assert record.spec.adoption.ended_at == fleet.clock.now()
    assert "prepare" in avi.calls
    cluster = fleet.world.cluster_at("demo", "shop")
    assert cluster is not None
    assert names.FINALIZER in cluster.finalizers


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_crash_at_that_write(fleet: ReconcileFleet, ako: AdoptingAko, moment: str) -> None:
    ako.answer = api.Wait(reason="AkoNotReady", message="It starts.", after=1.0)
    name = await begun(fleet)
    ako.answer = api.Done()
    fail = getattr(fleet.management.faults, moment)
    fail("patch akodeployments", errors.UnreachableError("cut"), times=2)
    for _ in range(4):
        try:
            await fleet.run(name)
        except errors.KubeError:
            fleet.start()
    record = fleet.record(name)
    assert (record.spec.ako_cluster_name, record.spec.observed) == (NAME, False)
    assert record.labels[names.ADOPTED_NAME_LABEL] == names.adopted_name_label(NAME)


async def test_a_cluster_without_an_ako_is_managed_under_our_name(
    fleet: ReconcileFleet, ako: AdoptingAko
) -> None:
    ako.adopted = api.AdoptedName(cluster_name="")
    name = await begun(fleet)
    record = fleet.record(name)
    assert (record.spec.ako_cluster_name, record.spec.observed) == (name, False)
    assert record.spec.adoption is None
    assert names.ADOPTED_NAME_LABEL not in record.labels


async def test_what_cannot_be_adopted_stays_observed(
    fleet: ReconcileFleet, ako: AdoptingAko, avi: reconcile_plugins.Avi
) -> None:
    ako.adopted = None
    ako.answer = api.Blocked(reason="ManagedByOther", message="HelmRelease team-a/ako does.")
    name = await begun(fleet)
    assert fleet.record(name).spec.observed
    assert fleet.condition(name, "Ready") == ("False", "ManagedByOther")
    assert avi.calls == []
    assert not any(call.write for call in fleet.workload.faults.calls)


async def test_two_clusters_of_one_name(fleet: ReconcileFleet, ako: AdoptingAko) -> None:
    first = await begun(fleet)
    second = await begun(fleet, "second")
    assert not fleet.record(first).spec.observed
    assert fleet.record(second).spec.observed
    assert fleet.condition(second, "Ready") == ("False", "ClusterNameTaken")
    assert first in fleet.message(second, "Ready")


async def test_two_attempts_at_once(fleet: ReconcileFleet, ako: AdoptingAko) -> None:
    """Each would see, in the caches, that nobody has the name."""
    ako.answer = api.Wait(reason="AkoNotReady", message="It starts.", after=1.0)
    both = [await begun(fleet), await begun(fleet, "second")]
    ako.answer = api.Done()
    await asyncio.gather(*(fleet.reconciler.reconcile(name, 0) for name in both))
    managed = [name for name in both if not fleet.record(name).spec.observed]
    assert len(managed) == 1


@pytest.mark.parametrize("taken", ["akoo-0123456789ab", "akoo-ffffffffffff"])
async def test_a_name_that_is_made_for_another_record(
    fleet: ReconcileFleet, ako: AdoptingAko, taken: str
) -> None:
    """Of any management cluster: whoever writes to the workload cluster could choose a victim."""
    ako.adopted = api.AdoptedName(cluster_name=taken)
    name = await begun(fleet)
    assert fleet.record(name).spec.observed
    assert fleet.record(name).spec.ako_cluster_name == name
    assert fleet.condition(name, "Ready") == ("False", "ClusterNameTaken")
    assert taken in fleet.message(name, "Ready")


async def test_an_ako_with_the_name_of_its_own_record(
    fleet: ReconcileFleet, ako: AdoptingAko
) -> None:
    """As after hand-back, or an uninstallation that left AKO in place."""
    ako.adopted = None
    name = await begun(fleet)
    ako.adopted = api.AdoptedName(cluster_name=name)
    await fleet.run(name)
    await fleet.run(name)
    record = fleet.record(name)
    assert (record.spec.ako_cluster_name, record.spec.observed) == (name, False)


async def test_a_cluster_of_the_ancestor_is_not_adopted(
    fleet: ReconcileFleet, ako: AdoptingAko
) -> None:
    await fleet.config(**ADOPT)
    name = await fleet.cluster(finalizers=[names.ANCESTOR_FINALIZER])
    await fleet.run(name)
    await fleet.run(name)
    assert fleet.record(name).spec.observed
    assert fleet.condition(name, "Ready") == ("False", "TwoOperators")
    await fleet.patch_cluster({"metadata": {"finalizers": ["cluster.cluster.x-k8s.io"]}})
    await fleet.run(name)
    assert not fleet.record(name).spec.observed


async def test_at_most_so_many_at_once(fleet: ReconcileFleet, ako: AdoptingAko) -> None:
    ako.adopted = api.AdoptedName(cluster_name="one", at_once=1)
    ako.trouble = api.Blocked(reason="CredentialMissing", message="There is none.")
    first = await begun(fleet)
    ako.adopted = api.AdoptedName(cluster_name="two", at_once=1)
    second = await begun(fleet, "second")
    assert fleet.record(second).spec.observed
    assert fleet.condition(second, "Ready") == ("False", "AdoptionWaits")
    ako.trouble = None
    await fleet.run(first)
    await fleet.run(second)
    assert not fleet.record(second).spec.observed


async def test_none_at_once_only_looks(fleet: ReconcileFleet, ako: AdoptingAko) -> None:
    ako.adopted = api.AdoptedName(cluster_name=NAME, at_once=0)
    name = await begun(fleet)
    assert fleet.record(name).spec.observed
    assert fleet.condition(name, "Ready") == ("False", "AdoptionWaits")
    assert "akoo-core plan" in fleet.message(name, "Ready")
    ako.adopted = api.AdoptedName(cluster_name=NAME)
    await fleet.run(name)
    assert not fleet.record(name).spec.observed


async def test_the_first_failure_halts_the_others(fleet: ReconcileFleet, ako: AdoptingAko) -> None:
    ako.adopted = api.AdoptedName(cluster_name="one")
    ako.trouble = api.Blocked(reason="AdoptionWouldRestart", message="spec.template differs.")
    first = await begun(fleet)
    adoption = fleet.record(first).spec.adoption
    assert adoption is not None
    assert adoption.failure == "AdoptionWouldRestart"
    ako.adopted = api.AdoptedName(cluster_name="two")
    second = await begun(fleet, "second")
    assert fleet.record(second).spec.observed
    assert fleet.condition(second, "Ready") == ("False", "AdoptionHalted")
    assert "demo/shop" in fleet.message(second, "Ready")
    await fleet.change_config(logLevel="DEBUG")
    await fleet.run(second)
    assert not fleet.record(second).spec.observed, "somebody has changed the config"


async def test_from_adopt_to_refuse_before_it_was_adopted(
    fleet: ReconcileFleet, ako: AdoptingAko
) -> None:
    ako.adopted = None
    name = await begun(fleet)
    await fleet.change_config(**REFUSE)
    await fleet.run(name)
    record = fleet.record(name)
    assert (record.spec.observed, record.spec.ako_cluster_name) == (False, name)


async def test_an_adopted_name_is_given_up_with_its_ako(
    fleet: ReconcileFleet, ako: AdoptingAko, avi: reconcile_plugins.Avi
) -> None:
    """A record that left no trace begins anew as observed: its name may be taken by now."""
    fleet.workload.seed(deploy_world.config_map(), deploy_world.stateful_set())
    name = await begun(fleet)
    await fleet.annotate(name, leave="sweep")
    for _ in range(8):
        await fleet.run(name)
        fleet.clock.advance(60.0)
    assert fleet.record(name).spec.finished_at is not None
    other = await begun(fleet, "second")
    assert not fleet.record(other).spec.observed
    await fleet.change_config(**REFUSE)
    await fleet.annotate(name, leave=None)
    await fleet.run(name)
    assert fleet.record(name).spec.ako_cluster_name == name
    assert not fleet.record(name).spec.observed


def test_adoptions_that_the_caches_show_are_not_counted_twice() -> None:
    begun_here = adoption_limit.Begun()
    begun_here.note("akoo-1", "default")
    begun_here.note("akoo-2", "other")
    assert begun_here.unseen("default", ()) == ("akoo-1",)
    assert begun_here.unseen("default", {"akoo-1"}) == ()
    assert begun_here.unseen("default", ()) == ()
    assert begun_here.unseen("other", ()) == ("akoo-2",)
