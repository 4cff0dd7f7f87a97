"""The lease's rules one by one."""

from __future__ import annotations

import pytest

from akoo_core import errors
from akoo_core.election import core, timing

STAMP = "2026-01-01T00:00:00.000000Z"


def _core(identity: str = "me") -> core.ElectionCore:
    return core.ElectionCore(identity, uniform=lambda: 0.0)


def _spec(holder: str, renewed: str = "1", *, seconds: int = 60) -> core.LeaseSpec:
    return core.LeaseSpec(
        holder_identity=holder,
        lease_duration_seconds=seconds,
        acquire_time="then",
        renew_time=renewed,
        lease_transitions=4,
    )


def _leader(sent_at: float = 0.0) -> core.ElectionCore:
    state = _core()
    state.observe(None, sent_at)
    spec = state.plan(sent_at, STAMP)
    assert spec is not None
    state.confirmed(spec, sent_at, sent_at)
    return state


def test_a_missing_lease_is_created() -> None:
    state = _core()
    state.observe(None, 0.0)
    assert state.plan(0.0, STAMP) == core.LeaseSpec(
        holder_identity="me",
        lease_duration_seconds=60,
        acquire_time=STAMP,
        renew_time=STAMP,
        lease_transitions=0,
    )
    assert not state.may_act(0.0), "planned is not confirmed"


def test_a_held_lease_is_taken_a_whole_lease_after_it_was_last_seen_to_change() -> None:
    state = _core()
    state.observe(_spec("other"), 1000.0)
    state.observe(_spec("other"), 1050.0)
    assert state.plan(1059.9, STAMP) is None
    state.observe(_spec("other", "2"), 1059.9)
    assert state.plan(1119.8, STAMP) is None
    spec = state.plan(1120.0, STAMP)
    assert spec is not None
    assert (spec.holder_identity, spec.acquire_time, spec.lease_transitions) == ("me", STAMP, 5)


def test_the_promise_of_the_holder_counts() -> None:
    state = _core()
    state.observe(_spec("other", seconds=300), 0.0)
    assert state.plan(299.0, STAMP) is None
    assert state.plan(300.0, STAMP) is not None


def test_a_released_lease_is_taken_at_once() -> None:
    state = _core()
    state.observe(_spec("", seconds=1), 0.0)
    assert state.plan(0.0, STAMP) is not None


def test_a_deleted_lease_does_not_cut_the_holder_short() -> None:
    state = _core()
    state.observe(_spec("other"), 0.0)
    state.observe(None, 10.0)
    assert state.plan(59.0, STAMP) is None
    spec = state.plan(60.0, STAMP)
    assert spec is not None
    assert spec.lease_transitions == 0


def test_renewal_keeps_when_it_was_acquired() -> None:
    state = _leader()
    state.observe(state.plan(0.0, STAMP), 2.0)
    spec = state.plan(2.0, "later")
    assert spec is not None
    assert (spec.acquire_time, spec.renew_time, spec.lease_transitions) == (STAMP, "later", 0)


def test_a_leader_acts_until_the_deadline_after_sending_its_last_renewal() -> None:
    state = _leader(sent_at=100.0)
    assert state.may_act(119.9)
    assert not state.may_act(120.0)
    spec = state.plan(110.0, STAMP)
    assert spec is not None
    state.confirmed(spec, 110.0, 118.0)
    assert state.may_act(129.9)
    assert not state.may_act(130.0)


def test_loss_is_final() -> None:
    state = _leader(sent_at=0.0)
    assert not state.expire(19.9)
    assert state.expire(20.0)
    spec = _spec("me")
    state.confirmed(spec, 19.0, 21.0)
    assert not state.may_act(21.0)
    assert state.plan(500.0, STAMP) is None


def test_a_leader_past_its_deadline_writes_no_renewal() -> None:
    state = _leader(sent_at=0.0)
    assert state.plan(20.0, STAMP) is None
    assert state.over


def test_another_holder_ends_leadership_at_once() -> None:
    state = _leader(sent_at=0.0)
    state.observe(_spec("other"), 5.0)
    assert state.over
    assert not state.may_act(5.0)
    assert state.holder == "other"


def test_release_gives_only_away_what_is_ours_and_only_when_over() -> None:
    state = _leader()
    assert state.released(_spec("me"), STAMP) is None, "still leading"
    state.give_up()
    assert state.released(_spec("other"), STAMP) is None
    released_spec = state.released(_spec("me"), STAMP)
    assert released_spec is not None
    assert (released_spec.holder_identity, released_spec.lease_duration_seconds) == ("", 1)
    assert released_spec.lease_transitions == 4


def test_pauses_and_tries_end_at_the_deadline() -> None:
    waiting = core.ElectionCore("me", uniform=lambda: 0.5)
    assert waiting.pause_seconds(0.0) == pytest.approx(2.2)
    assert waiting.try_seconds(0.0) == 10.0
    state = _leader(sent_at=0.0)
    assert state.pause_seconds(1.0) == 2.0
    assert state.pause_seconds(19.5) == 0.5
    assert state.try_seconds(1.0) == 10.0
    assert state.try_seconds(15.0) == 5.0
    assert state.pause_seconds(30.0) == state.try_seconds(30.0) == 0.0


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        (timing.Timing(lease=20.0, renew_deadline=20.0), "longer than the renew deadline"),
        (timing.Timing(lease=60.5), "whole seconds"),
        (timing.Timing(renew_deadline=2.0), "1.2 times"),
        (timing.Timing(retry=0.0), "must be positive"),
    ],
)
def test_times_that_do_not_fit_are_refused(times: timing.Timing, problem: str) -> None:
    with pytest.raises(errors.InputError, match=problem):
        core.ElectionCore("me", timing=times)
