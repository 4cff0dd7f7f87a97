"""A cluster leaves, through the real reconciler, on two API servers in memory."""

from __future__ import annotations

from akoo_core.kube import errors
from akoo_core.plugin import api
from akoo_core.reconcile.decide import fences
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

# The whole way.


async def test_a_deleted_cluster_is_swept_proven_and_let_go(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, avi: reconcile_plugins.Avi, name: str
) -> None:
    await fleet.delete_cluster()
    outcome = await fleet.run(name)
    assert ako.calls == ["drain", "fence"]
    assert avi.calls == ["sweep", "verify"]
    assert fleet.record(name).status.phase == "Verifying"
    assert fleet.condition(name, "CleanupProven") == ("False", "QuietPeriod")
    assert fleet.condition(name, "Held") == ("True", "QuietPeriod")
    assert outcome.requeue_after == 30.0
    assert reconcile_fleet.held_by_us(fleet)
    fleet.clock.advance(30)
    await fleet.run(name)
    assert avi.calls == ["sweep", "verify", "verify", "release"]
    assert reconcile_fleet.let_go(fleet, name) == "Proven"
    assert fleet.condition(name, "CleanupProven") == ("True", "Proven")
    assert fleet.record(name).status.phase == "Finished"
    assert not reconcile_fleet.held_by_us(fleet)
    assert avi.outside == {}
    assert "Leaked" not in fleet.conditions(name)
    assert sorted(await fleet.events()) == [
        "AKOCleanupProven",
        "AKOCleanupStarted",
        "AKODeployed",
        "ClusterLetGo",
    ]


async def test_each_step_is_stored_before_the_next_begins(fleet: ReconcileFleet, name: str) -> None:
    stored: list[str] = []

    async def noting(record: object, spec: object, **how: object) -> object:
        state = getattr(spec, "leaving", None)
        if state is not None:
            at = ("confirmed_at", "drained_at", "fence", "proof", "let_go", "released_at")
            stored.extend(step for step in at if getattr(state, step) and step not in stored)
        return await change(record, spec, **how)  # type: ignore[arg-type]

    change = fleet.services.records.change
    fleet.services.records.change = noting  # type: ignore[method-assign,assignment]
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    assert stored == ["confirmed_at", "drained_at", "fence", "proof", "let_go", "released_at"]


async def test_no_workload_write_once_the_cluster_is_let_go(
    fleet: ReconcileFleet, name: str
) -> None:
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    assert [call for call in fleet.workload.faults.calls if call.write] == []
    assert fleet.workloads.forgotten


async def test_a_finished_record_is_kept_and_then_pruned(fleet: ReconcileFleet, name: str) -> None:
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    await fleet.tear_down()
    await fleet.run(name)
    outcome = await fleet.run(name)
    assert fleet.writes == []
    assert outcome.requeue_after is not None
    assert outcome.requeue_after > 6 * 86400
    fleet.clock.advance(outcome.requeue_after)
    await fleet.run(name)
    assert fleet.world.record(name) is None
    assert (await fleet.run(name)).requeue_after is None


async def test_drain_waits_and_is_bounded(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, name: str
) -> None:
    ako.drain_answer = api.Wait(reason="Draining", message="AKO deletes.", after=2, left=7)
    await fleet.delete_cluster()
    outcome = await fleet.run(name)
    assert outcome.requeue_after == 2.0
    assert fleet.record(name).status.phase == "Draining"
    assert fleet.record(name).status.left == 7
    assert fleet.condition(name, "Held") == ("True", "Draining")
    assert fleet.message(name, "Held").endswith(
        "Let go automatically at 2026-03-01 13:00 UTC, or after the first complete attempt if "
        "that is "
        "later."
    )
    await fleet.run(name)
    assert fleet.writes == ["patch configmaps avi-system/avi-k8s-config"], "the plugin's, not ours"
    fleet.clock.advance(600)
    await fleet.run(name)
    state = reconcile_fleet.leaving(fleet.record(name))
    assert state.drain_outcome == "TimedOut after 10m: AKO deletes."
    assert state.fence is not None


async def test_drain_is_skipped_when_the_machines_die(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, name: str
) -> None:
    await fleet.delete_cluster()
    await fleet.kill_machines()
    await fleet.run(name)
    state = reconcile_fleet.leaving(fleet.record(name))
    assert state.drain_outcome.startswith("Skipped: the Machines")
    assert ako.calls == ["fence"]


async def test_a_dead_workload_is_swept_from_outside(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, avi: reconcile_plugins.Avi, name: str
) -> None:
    fleet.workloads.error = errors.UnreachableError("connection refused")
    await fleet.delete_cluster()
    await fleet.run(name)
    assert fleet.condition(name, "Held") == ("True", "WorkloadUnreachable")
    assert ako.calls == []
    fleet.workloads.silent = 31.0
    await fleet.run(name)
    state = reconcile_fleet.leaving(fleet.record(name))
    assert "silent for 31 s" in state.drain_outcome
    assert state.fence is not None
    assert state.fence.grade == "Unfenced"
    assert "Machine shop-1" in state.fence.evidence
    assert avi.calls == ["sweep", "verify"]
    await fleet.tear_down()
    await fleet.run(name)
    fence = reconcile_fleet.leaving(fleet.record(name)).fence
    assert fence is not None
    assert fence.grade == "Gone", "the stronger fence takes the place of the weaker"
    fleet.clock.advance(30)
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "Proven"
    assert fleet.world.cluster_at("demo", "shop") is None


async def test_unfenced_waits_five_minutes_for_the_last_count(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    fleet.workloads.error = errors.NotFoundError("no kubeconfig Secret")
    await fleet.delete_cluster()
    outcome = await fleet.run(name)
    assert outcome.requeue_after == fences.FENCE_AGAIN_SECONDS, "whether it is still unfenced"
    counted = avi.calls.count("verify")
    fleet.clock.advance(299)
    await fleet.run(name)
    assert avi.calls.count("verify") == counted, "the last count waits"
    avi.outside[name] = {"vs-made-by-a-living-ako"}
    fleet.clock.advance(1)
    outcome = await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == ""
    assert fleet.record(name).status.left == 1


async def test_what_is_held_is_named_until_the_deadline(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.held = {"pool-web"}
    await fleet.delete_cluster()
    await fleet.run(name)
    assert fleet.condition(name, "CleanupProven") == ("False", "ForeignReference")
    assert fleet.condition(name, "Held") == ("True", "ForeignReference")
    assert fleet.record(name).status.left == 1
    assert reconcile_fleet.held_by_us(fleet)
    await fleet.run(name)
    assert fleet.writes == [], "the same finding is not written again"
    fleet.clock.advance(3599)
    await fleet.run(name)
    assert reconcile_fleet.held_by_us(fleet)
    fleet.clock.advance(1)
    await fleet.run(name)
    assert not reconcile_fleet.held_by_us(fleet)
    assert reconcile_fleet.let_go(fleet, name) == "Deadline"
    assert fleet.condition(name, "Leaked") == ("True", "Deadline")
    assert "Held" not in fleet.conditions(name)
    await fleet.tear_down()
    avi.held = set()
    fleet.clock.advance(60)
    await fleet.run(name)
    assert fleet.condition(name, "CleanupProven") == ("True", "Proven")
    assert "Leaked" not in fleet.conditions(name)
    assert fleet.record(name).status.phase == "Finished"


async def test_on_deadline_hold_holds(fleet: ReconcileFleet, avi: reconcile_plugins.Avi) -> None:
    name = await reconcile_fleet.running(fleet, onDeadline="Hold")
    avi.outside[name] = {"pool"}
    avi.held = {"pool"}
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(86400)
    await fleet.run(name)
    assert reconcile_fleet.held_by_us(fleet)
    assert "onDeadline: Hold" in fleet.message(name, "Held")


async def test_the_deadline_needs_one_complete_attempt(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, ako: reconcile_plugins.Ako, name: str
) -> None:
    ako.drain_answer = api.Wait(reason="Draining", message="AKO deletes.", after=2)
    await fleet.delete_cluster()
    await fleet.run(name)
    assert reconcile_fleet.leaving(fleet.record(name)).attempted_at is None
    fleet.clock.advance(7200)
    await fleet.run(name)
    assert avi.calls == ["sweep", "verify"], "the operator was away: it tries first"
    assert reconcile_fleet.let_go(fleet, name) == "Deadline"
    assert avi.outside[name] == set()


async def test_a_failing_verb_is_retried_and_says_so(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.fail["verify"] = RuntimeError("avi.example.com is down")
    await fleet.delete_cluster()
    outcome = await fleet.run(name, attempt=2)
    assert fleet.condition(name, "AviReady") == ("False", "VerbFailed")
    assert fleet.condition(name, "CleanupProven") == ("Unknown", "VerbFailed")
    assert outcome.requeue_after == 4.0
    assert reconcile_fleet.held_by_us(fleet)
