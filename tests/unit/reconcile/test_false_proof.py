"""Absence is no evidence: lost records, plugins that came later, a foreign AKO."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.objects.record import ForeignAko
from akoo_core.plugin import api
from akoo_core.reconcile.act import foreign_ako
from akoo_core.reconcile.decide import proofs
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


class Trusting(reconcile_plugins.Avi):
    """Takes a record without its intent for one of a cluster that it never touched."""

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result | None:
        if ctx.view.intent(self.name) is None:
            return api.Done()
        return await super().sweep(ctx)

    @api.hookimpl
    async def verify(
        self, ctx: api.VerbContext
    ) -> api.Proof | api.Unverified | api.Wait | api.Blocked | None:
        if ctx.view.intent(self.name) is None:
            return api.Proof(own=0, queries=("never placed",))
        return await super().verify(ctx)

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result | None:
        return None if ctx.view.intent(self.name) is None else await super().release(ctx)


@pytest.fixture
def avi() -> Trusting:
    return Trusting()


async def lose(fleet: ReconcileFleet, name: str) -> None:
    """Somebody tears the record away, and another process leads from then on."""
    off = {"metadata": {"finalizers": None}}
    await fleet.user.merge_patch(resources.AKO_DEPLOYMENTS, name, off)
    await fleet.user.delete(resources.AKO_DEPLOYMENTS, name)
    fleet.start()


async def attempts(fleet: ReconcileFleet, name: str, seconds: float, step: float = 30.0) -> None:
    for _ in range(int(seconds / step)):
        fleet.clock.advance(step)
        await fleet.run(name)


# A record that was lost.


async def test_a_record_made_again_for_a_dying_cluster_proves_nothing(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, avi: Trusting, name: str
) -> None:
    avi.outside[name] = {"vs-1"}
    ako.calls.clear()
    await fleet.delete_cluster()
    await lose(fleet, name)
    await fleet.run(name)
    made = fleet.record(name)
    assert made.spec.history_unknown
    assert made.spec.plugins == ()
    await attempts(fleet, name, 600)
    assert reconcile_fleet.held_by_us(fleet)
    assert fleet.condition(name, "CleanupProven") == ("Unknown", "PluginNeverWorked")
    assert "akoo.io/let-go" in fleet.message(name, "CleanupProven")
    assert ako.calls[:2] == ["drain", "fence"], "AKO runs there, whatever the record says"
    assert fleet.record(name).spec.workload is not None, "stored before AKO was asked"
    await attempts(fleet, name, 3600, 300)
    assert reconcile_fleet.let_go(fleet, name) == "Deadline"
    assert not reconcile_fleet.held_by_us(fleet)
    assert fleet.condition(name, "CleanupProven") == ("Unknown", "NotLookedFor")
    assert fleet.condition(name, "Leaked") == ("True", "Deadline")
    assert fleet.record(name).status.phase == "Finished", "nobody could ever count more"
    assert avi.outside[name] == {"vs-1"}


async def test_a_record_made_again_for_a_living_cluster_ends_as_counted(
    fleet: ReconcileFleet, avi: Trusting, name: str
) -> None:
    """It knows its place again, but not whether there was another one."""
    await lose(fleet, name)
    await fleet.run(name)
    await fleet.run(name)
    assert fleet.record(name).spec.history_unknown
    assert fleet.record(name).status.phase == "Running"
    await fleet.delete_cluster()
    await fleet.run(name)
    await attempts(fleet, name, 60)
    assert reconcile_fleet.let_go(fleet, name) == "Counted"
    assert fleet.condition(name, "CleanupProven") == ("Unknown", "NotLookedFor")
    assert "the record of that time is lost" in fleet.message(name, "CleanupProven")
    assert "AKOCleanupProven" not in await fleet.events()
    assert fleet.record(name).status.phase == "Finished"


async def test_a_record_made_again_that_cannot_ask_is_unfenced(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, name: str
) -> None:
    """AKO may run behind an API that is silent, and write again."""
    fleet.workloads.silent = 60.0
    fleet.workloads.error = errors.UnreachableError("connection refused")
    await lose(fleet, name)
    await fleet.delete_cluster()
    await fleet.run(name)
    state = reconcile_fleet.leaving(fleet.record(name))
    assert state.fence is not None
    assert (state.fence.grade, ako.calls) == ("Unfenced", ["fence"])
    assert "silent" in state.drain_outcome
    assert fleet.record(name).spec.workload is None


async def test_our_annotation_shows_that_a_record_was_lost(
    fleet: ReconcileFleet, name: str
) -> None:
    """Somebody took the finalizer off, too."""
    await lose(fleet, name)
    await fleet.patch_cluster({"metadata": {"finalizers": ["cluster.cluster.x-k8s.io"]}})
    await fleet.run(name)
    assert fleet.record(name).spec.history_unknown


async def test_the_annotation_of_another_record_shows_nothing(fleet: ReconcileFleet) -> None:
    """A Cluster that was made of a copy of another one's manifest."""
    await fleet.config()
    copied = {names.RECORD_ANNOTATION: "akoo-000000000000"}
    name = await fleet.cluster(annotations=copied)
    await fleet.run(name)
    assert not fleet.record(name).spec.history_unknown


async def test_a_dying_cluster_that_was_never_served_gets_no_record(fleet: ReconcileFleet) -> None:
    """The cache did not show its deletion yet."""
    await fleet.config()
    name = await fleet.cluster()
    seen = fleet.world.cluster_of(name)
    await fleet.delete_cluster()
    fleet.world.cluster_of = lambda name: seen  # type: ignore[method-assign]
    outcome = await fleet.run(name)
    assert fleet.management.objects(resources.AKO_DEPLOYMENTS) == []
    assert outcome.requeue_after == 1.0


def test_a_record_with_an_unknown_history_is_never_untouched() -> None:
    bare = builders.make_spec(plugins=())
    assert bare.untouched
    assert bare.never_deployed
    unknown = structs.replace(bare, history_unknown=True)
    assert not unknown.untouched
    assert not unknown.never_deployed


@pytest.mark.parametrize("verifies", [True, False])
async def test_only_an_end_with_a_proof_gives_a_clean_sheet(
    verifies: bool, ako: reconcile_plugins.Ako, avi: Trusting
) -> None:
    fleet = ReconcileFleet(*((ako, avi) if verifies else (ako,)))
    name = await reconcile_fleet.running(fleet, onUnmatch="Remove")
    await fleet.patch_cluster({"metadata": {"labels": {"lb": None}}})
    await fleet.run(name)
    await attempts(fleet, name, 60)
    assert fleet.record(name).status.phase == "Finished"
    assert reconcile_fleet.let_go(fleet, name) == ("Proven" if verifies else "NoVerifier")
    await fleet.patch_cluster({"metadata": {"labels": {"lb": "avi"}}})
    await fleet.run(name)
    assert fleet.record(name).spec.leaving is None
    assert fleet.record(name).spec.history_unknown is not verifies


# A plugin that was loaded too late.


async def with_avi(fleet: ReconcileFleet, ako: reconcile_plugins.Ako, avi: Trusting) -> None:
    """The operator is started again with --plugins ako,avi."""
    avi.name = "avi"
    fleet.plugins = (ako, avi)
    fleet.start()


async def test_a_verifier_that_comes_while_a_cluster_leaves_proves_nothing(
    ako: reconcile_plugins.Ako, avi: Trusting
) -> None:
    fleet = ReconcileFleet(ako)
    name = await reconcile_fleet.running(fleet)
    avi.outside[name] = {"vs-1"}
    ako.drain_answer = api.Wait(reason="AkoDeleting", message="AKO deletes.", after=5)
    await fleet.delete_cluster()
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Draining"
    await with_avi(fleet, ako, avi)
    ako.drain_answer = api.Done()
    await attempts(fleet, name, 600)
    assert fleet.condition(name, "CleanupProven") == ("Unknown", "PluginNeverWorked")
    assert reconcile_fleet.held_by_us(fleet)
    await fleet.annotate(name, let_go="looked at by hand")
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "UserWord"
    await attempts(fleet, name, 60)
    assert fleet.record(name).status.phase == "Finished"
    assert fleet.condition(name, "CleanupProven") == ("Unknown", "NotLookedFor")


async def test_a_verifier_may_come_before_anything_was_deployed(
    ako: reconcile_plugins.Ako, avi: Trusting
) -> None:
    fleet = ReconcileFleet(ako)
    await fleet.config()
    name = await fleet.cluster()
    ready = {"status": {"initialization": {"controlPlaneInitialized": False}}}
    await fleet.user.merge_patch(resources.CLUSTERS, "shop", ready, "demo", subresource="status")
    await fleet.run(name)
    await fleet.run(name)
    assert fleet.record(name).spec.plugins == ("ako",)
    await fleet.delete_cluster()
    await with_avi(fleet, ako, avi)
    await fleet.run(name)
    await attempts(fleet, name, 60)
    assert reconcile_fleet.let_go(fleet, name) == "Proven"


# An AKO that akoo-core did not deploy.


class Named(reconcile_plugins.Ako):
    """Deploys AKO's ConfigMap with the clusterName, as the real one does."""

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait | api.Blocked | None:
        data = {"clusterName": view.spec.ako_cluster_name}
        return api.Contribution(objects=(config_map(data),))

    @api.hookimpl
    async def drain(self, ctx: api.VerbContext) -> api.Result | None:
        return api.Done(message="AKO was not made by us: it was not asked.")

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait | api.Blocked | None:
        return api.Fenced(grade="Stopped", evidence="no Pod")


def config_map(data: Any, **metadata: Any) -> dict[str, Any]:
    where = {"name": "avi-k8s-config", "namespace": reconcile_plugins.AKO_NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": where | metadata, "data": data}


async def test_the_objects_of_a_foreign_ako_are_named_at_the_end(avi: Trusting) -> None:
    fleet = ReconcileFleet(Named(), avi)
    fleet.workload.seed(config_map({"clusterName": "my-cluster"}))
    name = await reconcile_fleet.running(fleet)
    assert fleet.condition(name, "AkoReady") == ("False", "ForeignObject")
    (known,) = fleet.record(name).spec.foreign_akos
    assert known.cluster_name == "my-cluster"
    await fleet.delete_cluster()
    await fleet.run(name)
    await attempts(fleet, name, 60)
    assert reconcile_fleet.let_go(fleet, name) == "Counted"
    assert fleet.condition(name, "CleanupProven") == ("Unknown", "NotLookedFor")
    assert '"my-cluster"' in fleet.message(name, "CleanupProven")
    assert "ConfigMap avi-system/avi-k8s-config" in fleet.message(name, "CleanupProven")
    assert "Leaked" not in fleet.conditions(name)


async def test_a_foreign_ako_that_was_removed_is_not_forgotten(avi: Trusting) -> None:
    """Its objects stay where they are."""
    fleet = ReconcileFleet(Named(), avi)
    fleet.workload.seed(config_map({"clusterName": "my-cluster"}))
    name = await reconcile_fleet.running(fleet)
    await fleet.workload.client().delete(
        resources.CONFIG_MAPS, "avi-k8s-config", reconcile_plugins.AKO_NAMESPACE
    )
    await fleet.run(name)
    await fleet.run(name)
    assert fleet.in_workload(resources.CONFIG_MAPS, "avi-k8s-config") is not None
    assert [ako.cluster_name for ako in fleet.record(name).spec.foreign_akos] == ["my-cluster"]


@pytest.mark.parametrize(
    ("data", "metadata", "names_"),
    [
        ({"clusterName": "my-cluster"}, {}, ["my-cluster"]),
        ({"clusterName": "my-cluster"}, {"labels": {names.RECORD_LABEL: "other"}}, ["my-cluster"]),
        ({"clusterName": "my-cluster"}, {"labels": {names.RECORD_LABEL: builders.RECORD}}, []),
        ({"clusterName": builders.RECORD}, {"labels": None}, []),
        ({"clusterName": 7}, {}, [""]),
        ({}, {}, [""]),
        (None, {}, [""]),
        (["x"], {}, [""]),
    ],
)
def test_the_name_of_a_foreign_ako(data: Any, metadata: dict[str, Any], names_: list[str]) -> None:
    foreign = config_map(data, **metadata)
    known = foreign_ako.with_foreign((), foreign, builders.RECORD, builders.RECORD)
    assert [ako.cluster_name for ako in known] == names_
    assert foreign_ako.with_foreign(known, foreign, builders.RECORD, builders.RECORD) == known


def test_a_record_keeps_a_few_foreign_akos() -> None:
    known: tuple[ForeignAko, ...] = ()
    for number in range(foreign_ako.KEPT + 3):
        live = config_map({"clusterName": f"other-{number}"})
        known = foreign_ako.with_foreign(known, live, builders.RECORD, builders.RECORD)
    assert len(known) == foreign_ako.KEPT


# Counts and their limits.


def test_a_plugin_may_say_what_it_did_not_look_for() -> None:
    answer = api.Proof(own=0, queries=("pool",), unseen=("tenant edge",))
    combined = proofs.combined({"avi": answer}, now=builders.NOW, backoff=1.0)
    assert combined.proof is not None
    assert combined.proof.clean
    assert combined.proof.unseen == ("tenant edge",)
    assert proofs.counted(combined.proof).endswith("not looked for: tenant edge")


def test_without_a_count_and_a_stranger_there_is_no_proof() -> None:
    spec = builders.make_spec(history_unknown=True)
    assert proofs.limited(None, spec, strangers=(), now=builders.NOW) is None
    assert proofs.limited(None, spec, strangers=("avi",), now=builders.NOW) is not None
    plain = builders.make_spec()
    assert proofs.limited(builders.proof(), plain, strangers=(), now=builders.NOW) == (
        builders.proof()
    )


def test_a_record_keeps_a_bounded_number_of_sentences() -> None:
    answer = api.Proof(own=0, unseen=tuple("x" * 9999 for _ in range(99)))
    combined = proofs.combined({"avi": answer}, now=builders.NOW, backoff=1.0)
    spec = builders.make_spec(history_unknown=True)
    proof = proofs.limited(combined.proof, spec, strangers=("dns",), now=builders.NOW)
    assert proof is not None
    assert len(proof.unseen) == proofs.UNSEEN_KEPT
    assert proof.unseen[-1] == proofs.HISTORY_UNKNOWN
    assert max(map(len, proof.unseen)) <= proofs.UNSEEN_LIMIT
