"""The table of the fleet: filters that count clusters once, an order, pages of bounded size."""

from __future__ import annotations

import datetime
import urllib.parse
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.cli import fleet
from akoo_core.cli.ui import fleet_page
from akoo_core.objects.record import ClusterRef, ConfigRef, Record, RecordStatus
from akoo_core.testing import builders
from tests.unit.cli.commands_world import NOW, condition


def record(number: int, *, reason: str = "", phase: str = "Running", **fields: Any) -> Record:
    wrong = [condition(kind, "False", reason or "None") for kind in ("AviReady", "AkoReady")]
    ready = condition("Ready", "False" if reason else "True", reason or "Running")
    proven = [condition("CleanupProven", "True", "Verified")] if "finished_at" in fields else []
    spec = builders.record_spec(
        cluster_ref=ClusterRef(namespace=f"team-{number % 2}", name=f"c{number}", uid=str(number)),
        config_ref=ConfigRef(name=f"config-{number % 3}", uid="x"),
        finished_at=fields.get("finished_at"),
    )
    return Record(
        name=f"akoo-{number}",
        uid=str(number),
        resource_version="1",
        created=NOW - datetime.timedelta(hours=number),
        spec=spec,
        status=RecordStatus(
            phase=phase,  # type: ignore[arg-type]
            version=fields.get("version", "2.1.1"),
            left=fields.get("left"),
            conditions=(ready, *proven, *(wrong if reason else ())),
        ),
    )


def page(records: Iterable[Record], **values: str) -> fleet_page.FleetPage:
    known = fleet.Records(known=tuple(records))
    return fleet_page.page_of(known, fleet_page.query_of(values), NOW)


def clusters(shown: fleet_page.FleetPage) -> list[str]:
    return [row.cluster for row in shown.rows]


def test_a_cluster_with_several_failing_conditions_is_one_row_and_counts_once() -> None:
    shown = page([record(1, reason="NetworkNotFound"), record(2), record(3, reason="NoSight")])
    assert [(f.value, f.clusters) for f in shown.reasons] == [
        ("NetworkNotFound", 1),
        ("NoSight", 1),
    ]
    assert [(f.value, f.clusters) for f in shown.phases] == [("Running", 3)]
    assert len(shown.rows) == 3


def test_filters_are_addresses_and_a_chosen_one_ends_the_choice() -> None:
    fleet_of_three = [record(1, reason="NoSight"), record(2, phase="Sweeping"), record(3)]
    shown = page(fleet_of_three, phase="Running", sort="age")
    assert clusters(shown) == ["c1", "c3"]
    (running, sweeping) = shown.phases
    assert (running.chosen, running.address) == (True, "/?sort=age")
    assert (sweeping.chosen, sweeping.clusters) == (False, 1)
    assert sweeping.address == "/?phase=Sweeping&sort=age"
    assert shown.reasons[0].address == "/?phase=Running&reason=NoSight&sort=age"
    both = page(fleet_of_three, phase="Running", reason="NoSight")
    assert (clusters(both), both.matching, both.total) == (["c1"], 1, 3)


def test_a_choice_that_matches_nothing_stays_visible() -> None:
    shown = page([record(1)], reason="NoSight", phase="Nonsense")
    assert (shown.rows, shown.matching, shown.total) == ((), 0, 1)
    assert [(f.value, f.clusters, f.chosen) for f in shown.reasons] == [("NoSight", 0, True)]
    assert ("Nonsense", 0, True) in [(f.value, f.clusters, f.chosen) for f in shown.phases]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["c2", "c4", "c1", "c3"]),
        ({"order": "desc"}, ["c3", "c1", "c4", "c2"]),
        ({"sort": "age"}, ["c1", "c2", "c3", "c4"]),
        ({"sort": "ready"}, ["c3", "c2", "c4", "c1"]),
        ({"sort": "left", "order": "desc"}, ["c1", "c2", "c4", "c3"]),
        ({"sort": "ako"}, ["c2", "c4", "c3", "c1"]),
        ({"sort": "nonsense", "order": "nonsense", "page": "-1"}, ["c2", "c4", "c1", "c3"]),
        ({"q": " TEAM-1/ "}, ["c1", "c3"]),
        ({"q": "config-2"}, ["c2"]),
        ({"q": "akoo-4"}, ["c4"]),
    ],
)
def test_order_and_search(values: dict[str, str], expected: list[str]) -> None:
    records = [
        record(1, left=3, version="10.0.0"),
        record(2),
        record(3, reason="NoSight", version="2.1.2"),
        record(4),
    ]
    assert clusters(page(records, **values)) == expected


def test_the_head_of_the_column_turns_the_order() -> None:
    shown = page([record(1)], sort="age", phase="Running")
    heads = {head.column: head for head in shown.heads}
    assert heads["age"].order == "ascending"
    assert heads["age"].address == "/?phase=Running&sort=age&order=desc"
    assert (heads["left"].order, heads["left"].address) == ("none", "/?phase=Running&sort=left")
    turned = page([record(1)], sort="age", order="desc")
    assert {head.column: head.address for head in turned.heads}["age"] == "/?sort=age"


def test_a_reason_that_is_no_fault_is_not_shown_as_one() -> None:
    reasons = ("", "QuietPeriod", "NoSight")
    rows = page(record(n, reason=reason) for n, reason in enumerate(reasons)).rows
    assert {row.ready: row.tone for row in rows} == {
        "True": "good",
        "QuietPeriod": "quiet",
        "NoSight": "bad",
    }


def test_finished_records_are_not_counted_as_not_ready() -> None:
    shown = page([record(1, reason="Finished", phase="Finished", finished_at=NOW)])
    assert (shown.reasons, shown.rows[0].good, shown.rows[0].ready) == ((), True, "Verified")


def test_a_page_is_bounded_and_pages_have_every_row_once() -> None:
    records = [record(number) for number in range(2 * fleet_page.ROWS + 7)]
    seen: list[str] = []
    address, number = "first", 1
    while address:
        shown = page(records, page=str(number))
        assert len(shown.rows) <= fleet_page.ROWS
        assert shown.first == len(seen) + 1
        seen += clusters(shown)
        address, number = shown.after, number + 1
    assert sorted(seen) == sorted(r.spec.cluster_ref.name for r in records)
    assert page(records, page="99999").query.page == 3
    assert (page(records).before, page(records, page="2").before) == ("", "/")


@given(
    st.dictionaries(st.sampled_from(["phase", "reason", "q", "sort", "order", "page"]), st.text())
)
def test_an_address_gives_the_same_query_again(values: dict[str, str]) -> None:
    query = fleet_page.query_of(values)
    address = query.address(page=query.page)
    _, _, text = address.partition("?")
    parsed = dict(part.split("=", 1) for part in text.split("&") if part)
    again = {name: urllib.parse.unquote_plus(value) for name, value in parsed.items()}
    assert fleet_page.query_of(again) == query
    assert address.isascii()
    assert address.startswith("/")
