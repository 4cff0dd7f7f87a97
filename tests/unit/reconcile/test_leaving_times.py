"""From when the times of leaving count, and what they do not wait for."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core.objects.config import Policies
from akoo_core.reconcile.decide import decisions, fences, leaving, situation
from akoo_core.reconcile.decide.state_machine import decide
from tests.unit.reconcile import reconcile_builders as builders

NOW, AGO = builders.NOW, builders.seconds
SPEC = builders.make_spec()


@pytest.mark.parametrize(
    "held_up", [{}, {"confirmed_at": NOW - AGO(3000)}, {"fence": builders.fence()}]
)
def test_a_dying_cluster_waits_for_no_step_beyond_its_deadline(held_up: dict[str, Any]) -> None:
    """Whatever could not be done: confirm, drain, fence. A cluster that lives on is not so."""
    state = builders.make_leaving(
        started_at=NOW - AGO(3600), attempted_at=NOW - AGO(3500), **held_up
    )
    dying, living = builders.make_cluster(deleting=True), builders.make_cluster()
    assert leaving.deadline_acts(SPEC, state, dying, NOW)
    assert leaving.deadline_acts(SPEC, state, living, NOW) == ("fence" in held_up)
    assert not leaving.deadline_acts(SPEC, state, dying, NOW - AGO(1))


def test_the_drain_has_its_time_from_when_it_may_begin() -> None:
    """Confirming may have taken an hour; AKO gets its ten minutes all the same."""
    state = builders.make_leaving(started_at=NOW - AGO(3600), confirmed_at=NOW - AGO(599))
    assert not leaving.drain_over(SPEC, state, NOW)
    assert leaving.drain_over(SPEC, state, NOW + AGO(1))


def test_the_fence_has_its_time_from_the_end_of_the_drain() -> None:
    state = builders.make_leaving(started_at=NOW - AGO(3600), drained_at=NOW - AGO(119))
    assert not fences.over(state, NOW)
    assert fences.over(state, NOW + AGO(1))


def test_what_no_deadline_ends_waits_its_whole_time() -> None:
    """Unfenced, AKO may write again; half of what is left counts only where a deadline acts."""
    state = builders.make_leaving(
        started_at=NOW - AGO(3500), fence=builders.fence("Unfenced", ago=0, settle=1800)
    )
    lets_go = builders.make_spec(policies=Policies(on_deadline="LetGo"))
    holds = builders.make_spec(policies=Policies(on_deadline="Hold"))
    assert leaving.settled_at(lets_go, state) == NOW + AGO(50)
    assert leaving.settled_at(holds, state) == NOW + AGO(1800)


def test_a_count_from_the_future_is_not_believed() -> None:
    """Of a leader whose clock was ahead: its quiet period may not be over yet."""
    state = builders.make_leaving(fence=builders.fence(ago=0), proof=builders.proof(ago=-3600))
    assert not leaving.settled(SPEC, state, NOW)
    assert leaving.settled(SPEC, state, NOW + AGO(3600))


def test_who_sweeps_but_cannot_count_sweeps_once() -> None:
    loaded = {"ako": situation.LoadedPlugin(sweeps=True)}
    done = {"confirmed_at": NOW - AGO(50), "drained_at": NOW - AGO(45), "fence": builders.fence()}

    def at(**swept: Any) -> decisions.Decision:
        record = builders.make_record(leaving=builders.make_leaving(**done, **swept))
        dying = builders.make_cluster(deleting=True)
        return decide(builders.make_situation(record=record, cluster=dying, loaded=loaded))

    assert at() == decisions.Leave(step="sweep")
    gone = at(swept_at=NOW - AGO(1))
    assert isinstance(gone, decisions.LetGo)
    assert gone.why == "NoVerifier"
