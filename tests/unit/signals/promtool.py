"""promtool and prometheus, where they are, and the files that promtool's tests of rules read."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
from typing import Any

from akoo_core.plugin.signals import Alert
from tests.unit.signals.cases import Case, Labels, Series

ROOT = pathlib.Path(__file__).parents[3]
MISSING = "promtool and prometheus are not here; `sh hack/prometheus.sh` brings them"
JOB = "akoo-system/akoo-core"


def binary(name: str) -> str | None:
    """The path of promtool or prometheus: in PATH, or where hack/prometheus.sh puts them."""
    return shutil.which(name) or shutil.which(name, path=str(ROOT / ".tools/prometheus/usr/bin"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = binary("promtool")
    assert command is not None
    return subprocess.run(
        [command, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def labelled(series: str) -> str:
    """``series`` with the label job."""
    name, _, rest = series.partition("{")
    return f'{name}{{job="{JOB}"{"," if rest else "}"}{rest}'


def expected(alert: Alert, case: Case) -> dict[str, Any]:
    """The alert as it fires, for ``exp_alerts``."""
    labels: Labels = case.labels | ({"job": JOB} if case.job else {})
    summary = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda m: labels[m[1]], alert.summary)
    return {
        "exp_labels": labels | {"severity": alert.severity},
        "exp_annotations": {
            "summary": summary,
            "runbook_url": f"docs/runbooks/{alert.name}.md",
        },
    }


def group(name: str, series: Series, alert: Alert, minute: int, fires: list[Any]) -> dict[str, Any]:
    """A group of a file for ``promtool test rules``."""
    return {
        "name": name,
        "interval": "1m",
        "input_series": [
            {"series": labelled(text), "values": values} for text, values in series.items()
        ],
        "alert_rule_test": [
            {"eval_time": f"{minute}m", "alertname": alert.name, "exp_alerts": fires}
        ],
    }
