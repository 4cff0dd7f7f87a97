"""Signals of the core or of a plugin: its metrics, alerts and dashboards, as values.

``table`` has the types, ``queries`` the expressions that follow from them.
"""

from akoo_core.plugin.signals.queries import expressions, metrics_of
from akoo_core.plugin.signals.table import (
    Alert,
    Board,
    Metric,
    Panel,
    Query,
    Section,
    Severity,
    Signals,
    Unit,
)

__all__ = [
    "Alert",
    "Board",
    "Metric",
    "Panel",
    "Query",
    "Section",
    "Severity",
    "Signals",
    "Unit",
    "expressions",
    "metrics_of",
]
