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
METRICS = {
    "records": ("akoo_records", "phase"),
    "ready": ("akoo_ready", "plugin"),
    "not ready": ("akoo_not_ready", "reason"),
    "held": ("akoo_held", "reason"),
    "leaked": ("akoo_leaked", "reason"),
    "left": ("akoo_left_objects", "phase"),
}


def make(
    phase: record_.Phase | None = "Running",
    *,
    left: int | None = None,
    ready: bool = False,
    held: str = "",
    problem: str = "",
    leaked: str = "",
    since: datetime.datetime | None = None,
    let_go: record_.StoredLetGo | None = None,
    name: str = "akoo-1",
) -> record_.Record:
    shown = [conditions.Condition(type="AviReady", status="True" if ready else "False", reason="R")]
    if held:
        shown.append(conditions.Condition(type="Held", status="True", reason=held))
    if problem:
        shown.append(conditions.Condition(type="Ready", status="False", reason=problem))
    if leaked:
        shown.append(conditions.Condition(type="Leaked", status="True", reason=leaked))
    leaving = None
    if since is not None:
        leaving = record_.Leaving(cause="ClusterDeleted", started_at=since, let_go=let_go)
    return record_.Record(
        name=name,
        uid="uid",
        resource_version="1",
        created=NOW,
        spec=record_.RecordSpec(
            ako_cluster_name="akoo-1",
            management_id="mgmt",
            cluster_ref=record_.ClusterRef(namespace="demo", name="shop", uid="c"),
            config_ref=record_.ConfigRef(name="default", uid="d"),
            plugins=("avi",),
            leaving=leaving,
        ),
        status=record_.RecordStatus(phase=phase, left=left, conditions=tuple(shown)),
    )


def shown(label: record_gauges.Label) -> float:
    gauge, value = label
    name, label_name = METRICS[gauge]
    # This metric alone: the whole registry, with all that other tests left there, takes long.
    for family in metrics.REGISTRY.restricted_registry([name]).collect():
        for sample in family.samples:
            if sample.labels == {label_name: value}:
                return sample.value
    return 0.0


def test_what_one_record_counts_for() -> None:
    record = make(
        "Sweeping",
        left=7,
        ready=True,
        held="ForeignReference",
        problem="Leaving",
        leaked="Deadline",
    )
    assert dict(record_gauges.counts(record)) == {
        ("records", "Sweeping"): 1,
        ("left", "Sweeping"): 7,
        ("ready", "avi"): 1,
        ("held", "ForeignReference"): 1,
        ("not ready", "Leaving"): 1,
        ("leaked", "Deadline"): 1,
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


def oldest() -> float | None:
    return metrics.REGISTRY.get_sample_value("akoo_leaving_oldest_start_seconds")


def test_the_oldest_leaving_counts_until_its_cluster_was_let_go() -> None:
    following = record_gauges.RecordGauges()
    earlier = NOW - datetime.timedelta(hours=3)
    let_go = record_.StoredLetGo(at=NOW, why="Proven", message="")
    living, young = make(), make(since=NOW, name="akoo-2")
    old, gone = make(since=earlier), make(since=earlier, let_go=let_go)
    following.changed(None, living)
    following.changed(None, young)
    assert oldest() == NOW.timestamp()
    following.changed(living, old)
    assert oldest() == earlier.timestamp()
    following.changed(old, gone)
    assert oldest() == NOW.timestamp()
    following.changed(young, None)
    assert oldest() == 0.0


records = st.builds(
    make,
    st.sampled_from(["Running", "Sweeping", None]),
    left=st.none() | st.integers(0, 9),
    ready=st.booleans(),
    held=st.sampled_from(["", "Deadline"]),
    problem=st.sampled_from(["", "Leaving", "AkoCrashing"]),
    leaked=st.sampled_from(["", "Deadline"]),
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
