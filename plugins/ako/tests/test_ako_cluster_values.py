"""Values from Clusters and ConfigMaps: what is read, what is refused, and what nobody can reach."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import hypothesis
import pytest
from akoo_ako import desired, options, settings
from akoo_ako.chart import bounds, cluster_values, declarations, paths
from akoo_ako.chart.cluster_values import MOST
from akoo_ako.refusals import refusal
from akoo_ako.rendering import objects
from akoo_ako.rendering import values as config_map
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.plugin import api, structs

STEADY = hypothesis.settings(derandomize=True, deadline=None, max_examples=200)
TABLE = settings.Settings().table
RELEASE = TABLE.release("2.1.1", "version")
CNI = {"path": "AKOSettings.cniPlugin", "type": "text", "enum": ["antrea", "calico"]}


def label(path: str, name: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "fieldRef": {"fieldPath": f"metadata.labels['{name}']"}, **more}


def annotation(path: str, name: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "fieldRef": {"fieldPath": f"metadata.annotations['{name}']"}, **more}


def variable(path: str, name: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "variable": name, **more}


def key(path: str, name: str, of: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "configMapKeyRef": {"name": of, "key": name}, **more}


def section(*values_from: dict[str, Any], **more: Any) -> dict[str, Any]:
    """``spec.plugins.ako``; ``overridable`` has the CNI unless it is given."""
    return {"valuesFrom": list(values_from), "overridable": [CNI], "version": "2.1.1", **more}


def decoded(written: dict[str, Any]) -> options.Options:
    return structs.convert(written, options.Options, path="spec.plugins.ako")


def capi(
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    **variables: Any,
) -> dict[str, Any]:
    """A Cluster as the API sends it."""
    listed = [{"name": name, "value": value} for name, value in variables.items()]
    return {
        "metadata": {
            "namespace": "team-a",
            "name": "shop",
            "uid": "u-1",
            "labels": labels or {},
            "annotations": annotations or {},
        },
        "spec": {"topology": {"variables": listed}},
    }


def resolved(
    written: dict[str, Any], cluster: dict[str, Any], **read: dict[str, str] | None
) -> dict[str, tuple[Any, str]]:
    """Value and source by path."""
    made = cluster_values.resolve(decoded(written), RELEASE, cluster, read, namespace="akoo-system")
    return {each.row.path: (each.value, each.source) for each in made}


def refused(build: Any, written: dict[str, Any], changes: dict[str, Any] | None = None) -> str:
    """The refusal of the declarations alone."""
    config = build.adc({**(changes or {}), "plugins.ako": written})
    with pytest.raises(refusal.Refusal) as caught:
        cluster_values.check(config, decoded(written), RELEASE)
    assert caught.value.reason == "ConfigInvalid"
    return str(caught.value)


SHOP = "Cluster team-a/shop"


@pytest.mark.parametrize(
    ("entry", "cluster", "value", "source"),
    [
        (
            label("AKOSettings.cniPlugin", "example.com/cni"),
            capi({"example.com/cni": "antrea"}),
            "antrea",
            f"label example.com/cni of {SHOP}",
        ),
        (
            annotation("AKOSettings.cniPlugin", "cni"),
            capi(None, {"cni": "calico"}),
            "calico",
            f"annotation cni of {SHOP}",
        ),
        (
            label("AKOSettings.cniPlugin", "cni", default="calico"),
            capi({"cni": ""}),
            "calico",
            f"default, for there is no label cni of {SHOP}",
        ),
        (variable("AKOSettings.enableEVH", "evh"), capi(evh=True), True, f"variable evh of {SHOP}"),
        (
            variable("replicaCount", "ako.replicas"),
            capi(ako={"replicas": 2}),
            2,
            f"variable ako.replicas of {SHOP}",
        ),
        (
            variable("AKOSettings.fullSyncFrequency", "sync"),
            capi(sync="900"),
            "900",
            f"variable sync of {SHOP}",
        ),
        (
            variable("nodeSelector", "selector"),
            capi(selector={"example.com/pool": "edge"}),
            {"example.com/pool": "edge"},
            f"variable selector of {SHOP}",
        ),
        (
            variable("replicaCount", "replicas", default=1),
            capi(),
            1,
            f"default, for there is no variable replicas of {SHOP}",
        ),
        (
            key("NetworkSettings.bgpPeerLabels", "peers", "sizes"),
            capi(),
            ["a", "b"],
            "key peers of ConfigMap akoo-system/sizes",
        ),
        (
            key("tolerations", "tolerations", "sizes"),
            capi(),
            [{"key": "edge", "operator": "Exists"}],
            "key tolerations of ConfigMap akoo-system/sizes",
        ),
        (
            key("resources.limits.memory", "memory", "sizes"),
            capi(),
            "1Gi",
            "key memory of ConfigMap akoo-system/sizes",
        ),
        (
            key("resources.limits.cpu", "cpu", "none", default="2"),
            capi(),
            "2",
            "default, for there is no key cpu of ConfigMap akoo-system/none",
        ),
    ],
)
def test_each_source(
    build: Any, entry: dict[str, Any], cluster: dict[str, Any], value: Any, source: str
) -> None:
    sizes = {
        "peers": "a, b",
        "tolerations": '[{"key":"edge","operator":"Exists"}]',
        "memory": "1Gi",
    }
    written = section(entry)
    cluster_values.check(build.adc({"plugins.ako": written}), decoded(written), RELEASE)
    assert resolved(written, cluster, sizes=sizes, none=None) == {entry["path"]: (value, source)}


@pytest.mark.parametrize(
    ("entry", "cluster", "reason", "message"),
    [
        (
            label("AKOSettings.cniPlugin", "cni"),
            capi(),
            "ValueMissing",
            (
                f"there is no label cni of {SHOP} for AKOSettings.cniPlugin. "
                "Set it, or give a default."
            ),
        ),
        (
            label("AKOSettings.cniPlugin", "cni"),
            capi({"cni": "ncp"}),
            "ValueInvalid",
            f"label cni of {SHOP}, for AKOSettings.cniPlugin: 'ncp' is not one of antrea, calico.",
        ),
        (
            label("AKOSettings.cniPlugin", "cni"),
            capi({"cni": "x" * 100}),
            "ValueInvalid",
            (
                f"label cni of {SHOP}, for AKOSettings.cniPlugin: '{'x' * 59}... is not one of "
                "antrea, calico, canal, flannel, openshift, ncp, ovn-kubernetes, cilium."
            ),
        ),
        (
            variable("AKOSettings.enableEVH", "evh"),
            capi(evh="yes"),
            "ValueInvalid",
            f"variable evh of {SHOP}, for AKOSettings.enableEVH: 'yes' is not true or false.",
        ),
        (
            key("nodeSelector", "selector", "sizes"),
            capi(),
            "ValueInvalid",
            (
                "key selector of ConfigMap akoo-system/sizes, for nodeSelector: 'edge' is not "
                "JSON: not JSON: JSON is malformed: invalid character (byte 0)."
            ),
        ),
        (
            key("tolerations", "deep", "sizes"),
            capi(),
            "ValueInvalid",
            (
                "key deep of ConfigMap akoo-system/sizes, for tolerations: it has more than 12 "
                "objects and lists within each other."
            ),
        ),
        (
            key("logFile", "long", "sizes"),
            capi(),
            "ValueInvalid",
            "key long of ConfigMap akoo-system/sizes, for logFile: it has more than 4096 bytes.",
        ),
    ],
)
def test_a_value_that_is_missing_or_wrong(
    entry: dict[str, Any], cluster: dict[str, Any], reason: str, message: str
) -> None:
    sizes = {"selector": "edge", "deep": "[" * 14 + "]" * 14, "long": "x" * 4097}
    with pytest.raises(refusal.Refusal) as caught:
        resolved(section(entry), cluster, sizes=sizes)
    assert caught.value.reason == reason
    assert str(caught.value) == f"spec.plugins.ako.valuesFrom[0]: {message}"


FROM = "spec.plugins.ako.valuesFrom"
OVER = "spec.plugins.ako.overridable"
NEVER = [row.path for row in paths.PATHS if not row.per_cluster]


@pytest.mark.parametrize("path", NEVER)
@pytest.mark.parametrize("source", [label, variable, lambda path, name: key(path, name, "sizes")])
def test_paths_that_no_cluster_can_set(build: Any, path: str, source: Any) -> None:
    written = section(source(path, "name"), overridable=[])
    assert refused(build, written).startswith(f"{FROM}[0].path: {path} is ")
    listed = section(overridable=[{"path": path, "type": paths.BY_PATH[path].type}])
    assert refused(build, listed).startswith(f"{OVER}[0].path: {path} is ")


def test_connection_tenant_image_and_security_are_among_them() -> None:
    parts = ("ControllerSettings.", "image.", "GatewayAPI.", "avicredentials.", "podSecurity")
    wanted = {row.path for row in paths.PATHS if row.path.startswith(parts)}
    assert len(wanted) > 14
    assert wanted | {"securityContext", "AKOSettings.clusterName", "extraContainers"} <= set(NEVER)


@pytest.mark.parametrize(
    ("written", "changes", "message"),
    [
        (
            section(label("AKOSettings.cniPlugin", "cni"), overridable=[]),
            {},
            (
                f"{FROM}[0].fieldRef: AKOSettings.cniPlugin is not in {OVER}. List it there with "
                "type and bounds: whoever may write a Cluster chooses its labels."
            ),
        ),
        (
            section(variable("AKOSettings.cniPlugn", "cni")),
            {},
            (
                f"{FROM}[0].path: AKOSettings.cniPlugn: the chart of AKO 2.1.1 has no such path. "
                'Did you mean "AKOSettings.cniPlugin"?'
            ),
        ),
        (
            section({"path": "AKOSettings.cniPlugin"}),
            {},
            f"{FROM}[0]: needs exactly one of fieldRef, variable and configMapKeyRef.",
        ),
        (
            section(label("AKOSettings.cniPlugin", "cni", variable="cni")),
            {},
            f"{FROM}[0]: needs exactly one of fieldRef, variable and configMapKeyRef.",
        ),
        (
            section(label("AKOSettings.cniPlugin", "cni", type="flag")),
            {},
            f"{FROM}[0].type: is flag, and the path takes text.",
        ),
        (
            section({"path": "AKOSettings.cniPlugin", "fieldRef": {"fieldPath": "metadata.name"}}),
            {},
            (
                f"{FROM}[0].fieldRef.fieldPath: 'metadata.name' is no path such as "
                "metadata.labels['example.com/cni'] or metadata.annotations['example.com/cni']."
            ),
        ),
        (
            section(key("logFile", "a", "../secrets/admin")),
            {},
            f"{FROM}[0].configMapKeyRef.name: '../secrets/admin' is no name.",
        ),
        (
            section(key("logFile", "a/b", "sizes")),
            {},
            f"{FROM}[0].configMapKeyRef.key: 'a/b' is no key.",
        ),
        (
            section(variable("AKOSettings.cniPlugin", "cni")),
            {"extraConfigs.cniPlugin": "antrea"},
            (
                f"{FROM}[0].path: spec.extraConfigs.cniPlugin sets it, too. Keep one of the two, "
                "also if they are equal."
            ),
        ),
        (
            section(
                variable("AKOSettings.cniPlugin", "cni"),
                values={"AKOSettings": {"cniPlugin": "antrea"}},
            ),
            {},
            f"{FROM}[0].path: another value sets AKOSettings.cniPlugin. Keep one.",
        ),
        (
            section(
                variable("NetworkSettings.defaultDomain", "a"),
                variable("L4Settings.defaultDomain", "b"),
            ),
            {},
            f"{FROM}[1].path: another value sets L4Settings.defaultDomain. Keep one.",
        ),
        (
            section(label("AKOSettings.cniPlugin", "cni", default="ncp")),
            {},
            f"{FROM}[0].default: 'ncp' is not one of antrea, calico.",
        ),
        (
            section(*[variable("logFile", "a")] * (MOST + 1)),
            {},
            f"{FROM}: has more than {MOST} entries.",
        ),
        (
            section(overridable=[CNI] * (MOST + 1)),
            {},
            f"{OVER}: has more than {MOST} entries.",
        ),
        (section(overridable=[CNI, CNI]), {}, f"{OVER}[1].path: {CNI['path']} is listed twice."),
    ],
)
def test_declarations(
    build: Any, written: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    assert refused(build, written, changes) == message


@pytest.mark.parametrize(
    ("path", "limits", "problem"),
    [
        ("logFile", {"type": "flag"}, "has type flag, and the path takes text."),
        ("logFile", {"type": ""}, "has type none, and the path takes text."),
        ("logFile", {"type": "text"}, "has no bounds. Give enum or pattern."),
        ("logFile", {"type": "text", "enum": ["a"], "pattern": "a"}, "has enum and pattern."),
        ("logFile", {"type": "text", "min": 1}, "has min or max, which are for numbers"),
        ("replicaCount", {"type": "number"}, "has no bounds. Give min and max."),
        ("replicaCount", {"type": "number", "min": 1}, "has no bounds. Give min and max."),
        ("replicaCount", {"type": "number", "min": 2, "max": 1}, "has a min above its max."),
        ("replicaCount", {"type": "number", "enum": ["1"]}, "has enum or pattern, which are for"),
        ("AKOSettings.enableEVH", {"type": "flag", "enum": ["true"]}, "has enum or pattern, and"),
        ("logFile", {"type": "text", "pattern": "["}, "has a pattern that is no regular"),
        ("logFile", {"type": "text", "pattern": "a" * 257}, "has a pattern of more than 256"),
        ("logFile", {"type": "text", "pattern": "(a+)+"}, "has a pattern that repeats a group."),
        ("logFile", {"type": "text", "pattern": "(a|a)*"}, "has a pattern that repeats a group."),
        ("logFile", {"type": "text", "pattern": "(a){5}"}, "has a pattern that repeats a group."),
        ("logFile", {"type": "text", "pattern": "a*a*a*a*"}, "has a pattern with more than 3"),
        ("logFile", {"type": "text", "pattern": r"(a)\1"}, "has a pattern with a reference"),
        ("logFile", {"type": "text", "pattern": "(?=a)a"}, "has a pattern with a reference"),
        ("logFile", {"type": "text", "pattern": r"[a-z]{1,9}\.log"}, ""),
        ("logFile", {"type": "text", "pattern": r"[*+?(]\)*[]*]+"}, ""),
        ("L7Settings.shardVSSize", {"type": "text"}, ""),
        ("AKOSettings.enableEVH", {"type": "flag"}, ""),
        ("replicaCount", {"type": "number", "min": 1, "max": 2}, ""),
    ],
)
def test_bounds_of_a_path(path: str, limits: dict[str, Any], problem: str) -> None:
    declared = structs.convert({"path": path, **limits}, declarations.Overridable)
    answer = bounds.problem_of(declared, paths.BY_PATH[path])
    assert answer.startswith(problem)
    assert bool(answer) == bool(problem)


@pytest.mark.parametrize(
    ("path", "limits", "inside", "outside"),
    [
        ("logFile", {"type": "text", "pattern": "[a-z]+"}, ["ab"], ["ab\n", "a1", "a" * 254]),
        ("logFile", {"type": "text", "enum": ["ab"]}, ["ab"], ["a", "AB"]),
        (
            "AKOSettings.fullSyncFrequency",
            {"type": "seconds", "min": 60, "max": 900},
            ["60", 900, "60"],
            ["59", "901", 0],
        ),
        (
            "AKOSettings.blockedNamespaceList",
            {"type": "list", "enum": ["a", "b"]},
            ["a,b", '["a"]'],
            ["a,c", "kube-system"],
        ),
    ],
)
def test_values_against_bounds(
    path: str, limits: dict[str, Any], inside: list[Any], outside: list[Any]
) -> None:
    written = section(annotation(path, "name"), overridable=[{"path": path, **limits}])
    by_variable = section(variable(path, "name"), overridable=[{"path": path, **limits}])
    for value in inside:
        assert path in resolved(by_variable, capi(name=value))
    for value in outside:
        with pytest.raises(refusal.Refusal, match=r"is not|does not match"):
            resolved(by_variable, capi(name=value))
        if isinstance(value, str):
            with pytest.raises(refusal.Refusal, match=r"is not|does not match"):
                resolved(written, capi(None, {"name": value}))


# Properties.

TEXT = st.text(max_size=12)
HOSTILE = st.dictionaries(
    st.sampled_from(["cni", "sync", *(row.path for row in paths.PATHS), "__class__", "a'b"]) | TEXT,
    st.sampled_from(
        [
            "antrea",
            "true",
            "false",
            "900",
            "0",
            "../../x",
            '{"a":1}',
            "metadata.labels['x']",
            "{{ x }}",
        ]
    )
    | TEXT,
    max_size=8,
)
OPEN = section(
    label("AKOSettings.cniPlugin", "cni", default="calico"),
    annotation("AKOSettings.fullSyncFrequency", "sync", default=1800),
    overridable=[
        CNI,
        {"path": "AKOSettings.fullSyncFrequency", "type": "seconds", "min": 60, "max": 3600},
    ],
)


def rendered(build: Any, cluster: dict[str, Any], written: dict[str, Any] = OPEN) -> dict[str, str]:
    """The ConfigMap of a Cluster; and the Pod's spec as JSON under "pod"."""
    chosen = decoded(written)
    view = build.view(build.adc({"plugins.ako": written}), chosen)
    made = cluster_values.resolve(chosen, RELEASE, cluster, {})
    wanted = desired.decide(view, settings.Settings(), {each.row.path: each.value for each in made})
    (stateful_set,) = (obj for obj in objects.render(wanted) if obj["kind"] == "StatefulSet")
    pod = copy.deepcopy(stateful_set["spec"]["template"]["spec"])
    return {**config_map.render(wanted), "pod": json.dumps(pod, sort_keys=True)}


@STEADY
@given(labels=HOSTILE, annotations=HOSTILE)
def test_hostile_labels_reach_no_path_outside_of_overridable(
    build: Any, labels: dict[str, str], annotations: dict[str, str]
) -> None:
    plain = rendered(build, capi())
    try:
        changed = rendered(build, capi(labels, annotations))
    except refusal.Refusal as error:
        assert error.reason == "ValueInvalid"  # noqa: PT017 - either outcome is right
        return
    different = {name for name in plain if plain[name] != changed[name]}
    assert different <= {"cniPlugin", "fullSyncFrequency"}
    assert changed.keys() == plain.keys()
    assert changed["cniPlugin"] in {"antrea", "calico"}
    assert re.fullmatch(r"[0-9]{2,4}", changed["fullSyncFrequency"])
    assert 60 <= int(changed["fullSyncFrequency"]) <= 3600


ROWS = [row for row in paths.PATHS if row.per_cluster and row.of(RELEASE)]
SAMPLES: dict[str, list[Any]] = {
    "text": ["a", "10", ""],
    "flag": [True, "false"],
    "number": [1, "2"],
    "seconds": [900, "1800"],
    "list": [["a"], "a,b", []],
    "labels": [{"a": "b"}],
    "object": [{"a": 1}],
    "items": [[{"key": "a", "operator": "Exists"}]],
}


@st.composite
def accepted(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Entries of ``valuesFrom`` for different paths, and the variables that they read."""
    rows = draw(
        st.lists(st.sampled_from(ROWS), max_size=8, unique_by=lambda row: row.field or row.path)
    )
    entries, variables = [], {}
    for number, row in enumerate(rows):
        value = draw(st.sampled_from(list(row.choices) or SAMPLES[row.type]))
        more = {"default": row.choices[0] if row.choices else SAMPLES[row.type][0]}
        entries.append(variable(row.path, f"v{number}", **more))
        if draw(st.booleans()):
            variables[f"v{number}"] = value
    return entries, variables


@STEADY
@given(case=accepted(), order=st.randoms(use_true_random=False))
def test_any_accepted_config_renders_and_the_order_does_not_matter(
    build: Any, case: tuple[list[dict[str, Any]], dict[str, Any]], order: Any
) -> None:
    entries, variables = case

    def outcome() -> object:
        written = section(*entries)
        cluster_values.check(build.adc({"plugins.ako": written}), decoded(written), RELEASE)
        try:
            return rendered(build, capi(**variables), written)
        except refusal.Refusal as error:
            # Settings that need each other; the numbers of entries follow their order.
            return error.reason, re.sub(r"\[[0-9]+\]", "[]", str(error))

    first = outcome()
    order.shuffle(entries)
    second = outcome()
    assert isinstance(first, dict) == isinstance(second, dict)
    if isinstance(first, dict):
        assert first == second
        assert all(isinstance(text, str) for text in first.values())


@STEADY
@given(labels=HOSTILE)
def test_intend_answers_and_never_raises(build: Any, labels: dict[str, str]) -> None:
    from akoo_ako.plugin import AkoPlugin

    subject = build.cluster(labels=labels)
    view = build.view(build.adc({"plugins.ako": OPEN}), decoded(OPEN), cluster=subject)
    answer = AkoPlugin().intend(view)
    if isinstance(answer, api.Blocked):
        assert answer.reason == "ValueInvalid"
    else:
        assert isinstance(answer, api.Intent)
        wanted = labels.get("cni") or "calico"
        assert answer.data["values"]["AKOSettings.cniPlugin"] == wanted
