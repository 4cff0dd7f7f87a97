"""Signals: the metrics, alerts and dashboards of the core or of a plugin, as values.

They are the one source of the rules for Prometheus, the dashboards for Grafana, the reference of
metrics and the runbooks; ``make generate`` writes all of them. The operator never loads them.
"""

from __future__ import annotations

from typing import Literal

from akoo_core import structs

Severity = Literal["critical", "warning"]
"""critical: somebody is called at night. warning: somebody looks within a day."""
Unit = Literal["short", "s", "bytes", "percentunit", "reqps", "dateTimeFromNow"]
"""Units as Grafana names them."""


class Metric(structs.Struct, frozen=True, kw_only=True):
    """A metric on the reference page. Type and labels come from the registry."""

    name: str
    """As it is queried: a counter with ``_total``."""
    means: str
    """Markdown, with links relative to docs/reference."""


class Section(structs.Struct, frozen=True, kw_only=True):
    """A heading of the reference page, and the metrics below it."""

    title: str
    metrics: tuple[Metric, ...]
    about: str = ""
    """Sentences before the table."""


class Alert(structs.Struct, frozen=True, kw_only=True):
    """An alert and its runbook. Its expression uses only functions of Prometheus 2.42.

    An expression aggregates over the replicas: ``max`` of gauges, which every replica shows, and
    ``sum`` of rates. It keeps the label ``job``, which tells apart management clusters.
    """

    name: str
    severity: Severity
    wait: str
    """The time for which the expression must be true (``for``)."""
    summary: str
    """One sentence. ``{{ $labels.reason }}`` stands for the value of a label."""
    means: str
    """The runbook: the meaning, and how it comes about. Markdown."""
    run: str
    """The runbook: commands, with comments."""
    harmless: str
    """The runbook: the cases in which nobody has to act."""
    expr: str = ""
    """Default: some cluster is not ready, or its leaving is on hold, for one of ``reasons``."""
    reasons: tuple[str, ...] = ()
    """Reasons that the alert stands for; the alert for all other reasons leaves them out."""
    other_reasons: bool = False
    """The alert for all reasons but ``reasons`` and those of every other alert."""


class Query(structs.Struct, frozen=True, kw_only=True):
    """One query of a panel. ``$job`` stands for the chosen jobs, ``{{label}}`` for a label."""

    expr: str
    legend: str = ""


class Panel(structs.Struct, frozen=True, kw_only=True):
    """A question, and the queries that answer it."""

    question: str
    queries: tuple[Query, ...]
    unit: Unit = "short"
    look: Literal["timeseries", "stat", "table"] = "timeseries"
    about: str = ""


class Board(structs.Struct, frozen=True, kw_only=True):
    """A dashboard."""

    name: str
    """Lower case: its file and, after ``akoo-``, its uid."""
    title: str
    panels: tuple[Panel, ...]


class Signals(structs.Struct, frozen=True, kw_only=True):
    """The signals of the core, or of one plugin (``Plugin.signals``)."""

    sections: tuple[Section, ...] = ()
    alerts: tuple[Alert, ...] = ()
    boards: tuple[Board, ...] = ()
