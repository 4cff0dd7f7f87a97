"""``akoo-core ako versions``: the table, and the clusters of each release."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

import pytest
import yaml
from akoo_ako import settings
from akoo_ako.releases import command, stored
from akoo_ako.releases import used as used_by

from akoo_core import clock, testing
from akoo_core import settings as core_settings
from akoo_core.kube import resource
from akoo_core.objects import record
from akoo_core.plugin import commands, structs

SPANS = ["1.24", "to", "1.30", "22.1.3", "to", "30.2.1"]
EXAMPLE = pathlib.Path(__file__).parents[3] / "examples" / "ako-releases.yaml"


def example() -> settings.Settings:
    """The rows that are shipped as an example, as the operator reads them."""
    section = yaml.safe_load(EXAMPLE.read_text())["plugins"]["ako"]
    ours: settings.Settings = core_settings.decode(section, settings.Settings, path="plugins.ako")
    ours.check()
    return ours


def of_cluster(name: str, version: str, **more: Any) -> record.Record:
    data = {"version": version, **more.pop("data", {})}
    spec = record.RecordSpec(
        ako_cluster_name=f"akoo-{name}",
        management_id="m",
        cluster_ref=record.ClusterRef(namespace="team-a", name=name, uid=f"u-{name}"),
        config_ref=record.ConfigRef(name="default", uid="u"),
        intents={"ako": record.StoredIntent(version=1, data=data)},
        **more,
    )
    created = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return record.Record(
        name=f"akoo-{name}", uid=f"u-{name}", resource_version="1", created=created, spec=spec
    )


def test_the_example_has_the_releases_that_nobody_has_verified() -> None:
    assert "NOT VERIFIED" in EXAMPLE.read_text()
    table = example().table
    added = [release for release in table.releases if not release.built_in]
    assert [(r.version, str(r.kubernetes)) for r in added] == [
        ("2.1.2", "1.29 to 1.34"),
        ("2.1.3", "1.32 to 1.35"),
        ("2.1.4", "1.32 to 1.35"),
        ("2.2.1", "1.33 to 1.36"),
    ]
    assert {(r.base, r.external) for r in added} == {("2.1.1", True)}


def test_the_table_with_the_clusters_of_each_release() -> None:
    ours = example()
    row = structs.to_plain(stored.data(ours.table.release("2.2.1", "test")))
    records = (
        of_cluster("shop", "2.1.1"),
        of_cluster("pay", "2.1.1"),
        of_cluster("lab", "2.2.1", data=row),
        of_cluster("old", "1.9.1"),
    )
    used = used_by.clusters(records)
    assert used["2.1.1"] == ("team-a/pay", "team-a/shop")
    shown = list(command.lines(command.rows(ours.table, records), used))
    cells = [line.split() for line in shown]
    assert cells[0] == ["AKO", "KUBERNETES", "AVI", "LIKE", "CLUSTERS", "NOTE"]
    by_version = {line[0]: line for line in cells}
    assert by_version["1.12.3"] == ["1.12.3", *SPANS, "-", "0"]
    assert by_version["2.1.1"][-5:] == ["2", "default", "of", "new", "clusters"]
    assert by_version["2.2.1"][-4:] == ["2.1.1", "1", "not", "verified"]
    assert by_version["1.9.1"] == ["1.9.1", "-", "-", "-", "1", "not", "known"]
    assert "2.1.1: team-a/pay, team-a/shop" in shown
    removed = list(command.lines(command.rows(settings.Settings().table, records), used))
    (line,) = (line for line in removed if line.startswith("2.2.1 "))
    assert line.endswith("not verified, row removed")


def test_the_table_for_programs() -> None:
    records = (of_cluster("shop", "2.1.1"), of_cluster("old", "1.9.1"))
    used = used_by.clusters(records)
    listed = command.rows(settings.Settings().table, records)
    data = {row["version"]: row for row in (command.plain(r, k, used) for r, k in listed)}
    assert data["2.1.1"] == {
        "version": "2.1.1",
        "known": True,
        "verified": True,
        "like": "",
        "kubernetes": {"min": "1.29", "max": "1.34"},
        "avi": {"min": "22.1.3", "max": "31.1.1"},
        "definitions": "Like",
        "clusters": ["team-a/shop"],
    }
    assert data["1.9.1"] == {"version": "1.9.1", "known": False, "clusters": ["team-a/old"]}


@pytest.mark.parametrize("finished", [True, False])
def test_a_record_that_has_ended_runs_nothing(finished: bool) -> None:
    at = {"finished_at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)} if finished else {}
    used = used_by.clusters((of_cluster("shop", "2.1.1", **at),))
    assert used == ({} if finished else {"2.1.1": ("team-a/shop",)})


async def test_rows_of_the_config_map_are_in_the_table() -> None:
    server = testing.memory.MemoryServer()
    rows = [{"version": "2.1.2", "like": "2.1.1", **RANGES}]
    ctx = context(server)
    assert (await command.versions(ctx)).lines[-1].startswith("ConfigMap akoo-system/more is left")
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"releases": json.dumps(rows)}}
    metadata = {"name": "more", "namespace": "akoo-system"}
    server.seed({**config_map, "metadata": metadata})
    answer = await command.versions(ctx)
    assert answer.lines[-1].split()[0] == "2.1.2"
    assert "problem" not in answer.data
    wrong = {"releases": json.dumps([{**rows[0], "like": "9.9"}])}
    await server.client().merge_patch(resource.CONFIG_MAPS, "more", {"data": wrong}, "akoo-system")
    answer = await command.versions(ctx)
    assert "releases[0].like: there is no release '9.9'" in answer.data["problem"]
    assert answer.lines[-1] == answer.data["problem"]


RANGES = {"kubernetes": {"min": "1.29", "max": "1.34"}, "avi": {"min": "30.1", "max": "31.1"}}


def context(server: testing.memory.MemoryServer) -> commands.CommandContext:
    return commands.CommandContext(
        kube=server.client(),
        clock=clock.ManualClock(),
        settings=settings.Settings(releases_config_map="more"),
        management_id="m",
    )
