"""Rows of releases in a ConfigMap: taken whole or not at all, and followed."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from akoo_ako import options, settings
from akoo_ako.plugin import AkoPlugin
from akoo_ako.releases import config_map, rows

from akoo_core import errors, testing
from akoo_core import settings as core_settings
from akoo_core.kube import resource
from akoo_core.objects import conditions, record
from akoo_core.plugin import api, structs
from akoo_core.settings import Settings
from akoo_core.testing import virtual_time

ROW: dict[str, Any] = {
    "version": "2.1.2",
    "like": "2.1.1",
    "kubernetes": {"min": "1.29", "max": "1.34"},
    "avi": {"min": "30.1.1", "max": "31.1.1"},
    "definitions": "Like",
}
OTHER = {**ROW, "version": "2.1.3", "like": "2.1.2"}


def of_settings(*listed: dict[str, Any], **more: Any) -> settings.Settings:
    data = {"releases": list(listed), "releasesConfigMap": "ako-releases", **more}
    decoded: settings.Settings = core_settings.decode(data, settings.Settings, path="plugins.ako")
    return decoded


def texts(*listed: dict[str, Any]) -> dict[str, str]:
    return {"releases": json.dumps(listed)}


def parsed(*listed: dict[str, Any]) -> tuple[rows.ReleaseRow, ...]:
    return structs.convert(list(listed), tuple[rows.ReleaseRow, ...], path="test")


@pytest.mark.parametrize("absent", [None, {}, {"releases": ""}, {"releases": "[]"}])
def test_no_rows(absent: dict[str, str] | None) -> None:
    assert config_map.rows(absent, ()) == ()


def test_rows_may_be_like_those_of_the_settings() -> None:
    assert config_map.rows(texts(OTHER), parsed(ROW)) == parsed(OTHER)
    ranges = "kubernetes: {min: 1.30, max: 1.34}, avi: {min: 30.1, max: 31.1.1}"
    unquoted = f"[{{version: 2.1.2, like: 2.1.1, {ranges}}}]"
    (row,) = config_map.rows({"releases": unquoted}, ())
    assert (row.kubernetes.min, row.avi.min) == ("1.30", "30.1")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (texts(ROW, {**OTHER, "like": "9.9"}), r"releases\[1\]\.like: there is no release '9\.9'"),
        (texts({**ROW, "like": "2.1.3"}, OTHER), r"releases\[1\]\.like: the releases are like"),
        (texts(ROW, ROW), r"releases\[1\]\.version: releases\[0\] describes 2\.1\.2 already"),
        (texts({**ROW, "version": "2.1.1"}), r"releases\[0\]\.version: AKO 2\.1\.1 is built in"),
        (texts({**ROW, "kubernets": {}}), r"releases\[0\].*kubernets"),
        (texts({**ROW, "version": "3.0"}), r"releases\[0\]\.version: .*settings describes 3\.0, "),
        ({"releases": "version: 2.1.2"}, r"releases: Expected `array`"),
        ({"releases": "[&a {x: *a}]"}, r"releases: is no plain YAML: it has an anchor"),
        ({"releases": "[" + "x" * 65_536}, r"releases: has more than 65536 characters"),
    ],
)
def test_a_mistake_has_its_path(wrong: dict[str, str], message: str) -> None:
    with pytest.raises(errors.InputError, match=message) as caught:
        config_map.rows(wrong, parsed({**ROW, "version": "3.0"}))
    assert "plugins.ako.releases[1]" not in str(caught.value)


def test_an_index_of_the_settings_stays_one_of_the_settings() -> None:
    ahead = parsed({**ROW, "like": "9.9"})
    with pytest.raises(errors.InputError, match=r"plugins\.ako\.releases\[0\]\.like"):
        config_map.rows(texts(OTHER), ahead)


def runs(name: str, version: str) -> record.Record:
    spec = record.RecordSpec(
        ako_cluster_name=name,
        management_id="m",
        cluster_ref=record.ClusterRef(namespace="team-a", name=name, uid=name),
        config_ref=record.ConfigRef(name="default", uid="u"),
        intents={"ako": record.StoredIntent(version=1, data={"version": version})},
    )
    created = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return record.Record(name=name, uid=name, resource_version="1", created=created, spec=spec)


def supports(plugin: AkoPlugin, build: Any, version: str) -> bool:
    view = build.view(ako_options=options.Options(version=version))
    return isinstance(plugin.intend(view), api.Intent)


def test_a_row_in_use_stays(build: Any) -> None:
    plugin = AkoPlugin(of_settings())
    assert plugin.config_map == "ako-releases"
    assert plugin.take_config_map(texts(ROW, OTHER), ()) == ""
    assert supports(plugin, build, "2.1.3")
    clusters = tuple(runs(f"c{number}", "2.1.3") for number in range(7))
    problem = plugin.take_config_map(texts(ROW), clusters)
    assert problem == (
        "releases: the row of AKO 2.1.3 is gone, which runs in team-a/c0, team-a/c1, team-a/c2, "
        "team-a/c3, team-a/c4 and 2 more. Put it back until no cluster has it."
    )
    assert plugin.take_config_map(None, clusters) == problem
    assert supports(plugin, build, "2.1.3")
    assert plugin.take_config_map(texts(ROW), (runs("c0", "2.1.2"),)) == ""
    assert not supports(plugin, build, "2.1.3")


def test_a_config_map_is_followed(build: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")  # As in production.

    async def story(clock: virtual_time.LoopClock) -> None:
        ours = Settings(allowed_secret_namespaces=("avi",))
        make = lambda: [AkoPlugin(of_settings())]  # noqa: E731
        async with testing.Fleet(clock, make, settings=ours) as fleet:
            for name, keys in (
                ("shop-avi", ("username", "password")),
                ("ca", ("certificateAuthorityData",)),
            ):
                secret = {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "metadata": {"name": name, "namespace": "avi"},
                    "data": dict.fromkeys(keys, "eA=="),
                }
                await fleet.user.create(resource.SECRETS, secret)
            await fleet.create_config(build.adc({"plugins": {"ako": {"version": "2.1.2"}}})["spec"])
            await fleet.create_cluster("shop")
            await fleet.until(
                lambda: state(fleet, "AkoReady")[1] == "AkoVersionUnsupported", seconds=600
            )
            await fleet.user.create(resource.CONFIG_MAPS, of_rows(ROW))
            await fleet.until_phase("shop", "Running")
            assert state(fleet, "ReleaseUnverified")[1] == "DescribedByRow"
            await change(fleet, texts())
            await fleet.until(lambda: "TableRefused" in events(fleet), seconds=120)
            await fleet.restart()  # A new process knows the rows of its records only.
            await fleet.until(
                lambda: state(fleet, "ReleaseUnverified")[1] == "RowRemoved", seconds=900
            )
            await change(fleet, texts(ROW))
            await fleet.until(
                lambda: state(fleet, "ReleaseUnverified")[1] == "DescribedByRow", seconds=900
            )

    virtual_time.run(story)


def of_rows(*listed: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "ako-releases", "namespace": "akoo-system"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": texts(*listed),
    }


async def change(fleet: testing.Fleet, data: dict[str, str]) -> None:
    kind = resource.CONFIG_MAPS
    await fleet.user.merge_patch(kind, "ako-releases", {"data": data}, "akoo-system")


def state(fleet: testing.Fleet, name: str) -> tuple[str, str]:
    stored = fleet.record("shop")
    condition = conditions.find(stored.status.conditions, name) if stored else None
    return (condition.status, condition.reason) if condition is not None else ("", "")


def events(fleet: testing.Fleet) -> list[str]:
    return [str(event["reason"]) for event in fleet.management.objects(resource.EVENTS)]
