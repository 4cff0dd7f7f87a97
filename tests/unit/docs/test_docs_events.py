"""reference/events.md names every Event on a Cluster and every lifecycle event of plugins."""

from __future__ import annotations

import typing
from collections.abc import Callable

from akoo_core.plugin import api
from akoo_core.reconcile.act import attempt
from akoo_core.reconcile.status import events

Rows = Callable[[str, str], list[tuple[str, ...]]]

PAGE = "reference/events.md"


def first(rows: list[tuple[str, ...]]) -> list[str]:
    return [row[0].strip("`") for row in rows]


def test_events_on_the_cluster(rows: Rows) -> None:
    reasons = first(rows(PAGE, "## On the Cluster and on the record"))
    assert reasons == list(typing.get_args(events.Reason))


def test_lifecycle_events(rows: Rows) -> None:
    kinds = typing.get_args(typing.get_type_hints(api.LifecycleEvent)["kind"])
    assert first(rows(PAGE, "## To plugins")) == list(kinds)
    assert set(kinds) == set(typing.get_args(attempt.EventKind))
