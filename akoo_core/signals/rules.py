"""PrometheusRule, PodMonitor and a plain file of rules, made of the alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from akoo_core.plugin import signals
from akoo_core.plugin.signals import Alert, Signals

Object = dict[str, Any]
All = Mapping[str, Signals]
"""Signals by plugin; those of the core as ""."""

NAME = "akoo-core"
LABELS = {"app.kubernetes.io/name": NAME}
NAMESPACE = "akoo-system"
RUNBOOKS = "docs/runbooks"
INTERVAL = "30s"


def groups(every: All, runbooks: str = RUNBOOKS) -> dict[str, Object]:
    """The group of rules of each plugin that has alerts, by plugin."""
    expressions = signals.expressions(every.values())
    return {
        plugin: {
            "name": f"akoo-{plugin or 'core'}",
            "rules": [_rule(alert, expressions[alert.name], runbooks) for alert in own.alerts],
        }
        for plugin, own in every.items()
        if own.alerts
    }


def _rule(alert: Alert, expression: str, runbooks: str) -> Object:
    return {
        "alert": alert.name,
        "expr": expression,
        "for": alert.wait,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "runbook_url": f"{runbooks}/{alert.name}.md",
        },
    }


def plain(every: All) -> Object:
    """The content of a file for ``rule_files`` of Prometheus."""
    return {"groups": list(groups(every).values())}


def objects(every: All, namespace: str, runbooks: str) -> tuple[Object, Object]:
    """PodMonitor and PrometheusRule in a namespace. ``runbooks``: the address of their pages."""
    return pod_monitor(namespace), prometheus_rule(every, namespace, runbooks)


def prometheus_rule(every: All, namespace: str = NAMESPACE, runbooks: str = RUNBOOKS) -> Object:
    """The object of the Prometheus operator."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": NAME, "namespace": namespace, "labels": dict(LABELS)},
        "spec": {"groups": list(groups(every, runbooks).values())},
    }


def pod_monitor(namespace: str = NAMESPACE) -> Object:
    """The object by which the Prometheus operator finds our Pods."""
    endpoint = {"port": "health", "path": "/metrics", "interval": INTERVAL}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": NAME, "namespace": namespace, "labels": dict(LABELS)},
        "spec": {
            "selector": {"matchLabels": dict(LABELS)},
            "podMetricsEndpoints": [endpoint],
        },
    }
