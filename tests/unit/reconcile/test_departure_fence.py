"""Fences and proofs that do not come at once."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import structs
from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.decide import fences, proofs
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


class Slow(reconcile_plugins.Ako):
    """Its fence answers what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: api.Fenced | api.Wait | api.Blocked = api.Wait(
            reason="PodRunning", message="ako-0 still runs.", after=3
        )

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait | api.Blocked | None:
        return self.answer


@pytest.fixture
def ako() -> Slow:
    return Slow()


async def test_a_fence_is_waited_for_but_not_for_ever(
    fleet: ReconcileFleet, ako: Slow, avi: reconcile_plugins.Avi, name: str
) -> None:
    await fleet.delete_cluster()
    outcome = await fleet.run(name)
    assert outcome.requeue_after == 3.0
    assert fleet.record(name).status.phase == "Fencing"
    assert fleet.condition(name, "Held") == ("True", "PodRunning")
    assert avi.calls == []
    fleet.clock.advance(fences.FENCE_SECONDS)
    await fleet.run(name)
    fence = reconcile_fleet.leaving(fleet.record(name)).fence
    assert fence is not None
    assert (fence.grade, fence.evidence.split(";")[0]) == ("Unfenced", "ako-0 still runs.")
    assert avi.calls == ["sweep", "verify"]
    ako.answer = api.Fenced(grade="Stopped", evidence="no Pod")
    await fleet.run(name)
    fence = reconcile_fleet.leaving(fleet.record(name)).fence
    assert fence is not None
    assert fence.grade == "Stopped"


async def test_unfenced_waits_as_long_as_ako_may_sleep(
    fleet: ReconcileFleet, ako: Slow, name: str
) -> None:
    ako.answer = api.Fenced(grade="Unfenced", evidence="cannot tell", settle_seconds=1200)
    await fleet.delete_cluster()
    outcome = await fleet.run(name)
    assert outcome.requeue_after == fences.FENCE_AGAIN_SECONDS, "whether it is still unfenced"
    fleet.clock.advance(1199)
    outcome = await fleet.run(name)
    assert outcome.requeue_after == 1.0
    assert reconcile_fleet.held_by_us(fleet)
    fleet.clock.advance(1)
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "Proven"


async def test_a_cluster_that_never_got_ako_goes_at_once(
    fleet: ReconcileFleet, ako: Slow, avi: reconcile_plugins.Avi
) -> None:
    ako.answer = api.Fenced(grade="Unfenced", evidence="no workload API", settle_seconds=1800)
    await fleet.config(quietPeriod="0s")
    name = await fleet.cluster()
    status = {"status": {"initialization": {"controlPlaneInitialized": False}}}
    await fleet.user.merge_patch(resources.CLUSTERS, "shop", status, "demo", subresource="status")
    await fleet.run(name)
    await fleet.delete_cluster()
    await fleet.run(name)
    state = reconcile_fleet.leaving(fleet.record(name))
    assert state.drain_outcome == "Skipped: AKO was never deployed into this cluster."
    assert state.fence is not None
    assert state.fence.grade == "Stopped"
    assert fleet.workload.faults.calls == [], "nobody knows who answers there"
    assert avi.calls[-3:] == ["sweep", "verify", "release"]
    assert not reconcile_fleet.held_by_us(fleet)


async def test_a_verifier_without_sight_proves_nothing(
    fleet: ReconcileFleet,
    ako: Slow,
    avi: reconcile_plugins.Avi,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ako.answer = api.Fenced(grade="Stopped", evidence="no Pod")
    avi.fail["verify"] = api.Blocked(reason="NoSight", message="The role lacks READ on pools.")
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(600)
    await fleet.run(name)
    assert fleet.condition(name, "CleanupProven") == ("Unknown", "NoSight")
    assert fleet.condition(name, "Held") == ("True", "NoSight")
    assert reconcile_fleet.held_by_us(fleet)


CLEAN = api.Proof(own=0, queries=("pool",))


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"a": CLEAN, "b": api.Unverified(reason="NoSight", message="m")}, "NoSight"),
        ({"a": CLEAN, "b": api.Wait(reason="Slow", message="m", after=1)}, "Slow"),
        ({"a": CLEAN, "b": VerbError("b", "verify", "down")}, "VerbFailed"),
    ],
)
def test_one_that_cannot_count_makes_it_no_count(answers: dict[str, Any], reason: str) -> None:
    combined = proofs.combined(answers, now=builders.NOW, backoff=7.0)
    assert combined.proof is None
    assert combined.stop is not None
    assert combined.stop.reason == reason


def test_counts_add_up() -> None:
    other = api.Proof(own=2, suspect=1, held=1, queries=("vs",), held_by="VirtualService legacy")
    combined = proofs.combined({"b": other, "a": CLEAN}, now=builders.NOW, backoff=1.0)
    assert combined.proof is not None
    assert (combined.proof.plugin, combined.proof.own, combined.proof.held) == ("a,b", 2, 1)
    assert combined.message == "2 own objects are left, 1 of them held by VirtualService legacy."
    assert (combined.proof.held_by, combined.proof.suspects) == ("VirtualService legacy", ())
    assert proofs.combined({}, now=builders.NOW, backoff=1.0).proof is None


def test_who_holds_and_who_is_suspect_is_stored_and_bounded() -> None:
    many = tuple(f"{n}: {'x' * 400}" for n in range(30))
    long = api.Proof(own=1, suspect=30, held=1, held_by="y" * 3000, suspects=many)
    combined = proofs.combined({"b": long}, now=builders.NOW, backoff=1.0)
    assert combined.proof is not None
    assert len(combined.proof.held_by) == proofs.HELD_BY_LIMIT
    assert len(combined.proof.suspects) == proofs.SUSPECTS_KEPT
    assert {len(suspect) for suspect in combined.proof.suspects} == {proofs.SUSPECT_LIMIT}


def test_the_text_of_a_count_names_the_first_and_counts_the_others() -> None:
    suspects = tuple(f"VsVip {n}" for n in range(8))
    proof = structs.replace(
        builders.proof(own=2, held=1), suspect=30, suspects=suspects, held_by="Pool a by VS b"
    )
    assert proofs.counted(proof) == (
        "own 2, suspect 30, held 1; held: Pool a by VS b; suspects, not deleted: VsVip 0; VsVip 1; "
        "VsVip 2; VsVip 3; VsVip 4; and 25 more"
    )
    assert proofs.counted(builders.proof()) == "own 0, suspect 0, held 0"
