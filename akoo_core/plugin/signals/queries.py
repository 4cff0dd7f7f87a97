"""Expressions of alerts, and the metrics in a query. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from akoo_core import errors
from akoo_core.plugin.signals.table import Alert, Signals

NOT_READY = "akoo_not_ready"
HELD = "akoo_held"
_METRIC = re.compile(
    r"\b(?P<name>(?:akoo|controller_runtime|leader_election|process|rest_client|workqueue)_\w+)\b"
)


def expressions(signals: Iterable[Signals]) -> Mapping[str, str]:
    """The expression of every alert, by its name. Pure.

    Raises InputError for a name or a reason that occurs twice.
    """
    alerts = [alert for each in signals for alert in each.alerts]
    claimed: dict[str, str] = {}
    for alert in alerts:
        for reason in alert.reasons:
            if reason in claimed:
                raise errors.InputError(
                    f"reason {reason} is in alerts {claimed[reason]} and {alert.name}"
                )
            claimed[reason] = alert.name
    made: dict[str, str] = {}
    for alert in alerts:
        if alert.name in made:
            raise errors.InputError(f"two alerts are called {alert.name}")
        made[alert.name] = _expression(alert, sorted(claimed))
    return made


def _expression(alert: Alert, claimed: Iterable[str]) -> str:
    if alert.expr:
        return alert.expr
    if alert.other_reasons:
        return f'max by (job, reason) ({NOT_READY}{{reason!~"{"|".join(claimed)}"}}) > 0'
    chosen = f'{{reason=~"{"|".join(alert.reasons)}"}}'
    return (
        f"max by (job, reason) ({NOT_READY}{chosen}) > 0\n"
        f"or\nmax by (job, reason) ({HELD}{chosen}) > 0"
    )


def metrics_of(expression: str) -> frozenset[str]:
    """The names of our metrics in a query, as they are written there. Pure."""
    return frozenset(match["name"] for match in _METRIC.finditer(expression))
