"""A cluster leaves, through the real reconciler, on two API servers in memory."""

from __future__ import annotations

from akoo_core.kube import errors
from akoo_core.plugin import api
from akoo_core.reconcile.decide import leaving
from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed

# The whole way.


async def test_a_deleted_cluster_is_swept_proven_and_let_go(
    bed: Bed, ako: bedplugins.Ako, avi: bedplugins.Avi, name: str
) -> None:
    await bed.delete_cluster()
    outcome = await bed.run(name)
    assert ako.calls == ["drain", "fence"]
    assert avi.calls == ["sweep", "verify"]
    assert bed.record(name).status.phase == "Verifying"
    assert bed.condition(name, "CleanupProven") == ("False", "QuietPeriod")
    assert bed.condition(name, "Held") == ("True", "QuietPeriod")
    assert outcome.requeue_after == 30.0
    assert reconcile_bed.held_by_us(bed)
    bed.clock.advance(30)
    await bed.run(name)
    assert avi.calls == ["sweep", "verify", "verify", "release"]
    assert reconcile_bed.let_go(bed, name) == "Proven"
    assert bed.condition(name, "CleanupProven") == ("True", "Proven")
    assert bed.record(name).status.phase == "Finished"
    assert not reconcile_bed.held_by_us(bed)
    assert avi.outside == {}
    assert "Leaked" not in bed.conditions(name)
    assert sorted(await bed.events()) == [
        "AKOCleanupProven",
        "AKOCleanupStarted",
        "AKODeployed",
        "ClusterLetGo",
    ]


async def test_each_step_is_stored_before_the_next_begins(bed: Bed, name: str) -> None:
    stored: list[str] = []

    async def noting(record: object, spec: object, **how: object) -> object:
        state = getattr(spec, "leaving", None)
        if state is not None:
            at = ("confirmed_at", "drained_at", "fence", "proof", "let_go", "released_at")
            stored.extend(step for step in at if getattr(state, step) and step not in stored)
        return await change(record, spec, **how)  # type: ignore[arg-type]

    change = bed.services.records.change
    bed.services.records.change = noting  # type: ignore[method-assign,assignment]
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    assert stored == ["confirmed_at", "drained_at", "fence", "proof", "let_go", "released_at"]


async def test_no_workload_write_once_the_cluster_is_let_go(bed: Bed, name: str) -> None:
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    assert [call for call in bed.workload.faults.calls if call.write] == []
    assert bed.workloads.forgotten


async def test_a_finished_record_is_kept_and_then_pruned(bed: Bed, name: str) -> None:
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    await bed.tear_down()
    await bed.run(name)
    outcome = await bed.run(name)
    assert bed.writes == []
    assert outcome.requeue_after is not None
    assert outcome.requeue_after > 6 * 86400
    bed.clock.advance(outcome.requeue_after)
    await bed.run(name)
    assert bed.world.record(name) is None
    assert (await bed.run(name)).requeue_after is None


async def test_drain_waits_and_is_bounded(bed: Bed, ako: bedplugins.Ako, name: str) -> None:
    ako.drain_answer = api.Wait(reason="Draining", message="AKO deletes.", after=2, left=7)
    await bed.delete_cluster()
    outcome = await bed.run(name)
    assert outcome.requeue_after == 2.0
    assert bed.record(name).status.phase == "Draining"
    assert bed.record(name).status.left == 7
    assert bed.condition(name, "Held") == ("True", "Draining")
    assert bed.message(name, "Held").endswith(
        "Let go automatically at 2026-03-01 13:00 UTC, or after the first complete attempt if "
        "that is "
        "later."
    )
    await bed.run(name)
    assert bed.writes == ["patch configmaps avi-system/avi-k8s-config"], "the plugin's, not ours"
    bed.clock.advance(600)
    await bed.run(name)
    state = reconcile_bed.leaving(bed.record(name))
    assert state.drain_outcome == "TimedOut after 10m: AKO deletes."
    assert state.fence is not None


async def test_drain_is_skipped_when_the_machines_die(
    bed: Bed, ako: bedplugins.Ako, name: str
) -> None:
    await bed.delete_cluster()
    await bed.kill_machines()
    await bed.run(name)
    state = reconcile_bed.leaving(bed.record(name))
    assert state.drain_outcome.startswith("Skipped: the Machines")
    assert ako.calls == ["fence"]


async def test_a_dead_workload_is_swept_from_outside(
    bed: Bed, ako: bedplugins.Ako, avi: bedplugins.Avi, name: str
) -> None:
    bed.workloads.error = errors.UnreachableError("connection refused")
    await bed.delete_cluster()
    await bed.run(name)
    assert bed.condition(name, "Held") == ("True", "WorkloadUnreachable")
    assert ako.calls == []
    bed.workloads.silent = 31.0
    await bed.run(name)
    state = reconcile_bed.leaving(bed.record(name))
    assert "silent for 31 s" in state.drain_outcome
    assert state.fence is not None
    assert state.fence.grade == "Unfenced"
    assert "Machine shop-1" in state.fence.evidence
    assert avi.calls == ["sweep", "verify"]
    await bed.tear_down()
    await bed.run(name)
    fence = reconcile_bed.leaving(bed.record(name)).fence
    assert fence is not None
    assert fence.grade == "Gone", "the stronger fence takes the place of the weaker"
    bed.clock.advance(30)
    await bed.run(name)
    assert reconcile_bed.let_go(bed, name) == "Proven"
    assert bed.world.cluster_at("demo", "shop") is None


async def test_unfenced_waits_five_minutes_for_the_last_count(
    bed: Bed, avi: bedplugins.Avi, name: str
) -> None:
    bed.workloads.error = errors.NotFoundError("no kubeconfig Secret")
    await bed.delete_cluster()
    outcome = await bed.run(name)
    assert outcome.requeue_after == leaving.FENCE_AGAIN_SECONDS, "whether it is still unfenced"
    counted = avi.calls.count("verify")
    bed.clock.advance(299)
    await bed.run(name)
    assert avi.calls.count("verify") == counted, "the last count waits"
    avi.outside[name] = {"vs-made-by-a-living-ako"}
    bed.clock.advance(1)
    outcome = await bed.run(name)
    assert reconcile_bed.let_go(bed, name) == ""
    assert bed.record(name).status.left == 1


async def test_what_is_held_is_named_until_the_deadline(
    bed: Bed, avi: bedplugins.Avi, name: str
) -> None:
    avi.held = {"pool-web"}
    await bed.delete_cluster()
    await bed.run(name)
    assert bed.condition(name, "CleanupProven") == ("False", "ForeignReference")
    assert bed.condition(name, "Held") == ("True", "ForeignReference")
    assert bed.record(name).status.left == 1
    assert reconcile_bed.held_by_us(bed)
    await bed.run(name)
    assert bed.writes == [], "the same finding is not written again"
    bed.clock.advance(3599)
    await bed.run(name)
    assert reconcile_bed.held_by_us(bed)
    bed.clock.advance(1)
    await bed.run(name)
    assert not reconcile_bed.held_by_us(bed)
    assert reconcile_bed.let_go(bed, name) == "Deadline"
    assert bed.condition(name, "Leaked") == ("True", "Deadline")
    assert "Held" not in bed.conditions(name)
    await bed.tear_down()
    avi.held = set()
    bed.clock.advance(60)
    await bed.run(name)
    assert bed.condition(name, "CleanupProven") == ("True", "Proven")
    assert "Leaked" not in bed.conditions(name)
    assert bed.record(name).status.phase == "Finished"


async def test_on_deadline_hold_holds(bed: Bed, avi: bedplugins.Avi) -> None:
    name = await reconcile_bed.running(bed, onDeadline="Hold")
    avi.outside[name] = {"pool"}
    avi.held = {"pool"}
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(86400)
    await bed.run(name)
    assert reconcile_bed.held_by_us(bed)
    assert "onDeadline: Hold" in bed.message(name, "Held")


async def test_the_deadline_needs_one_complete_attempt(
    bed: Bed, avi: bedplugins.Avi, ako: bedplugins.Ako, name: str
) -> None:
    ako.drain_answer = api.Wait(reason="Draining", message="AKO deletes.", after=2)
    await bed.delete_cluster()
    await bed.run(name)
    assert reconcile_bed.leaving(bed.record(name)).attempted_at is None
    bed.clock.advance(7200)
    await bed.run(name)
    assert avi.calls == ["sweep", "verify"], "the operator was away: it tries first"
    assert reconcile_bed.let_go(bed, name) == "Deadline"
    assert avi.outside[name] == set()


async def test_a_failing_verb_is_retried_and_says_so(
    bed: Bed, avi: bedplugins.Avi, name: str
) -> None:
    avi.fail["verify"] = RuntimeError("avi.example.com is down")
    await bed.delete_cluster()
    outcome = await bed.run(name, attempt=2)
    assert bed.condition(name, "AviReady") == ("False", "VerbFailed")
    assert bed.condition(name, "CleanupProven") == ("Unknown", "VerbFailed")
    assert outcome.requeue_after == 4.0
    assert reconcile_bed.held_by_us(bed)
