"""Laws that hold in every situation, also in those nobody thought of."""

from __future__ import annotations

from typing import get_args

import hypothesis
from hypothesis import given, seed, settings

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.objects.record import SCHEMA_VERSION, Leaving, RecordSpec
from akoo_core.reconcile.decide import decisions, fences, leaving, situation
from akoo_core.reconcile.decide.state_machine import decide
from tests.unit.reconcile import reconcile_strategies as strategies

ROUNDS = 60
TOUCHES_OUTSIDE = (decisions.Live, decisions.Leave)


@settings(max_examples=600, deadline=None)
@given(strategies.SITUATIONS)
def test_every_situation(s: situation.Situation) -> None:
    holds(s)


@settings(max_examples=600, deadline=None)
@given(strategies.LEAVERS)
def test_every_way_to_leave(s: situation.Situation) -> None:
    holds(s)


@settings(max_examples=200, deadline=None)
@given(strategies.RELOCATORS)
def test_every_way_to_relocate(s: situation.Situation) -> None:
    holds(s)


@settings(max_examples=200, deadline=None)
@given(strategies.DWELLERS)
def test_every_way_to_live(s: situation.Situation) -> None:
    holds(s)


@settings(max_examples=200, deadline=None)
@given(strategies.ENDERS)
def test_every_way_to_end(s: situation.Situation) -> None:
    holds(s)


@settings(max_examples=200, deadline=None)
@given(strategies.CALM)
def test_every_calm_life(s: situation.Situation) -> None:
    holds(s)


def test_the_strategies_reach_every_decision() -> None:
    """Strategies that never reach a decision would prove nothing about it."""
    seen: set[str] = set()

    def look(s: situation.Situation) -> None:
        decision = decide(s)
        detail = getattr(decision, "why", "") if isinstance(decision, decisions.LetGo) else ""
        if isinstance(decision, decisions.Leave | decisions.StartLeaving):
            detail = getattr(decision, "step", "") or getattr(decision, "cause", "")
        if isinstance(decision, decisions.EndRelocation):
            detail = decision.how
        seen.add(f"{type(decision).__name__} {detail}".strip())

    expected = {f"Leave {step}" for step in strategies.STEP_NAMES}
    expected |= {f"LetGo {why}" for why in get_args(decisions.Why)}
    expected |= {f"StartLeaving {cause}" for cause in strategies.CAUSES}
    expected |= {"Live", "Rest", "Finish", "ReleaseCluster", "CancelRelocation", "HandOver"}
    expected |= {"EndRelocation Proved", "EndRelocation Abandoned"}
    # What hypothesis draws depends on the modules that are loaded (it collects their constants), so
    # one fixed number of examples reaches more or less; rounds go on until all is reached.
    kinds = (
        strategies.ENDERS,
        strategies.CALM,
        strategies.DWELLERS,
        strategies.RELOCATORS,
        strategies.LEAVERS,
        strategies.SITUATIONS,
    )
    profile = settings(
        max_examples=50, deadline=None, database=None, phases=[hypothesis.Phase.generate]
    )
    for number in range(ROUNDS):
        for kind in kinds:
            seed(number)(profile(given(kind)(look)))()
        if expected <= seen:
            break
    assert expected <= seen


def holds(s: situation.Situation) -> None:
    """All that must be true of a decision."""
    decision = decide(s)
    assert isinstance(decision, structs.Struct)
    if isinstance(decision, decisions.Finish) and decision.untouched:
        assert s.record is not None
        assert not s.record.spec.history_unknown, "what is not known is not untouched"
    record = s.record
    state = record.spec.leaving if record else None
    if isinstance(decision, decisions.LetGo):
        _let_go_has_a_reason(s, decision)
    if isinstance(decision, decisions.StartLeaving):
        assert state is None or state.cause == "Relocated", "leaving never starts twice"
        assert not (state and decision.cause == "Relocated")
        _start_was_seen(s, decision)
    if isinstance(decision, TOUCHES_OUTSIDE):
        assert record is not None, "the record comes first"
        assert record.spec.finished_at is None
        assert s.cluster is None or not (s.cluster.paused or s.cluster.moving)
        assert names.PAUSED_ANNOTATION not in record.annotations
        assert record.spec.schema_version <= SCHEMA_VERSION
        assert set(record.spec.plugins) <= set(s.loaded)
    if isinstance(decision, decisions.Live):
        assert s.cluster is not None
        assert not s.cluster.deleting
        assert state is None
        assert s.choice.config is not None
        assert names.FINALIZER in s.cluster.finalizers
        assert not s.progress.relocations, "never two places at once"
    if isinstance(decision, decisions.Leave):
        _step_is_due(s, decision)
    if isinstance(decision, decisions.CancelRelocation | decisions.EndRelocation):
        _may_live_again(s, decision)
    if isinstance(decision, decisions.HandOver):
        assert record is not None
        assert record.annotations[names.ADOPT_ANNOTATION] == record.spec.management_id
    if isinstance(decision, decisions.ReleaseCluster):
        assert record is not None
        assert record.spec.finished_at or (state and state.let_go), "stored before it is done"


def _may_live_again(
    s: situation.Situation, decision: decisions.CancelRelocation | decisions.EndRelocation
) -> None:
    assert s.record is not None
    spec, state = s.record.spec, s.record.spec.leaving
    assert state is not None
    assert state.cause == "Relocated"
    assert s.cluster is not None
    assert not s.cluster.deleting
    if isinstance(decision, decisions.CancelRelocation):
        assert state.confirmed_at is None, "nothing was done"
    elif decision.how == "Abandoned":
        assert s.record.annotations[names.ABANDON_PLACEMENT_ANNOTATION]
    else:
        assert state.released_at
        assert spec.management_id == s.management_id


def _let_go_has_a_reason(s: situation.Situation, decision: decisions.LetGo) -> None:
    assert s.record is not None
    spec, state = s.record.spec, s.record.spec.leaving
    relocates = state is not None and state.cause == "Relocated"
    assert not relocates or (s.cluster is not None and s.cluster.deleting), (
        "a relocation lets nobody go"
    )
    assert state is None or state.let_go is None
    if decision.why in ("Proven", "Counted", "NoVerifier"):
        assert state is not None
        _all_are_fenced(s, spec, state)
    match decision.why:
        case "UserWord":
            assert s.record.annotations[names.LET_GO_ANNOTATION]
        case "Gone":
            assert s.cluster is None
        case "Proven" | "Counted":
            assert state is not None
            assert leaving.settled(spec, state, s.now)
            assert leaving.proven(spec, state) == (decision.why == "Proven")
            assert state.proof is not None
            assert bool(state.proof.unseen) == (decision.why == "Counted")
            assert state.fence is not None
        case "NoVerifier":
            assert not s.verifies
            assert state is not None
            assert state.drained_at
            assert state.fence
        case "Deadline":
            assert state is not None
            assert state.attempted_at
            assert s.progress.tried
            assert spec.policies.on_deadline == "LetGo"
            assert s.now >= leaving.deadline_at(spec, state)


def _all_are_fenced(s: situation.Situation, spec: RecordSpec, state: Leaving) -> None:
    """Every plugin that is to be asked was asked in this attempt, and has finished."""
    assert not s.progress.unfenced
    assert "fence" in s.progress.done or not fences.open_plugins(s.loaded, spec, state)


def _start_was_seen(s: situation.Situation, decision: decisions.StartLeaving) -> None:
    assert s.record is not None
    match decision.cause:
        case "ClusterDeleted":
            assert s.cluster is not None
            assert s.cluster.deleting
        case "UserWord":
            assert s.record.annotations[names.LEAVE_ANNOTATION] == "sweep"
        case "Relocated":
            assert s.progress.relocations
            assert s.choice.config is not None
            assert s.cluster is not None
            assert not s.cluster.deleting
        case _:
            assert s.cluster is not None
            assert s.choice.current in ("Present", "Deleting"), "absence is not deletion"
            assert s.record.spec.policies.on_unmatch == "Remove"
            assert s.record.spec.orphaned is None


def _step_is_due(s: situation.Situation, decision: decisions.Leave) -> None:
    assert s.record is not None
    assert s.record.spec.management_id == s.management_id
    state = s.record.spec.leaving
    assert state is not None
    assert decision.step not in s.progress.done, "an attempt calls each step once"
    relocates = state.cause == "Relocated"
    if relocates:
        assert s.verifies, "nothing begins that cannot be proved"
        assert s.cluster is not None
        assert not s.cluster.deleting
        assert decision.step != "undeploy"
    if relocates and decision.step == "release":
        _all_are_fenced(s, s.record.spec, state)
        assert leaving.settled(s.record.spec, state, s.now)
    order = {
        "drain": state.confirmed_at,
        "fence": state.drained_at,
        "sweep": state.fence,
        "verify": state.fence,
        "undeploy": state.fence,
        "release": state.proof if relocates else state.let_go,
    }
    assert decision.step == "confirm" or order[decision.step], "the step before it is stored"
    if decision.step == "undeploy":
        assert state.let_go is None, "after let go the workload cluster is not touched"
        assert s.cluster is not None
        assert not s.cluster.deleting
