"""Dashboards for Grafana as JSON, made of boards. Written for Grafana 9 and newer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from akoo_core.plugin.signals import Board, Panel, Signals

Object = dict[str, Any]

COLUMNS = 24
SOURCE = {"type": "prometheus", "uid": "${source}"}
SIZES = {"stat": (6, 4), "table": (12, 8), "timeseries": (12, 8)}
"""Width and height of a panel, by its look."""


def files(every: Mapping[str, Signals]) -> dict[str, str]:
    """The text of each dashboard, by the name of its file."""
    boards = [board for own in every.values() for board in own.boards]
    return {
        f"{board.name}.json": json.dumps(dashboard(board), indent=1, ensure_ascii=False) + "\n"
        for board in boards
    }


def dashboard(board: Board) -> Object:
    """The model of a dashboard, with a choice of the data source and of the job."""
    return {
        "uid": f"akoo-{board.name}",
        "title": board.title,
        "tags": ["akoo-core"],
        "editable": False,
        "schemaVersion": 37,
        "version": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [
            {
                "type": "dashboards",
                "tags": ["akoo-core"],
                "asDropdown": False,
                "includeVars": True,
                "keepTime": True,
                "title": "akoo-core",
            }
        ],
        "templating": {"list": [_source(), _job()]},
        "panels": list(_panels(board)),
    }


def _source() -> Object:
    return {"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _job() -> Object:
    query = "label_values(akoo_build_info, job)"
    return {
        "name": "job",
        "label": "Job",
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": "job"},
        "definition": query,
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": "All", "value": "$__all"},
    }


def _panels(board: Board) -> Iterator[Object]:
    """Panels from left to right, in rows."""
    x = y = row = 0
    for number, panel in enumerate(board.panels, start=1):
        width, height = SIZES[panel.look]
        if x + width > COLUMNS:
            x, y, row = 0, y + row, 0
        yield _panel(number, panel, {"x": x, "y": y, "w": width, "h": height})
        x, row = x + width, max(row, height)


def _panel(number: int, panel: Panel, place: Object) -> Object:
    instant = panel.look != "timeseries"
    made: Object = {
        "id": number,
        "title": panel.question,
        "type": panel.look,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or "__auto",
                "instant": instant,
                "range": not instant,
                "exemplar": "_bucket" in query.expr,
                **({"format": "table"} if panel.look == "table" else {}),
            }
            for index, query in enumerate(panel.queries)
        ],
    }
    if panel.about:
        made["description"] = panel.about
    if panel.look == "timeseries":
        made["options"] = {"legend": {"displayMode": "list", "placement": "bottom"}}
    return made
