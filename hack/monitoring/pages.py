"""Pages of metrics and alerts, and the runbooks, made of signals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from prometheus_client import core
from prometheus_client import metrics as prometheus

from akoo_core.plugin import signals
from akoo_core.plugin.signals import Alert, Metric, Section, Signals
from akoo_core.telemetry import metrics, tally

WIDTH = 120
SUFFIXES = ("", "_bucket", "_sum", "_count")
MADE = "<!-- Made by `make generate`. Do not edit. -->\n"

All = Mapping[str, Signals]


def files(every: All) -> dict[str, str]:
    """The text of each page, by its path below docs/."""
    expressions = signals.expressions(every.values())
    made = {
        "reference/metrics.md": metrics_page(every),
        "reference/alerts.md": alerts_page(every),
    }
    for own in every.values():
        for alert in own.alerts:
            made[f"runbooks/{alert.name}.md"] = runbook(alert, expressions[alert.name])
    return made


def declared() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Type and labels of every metric of the registry, by the name that a query uses."""
    families: dict[str, tuple[str, tuple[str, ...]]] = {}
    for collector in vars(metrics).values():
        if isinstance(collector, prometheus.MetricWrapperBase | tally.Counter | tally.Histogram):
            family = next(iter(collector.describe()))
            labels = tuple(
                collector._labelnames
                if isinstance(collector, prometheus.MetricWrapperBase)
                else collector.names
            )
            families[_queried(family)] = (family.type, labels)
    return families | {_queried(family): (family.type, ()) for family in metrics.PROCESS.collect()}


def _queried(family: core.Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def in_use(every: All) -> frozenset[str]:
    """Names of metrics in alerts and dashboards, as their queries have them."""
    queries = [*signals.expressions(every.values()).values()]
    for own in every.values():
        for board in own.boards:
            queries += [query.expr for panel in board.panels for query in panel.queries]
    return frozenset(name for query in queries for name in signals.metrics_of(query))


_METRICS = (
    (
        "`/metrics` (port 8081, see [settings](settings.md)) shows exactly these metrics. The"
        " `controller_runtime_`, `workqueue_`, `rest_client_` and `leader_election_` families"
        " have the names and meanings of controller-runtime, so dashboards for Go operators "
        "work. No label holds the name of a cluster. [Alerts](alerts.md) and dashboards for "
        "Grafana are made of them."
    ),
    (
        "A histogram named `x` is scraped as `x_bucket`, `x_sum` and `x_count`. Both replicas"
        " show the gauges of records: take their `max`, not their `sum`."
    ),
    (
        "In OpenMetrics, `akoo_verb_seconds` and `akoo_external_requests_total` have "
        "exemplars: the `trace_id` of a failed call, and of a verb that was slow or had not "
        "done all. The trace of an attempt that changed nothing is not kept."
    ),
)


def metrics_page(every: All) -> str:
    """The reference of metrics: sections of the core, and those of plugins after its first."""
    first, *others = every[""].sections
    of_plugins = [section for name, own in every.items() if name for section in own.sections]
    sections = [first, *of_plugins, *others]
    kinds = declared()
    parts = [_opening("Metrics", _METRICS), *(_section(each, kinds) for each in sections)]
    used = in_use(every)
    unused = sorted(
        metric.name
        for section in sections
        for metric in section.metrics
        if not used & {metric.name + suffix for suffix in SUFFIXES}
    )
    parts.append(
        "\n## In no alert and no dashboard\n\n"
        + _filled(", ".join(f"`{name}`" for name in unused) + ".")
        + "\n\n`akoo_verb_seconds` shows a slow verb; its [trace](../how-to/trace-a-cluster.md) "
        "shows the slow call.\n"
    )
    return "".join(parts)


def _section(section: Section, kinds: Mapping[str, tuple[str, tuple[str, ...]]]) -> str:
    about = f"\n{_filled(section.about)}\n" if section.about else ""
    rows = "".join(_row(metric, *kinds[metric.name]) for metric in section.metrics)
    head = "| metric | type | labels | means |\n|---|---|---|---|\n"
    return f"\n## {section.title}\n{about}\n{head}{rows}"


def _row(metric: Metric, kind: str, labels: Iterable[str]) -> str:
    shown = ", ".join(f"`{label}`" for label in labels)
    return f"| `{metric.name}` | {kind} |{f' {shown} ' if shown else ' '}| {metric.means} |\n"


_ALERTS = (
    (
        "`deploy/monitoring` has them as a `PrometheusRule` for the Prometheus operator, and "
        "as `rules.yaml` for a Prometheus without it, version 2.42 or newer; the chart makes "
        "them with `monitoring.prometheusRule.create` "
        "([install](../how-to/install.md#6-see-it-in-prometheus-and-grafana)). `critical` "
        "calls somebody, `warning` waits for the next day. Label `job` tells apart management"
        " clusters."
    ),
    (
        "Each alert is a symptom that a person must act on. Reasons for which nobody has to "
        "act cause none; a leaving that takes too long has alerts of its own."
    ),
)


def alerts_page(every: All) -> str:
    """The reference of alerts, with a link to each runbook."""
    parts = [_opening("Alerts", _ALERTS)]
    for plugin, own in every.items():
        if own.alerts:
            title = f"Of plugin {plugin}" if plugin else "Of the core"
            rows = "".join(_alert_row(alert) for alert in own.alerts)
            head = "| alert | severity | for | says |\n|---|---|---|---|\n"
            parts.append(f"\n## {title}\n\n{head}{rows}")
    return "".join(parts)


def _alert_row(alert: Alert) -> str:
    link = f"[{alert.name}](../runbooks/{alert.name}.md)"
    return f"| {link} | {alert.severity} | {alert.wait} | {_labelled(alert)} |\n"


def _labelled(alert: Alert) -> str:
    """The summary, with the names of labels in place of their values."""
    return alert.summary.replace("{{ $labels.", "*").replace(" }}", "*")


def runbook(alert: Alert, expression: str) -> str:
    """The page of an alert."""
    return (
        f"# {alert.name}\n\n{MADE}\n"
        f"{_filled(_labelled(alert))} Severity `{alert.severity}`, after {alert.wait}.\n\n"
        f"## What it means\n\n{_filled(alert.means)}\n\n"
        f"## What to run\n\n```sh\n{alert.run}```\n\n"
        f"## When it is harmless\n\n{_filled(alert.harmless)}\n\n"
        f"## The expression\n\n```promql\n{expression}\n```\n\n"
        "All alerts: [reference](../reference/alerts.md).\n"
    )


def _opening(title: str, paragraphs: Iterable[str]) -> str:
    texts = "\n\n".join(_filled(each) for each in paragraphs)
    return f"# {title}\n\n{MADE}\n{texts}\n"


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
