"""`akoo-core status`: the table of kubectl, the summary, JSON, and the watch."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Awaitable, Callable

import pytest

from akoo_core.cli import columns, fleet
from akoo_core.cli.status import table, watch
from akoo_core.kube import errors, resource
from akoo_core.objects import record
from akoo_core.testing import virtual_time
from tests.unit.cli.commands_world import NOW, RECORDS, CommandWorld, condition

RUNNING = record.RecordStatus(
    phase="Running", version="2.1.1", conditions=(condition("Ready", "True", "Running"),)
)
SWEEPING = record.RecordStatus(
    phase="Sweeping",
    version="2.1.1",
    left=7,
    conditions=(condition("Ready", "False", "Leaving", "AKO is being removed."),),
)
FINISHED = record.RecordStatus(
    phase="Finished", conditions=(condition("Ready", "True", "Finished"),)
)


Act = Callable[[], Awaitable[None]]


def seed(world: CommandWorld) -> None:
    world.record("akoo-7", "team-a/shop", status=RUNNING)
    world.record("akoo-b", "team-b/pay", status=SWEEPING)
    world.record("akoo-1", "team-c/lab", config="edge")
    world.record("akoo-0", "team-c/old", status=FINISHED, finished_at=NOW)


def test_the_table_and_its_summary(world: CommandWorld) -> None:
    seed(world)
    code, out, _ = world("status")
    lines = out.splitlines()
    ages = [line.split()[-1] for line in lines]
    assert code == 0
    assert [line.split() for line in lines[:4]] == [
        list(table.HEADS),
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


def test_json(world: CommandWorld) -> None:
    seed(world)
    _, out, _ = world("status", "--output", "json")
    shown = json.loads(out)
    assert [record["cluster"] for record in shown["records"]] == ["shop", "pay", "lab", "old"]
    assert (shown["records"][1]["left"], shown["records"][0]["left"]) == (7, None)
    assert shown["phases"] == {"Preparing": 1, "Running": 1, "Sweeping": 1, "Finished": 1}
    assert shown["notReady"] == {"Leaving": 1, "Unknown": 1}


def test_no_records(world: CommandWorld) -> None:
    assert world("status") == (0, "no records\n", "")


def test_a_record_that_cannot_be_read_is_said(world: CommandWorld) -> None:
    broken = {
        "apiVersion": RECORDS.api_version,
        "kind": RECORDS.kind,
        "metadata": {"name": "akoo-x"},
        "spec": {"clusterRef": 7},
    }
    world.server.seed(broken)
    code, out, _ = world("status")
    assert code == 0
    assert out.startswith("cannot be read: akoo-x: spec.")


NAMES = {
    (): ["akoo-7", "akoo-b", "akoo-1", "akoo-0"],
    ("-n", "team-c"): ["akoo-1", "akoo-0"],
    ("-l", "site=edge"): ["akoo-1"],
    ("-l", "site"): ["akoo-b", "akoo-1"],
    ("-l", "site", "-n", "team-b"): ["akoo-b"],
    ("--not-ready",): ["akoo-b", "akoo-1"],
    ("-n", "nowhere"): [],
}


@pytest.mark.parametrize("words", NAMES)
def test_what_is_asked_for_is_shown(world: CommandWorld, words: tuple[str, ...]) -> None:
    seed(world)
    world.cluster("team-b/pay", labels={"site": "hall"})
    world.cluster("team-c/lab", labels={"site": "edge"})
    code, out, _ = world("status", "-o", "json", *words)
    assert code == 0
    assert [record["name"] for record in json.loads(out)["records"]] == NAMES[words]


async def followed(world: CommandWorld, wanted: watch.Wanted, acts: list[Act]) -> list[list[str]]:
    """The names shown at first, and after each of ``acts``."""
    shown = []
    async with contextlib.aclosing(watch.changes(world.server.client(), wanted)) as changes:
        async for change in changes:
            shown.append([record.name for record in change.known])
            if not acts:
                return shown
            await acts.pop(0)()
    raise AssertionError("a watch has no end")


def test_the_watch_follows_records(world: CommandWorld) -> None:
    seed(world)
    user = world.server.client()

    async def delete() -> None:
        await user.merge_patch(RECORDS, "akoo-7", {"metadata": {"finalizers": None}})
        await user.delete(RECORDS, "akoo-7")

    async def create() -> None:
        world.record("akoo-9", "team-a/new")

    wanted = watch.Wanted(namespace="team-a")
    shown = virtual_time.run(lambda _: followed(world, wanted, [delete, create]))
    assert shown == [["akoo-7"], [], ["akoo-9"]]


def test_the_watch_follows_labels_of_clusters(world: CommandWorld) -> None:
    seed(world)
    world.cluster("team-a/shop", labels={"site": "edge"})
    user = world.server.client()

    async def relabel() -> None:
        patch = {"metadata": {"labels": {"site": None}}}
        await user.merge_patch(resource.CLUSTERS, "shop", patch, "team-a")

    wanted = watch.Wanted(selector="site=edge")
    shown = virtual_time.run(lambda _: followed(world, wanted, [relabel]))
    assert shown == [["akoo-7"], []]


def test_a_watch_survives_trouble(world: CommandWorld, caplog: pytest.LogCaptureFixture) -> None:
    seed(world)

    async def silence() -> None:
        world.server.faults.before("watch *", errors.UnreachableError("silent"), times=2)
        world.record("akoo-9", "team-a/new")

    wanted = watch.Wanted(namespace="team-a")
    shown = virtual_time.run(lambda _: followed(world, wanted, [silence]))
    assert shown == [["akoo-7"], ["akoo-9", "akoo-7"]]


def test_what_fails_at_once_fails(world: CommandWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    async def records(_: object) -> fleet.Records:
        raise errors.UnreachableError("silent")

    monkeypatch.setattr(fleet, "records", records)
    code, out, err = world("status", "--watch")
    assert (code, out, err) == (1, "", "akoo-core: silent\n")


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "5s"), (65, "1m"), (7300, "2h"), (90000, "1d"), (-3, "0s")]
)
def test_ages(seconds: int, text: str) -> None:
    assert columns.age(NOW - datetime.timedelta(seconds=seconds), NOW) == text
    assert columns.age(None, NOW) == ""
