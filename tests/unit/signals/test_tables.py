"""Signals name metrics, labels and reasons that exist, boards ask questions, pages are complete."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator

import pytest
import yaml
from prometheus_client import exposition

from akoo_core import errors, signals
from akoo_core.plugin import api
from akoo_core.plugin import signals as model
from akoo_core.telemetry import metrics
from hack import generate
from hack.monitoring import dashboards, pages

ROOT = pathlib.Path(__file__).parents[3]
EVERY = generate.every_signal()
ALERTS = [alert for own in EVERY.values() for alert in own.alerts]
BOARDS = [board for own in EVERY.values() for board in own.boards]
OF_SCRAPES = {"job", "instance", "le"}
"""Labels that Prometheus adds, and that of buckets."""

_SELECTOR = re.compile(r"\b(?P<name>[a-z]+_\w+)(?:\{(?P<matchers>[^}]*)\})?")
_MATCHER = re.compile(r"(\w+)(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(?:by|on) \(([^)]*)\)")


def queries() -> Iterator[tuple[str, str, str]]:
    """(name of alert or question, query, texts that show labels) of all signals."""
    for name, expression in model.expressions(EVERY.values()).items():
        (alert,) = (alert for alert in ALERTS if alert.name == name)
        yield name, expression, alert.summary
    for board in BOARDS:
        for panel in board.panels:
            for query in panel.queries:
                yield f"{board.name}: {panel.question}", query.expr, query.legend


def base(name: str) -> str:
    """The name of the metric that a series belongs to."""
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and name.removesuffix(suffix) in pages.declared():
            return name.removesuffix(suffix)
    return name


@pytest.mark.parametrize(("name", "query", "text"), tuple(queries()))
def test_metrics_and_labels_of_a_query_exist(name: str, query: str, text: str) -> None:
    declared, usable = pages.declared(), set(OF_SCRAPES)
    names = model.metrics_of(query)
    assert names, "a query without a metric of ours"
    for metric in names:
        kind, labels = declared[base(metric)]
        assert (kind == "histogram") is (metric != base(metric)), metric
        usable |= set(labels)
    for match in _SELECTOR.finditer(query):
        if match["name"] in names and match["matchers"]:
            own = {*declared[base(match["name"])][1], *OF_SCRAPES}
            assert set(_MATCHER.findall(match["matchers"])) <= own, match[0]
    grouped = {label.strip() for group in _GROUPING.findall(query) for label in group.split(",")}
    assert grouped <= usable
    shown = set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", text))
    assert shown <= usable & (grouped or usable), "a label that the query drops"


def test_the_registry_is_what_metrics_shows() -> None:
    encode, _ = exposition.choose_encoder("")
    text = encode(metrics.REGISTRY).decode()
    shown = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    assert {name for name in shown if not name.endswith("_created")} == set(pages.declared())


def test_every_alert_keeps_the_label_job() -> None:
    for name, query, _ in queries():
        if name.startswith("Akoo") and not query.startswith("absent("):
            assert re.search(r"by \(job\b", query) or "sum by (job" in query, name


def test_every_metric_is_on_the_page_once() -> None:
    listed = [
        metric.name for own in EVERY.values() for each in own.sections for metric in each.metrics
    ]
    assert sorted(listed) == sorted(pages.declared())


def test_metrics_without_alert_and_dashboard_are_listed_as_such() -> None:
    _, _, text = (ROOT / "docs/reference/metrics.md").read_text().rpartition("\n## ")
    used = {base(name) for _, query, _ in queries() for name in model.metrics_of(query)}
    assert text.startswith("In no alert and no dashboard\n")
    listed = set(re.findall(r"`(\w+)`", text.partition(".")[0]))
    assert listed == set(pages.declared()) - used


def documented() -> set[str]:
    """Every reason in the tables of the conditions and of the plugins' READMEs."""
    files = [ROOT / "docs/reference/conditions.md", *ROOT.glob("plugins/*/README.md")]
    rows = [line for file in files for line in file.read_text().splitlines() if line[:3] == "| `"]
    return {name for row in rows for name in re.findall(r"`([A-Z]\w+)`", row.split(" | ")[0])}


def test_every_reason_of_an_alert_is_a_reason_of_the_reference() -> None:
    values = {
        reason
        for _, query, _ in queries()
        for match in re.findall(r"reason(?:=~|!~|=|!=)\"([^\"]*)\"", query)
        for reason in match.split("|")
        if reason[:1].isupper()
    }
    assert values - documented() == set()
    assert len(values) > 50


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_runbook_has_meaning_command_and_the_harmless_case(alert: model.Alert) -> None:
    text = (ROOT / f"docs/runbooks/{alert.name}.md").read_text()
    for heading in ("What it means", "What to run", "When it is harmless"):
        _, _, rest = text.partition(f"\n## {heading}\n\n")
        assert len(rest.partition("\n## ")[0].strip()) > 20, heading
    assert re.fullmatch(r"\d+[mh]", alert.wait)
    assert alert.summary.endswith(".")


def test_no_runbook_is_left_over() -> None:
    files = {file.stem for file in (ROOT / "docs/runbooks").iterdir()}
    assert files == {alert.name for alert in ALERTS}
    boards = {file.stem for file in (ROOT / "deploy/monitoring/dashboards").iterdir()}
    assert (
        boards
        == {board.name for board in BOARDS}
        == {
            "fleet",
            "process",
            "avi",
            "vault",
            "vcenter",
        }
    )


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_a_dashboard_asks_questions(board: model.Board) -> None:
    questions = [panel.question for panel in board.panels]
    assert len(set(questions)) == len(questions)
    assert all(question.endswith("?") for question in questions)
    for panel in board.panels:
        assert all('job=~"$job"' in query.expr for query in panel.queries), panel.question
    made = json.loads(dashboards.files({"": model.Signals(boards=(board,))})[f"{board.name}.json"])
    assert made["uid"] == f"akoo-{board.name}"
    assert [panel["title"] for panel in made["panels"]] == questions
    places = [tuple(panel["gridPos"].values()) for panel in made["panels"]]
    for index, (x, y, width, height) in enumerate(places):
        assert x + width <= dashboards.COLUMNS
        for other_x, other_y, other_width, other_height in places[index + 1 :]:
            apart = x + width <= other_x or other_x + other_width <= x
            assert apart or y + height <= other_y or other_y + other_height <= y


def test_the_object_of_the_operator_has_the_same_rules_as_the_plain_file() -> None:
    folder = ROOT / "deploy/monitoring"
    rule = yaml.safe_load((folder / "prometheusrule.yaml").read_text())
    plain = yaml.safe_load((folder / "rules.yaml").read_text())
    assert rule["spec"] == plain
    monitor = yaml.safe_load((folder / "podmonitor.yaml").read_text())["spec"]
    deployment = yaml.safe_load((ROOT / "deploy/base/deployment.yaml").read_text())["spec"]
    (container,) = deployment["template"]["spec"]["containers"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert endpoint["port"] in {port["name"] for port in container["ports"]}
    labels = deployment["template"]["metadata"]["labels"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()


def _alert(name: str, *reasons: str) -> model.Alert:
    return model.Alert(
        name=name,
        severity="warning",
        wait="1m",
        summary="S.",
        means="M.",
        run="true\n",
        harmless="Never.",
        reasons=reasons,
    )


def test_a_reason_belongs_to_one_alert() -> None:
    twice = model.Signals(alerts=(_alert("A", "Slow"), _alert("B", "Slow")))
    with pytest.raises(errors.InputError, match="reason Slow is in alerts A and B"):
        model.expressions([twice])
    same = model.Signals(alerts=(_alert("A", "Slow"), _alert("A", "Fast")))
    with pytest.raises(errors.InputError, match="two alerts are called A"):
        model.expressions([same])


class _Nowhere(api.Plugin):
    signals = "akoo_core.signals:NOTHING"


class _OfAnotherType(api.Plugin):
    signals = "akoo_core.signals:of"


@pytest.mark.parametrize(
    ("plugin", "words"),
    [(_Nowhere, "has no attribute 'NOTHING'"), (_OfAnotherType, "are no Signals")],
)
def test_signals_that_cannot_be_loaded_name_their_plugin(
    plugin: type[api.Plugin], words: str
) -> None:
    with pytest.raises(errors.InputError, match=words):
        signals.of({"demo": plugin})
