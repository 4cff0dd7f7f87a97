"""Leaving: the order of its steps, the proof, the deadline."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core.objects.config import Policies
from akoo_core.objects.record import FenceGrade, Leaving, StoredLetGo
from akoo_core.reconcile.decide import decisions, fences, leaving
from akoo_core.reconcile.decide.situation import Progress
from akoo_core.reconcile.decide.state_machine import decide
from tests.unit.reconcile import reconcile_builders as builders

NOW = builders.NOW
DYING = builders.make_cluster(deleting=True)
AGO = builders.seconds


def at(state: Leaving, **changes: Any) -> decisions.Decision:
    spec = {name: changes.pop(name) for name in ("policies", "annotations") if name in changes}
    record = builders.make_record(leaving=state, **spec)
    return decide(builders.make_situation(**({"cluster": DYING} | changes), record=record))


def state(*upto: str, **changes: Any) -> Leaving:
    """Leaving with the steps ``upto`` behind it."""
    known: dict[str, Any] = {
        "confirm": {"confirmed_at": NOW - AGO(50)},
        "drain": {"drained_at": NOW - AGO(45), "drain_outcome": "Done"},
        "fence": {"fence": builders.fence()},
        "proof": {"proof": builders.proof()},
        "undeploy": {"undeployed_at": NOW},
        "letgo": {"let_go": StoredLetGo(at=NOW, why="Proven")},
    }
    values: dict[str, Any] = {}
    for name in upto:
        values |= known[name]
    return builders.make_leaving(**(values | changes))


GONE = StoredLetGo(at=NOW, why="Deadline")


@pytest.mark.parametrize(
    ("stored", "changes", "expected"),
    [
        (state(), {}, decisions.Leave(step="confirm")),
        (state("confirm"), {}, decisions.Leave(step="drain")),
        (state("confirm", "drain"), {}, decisions.Leave(step="fence")),
        (
            state("confirm", "drain", "fence"),
            {"loaded": builders.VERIFIER},
            decisions.Leave(step="sweep"),
        ),
        (
            state("confirm", "drain", "fence"),
            {"loaded": builders.VERIFIER, "progress": Progress(done=frozenset({"sweep"}))},
            decisions.Leave(step="verify"),
        ),
        (
            state("confirm", "drain", "fence", proof=builders.proof(own=3)),
            {"loaded": builders.VERIFIER},
            decisions.Leave(step="sweep"),
        ),
        (
            state("confirm", "drain", "fence", proof=builders.proof(own=3)),
            {
                "loaded": builders.VERIFIER,
                "progress": Progress(done=frozenset({"sweep", "verify"})),
            },
            decisions.Rest(),
        ),
        (
            state("confirm", "drain", "fence", "proof"),
            {"loaded": builders.VERIFIER},
            decisions.LetGo(why="Proven", message="nothing is left"),
        ),
        (
            state("confirm", "drain", "fence"),
            {},
            decisions.LetGo(why="NoVerifier", message="no loaded plugin can prove the clean-up"),
        ),
        (state("confirm", "drain", "fence", "letgo"), {}, decisions.ReleaseCluster()),
        (
            state("confirm", "drain", "fence", "letgo"),
            {"cluster": None},
            decisions.Leave(step="release"),
        ),
        (
            state("confirm", "drain", "fence", "letgo", released_at=NOW),
            {"cluster": None},
            decisions.Finish(),
        ),
        (
            state("confirm", "drain", "fence", "letgo"),
            {"shared_with": ("akoo-other",)},
            decisions.Leave(step="release"),
        ),
    ],
)
def test_steps(stored: Leaving, changes: dict[str, Any], expected: decisions.Decision) -> None:
    assert at(stored, **changes) == expected


def test_a_living_cluster_loses_our_objects_before_it_is_let_go() -> None:
    living = {"cluster": builders.make_cluster(), "loaded": builders.VERIFIER}
    stored = state("confirm", "drain", "fence", "proof", cause="Unmatched")
    assert at(stored, **living) == decisions.Leave(step="undeploy")
    stored = state("confirm", "drain", "fence", "proof", "undeploy", cause="Unmatched")
    assert isinstance(at(stored, **living), decisions.LetGo)


def test_a_removal_whose_cluster_is_deleted_meanwhile_undeploys_nothing() -> None:
    stored = state("confirm", "drain", "fence", "proof", cause="Unmatched")
    assert isinstance(at(stored, loaded=builders.VERIFIER), decisions.LetGo)


def test_a_match_does_not_turn_a_removal_back() -> None:
    stored = state("confirm", cause="Unmatched")
    assert at(stored, cluster=builders.make_cluster()) == decisions.Leave(step="drain")


def test_a_cluster_that_goes_without_us_is_noted_and_leaving_goes_on() -> None:
    assert at(state("confirm"), cluster=None) == decisions.LetGo(
        why="Gone", message="the Cluster is not there any more"
    )
    gone = state("confirm", let_go=StoredLetGo(at=NOW, why="Gone"))
    assert at(gone, cluster=None) == decisions.Leave(step="drain")


def test_a_leaked_record_goes_on_sweeping_and_is_released_when_proven() -> None:
    leaked = state("confirm", "drain", "fence", let_go=GONE, proof=builders.proof(own=2))
    changes: dict[str, Any] = {"cluster": None, "loaded": builders.VERIFIER}
    assert at(leaked, **changes) == decisions.Leave(step="sweep")
    clean = state("confirm", "drain", "fence", let_go=GONE, proof=builders.proof())
    assert at(clean, **changes) == decisions.Leave(step="release")


# The proof.


def test_a_clean_count_before_the_quiet_period_is_over_is_not_the_last() -> None:
    early = state("confirm", "drain", fence=builders.fence(ago=10), proof=builders.proof(ago=2))
    decision = at(early, loaded=builders.VERIFIER)
    assert isinstance(decision, decisions.Rest)
    assert (decision.reason, decision.after) == ("QuietPeriod", 20.0)


def test_after_the_quiet_period_it_is_counted_again() -> None:
    stale = state("confirm", "drain", fence=builders.fence(ago=31), proof=builders.proof(ago=20))
    assert at(stale, loaded=builders.VERIFIER) == decisions.Leave(step="verify")


@pytest.mark.parametrize(
    ("grade", "settle", "last_non_empty", "deadline", "wait"),
    [
        ("Revoked", 0, 5, "1h", 30),
        ("Gone", 0, 5, "1h", 30),
        ("Unfenced", 0, None, "10h", 300),
        ("Unfenced", 1800, None, "10h", 1800),
        ("Unfenced", 0, 10, "10h", 330),  # 30 s later than the fence: counted from there
        ("Unfenced", 1800, None, "11m", 320),  # half of what was left (640 s) at the fence
        ("Unfenced", 1800, None, "19s", 1800),  # the deadline is over: it cannot act any more
    ],
)
def test_when_a_count_is_believed(
    grade: FenceGrade,
    settle: int,
    last_non_empty: int | None,
    deadline: str,
    wait: float,
) -> None:
    stored = state(
        "confirm",
        "drain",
        fence=builders.fence(grade, ago=40, settle=settle),
        last_non_empty_at=None if last_non_empty is None else NOW - AGO(last_non_empty),
    )
    spec = builders.make_spec(policies=Policies(deadline=deadline))
    waited = leaving.settled_at(spec, stored) - (NOW - AGO(40))
    assert waited.total_seconds() == wait


def test_an_unfenced_record_asks_for_a_fence_in_each_attempt() -> None:
    stored = state("confirm", "drain", fence=builders.fence("Unfenced"))
    assert at(stored) == decisions.Leave(step="fence")
    assert isinstance(at(stored, progress=Progress(done=frozenset({"fence"}))), decisions.LetGo)


def test_held_objects_are_not_clean() -> None:
    stored = state("confirm", "drain", "fence", proof=builders.proof(held=1))
    assert at(stored, loaded=builders.VERIFIER) == decisions.Leave(step="sweep")


# The deadline.

OLD = {"started_at": NOW - AGO(3700), "attempted_at": NOW - AGO(3000)}
LEFT = builders.proof(own=2)


def test_the_deadline_lets_go() -> None:
    stored = state("confirm", "drain", "fence", proof=LEFT, **OLD)
    decision = at(stored, loaded=builders.VERIFIER, progress=Progress(tried=True))
    assert isinstance(decision, decisions.LetGo)
    assert decision.why == "Deadline"


def test_the_deadline_acts_only_when_this_attempt_has_done_what_it_could() -> None:
    stored = state("confirm", "drain", "fence", proof=LEFT, **OLD)
    assert at(stored, loaded=builders.VERIFIER) == decisions.Leave(step="sweep")


@pytest.mark.parametrize(
    ("changes", "policies"),
    [
        ({}, Policies(on_deadline="Hold")),
        ({"attempted_at": None}, Policies()),
        ({"paused_seconds": 200}, Policies()),
        ({}, Policies(deadline="2h")),
    ],
    ids=["hold", "never attempted", "paused meanwhile", "not yet"],
)
def test_the_deadline_does_not_act(changes: dict[str, Any], policies: Policies) -> None:
    stored = state("confirm", "drain", "fence", proof=LEFT, **(OLD | changes))
    decision = at(
        stored, loaded=builders.VERIFIER, progress=Progress(tried=True), policies=policies
    )
    assert decision == decisions.Leave(step="sweep")


def test_the_deadline_of_a_living_cluster_undeploys_but_only_what_is_confirmed() -> None:
    living = {
        "cluster": builders.make_cluster(),
        "loaded": builders.VERIFIER,
        "progress": Progress(tried=True),
    }
    stored = state("confirm", "drain", "fence", proof=LEFT, cause="Unmatched", **OLD)
    assert at(stored, **living) == decisions.Leave(step="undeploy")
    blocked = state(cause="Unmatched", **OLD)
    assert at(blocked, **living) == decisions.Leave(step="confirm")


# Drain.

WORKER, DEAD, PLANE, DEAD_PLANE = (False, False), (False, True), (True, False), (True, True)


@pytest.mark.parametrize(
    ("silent", "machines", "skipped"),
    [
        (0.0, (WORKER, PLANE), False),
        (0.0, (), False),
        (29.9, (WORKER,), False),
        (30.0, (WORKER,), True),
        (0.0, (DEAD, DEAD, PLANE), True),
        (0.0, (DEAD, WORKER, PLANE), False),
        (0.0, (DEAD_PLANE,), True),
        (0.0, (PLANE,), False),
    ],
)
def test_drain_is_skipped_where_it_is_pointless(
    silent: float, machines: tuple[tuple[bool, bool], ...], skipped: bool
) -> None:
    why = leaving.drain_skip(workload=True, silent_seconds=silent, machines=machines)
    assert bool(why) is skipped
    assert leaving.drain_skip(workload=False, silent_seconds=0.0, machines=machines)


def test_the_strongest_fence_counts() -> None:
    weak, strong = builders.fence("Stopped", ago=90), builders.fence("Revoked", ago=10)
    assert fences.strongest((weak, builders.fence("Unfenced"), strong)) == strong
    assert fences.strongest(()) is None
