"""The table of releases: rows merged into their parents, and rows that are refused."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_ako import settings
from akoo_ako.chart import paths
from akoo_ako.releases import builtin, keys, loading
from akoo_ako.releases.release import Range
from akoo_ako.releases.rows import ReleaseRow
from akoo_ako.rendering import mapping

from akoo_core import errors
from akoo_core import settings as core_settings
from akoo_core.plugin import structs

ROW: dict[str, Any] = {
    "version": "2.2.1",
    "like": "2.1.1",
    "kubernetes": {"min": "1.33", "max": "1.36"},
    "avi": {"min": "30.1.1", "max": "32.1.4"},
}


def decoded(*changes: dict[str, Any]) -> settings.Settings:
    """Settings with one row for each argument: the row above with these changes."""
    rows = [{**ROW, **change} for change in changes]
    return core_settings.decode({"releases": rows}, settings.Settings, path="plugins.ako")


def refused(*changes: dict[str, Any]) -> str:
    with pytest.raises(errors.InputError) as caught:
        decoded(*changes).check()
    return str(caught.value)


# The built-in table, by hand from buildsettings.json of the release branches.
RANGES = {
    "1.12.3": ("1.24 to 1.30", "22.1.3 to 30.2.1"),
    "1.13.1": ("1.27 to 1.32", "22.1.3 to 31.1.1"),
    "1.13.2": ("1.24 to 1.32", "22.1.3 to 31.1.1"),
    "1.13.3": ("1.24 to 1.34", "22.1.3 to 31.1.1"),
    "1.13.4": ("1.24 to 1.34", "22.1.3 to 31.1.1"),
    "1.14.1": ("1.29 to 1.34", "22.1.3 to 31.1.1"),
    "2.1.1": ("1.29 to 1.34", "22.1.3 to 31.1.1"),
}


def test_built_in_releases_and_their_ranges() -> None:
    releases = loading.table().releases
    assert {r.version: (str(r.kubernetes), str(r.avi)) for r in releases} == RANGES
    assert list(RANGES) == [release.version for release in releases]
    assert all(release.built_in and not release.external for release in releases)


def test_paths_of_the_chart_follow_the_row() -> None:
    added = [{"name": "enableAutogw", "path": "AKOSettings.enableAutogw", "type": "flag"}]
    chosen = decoded({"keys": {"add": added, "remove": ["vpcMode"]}})
    own, parent = (
        paths.of_release(chosen.table.release(version, "test")) for version in ("2.2.1", "2.1.1")
    )
    assert own.keys() - parent.keys() == {"AKOSettings.enableAutogw"}
    assert parent.keys() - own.keys() == {"AKOSettings.vpcMode"}
    path = own["AKOSettings.enableAutogw"]
    assert (path.type, path.key) == ("flag", "enableAutogw")


def test_paths_of_a_row_are_those_of_its_ancestor_whatever_its_number() -> None:
    chosen = decoded({"like": "1.13.4"}, {"version": "1.9.9", "like": "2.1.1"})
    of = {
        version: paths.of_release(chosen.table.release(version, "test"))
        for version in ("2.2.1", "1.9.9")
    }
    assert "priorityClassName" not in of["2.2.1"]
    assert "priorityClassName" in of["1.9.9"]


def test_every_key_has_a_row_of_the_mapping_in_the_same_order() -> None:
    assert [row.key for row in mapping.ROWS] == [key.name for key in keys.KEYS]


def test_a_row_is_merged_into_its_parent() -> None:
    added = [
        {"name": "enableAutogw", "env": "ENABLE_AUTOGW", "default": "false", "gateway": True},
        {"name": "enableEndpointSlice"},
    ]
    rules = [{"apiGroups": ["x"], "resources": ["y"], "verbs": ["get"]}]
    chosen = decoded(
        {
            "keys": {"add": added, "remove": ["vpcMode"]},
            "rules": {"add": rules},
            "images": {"ako": {"repository": "mirror/ako"}},
        }
    )
    chosen.check()
    parent = chosen.table.release("2.1.1", "test")
    release = chosen.table.release("2.2.1", "test")
    names, before = [[key.name for key in each.keys] for each in (release, parent)]
    assert set(names) == {*before, "enableAutogw", "enableEndpointSlice"} - {"vpcMode"}
    assert names[-1] == "enableAutogw"
    assert release.key("enableEndpointSlice") == keys.BY_NAME["enableEndpointSlice"]
    assert release.key("enableAutogw") == keys.Key(
        "enableAutogw", "ENABLE_AUTOGW", "enableAutogw", True, "text", "false"
    )
    assert [rule.resources for rule in release.rules[len(parent.rules) :]] == [("y",)]
    assert release.images.ako.repository == "mirror/ako"
    assert (release.external, release.built_in) == (True, False)
    assert release.schemas == parent.schemas


def test_a_row_may_be_like_a_later_row() -> None:
    chosen = decoded({"version": "2.2.2", "like": "2.2.1"}, {"keys": {"remove": ["vrfName"]}})
    assert not chosen.table.release("2.2.2", "test").has("vrfName")
    assert chosen.table.versions[-2:] == ("2.2.1", "2.2.2")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([{"version": "next"}], "[0].version: 'next' is no version such as 2.1.4."),
        ([{"version": "2.1.1"}], "[0].version: AKO 2.1.1 is built in. Drop the row."),
        ([{}, {}], "[1].version: plugins.ako.releases[0] describes 2.2.1 already."),
        ([{"like": "2.1.9"}], "[0].like: there is no release '2.1.9'. There are: 1.12.3, "),
        (
            [{"like": "2.2.1"}],
            "[0].like: the releases are like each other: 2.2.1 -> 2.2.1.",
        ),
        (
            [{"like": "2.2.2"}, {"version": "2.2.2", "like": "2.2.1"}],
            "[1].like: the releases are like each other: 2.2.1 -> 2.2.2 -> 2.2.1.",
        ),
        (
            [{"kubernetes": {"min": "1.36", "max": "1.33"}}],
            "[0].kubernetes: the range 1.36 to 1.33 is empty.",
        ),
        (
            [{"kubernetes": {"min": "1.33.1", "max": "1.34"}}],
            "[0].kubernetes.min: '1.33.1' is no version such as 1.34.",
        ),
        ([{"avi": {"min": "31", "max": "30.1.1"}}], "[0].avi.min: '31' is no version such as"),
        ([{"avi": {"min": "31.1", "max": "30.1.1"}}], "[0].avi: the range 31.1 to 30.1.1 is empty"),
        (
            [{"keys": {"remove": ["enableEndpointSlice"]}}],
            "[0].keys.remove[0]: AKO 2.1.1 has no key 'enableEndpointSlice'",
        ),
        (
            [{"keys": {"remove": ["vrfName", "vrfName"]}}],
            "[0].keys.remove[1]: AKO 2.1.1 has no key 'vrfName', or it is removed twice.",
        ),
        (
            [{"keys": {"remove": ["clusterName"]}}],
            "[0].keys.remove[0]: akoo-core needs the key 'clusterName' in every release.",
        ),
        (
            [{"keys": {"add": [{"name": "vrfName"}]}}],
            "[0].keys.add[0].name: AKO 2.1.1 has the key 'vrfName', or it is added twice.",
        ),
        (
            [{"keys": {"add": [{"name": "x"}, {"name": "x"}]}}],
            "[0].keys.add[1].name: AKO 2.1.1 has the key 'x', or it is added twice.",
        ),
        (
            [{"keys": {"add": [{"name": "vrfName"}], "remove": ["vrfName"]}}],
            "[0].keys.add[0].name: the row removes the key 'vrfName', too.",
        ),
        (
            [{"keys": {"add": [{"name": "a b"}]}}],
            "[0].keys.add[0].name: 'a b' is no key of a ConfigMap.",
        ),
        (
            [{"keys": {"add": [{"name": "x", "env": "1X"}]}}],
            "[0].keys.add[0].env: '1X' is no name of an environment variable.",
        ),
        (
            [{"keys": {"add": [{"name": "x", "env": "CLUSTER_NAME"}]}}],
            "[0].keys.add[0].env: the key 'clusterName' has the variable CLUSTER_NAME.",
        ),
        (
            [{"keys": {"add": [{"name": "x", "env": "POD_NAME"}]}}],
            "[0].keys.add[0].env: akoo-core sets the variable POD_NAME itself.",
        ),
        (
            [{"keys": {"add": [{"name": "enableEndpointSlice", "env": "X"}]}}],
            "[0].keys.add[0].env: the variable of 'enableEndpointSlice' is ENDPOINTSLICES_ENABLED.",
        ),
        (
            [{"keys": {"add": [{"name": "enableEndpointSlice", "default": "no"}]}}],
            "[0].keys.add[0].default: akoo-core gives the value of 'enableEndpointSlice'.",
        ),
        (
            [{"keys": {"add": [{"name": "x", "path": "AKOSettings"}]}}],
            "[0].keys.add[0].path: the chart has the path AKOSettings.primaryInstance already.",
        ),
        (
            [{"keys": {"add": [{"name": "x", "path": "a..b"}]}}],
            "[0].keys.add[0].path: 'a..b' is no path such as AKOSettings.logLevel.",
        ),
        (
            [{"rules": {"add": [{"apiGroups": ["x"], "resources": [], "verbs": ["get"]}]}}],
            "[0].rules.add[0].resources: is empty.",
        ),
        (
            [{"images": {"ako": {"digest": "sha256:abc"}}}],
            "[0].images.ako.digest: 'sha256:abc' is no digest",
        ),
    ],
)
def test_a_row_that_contradicts_itself_or_its_parent_is_refused(
    changes: list[dict[str, Any]], message: str
) -> None:
    assert refused(*changes).startswith(f"plugins.ako.releases{message}")


def test_a_row_without_a_range_is_refused() -> None:
    row = {key: value for key, value in ROW.items() if key != "avi"}
    with pytest.raises(structs.DecodeError, match=r"releases\[0\].*avi"):
        core_settings.decode({"releases": [row]}, settings.Settings, path="plugins.ako")


def test_a_version_of_the_settings_may_be_one_of_a_row() -> None:
    chosen = core_settings.decode(
        {"releases": [ROW], "version": "2.2.1"}, settings.Settings, path="plugins.ako"
    )
    chosen.check()


def test_the_built_in_rows_are_in_order() -> None:
    row = ReleaseRow(
        version="9.9.9",
        like=builtin.DEFAULT,
        kubernetes=Range(min="1.40", max="1.41"),
        avi=Range(min="31.1.1", max="31.1.1"),
    )
    versions = loading.table((row,)).versions
    assert versions == (*(built_in.version for built_in in builtin.ROWS), "9.9.9")
