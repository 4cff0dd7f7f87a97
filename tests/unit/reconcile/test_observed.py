"""A config that asks to observe only: a record, and nothing else anywhere."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin import api
from tests.unit.reconcile import reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

OBSERVE: dict[str, Any] = {"plugins": {"ako": {"existing": "Observe"}}}
MANAGE: dict[str, Any] = {"plugins": {"ako": {"existing": None}}}


class Seen(api.Fact, frozen=True, kw_only=True):
    """The finding about an AKO of somebody else."""

    fact_name: ClassVar[str] = "Seen"
    namespace: str


class ObservingAko(reconcile_plugins.Ako):
    """The small plugin ako; it observes where its section says so."""

    provides: ClassVar[tuple[type[api.Fact], ...]] = (Seen,)

    class Options(structs.StrictStruct, frozen=True, kw_only=True):
        existing: str | None = None

    config_type = Options

    def __init__(self) -> None:
        super().__init__()
        self.answer: api.Result = api.Done(version="1.13.4", facts=(Seen(namespace="blue"),))

    def only_observes(self, section: structs.JSON) -> bool:
        return section.get("existing") == "Observe"

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        self.calls.append("observe")
        assert ctx.workload is not None
        await ctx.workload.list(resources.STATEFUL_SETS)
        return self.answer


@pytest.fixture
def ako() -> ObservingAko:
    return ObservingAko()


@pytest.fixture
async def observed(fleet: ReconcileFleet) -> str:
    """The record of a cluster that is observed."""
    await fleet.config(**OBSERVE)
    name = await fleet.cluster()
    await fleet.run(name)
    return name


def untouched(fleet: ReconcileFleet, avi: reconcile_plugins.Avi) -> None:
    """Nothing but the record was written: no finalizer, no claim, no object."""
    cluster = fleet.world.cluster_at("demo", "shop")
    if cluster is not None:
        assert names.FINALIZER not in cluster.finalizers
        assert names.RECORD_ANNOTATION not in cluster.annotations
        assert not (cluster.raw.get("status") or {}).get("conditions")
    (config,) = fleet.management.objects(resources.AKO_DEPLOYMENT_CONFIGS)
    assert "finalizers" not in config["metadata"]
    assert not any(call.write for call in fleet.workload.faults.calls)
    assert avi.calls == []


async def test_a_record_and_nothing_else(
    fleet: ReconcileFleet, ako: ObservingAko, avi: reconcile_plugins.Avi, observed: str
) -> None:
    record = fleet.record(observed)
    assert (record.spec.observed, record.status.phase) == (True, "Observed")
    assert (record.status.version, record.spec.plugins) == ("1.13.4", ())
    assert record.spec.intents == {}
    assert record.spec.facts["Seen"].data == {"namespace": "blue"}
    assert fleet.condition(observed, "Ready") == ("True", "Observed")
    assert ako.calls == ["observe"]
    untouched(fleet, avi)
    await fleet.run(observed)
    assert fleet.writes == []


async def test_a_problem_of_its_ako_is_shown(
    fleet: ReconcileFleet, ako: ObservingAko, avi: reconcile_plugins.Avi, observed: str
) -> None:
    for answer in (
        api.Wait(reason="AkoMissing", message="there is none.", after=5.0),
        api.Blocked(reason="AkoCrashing", message="It ends again and again.", after=7.0),
    ):
        ako.answer = answer
        outcome = await fleet.run(observed)
        assert fleet.condition(observed, "Ready") == ("False", answer.reason)
        assert outcome.requeue_after == answer.after
        untouched(fleet, avi)
    fleet.workloads.error = errors.UnreachableError("no route")
    await fleet.run(observed)
    assert fleet.condition(observed, "Ready") == ("False", "WorkloadUnreachable")
    untouched(fleet, avi)


async def test_a_plugin_that_raises(
    fleet: ReconcileFleet, ako: ObservingAko, avi: reconcile_plugins.Avi, observed: str
) -> None:
    ako.answer = None  # type: ignore[assignment]
    await fleet.run(observed)
    assert fleet.condition(observed, "Ready") == ("True", "Observed")
    fleet.workload.faults.before("list statefulsets", errors.ServerError("broken"), times=9)
    await fleet.run(observed)
    assert fleet.condition(observed, "Ready") == ("False", "VerbFailed")
    untouched(fleet, avi)


async def ended(fleet: ReconcileFleet, name: str, avi: reconcile_plugins.Avi) -> None:
    """The record has ended, and says that nothing is known."""
    assert fleet.record(name).spec.finished_at is not None
    assert fleet.record(name).spec.leaving is None
    assert fleet.condition(name, "CleanupProven") == ("Unknown", "Observed")
    untouched(fleet, avi)


async def test_its_cluster_is_deleted(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, observed: str
) -> None:
    await fleet.delete_cluster()
    await fleet.run(observed)
    await ended(fleet, observed, avi)


async def test_its_cluster_goes_while_nobody_looks(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, observed: str
) -> None:
    """Nothing of it has to be cleaned up, so nobody is asked."""
    await fleet.delete_cluster()
    await fleet.tear_down()
    assert fleet.world.cluster_at("demo", "shop") is None
    await fleet.run(observed)
    await ended(fleet, observed, avi)


@pytest.mark.parametrize("leave", ["sweep", "orphan"])
async def test_a_person_asks_to_leave(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, observed: str, leave: str
) -> None:
    await fleet.annotate(observed, leave=leave)
    await fleet.run(observed)
    await ended(fleet, observed, avi)
    await fleet.run(observed)
    await ended(fleet, observed, avi)


async def test_its_config_stops_matching_and_matches_again(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, observed: str
) -> None:
    await fleet.change_config(onUnmatch="Remove")
    await fleet.patch_cluster({"metadata": {"labels": {"lb": None}}})
    await fleet.run(observed)
    await ended(fleet, observed, avi)
    await fleet.patch_cluster({"metadata": {"labels": {"lb": "avi"}}})
    await fleet.run(observed)
    assert fleet.record(observed).spec.observed
    assert fleet.record(observed).spec.finished_at is None
    untouched(fleet, avi)


async def test_its_config_is_deleted(fleet: ReconcileFleet, observed: str) -> None:
    """No finalizer of ours is on it."""
    await fleet.user.delete(resources.AKO_DEPLOYMENT_CONFIGS, "default")
    assert fleet.management.objects(resources.AKO_DEPLOYMENT_CONFIGS) == []
    await fleet.run(observed)
    assert fleet.condition(observed, "CleanupProven") == ("Unknown", "Observed")


async def test_a_move_or_a_pause_ends_nothing(
    fleet: ReconcileFleet, ako: ObservingAko, observed: str
) -> None:
    ako.calls.clear()
    await fleet.patch_cluster({"spec": {"paused": True}})
    await fleet.delete_cluster()
    await fleet.run(observed)
    assert fleet.record(observed).spec.finished_at is None
    assert ako.calls == []


async def test_from_observed_to_managed(
    fleet: ReconcileFleet, ako: ObservingAko, avi: reconcile_plugins.Avi, observed: str
) -> None:
    """The findings about another's AKO are forgotten, and the cluster lives as any other."""
    ako.answer = api.Wait(reason="AkoNotReady", message="It starts.", after=1.0)
    await fleet.change_config(**MANAGE)
    await fleet.run(observed)
    record = fleet.record(observed)
    assert not record.spec.observed
    assert "Seen" not in record.spec.facts
    assert record.status.phase == "Deploying"
    cluster = fleet.world.cluster_at("demo", "shop")
    assert cluster is not None
    assert names.FINALIZER in cluster.finalizers
    assert "prepare" in avi.calls


async def test_a_managed_cluster_is_never_only_observed(
    fleet: ReconcileFleet, ako: ObservingAko, avi: reconcile_plugins.Avi
) -> None:
    """Something of it may be outside, which its record has to clean up."""
    await fleet.config(**MANAGE)
    name = await fleet.cluster()
    await fleet.run(name)
    await fleet.change_config(**OBSERVE)
    await fleet.run(name)
    assert not fleet.record(name).spec.observed
    await fleet.delete_cluster()
    await fleet.run(name)
    assert fleet.record(name).spec.leaving is not None


@pytest.mark.parametrize("mark", ["finalizer", "annotation"])
async def test_a_cluster_with_our_marks_is_not_observed(
    fleet: ReconcileFleet, ako: ObservingAko, mark: str
) -> None:
    """Its record was lost: objects of it may be outside."""
    await fleet.config(**OBSERVE)
    if mark == "finalizer":
        name = await fleet.cluster(finalizers=[names.FINALIZER, "cluster.cluster.x-k8s.io"])
    else:
        name = await fleet.cluster()
        await fleet.patch_cluster({"metadata": {"annotations": {names.RECORD_ANNOTATION: name}}})
    await fleet.run(name)
    assert not fleet.record(name).spec.observed
    assert fleet.record(name).spec.history_unknown
