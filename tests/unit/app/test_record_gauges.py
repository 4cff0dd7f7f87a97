"""The gauges are the sum over all records, whatever order they come, change and go in."""

from __future__ import annotations

import collections
import datetime
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from akoo_core.app import record_gauges
from akoo_core.objects import conditions
from akoo_core.objects import record as record_
from akoo_core.telemetry import metrics

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
METRICS = {"records": "phase", "ready": "plugin", "held": "reason", "left": "phase"}


def make(
    phase: record_.Phase | None = "Running",
    *,
    left: int | None = None,
    ready: bool = False,
    held: str = "",
) -> record_.Record:
    shown = [conditions.Condition(type="AviReady", status="True" if ready else "False", reason="R")]
    if held:
        shown.append(conditions.Condition(type="Held", status="True", reason=held))
    return record_.Record(
        name="akoo-1",
        uid="uid",
        resource_version="1",
        created=NOW,
        spec=record_.RecordSpec(
            ako_cluster_name="akoo-1",
            management_id="mgmt",
            cluster_ref=record_.ClusterRef(namespace="demo", name="shop", uid="c"),
            config_ref=record_.ConfigRef(name="default", uid="d"),
            plugins=("avi",),
        ),
        status=record_.RecordStatus(phase=phase, left=left, conditions=tuple(shown)),
    )


def shown(label: record_gauges.Label) -> float:
    gauge, value = label
    name = "akoo_left_objects" if gauge == "left" else f"akoo_{gauge}"
    return metrics.REGISTRY.get_sample_value(name, {METRICS[gauge]: value}) or 0.0


def test_what_one_record_counts_for() -> None:
    record = make("Sweeping", left=7, ready=True, held="ForeignReference")
    assert dict(record_gauges.counts(record)) == {
        ("records", "Sweeping"): 1,
        ("left", "Sweeping"): 7,
        ("ready", "avi"): 1,
        ("held", "ForeignReference"): 1,
    }
    assert dict(record_gauges.counts(make(None, left=3))) == {}


def test_what_is_left_is_shown_until_it_is_gone() -> None:
    following, label = record_gauges.RecordGauges(), ("left", "Verifying")
    seven, two, none = (make("Verifying", left=n) for n in (7, 2, 0))
    other = make("Verifying", left=4)
    following.changed(None, seven)
    following.changed(None, other)
    assert shown(label) == 11
    following.changed(seven, two)
    assert shown(label) == 6
    following.changed(two, none)
    following.changed(other, None)
    assert shown(label) == 0


records = st.builds(
    make,
    st.sampled_from(["Running", "Sweeping", None]),
    left=st.none() | st.integers(0, 9),
    ready=st.booleans(),
    held=st.sampled_from(["", "Deadline"]),
)


@given(steps=st.lists(st.tuples(st.integers(0, 3), st.none() | records), max_size=12))
def test_the_gauges_are_the_sum(steps: Sequence[tuple[int, record_.Record | None]]) -> None:
    following = record_gauges.RecordGauges()
    now: dict[int, record_.Record] = {}
    touched: set[record_gauges.Label] = set()
    for key, new in steps:
        old = now.get(key)
        following.changed(old, new)
        now = {name: record for name, record in now.items() if name != key}
        if new is not None:
            now[key] = new
        touched |= {
            label for record in (old, new) if record for label, _ in record_gauges.counts(record)
        }
    expected = _sum(now)
    assert {label: shown(label) for label in touched} == {
        label: expected.get(label, 0) for label in touched
    }
    for record in now.values():
        following.changed(record, None)
    assert all(shown(label) == 0 for label in touched)


def _sum(now: Mapping[int, record_.Record]) -> Mapping[record_gauges.Label, int]:
    total: collections.Counter[record_gauges.Label] = collections.Counter()
    for record in now.values():
        total.update(dict(record_gauges.counts(record)))
    return total
