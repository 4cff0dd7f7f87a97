"""reference/metrics.md names every metric with its type and labels, and no other."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import metrics as prometheus

from akoo_core.telemetry import metrics

Rows = Callable[[str, str], list[tuple[str, ...]]]


def declared() -> dict[str, tuple[str, str]]:
    """Type and labels by the name that a dashboard uses."""
    found: dict[str, tuple[str, str]] = {}
    for one in vars(metrics).values():
        if isinstance(one, prometheus.MetricWrapperBase):
            family = next(iter(one.describe()))
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = ", ".join(f"`{label}`" for label in one._labelnames)
            found[name] = (family.type, labels)
    return found


def test_every_metric_with_type_and_labels(rows: Rows) -> None:
    documented = {row[0].strip("`"): (row[1], row[2]) for row in rows("reference/metrics.md", "")}
    assert documented == declared()


def test_nothing_else_is_in_the_registry() -> None:
    families = {family.name for family in metrics.REGISTRY.collect()}
    assert families == {name.removesuffix("_total") for name in declared()}


def test_every_metric_says_what_it_means(rows: Rows) -> None:
    assert all(row[3] for row in rows("reference/metrics.md", ""))
