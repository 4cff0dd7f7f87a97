"""Our own counters and histograms are on /metrics as those of prometheus_client are."""

from __future__ import annotations

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.telemetry import tally

BOUNDS = (0.001, 0.5, 1.0, 60.0)


def text(registry: prometheus_client.CollectorRegistry) -> list[str]:
    """The text of a scrape, without the series that only prometheus_client has."""
    lines = prometheus_client.generate_latest(registry).decode().splitlines()
    return sorted(line for line in lines if "_created" not in line)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 100) | st.sampled_from(BOUNDS))))
def test_they_show_what_the_librarys_show(seen: list[tuple[str, float]]) -> None:
    ours, theirs = prometheus_client.CollectorRegistry(), prometheus_client.CollectorRegistry()
    count = tally.Counter("n_total", "Number.", ["name"], registry=ours)
    counter = prometheus_client.Counter("n_total", "Number.", ["name"], registry=theirs)
    spread = tally.Histogram("s", "Seconds.", ["name"], buckets=BOUNDS, registry=ours)
    histogram = prometheus_client.Histogram(
        "s", "Seconds.", ["name"], buckets=BOUNDS, registry=theirs
    )
    for name, amount in seen:
        for counted in (count, counter):
            counted.labels(name).inc(amount)
        for observed in (spread, histogram):
            observed.labels(name).observe(amount)
    assert text(ours) == text(theirs)


def test_labels_are_given_all() -> None:
    registry = prometheus_client.CollectorRegistry()
    count = tally.Counter("n_total", "Number.", ["name", "result"], registry=registry)
    with pytest.raises(ValueError, match="labels name, result"):
        count.labels("a")


def test_a_name_is_taken_once() -> None:
    registry = prometheus_client.CollectorRegistry()
    tally.Counter("n_total", "Number.", [], registry=registry)
    with pytest.raises(ValueError, match="Duplicated"):
        tally.Histogram("n", "Number.", [], buckets=BOUNDS, registry=registry)
