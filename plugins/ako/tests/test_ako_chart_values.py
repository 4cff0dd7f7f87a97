"""Values of AKO's chart in a config: each path, each release, each mistake."""

from __future__ import annotations

import json
import pathlib
from typing import Any, NamedTuple

import hypothesis
import pytest
from akoo_ako import desired, options, settings
from akoo_ako.chart import paths
from akoo_ako.chart import values as chart
from akoo_ako.refusals import refusal
from akoo_ako.releases import loading
from akoo_ako.rendering import environment, objects, statefulset
from akoo_ako.rendering import values as config_map
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.plugin import ako_values

TABLE = loading.table()
STEADY = hypothesis.settings(derandomize=True, deadline=None, max_examples=200)


class Line(NamedTuple):
    """One line of chart.txt, written by hand from the charts."""

    path: str
    releases: str
    """``all``, or those whose chart has the path."""
    value: str
    """A value that no field has by default, as JSON."""
    effect: str
    """``key=text`` of the ConfigMap, ``pod:path=JSON`` of the Pod's spec, ``NAME=text`` of the
    environment, ``replicas=number``, or ``refused``."""


LINES = [
    Line(*(cell.strip() for cell in line.split("|")))
    for line in (pathlib.Path(__file__).parent / "chart.txt").read_text().splitlines()
]
NEEDS: dict[str, dict[str, Any]] = {
    "AKOSettings.vipPerNamespace": {"AKOSettings.enableEVH": True},
    "NetworkSettings.bgpPeerLabels": {"NetworkSettings.enableRHI": True},
    "AKOSettings.namespaceSelector.labelKey": {"AKOSettings.namespaceSelector.labelValue": "v"},
    "AKOSettings.namespaceSelector.labelValue": {"AKOSettings.namespaceSelector.labelKey": "k"},
    "mountPath": {"persistentVolumeClaim": "logs"},
    "akoGatewayLogFile": {"featureGates.GatewayAPI": True},
}
"""Values that a value needs beside it."""


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    return ako_values.placed({}, flat)


def decided(
    build: Any,
    values: dict[str, Any],
    *,
    release: str = "2.1.1",
    changes: dict[str, Any] | None = None,
) -> desired.Desired:
    """Decided from a config that has the values, with the options as the core decodes them."""
    section = {"version": release, "values": values}
    config = build.adc({**(changes or {}), "plugins.ako": section})
    chosen = options.Options(version=release, values=values)
    wanted: desired.Desired = desired.decide(build.view(config, chosen), settings.Settings())
    return wanted


def decided_or_refused(
    build: Any, values: dict[str, Any], release: str = "2.1.1"
) -> desired.Desired | refusal.Refusal:
    try:
        return decided(build, values, release=release)
    except refusal.Refusal as error:
        return error


def refused(build: Any, values: dict[str, Any], **more: Any) -> str:
    with pytest.raises(refusal.Refusal) as caught:
        decided(build, values, **more)
    assert caught.value.reason == "ConfigInvalid"
    return str(caught.value)


def assert_effect(wanted: desired.Desired, effect: str) -> None:
    manifest = statefulset.render(wanted, "hash")
    name, _, text = effect.partition("=")
    if name == "replicas":
        assert manifest["spec"]["replicas"] == int(text)
    elif name.startswith("pod:"):
        tree = manifest["spec"]["template"]["spec"]
        for part in name.removeprefix("pod:").split("."):
            tree = tree[int(part)] if part.isdigit() else tree[part]
        assert tree == json.loads(text)
    elif name.isupper():
        listed = [
            variable
            for gateway in (False, True)
            for variable in environment.of_container(wanted, gateway=gateway)
        ]
        assert {"name": name, "value": text} in listed
    else:
        assert config_map.render(wanted)[name] == text


@pytest.mark.parametrize("release", TABLE.versions)
def test_each_path_of_each_release(build: Any, release: str) -> None:
    of_release = [
        line for line in LINES if line.releases == "all" or release in line.releases.split()
    ]
    assert {line.path for line in of_release} == set(
        paths.of_release(TABLE.release(release, "test"))
    )
    for line in of_release:
        value = json.loads(line.value)
        if line.effect == "refused":
            message = refused(build, nested({line.path: value}), release=release)
            assert message.startswith(f"spec.plugins.ako.values.{line.path}: is not set here. ")
            continue
        flat = {line.path: value, **NEEDS.get(line.path, {})}
        assert_effect(decided(build, nested(flat), release=release), line.effect)


@pytest.mark.parametrize("release", TABLE.versions)
def test_each_configmap_key_of_a_release_has_a_path(build: Any, release: str) -> None:
    """Every key is reached by a path, or by a field that the refusal of its path names."""
    reached = {line.effect.partition("=")[0] for line in LINES}
    refused_keys = {
        "controllerIP",
        "controllerVersion",
        "cloudName",
        "tenantName",
        "clusterName",
        "serviceEngineGroupName",
        "deleteConfig",
        "akoCRDOperatorEnabled",
    }
    keys = set(config_map.render(build.desired(None, options.Options(version=release))))
    assert keys - reached - refused_keys == set()


FIELDS = [row for row in paths.PATHS if row.field]


@pytest.mark.parametrize("row", FIELDS, ids=[row.path for row in FIELDS])
def test_a_field_and_a_value_for_the_same_are_refused_even_if_equal(
    build: Any, row: paths.ChartPath
) -> None:
    (line,) = (line for line in LINES if line.path == row.path)
    value = json.loads(line.value)
    release = "2.1.1" if line.releases == "all" else line.releases.split()[-1]
    message = (
        refused(build, nested({row.path: value}), release=release, changes={row.field: value})
        if not row.field.startswith("plugins.")
        else _refused_beside_option(build, row, value, release)
    )
    whole = "plugins.ako.resources" if row.path.startswith("resources.") else row.field
    assert message == (
        f"spec.plugins.ako.values.{row.path}: spec.{whole} sets it, too. Keep one of the two, "
        "also if they are equal."
    )


def _refused_beside_option(build: Any, row: paths.ChartPath, value: Any, release: str) -> str:
    values = nested({row.path: value})
    config = ako_values.placed(
        build.adc({"plugins.ako": {"values": values}}), {f"spec.{row.field}": value}
    )
    chosen = options.Options(version=release, values=values)
    with pytest.raises(refusal.Refusal) as caught:
        desired.decide(build.view(config, chosen), settings.Settings())
    return str(caught.value)


LACKS = "LACKS"
NO_CIDR = "'10.0.0.0' is no IPv4 CIDR with a length, such as 10.0.0.0/24."


@pytest.mark.parametrize(
    ("values", "release", "message"),
    [
        (
            {"AKOSettings": {"cniPlugn": "antrea"}},
            "2.1.1",
            f'AKOSettings.cniPlugn: {LACKS} Did you mean "AKOSettings.cniPlugin"?',
        ),
        (
            {"AKOSettings": {"vpcMode": True}},
            "1.13.1",
            f"AKOSettings.vpcMode: {LACKS} Other releases have it.",
        ),
        (
            {"priorityClassName": "high"},
            "1.13.4",
            f"priorityClassName: {LACKS} Other releases have it.",
        ),
        (
            {"nodePortSelector": "pool"},
            "2.1.1",
            "nodePortSelector: needs an object with key, value.",
        ),
        (
            {"AKOSettings.cniPlugin": "antrea"},
            "2.1.1",
            "AKOSettings.cniPlugin: has dots in one name. Write an object for each part.",
        ),
        (
            {"AKOSettings": {"enableEVH": "yes"}},
            "2.1.1",
            "AKOSettings.enableEVH: 'yes' is not true or false.",
        ),
        (
            {"L7Settings": {"shardVSSize": "HUGE"}},
            "2.1.1",
            "L7Settings.shardVSSize: 'HUGE' is not one of SMALL, MEDIUM, LARGE, DEDICATED.",
        ),
        (
            {"NetworkSettings": {"defaultDomain": "a"}, "L4Settings": {"defaultDomain": "a"}},
            "2.1.1",
            "NetworkSettings.defaultDomain: L4Settings.defaultDomain sets the same. Keep one.",
        ),
        (
            {"AKOSettings": {"vipPerNamespace": True}},
            "2.1.1",
            "AKOSettings.vipPerNamespace: needs enableEVH.",
        ),
        (
            {"NetworkSettings": {"vipNetworkList": [{"networkName": "v", "cidr": "10.0.0.0"}]}},
            "2.1.1",
            f"NetworkSettings.vipNetworkList[0].cidr: {NO_CIDR}",
        ),
        (
            {"NetworkSettings": {"nodeNetworkList": [{"networkUUID": "u"}]}},
            "2.1.1",
            "NetworkSettings.nodeNetworkList[0].networkUUID: is not passed on. Use networkName.",
        ),
    ],
)
def test_mistakes(build: Any, values: dict[str, Any], release: str, message: str) -> None:
    wanted = message.replace(LACKS, f"the chart of AKO {release} has no such path.")
    assert refused(build, values, release=release) == f"spec.plugins.ako.values.{wanted}"


def test_values_are_bounded(build: Any) -> None:
    deep: Any = "x"
    for _ in range(chart.DEEPEST):
        deep = [deep]
    assert refused(build, {"tolerations": deep}).startswith(
        f"spec.plugins.ako.values: has more than {chart.DEEPEST} objects"
    )
    large = {"logFile": "x" * chart.LARGEST}
    size = len(json.dumps(large, separators=(",", ":")))
    assert refused(build, large) == (
        f"spec.plugins.ako.values: has {size} bytes as JSON. At most {chart.LARGEST} are read."
    )
    nearly = {"logFile": "x" * (chart.LARGEST - (size - chart.LARGEST))}
    assert decided(build, nearly).extra.log.log_file == nearly["logFile"]


def test_what_is_empty_is_unset(build: Any) -> None:
    empty = {"AKOSettings": {"cniPlugin": "", "namespaceSelector": {}}, "unknown": None}
    wanted = decided(build, empty, changes={"extraConfigs.cniPlugin": "antrea"})
    assert config_map.render(wanted)["cniPlugin"] == "antrea"


def test_one_resource_leaves_the_others_to_the_chart(build: Any) -> None:
    wanted = decided(build, {"resources": {"limits": {"memory": "1Gi"}}})
    assert wanted.options.resources == {
        "limits": {"cpu": "350m", "memory": "1Gi"},
        "requests": {"cpu": "200m", "memory": "300Mi"},
    }
    assert options.RESOURCES["limits"]["memory"] == "400Mi"


CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def test_no_release_makes_a_log_volume_unless_asked(build: Any) -> None:
    for release in TABLE.versions:
        pod = statefulset.render(build.desired(None, options.Options(version=release)), "hash")[
            "spec"
        ]["template"]["spec"]
        assert "volumes" not in pod
    wanted = decided(build, {"persistentVolumeClaimSpec": CLAIM})
    manifest = statefulset.render(wanted, "hash")
    pod = manifest["spec"]["template"]["spec"]
    assert "volumeClaimTemplates" not in manifest["spec"], "they cannot be changed afterwards"
    assert pod["volumes"] == [
        {"name": "ako-pv-storage", "ephemeral": {"volumeClaimTemplate": {"spec": CLAIM}}}
    ]
    assert pod["containers"][0]["volumeMounts"] == [{"name": "ako-pv-storage", "mountPath": "/log"}]
    environ = environment.of_container(wanted, gateway=False)
    assert {"name": "USE_PVC", "value": "true"} in environ


def test_extra_containers_are_as_restricted_as_the_pod(build: Any) -> None:
    side = {"name": "side", "image": "registry.example.com/side:1"}
    wanted = decided(build, {"extraContainers": [side]})
    containers = statefulset.render(wanted, "hash")["spec"]["template"]["spec"]["containers"]
    assert [container["name"] for container in containers] == ["ako", "side"]
    assert containers[1] == {
        **side,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"priorityClassName": "A"}, "priorityClassName: 'A' is no name of a class."),
        (
            {"extraContainers": [{"name": "a.b", "image": "a"}]},
            "extraContainers[0].name: 'a.b' is no name of",
        ),
        (
            {"persistentVolumeClaimSpec": {**CLAIM, "accessModes": ["Any"]}},
            "persistentVolumeClaimSpec.accessModes: 'Any' is none of ReadWriteOnce, ",
        ),
        (
            {
                "persistentVolumeClaimSpec": {
                    **CLAIM,
                    "accessModes": ["ReadWriteOnce", "ReadWriteOncePod"],
                }
            },
            "persistentVolumeClaimSpec.accessModes: has another mode beside ReadWriteOncePod.",
        ),
        (
            {"persistentVolumeClaimSpec": {**CLAIM, "resources": {"requests": {"storage": "0"}}}},
            "persistentVolumeClaimSpec.resources.requests.storage: '0' is no quantity such as 1Gi.",
        ),
        (
            {"persistentVolumeClaimSpec": {**CLAIM, "storageClassName": "a b"}},
            "persistentVolumeClaimSpec.storageClassName: 'a b' is no name of a class.",
        ),
        ({"extraContainers": [{"image": "a"}]}, "extraContainers[0].name: is not there."),
        ({"extraContainers": [{"name": "a"}]}, "extraContainers[0].image: is not there."),
        (
            {"extraContainers": [{"name": "ako", "image": "a"}]},
            "extraContainers[0].name: 'ako' is the name of another container",
        ),
        ({"extraContainers": [{"name": "a", "image": "a"}] * 2}, "extraContainers[1].name: 'a' is"),
        (
            {"extraContainers": [{"name": str(n), "image": "a"} for n in range(9)]},
            "extraContainers: has more than 8 entries.",
        ),
        (
            {"persistentVolumeClaimSpec": CLAIM, "persistentVolumeClaim": "logs"},
            "persistentVolumeClaimSpec: excludes persistentVolumeClaim",
        ),
        (
            {"persistentVolumeClaimSpec": {"accessModes": ["ReadWriteOnce"]}},
            "persistentVolumeClaimSpec.resources.requests.storage: is not there.",
        ),
        (
            {"persistentVolumeClaimSpec": {"resources": CLAIM["resources"]}},
            "persistentVolumeClaimSpec.accessModes: is not there.",
        ),
    ],
)
def test_parts_of_the_pod_that_no_api_server_takes(
    build: Any, values: dict[str, Any], problem: str
) -> None:
    assert refused(build, values).startswith(f"spec.plugins.ako.values.{problem}")


USABLE = [line for line in LINES if line.effect != "refused"]
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 70000) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2)
    ),
    max_leaves=6,
)
RIGHT = st.lists(st.sampled_from(USABLE), max_size=6, unique_by=lambda line: line.path).map(
    lambda lines: nested({line.path: json.loads(line.value) for line in lines})
)
ANY = st.dictionaries(st.sampled_from([row.path for row in paths.PATHS]), TREES, max_size=4).map(
    lambda flat: nested(dict(sorted(flat.items())))
)


@STEADY
@given(
    values=RIGHT | ANY | st.dictionaries(st.text(max_size=8), TREES, max_size=3),
    release=st.sampled_from(TABLE.versions),
)
def test_any_values_are_refused_with_a_path_or_render_whole(
    build: Any, values: dict[str, Any], release: str
) -> None:
    wanted = decided_or_refused(build, values, release)
    if isinstance(wanted, refusal.Refusal):
        assert wanted.reason in {"ConfigInvalid", "IpFamilyMismatch"}
        assert str(wanted).startswith("spec.")
        return
    data = config_map.render(wanted)
    assert all(isinstance(text, str) for text in data.values())
    rendered = objects.render(wanted)
    assert json.loads(json.dumps(rendered)) == list(rendered)


@STEADY
@given(
    lines=st.lists(st.sampled_from(USABLE), max_size=6, unique_by=lambda line: line.path),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_values_does_not_matter(build: Any, lines: list[Line], order: Any) -> None:
    def outcome() -> object:
        values = nested({line.path: json.loads(line.value) for line in lines})
        wanted = decided_or_refused(build, values)
        return str(wanted) if isinstance(wanted, refusal.Refusal) else objects.render(wanted)

    first = outcome()
    order.shuffle(lines)
    assert outcome() == first
