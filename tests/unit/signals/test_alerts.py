"""Each alert fires when it should and is silent when it should be, by promtool of Prometheus."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

from hack import generate
from tests.unit.signals import cases, promtool

RULES = promtool.ROOT / "deploy/monitoring/rules.yaml"
ALERTS = {
    alert.name: alert for signals in generate.every_signal().values() for alert in signals.alerts
}

needs_promtool = pytest.mark.skipif(promtool.binary("promtool") is None, reason=promtool.MISSING)


def test_every_alert_has_a_case_and_no_other() -> None:
    assert cases.CASES.keys() == ALERTS.keys()


def test_a_quiet_case_has_the_metrics_of_the_alert() -> None:
    """A quiet case with other metrics would say nothing."""
    for name, case in cases.CASES.items():
        if name != "AkooDown":
            firing = {series.partition("{")[0] for series in case.firing}
            assert firing <= {series.partition("{")[0] for series in case.quiet}, name


@needs_promtool
def test_prometheus_accepts_the_rules() -> None:
    done = promtool.run("check", "rules", "--lint=all", "--lint-fatal", str(RULES))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout


def _play(folder: pathlib.Path, tests: dict[str, dict[str, Any]]) -> str:
    """The failures that promtool prints, "" for none. One test for each alert, whose rule alone is
    loaded: with all rules it takes thirty times as long."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    rules = {rule["alert"]: rule for group in groups for rule in group["rules"]}
    files = []
    for name, test in tests.items():
        loaded = folder / f"{name}.rules.yaml"
        loaded.write_text(yaml.safe_dump({"groups": [{"name": "a", "rules": [rules[name]]}]}))
        file = folder / f"{name}.test.yaml"
        text = {"rule_files": [str(loaded)], "evaluation_interval": "1m", "tests": [test]}
        file.write_text(yaml.safe_dump(text))
        files.append(str(file))
    done = promtool.run("test", "rules", *files)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@needs_promtool
def test_each_alert_fires(tmp_path: pathlib.Path) -> None:
    tests = {}
    for name, case in cases.CASES.items():
        fires = [promtool.expected(ALERTS[name], case)]
        tests[name] = promtool.group(name, case.firing, ALERTS[name], case.minute, fires)
    assert _play(tmp_path, tests) == ""


@needs_promtool
def test_no_alert_fires_on_a_healthy_day(tmp_path: pathlib.Path) -> None:
    tests = {
        name: promtool.group(name, case.quiet, ALERTS[name], case.minute, [])
        for name, case in cases.CASES.items()
    }
    assert _play(tmp_path, tests) == ""


@needs_promtool
def test_an_alert_waits(tmp_path: pathlib.Path) -> None:
    """No alert with a time of its own fires at the first sample of what makes it fire."""
    tests = {
        name: promtool.group(name, case.firing, ALERTS[name], 0, [])
        for name, case in cases.CASES.items()
        if ALERTS[name].wait != "0m"
    }
    assert _play(tmp_path, tests) == ""


@needs_promtool
def test_a_wrong_expectation_is_seen(tmp_path: pathlib.Path) -> None:
    """promtool reads the file that we write: a case that expects too much fails."""
    name, case = "AkooLeaked", cases.CASES["AkooLeaked"]
    fires = [promtool.expected(ALERTS[name], case)]
    test = promtool.group("wrong", case.quiet, ALERTS[name], case.minute, fires)
    assert "AkooLeaked" in _play(tmp_path, {name: test})
