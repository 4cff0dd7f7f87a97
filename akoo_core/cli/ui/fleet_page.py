"""The table of the fleet: filters, order and pages, as the address of the page gives them. Pure."""

from __future__ import annotations

import collections
import datetime
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from akoo_core import structs
from akoo_core.cli import columns, fleet
from akoo_core.cli.status import table
from akoo_core.objects import conditions
from akoo_core.objects.record import Record
from akoo_core.reconcile.status import notices

ROWS = 250
"""Rows of one page."""
LONGEST_TEXT = 100
"""Characters of a search."""

Column = Literal["cluster", "config", "ako", "phase", "ready", "left", "age"]
COLUMNS: tuple[Column, ...] = get_args(Column)


class FleetQuery(structs.Struct, frozen=True, kw_only=True):
    """The choice of rows and their order. Empty values match all."""

    phase: str = ""
    reason: str = ""
    text: str = ""
    """A part of namespace, cluster, config or record."""
    sort: Column = "cluster"
    descending: bool = False
    page: int = 1

    def address(self, **changes: object) -> str:
        """The address of the page with changes; a change of the choice begins at page 1."""
        query = structs.replace(self, **{"page": 1, **changes})
        values = {
            "phase": query.phase,
            "reason": query.reason,
            "q": query.text,
            "sort": "" if query.sort == "cluster" else query.sort,
            "order": "desc" if query.descending else "",
            "page": "" if query.page == 1 else str(query.page),
        }
        shown = {name: value for name, value in values.items() if value}
        return f"/?{urllib.parse.urlencode(shown)}" if shown else "/"


class FleetRow(structs.Struct, frozen=True, kw_only=True):
    """One cluster."""

    namespace: str
    cluster: str
    record: str
    config: str
    ako: str
    phase: str
    ready: str
    """``True``, or the reason; of a finished record the reason of CleanupProven."""
    message: str
    good: bool
    tone: str
    """``good``, ``bad``, or ``quiet`` for a reason that is no fault."""
    left: int | None
    age: str
    created: float
    address: str


class Filter(NamedTuple):
    """A value of phase or reason that can be chosen. ``address`` chooses it, or ends the choice."""

    value: str
    clusters: int
    chosen: bool
    address: str


class Head(NamedTuple):
    """The head of a column. ``order``: ``ascending``, ``descending`` or ``none``."""

    column: Column
    order: str
    address: str


class FleetPage(structs.Struct, frozen=True, kw_only=True):
    """All that the page shows of the fleet."""

    query: FleetQuery
    rows: tuple[FleetRow, ...]
    total: int
    """Records of the fleet."""
    matching: int
    """Records that match the query, on all pages."""
    phases: tuple[Filter, ...]
    reasons: tuple[Filter, ...]
    heads: tuple[Head, ...]
    unreadable: tuple[str, ...] = ()
    before: str = ""
    """The address of the page before, or ""."""
    after: str = ""
    first: int = 0
    """The number of the first row that is shown, from 1; 0 for none."""


def query_of(values: Mapping[str, str]) -> FleetQuery:
    """The query of an address. What cannot be read counts as not given."""
    sort = values.get("sort", "")
    page = values.get("page", "")
    return FleetQuery(
        phase=values.get("phase", "")[:LONGEST_TEXT],
        reason=values.get("reason", "")[:LONGEST_TEXT],
        text=values.get("q", "").strip()[:LONGEST_TEXT],
        sort=next((column for column in COLUMNS if column == sort), "cluster"),
        descending=values.get("order") == "desc",
        page=int(page) if page.isdecimal() and page.isascii() and 0 < len(page) < 6 else 1,
    )


def page_of(records: fleet.Records, query: FleetQuery, now: datetime.datetime) -> FleetPage:
    """The page for a query. A cluster with several failing conditions is one row."""
    matching = [row for row in (_row(record, now) for record in records.known) if _text(row, query)]
    phases = collections.Counter(row.phase for row in matching if _is(row, reason=query.reason))
    reasons = collections.Counter(
        row.ready for row in matching if not row.good and _is(row, phase=query.phase)
    )
    chosen = [row for row in matching if _is(row, phase=query.phase, reason=query.reason)]
    chosen.sort(key=lambda row: (row.namespace, row.cluster, row.created))
    chosen.sort(key=lambda row: _key(row, query.sort), reverse=query.descending)
    last = max(1, -(-len(chosen) // ROWS))
    query = structs.replace(query, page=min(max(query.page, 1), last))
    begin = (query.page - 1) * ROWS
    return FleetPage(
        query=query,
        rows=tuple(chosen[begin : begin + ROWS]),
        total=len(records.known),
        matching=len(chosen),
        phases=tuple(_filters(query, "phase", [(p, phases[p]) for p in table.PHASES])),
        reasons=tuple(_filters(query, "reason", sorted(reasons.items(), key=_most))),
        heads=tuple(_head(query, column) for column in COLUMNS),
        unreadable=records.unreadable,
        before=query.address(page=query.page - 1) if query.page > 1 else "",
        after=query.address(page=query.page + 1) if query.page < last else "",
        first=begin + 1 if chosen else 0,
    )


def cluster_address(namespace: str, name: str) -> str:
    """The address of the page of a cluster."""
    quoted = (urllib.parse.quote(part, safe="") for part in (namespace, name))
    return "/cluster/" + "/".join(quoted)


def _row(record: Record, now: datetime.datetime) -> FleetRow:
    ref, status = record.spec.cluster_ref, record.status
    reason = table.why_not_ready(record)
    ready = conditions.find(status.conditions, "Ready")
    proven = conditions.find(status.conditions, "CleanupProven")
    finished = record.spec.finished_at is not None
    return FleetRow(
        namespace=ref.namespace,
        cluster=ref.name,
        record=record.name,
        config=record.spec.config_ref.name,
        ako=status.version,
        phase=status.phase or "Preparing",
        ready=reason or ((proven.reason if proven is not None else "") if finished else "True"),
        message=ready.message if ready is not None and reason else "",
        good=not reason,
        tone="bad" if reason and reason not in notices.NO_FAULT else "quiet" if reason else "good",
        left=status.left,
        age=columns.age(record.created, now),
        created=record.created.timestamp(),
        address=cluster_address(ref.namespace, ref.name),
    )


def _text(row: FleetRow, query: FleetQuery) -> bool:
    wanted = query.text.lower()
    places = (f"{row.namespace}/{row.cluster}", row.record, row.config)
    return any(wanted in place.lower() for place in places)


def _is(row: FleetRow, *, phase: str = "", reason: str = "") -> bool:
    return phase in ("", row.phase) and (not reason or (not row.good and row.ready == reason))


def _key(row: FleetRow, column: Column) -> tuple[object, ...]:
    match column:
        case "cluster":
            return row.namespace, row.cluster
        case "config":
            return (row.config,)
        case "ako":
            return (tuple(int(p) if p.isdecimal() else 0 for p in row.ako.split(".")), row.ako)
        case "phase":
            return (table.PHASES.index(row.phase) if row.phase in table.PHASES else -1,)
        case "ready":
            return row.good, row.ready
        case "left":
            return (-1 if row.left is None else row.left,)
        case "age":
            return (-row.created,)


def _most(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]


def _filters(query: FleetQuery, name: str, counted: Sequence[tuple[str, int]]) -> Iterator[Filter]:
    now = getattr(query, name)
    for value, count in counted:
        if count or value == now:
            chosen = value == now
            yield Filter(value, count, chosen, query.address(**{name: "" if chosen else value}))
    known = {value for value, _ in counted}
    if now and now not in known:
        yield Filter(now, 0, True, query.address(**{name: ""}))


def _head(query: FleetQuery, column: Column) -> Head:
    here = query.sort == column
    order = ("descending" if query.descending else "ascending") if here else "none"
    return Head(column, order, query.address(sort=column, descending=here and not query.descending))
