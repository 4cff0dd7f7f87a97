"""reference/metrics.md names every metric with its type and labels, and no other."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable

from prometheus_client import metrics as prometheus

from akoo_core.telemetry import metrics, tally

Rows = Callable[[str, str], list[tuple[str, ...]]]
Page = Callable[[str], str]

PAGE = "reference/metrics.md"


def declared() -> dict[str, tuple[str, str]]:
    """Type and labels by the name that a dashboard uses."""
    families: dict[str, tuple[str, str]] = {}
    for var in vars(metrics).values():
        if isinstance(var, prometheus.MetricWrapperBase | tally.Counter | tally.Histogram):
            family = next(iter(var.describe()))
            name = f"{family.name}_total" if family.type == "counter" else family.name
            names = var.names if hasattr(var, "names") else var._labelnames
            labels = ", ".join(f"`{label}`" for label in names)
            families[name] = (family.type, labels)
    for family in metrics.PROCESS.collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        families[name] = (family.type, "")
    return families


def test_every_metric_with_type_and_labels(rows: Rows) -> None:
    documented = {row[0].strip("`"): (row[1], row[2]) for row in rows(PAGE, "")}
    assert documented == declared()


def test_nothing_else_is_in_the_registry() -> None:
    families = {family.name for family in metrics.REGISTRY.collect()}
    assert families == {name.removesuffix("_total") for name in declared()}


def test_every_metric_says_what_it_means(rows: Rows) -> None:
    assert all(row[3] for row in rows(PAGE, ""))


def test_metrics_that_nobody_sets_are_called_so(page: Page) -> None:
    _, heading, rest = page(PAGE).partition("\n## Not set in this release\n")
    named = set(re.findall(r"`(akoo_\w+)`", rest.split("\n## ")[0])) if heading else set()
    package = pathlib.Path(metrics.__file__).parents[1]
    files = [*package.rglob("*.py"), *(package.parent / "plugins").glob("*/akoo_*/**/*.py")]
    code = "".join(file.read_text() for file in files if file.name != "metrics.py")
    idle = {
        next(iter(metric.describe())).name
        for name, metric in vars(metrics).items()
        if isinstance(metric, prometheus.MetricWrapperBase) and f"metrics.{name}" not in code
    }
    assert named == idle, "metrics that nothing sets, and those the page calls so"
