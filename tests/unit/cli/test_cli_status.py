"""`akoo-core status`: the table of kubectl, the summary, JSON, and the watch."""

from __future__ import annotations

import contextlib
import datetime
import json

import pytest

from akoo_core.api import record
from akoo_core.cli import columns, fleet, overview, status
from akoo_core.kube import errors
from tests.unit.cli.commands_bed import NOW, RECORDS, Bed, condition

RUNNING = record.RecordStatus(
    phase="Running", version="2.1.1", conditions=(condition("Ready", "True", "Running"),)
)
SWEEPING = record.RecordStatus(
    phase="Sweeping",
    version="2.1.1",
    left=7,
    conditions=(condition("Ready", "False", "Leaving", "AKO is being taken away."),),
)
FINISHED = record.RecordStatus(
    phase="Finished", conditions=(condition("Ready", "False", "Finished"),)
)


def seed(bed: Bed) -> None:
    bed.record("akoo-7", "team-a/shop", status=RUNNING)
    bed.record("akoo-b", "team-b/pay", status=SWEEPING)
    bed.record("akoo-1", "team-c/lab", config="edge")
    bed.record("akoo-0", "team-c/old", status=FINISHED, finished_at=NOW)


def test_the_table_and_its_summary(bed: Bed) -> None:
    seed(bed)
    code, out, _ = bed("status")
    lines = out.splitlines()
    ages = [line.split()[-1] for line in lines]
    assert code == 0
    assert [line.split() for line in lines[:4]] == [
        list(overview.HEADS),
        ["akoo-7", "team-a", "shop", "default", "2.1.1", "Running", "True", "Running", ages[1]],
        [
            "akoo-b",
            *["team-b", "pay", "default", "2.1.1", "Sweeping", "False", "Leaving", "7"],
            ages[2],
        ],
        ["akoo-1", "team-c", "lab", "edge", ages[3]],
    ]
    assert lines[2].index("7 ") == lines[0].index("LEFT")
    assert lines[-1] == (
        "4 records: 1 Preparing, 1 Running, 1 Sweeping, 1 Finished; not ready: 1 Leaving, 1 Unknown"
    )


def test_json(bed: Bed) -> None:
    seed(bed)
    _, out, _ = bed("status", "--output", "json")
    found = json.loads(out)
    assert [one["cluster"] for one in found["records"]] == ["shop", "pay", "lab", "old"]
    assert (found["records"][1]["left"], found["records"][0]["left"]) == (7, None)
    assert found["phases"] == {"Preparing": 1, "Running": 1, "Sweeping": 1, "Finished": 1}
    assert found["notReady"] == {"Leaving": 1, "Unknown": 1}


def test_no_records(bed: Bed) -> None:
    assert bed("status") == (0, "no records\n", "")


def test_a_record_that_cannot_be_read_is_said(bed: Bed) -> None:
    broken = {
        "apiVersion": RECORDS.api_version,
        "kind": RECORDS.kind,
        "metadata": {"name": "akoo-x"},
        "spec": {"clusterRef": 7},
    }
    bed.server.seed(broken)
    code, out, _ = bed("status")
    assert code == 0
    assert out.startswith("cannot be read: akoo-x: spec.")


async def test_the_watch_shows_changes_only_and_survives_trouble(
    bed: Bed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = fleet.Records(), fleet.Records(unreadable=("x: y",))
    answers: list[fleet.Records | Exception] = [
        first,
        first,
        errors.UnreachableError("silent"),
        TimeoutError(),
        second,
    ]

    async def records(_: object) -> fleet.Records:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(fleet, "records", records)
    monkeypatch.setattr(status, "REFRESH_SECONDS", 0.0)
    seen = []
    async with contextlib.aclosing(status.changes(bed.server.client())) as changes:
        async for found in changes:
            seen.append(found)
            if len(seen) == 2:
                break
    assert seen == [first, second]
    assert capsys.readouterr().err.splitlines() == [
        "akoo-core: silent; tried again",
        "akoo-core: the API server did not answer in time; tried again",
    ]


def test_what_fails_at_once_fails(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    async def records(_: object) -> fleet.Records:
        raise errors.UnreachableError("silent")

    monkeypatch.setattr(fleet, "records", records)
    code, out, err = bed("status", "--watch")
    assert (code, out, err) == (1, "", "akoo-core: silent\n")


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "5s"), (65, "1m"), (7300, "2h"), (90000, "1d"), (-3, "0s")]
)
def test_ages(seconds: int, text: str) -> None:
    assert columns.age(NOW - datetime.timedelta(seconds=seconds), NOW) == text
    assert columns.age(None, NOW) == ""
