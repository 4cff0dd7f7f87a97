"""Conditions move only when something moved."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.objects import conditions

EARLY = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
LATE = EARLY + datetime.timedelta(hours=1)

CONDITIONS = st.lists(
    st.builds(
        conditions.Condition,
        type=st.sampled_from(["Ready", "AkoReady", "AviReady", "Held"]),
        status=st.sampled_from(["True", "False", "Unknown"]),
        reason=st.sampled_from(["Fine", "NetworkNotFound"]),
        message=st.text(max_size=10),
    )
)


@given(CONDITIONS)
def test_merging_the_same_again_changes_nothing(wanted: list[conditions.Condition]) -> None:
    once = conditions.merge((), wanted, now=EARLY)
    assert conditions.merge(once, wanted, now=LATE) == once


@given(CONDITIONS, CONDITIONS)
def test_the_time_moves_exactly_when_the_status_flips(
    before: list[conditions.Condition], wanted: list[conditions.Condition]
) -> None:
    old = {condition.type: condition for condition in conditions.merge((), before, now=EARLY)}
    for condition in conditions.merge(old.values(), wanted, now=LATE):
        flipped = condition.type not in old or old[condition.type].status != condition.status
        assert (condition.last_transition_time == LATE) == flipped


@given(CONDITIONS)
def test_one_of_each_type_and_ready_first(wanted: list[conditions.Condition]) -> None:
    types = [condition.type for condition in conditions.merge((), wanted, now=EARLY)]
    assert len(types) == len(set(types))
    assert "Ready" not in types or types[0] == "Ready"


def test_a_message_is_cut_not_refused() -> None:
    long = conditions.Condition(type="Ready", status="False", reason="Long", message="x" * 9999)
    (merged,) = conditions.merge((), [long], now=EARLY)
    assert len(merged.message) == conditions.MESSAGE_LIMIT


def test_a_reason_must_be_one_the_api_accepts() -> None:
    with pytest.raises(ValueError, match="CamelCase"):
        conditions.Condition(type="Ready", status="False", reason="not a reason")


def test_plain_json_round_trip() -> None:
    condition = conditions.Condition(
        type="Ready", status="True", reason="Ok", last_transition_time=EARLY
    )
    assert structs.convert(structs.to_plain(condition), conditions.Condition) == condition


@pytest.mark.parametrize(
    ("plugin", "expected"),
    [("ako", "AkoReady"), ("acme-dns", "AcmeDnsReady"), ("a_b.c", "ABCReady")],
)
def test_type_for_plugin(plugin: str, expected: str) -> None:
    assert conditions.type_for_plugin(plugin) == expected
