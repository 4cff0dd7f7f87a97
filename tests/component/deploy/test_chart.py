"""The Helm chart, with a real helm: the objects of `akoo-core manifests`, and strict values."""

from __future__ import annotations

import json
import pathlib
import subprocess
from typing import Any, Protocol

import pytest
import yaml
from akoo_testbed import kubeapi
from akoo_testbed.building import build

from akoo_core.manifests import render
from akoo_core.plugin import api
from akoo_core.plugin_host import rbac
from hack import generate

CHART = pathlib.Path(__file__).parents[3] / "deploy" / "chart" / "akoo-core"
IMAGE = {"image": {"repository": "example.com/akoo-core"}}

KEPT = (
    "CustomResourceDefinition",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)
"""Kinds that `helm uninstall` leaves."""

Object = dict[str, Any]
Values = dict[str, Any]


class Server(Protocol):
    api: kubeapi.KubeApi


@pytest.fixture(scope="module")
def helm() -> pathlib.Path:
    return build.ensure(["helm"]).binary("helm")


class Chart:
    """helm on our chart, without the network and without a home."""

    def __init__(self, helm: pathlib.Path, folder: pathlib.Path) -> None:
        self._helm = helm
        self._folder = folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(self._folder), "PATH": ""}
        return subprocess.run(
            [str(self._helm), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def template(self, values: Values, namespace: str = "akoo-system") -> list[Object]:
        """The objects for these values. Raises AssertionError with helm's words."""
        done = self._template(values, namespace)
        assert done.returncode == 0, done.stderr
        loaded = yaml.load_all(done.stdout, Loader=yaml.CSafeLoader)
        return [each for each in loaded if each]

    def refusal(self, values: Values) -> str:
        """The words of helm that refuse these values."""
        done = self._template(values, "akoo-system")
        assert done.returncode != 0, done.stdout
        return done.stderr

    def _template(self, values: Values, namespace: str) -> subprocess.CompletedProcess[str]:
        file = self._folder / "values.json"
        file.write_text(json.dumps(values))
        return self.run(
            "template", "akoo", str(CHART), "--namespace", namespace, "--values", str(file)
        )


@pytest.fixture
def chart(helm: pathlib.Path, tmp_path: pathlib.Path) -> Chart:
    return Chart(helm, tmp_path)


def _key(obj: Object) -> tuple[str, str]:
    return obj["kind"], obj["metadata"]["name"]


def _alike(obj: Object) -> Object:
    """``obj`` in a form that does not depend on the order of rules and on the text of settings."""
    plain = dict(obj)
    if plain["kind"] in {"ClusterRole", "Role"}:
        rules = [
            api.RbacRule(
                groups=tuple(rule["apiGroups"]),
                resources=tuple(rule["resources"]),
                verbs=tuple(rule["verbs"]),
                names=tuple(rule.get("resourceNames", ())),
            )
            for rule in plain["rules"]
        ]
        plain["rules"] = rbac.plain(rules)
    if plain["kind"] == "ConfigMap":
        plain["data"] = {key: yaml.safe_load(text) for key, text in plain["data"].items()}
    if plain["kind"] in KEPT:
        annotations = dict(plain["metadata"].get("annotations", {}))
        assert annotations.pop("helm.sh/resource-policy", "keep") == "keep"
        plain["metadata"] = {**plain["metadata"], "annotations": annotations}
    if plain["kind"] == "Deployment":
        assert plain["spec"]["template"]["metadata"]["annotations"].pop(render.SETTINGS_HASH)
    return plain


@pytest.mark.parametrize("names", ["ako", "ako,avi", "ako,avi,vsphere"])
@pytest.mark.parametrize("namespace", ["akoo-system", "load-balancers"])
def test_it_makes_what_manifests_prints(names: str, namespace: str, chart: Chart) -> None:
    values = {**IMAGE, "plugins": names.split(",")}
    made = {_key(each): _alike(each) for each in chart.template(values, namespace)}
    installation = render.Installation(
        generate.plugins(names), namespace, "example.com/akoo-core:0.1.0"
    )
    wanted = {_key(each): _alike(each) for each in render.objects(installation)}
    wanted.pop(("Namespace", namespace))  # helm install --create-namespace
    assert made.keys() == wanted.keys()
    for key, obj in wanted.items():
        assert made[key] == obj, key


def test_definitions_and_policies_stay_when_it_is_uninstalled(chart: Chart) -> None:
    kept = [each for each in chart.template(IMAGE) if each["kind"] in KEPT]
    assert [each["kind"] for each in kept].count("CustomResourceDefinition") == 4
    assert len(kept) == 12
    for each in kept:
        assert each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_helm_finds_nothing_to_lint(chart: Chart) -> None:
    done = chart.run("lint", "--strict", str(CHART), "--set", "image.repository=example.com/a")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 chart(s) failed" in done.stdout


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "image.repository is empty: no image is published"),
        ({**IMAGE, "replica": 1}, "replica"),
        ({**IMAGE, "settings": {"wrokers": 3}}, "wrokers"),
        ({**IMAGE, "settings": {"workers": 0}}, "workers"),
        ({**IMAGE, "settings": {"log": {"level": "loud"}}}, "level"),
        ({**IMAGE, "settings": {"enabledPlugins": ["ako"]}}, "enabledPlugins"),
        ({**IMAGE, "settings": {"health": {"port": 1}}}, "health"),
        ({**IMAGE, "settings": {"plugins": {"avi": {"nsuch": 1}}}}, "nsuch"),
        ({**IMAGE, "image": {"repository": "a", "digest": "md5:1"}}, "digest"),
        ({**IMAGE, "plugins": []}, "plugins"),
        ({**IMAGE, "monitoring": {"podMonitor": {"interval": "often"}}}, "interval"),
        ({**IMAGE, "monitoring": {"dashboard": {}}}, "dashboard"),
        ({**IMAGE, "replicas": "two"}, "replicas"),
        ({**IMAGE, "extraVolumes": {"name": "charts"}}, "extraVolumes"),
        ({**IMAGE, "extraVolumeMounts": ["charts"]}, "extraVolumeMounts"),
        ({**IMAGE, "settings": {"proxy": {"url": "http://proxy:1"}}}, "proxy"),
        ({**IMAGE, "settings": {"caBundle": "/ca.crt"}}, "caBundle"),
        ({**IMAGE, "proxy": {"http": "http://proxy:1"}}, "http"),
        ({**IMAGE, "proxy": {"https": "http://user:c4nary@proxy:1"}}, "https"),
        ({**IMAGE, "proxy": {"noProxy": ["a,b"]}}, "noProxy"),
        (
            {**IMAGE, "proxy": {"https": "http://proxy:1", "secret": {"name": "proxy"}}},
            "proxy.https and proxy.secret.name are both set",
        ),
        ({**IMAGE, "caBundle": {"kind": "File", "name": "a"}}, "caBundle"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(values: Values, problem: str, chart: Chart) -> None:
    assert problem in chart.refusal(values)


VAULT: Values = yaml.safe_load((CHART.parents[1] / "vault" / "values.yaml").read_text())

CORPUS: tuple[Values, ...] = (
    IMAGE,
    {**IMAGE, **VAULT},
    {**IMAGE, "plugins": ["ako", "avi", "vsphere"], "replicas": 1},
    {**IMAGE, "settings": {"workers": 3, "log": {"level": "debug"}}, "podAnnotations": {"a": "b"}},
    {
        "image": {"repository": "example.com/a", "digest": "sha256:" + "0" * 64},
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"role": "infra"},
        "priorityClassName": "system-cluster-critical",
        "env": [{"name": "OTEL_EXPORTER_OTLP_HEADERS", "value": "a=b"}],
        "tolerations": [],
        "affinity": {},
        "topologySpreadConstraints": [],
        "resources": {},
    },
    {
        **IMAGE,
        "proxy": {"https": "http://proxy.example.com:3128", "noProxy": [".corp", "10.0.0.0/8"]},
        "caBundle": {"name": "cas"},
    },
    {
        **IMAGE,
        "proxy": {"secret": {"name": "proxy"}},
        "caBundle": {"kind": "Secret", "name": "cas", "key": "tls.crt"},
        "env": [{"name": "OTEL_EXPORTER_OTLP_HEADERS", "value": "a=b"}],
    },
    {
        **IMAGE,
        "plugins": ["ako", "acme-dns"],
        "extraRules": [{"apiGroups": ["dns.acme"], "resources": ["zones"], "verbs": ["get"]}],
        "settings": {"plugins": {"acme-dns": {"parent": "example.com"}}},
    },
    {
        **IMAGE,
        **{
            key: {"create": False}
            for key in ("crds", "policies", "userRoles", "podDisruptionBudget", "networkPolicy")
        },
    },
)


@pytest.mark.parametrize("values", CORPUS)
async def test_a_server_takes_what_it_makes(values: Values, chart: Chart, server: Server) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "by-helm"}}
    await server.api.apply(namespace)
    for obj in chart.template(values, "by-helm"):
        metadata = obj["metadata"]
        path = await server.api.path(
            kubeapi.kind_of(obj), metadata.get("namespace"), metadata["name"]
        )
        strict = {"fieldManager": "test", "fieldValidation": "Strict", "force": "true"}
        await server.api.request(
            "PATCH",
            path,
            obj,
            params=strict | {"dryRun": "All"},
            content_type="application/apply-patch+yaml",
        )


def test_the_values_for_vault_are_those_of_the_component(chart: Chart) -> None:
    component = yaml.safe_load((CHART.parents[1] / "vault" / "kustomization.yaml").read_text())
    patches = yaml.safe_load(component["patches"][0]["patch"])
    (plain,) = (each for each in chart.template(IMAGE) if each["kind"] == "Deployment")
    pod = plain["spec"]["template"]["spec"]
    places = {"volumes": pod["volumes"], "volumeMounts": pod["containers"][0]["volumeMounts"]}
    for patch in patches:
        places[patch["path"].split("/")[-2]].append(patch["value"])
    (made,) = (each for each in chart.template({**IMAGE, **VAULT}) if each["kind"] == "Deployment")
    assert made == plain


def test_its_settings_are_those_of_the_operator(chart: Chart) -> None:
    """The schema knows every setting but those that the chart itself gives."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    properties = schema["properties"]["settings"]["properties"]
    assert {"workers", "telemetry", "plugins"} <= set(properties)
    own = {"enabledPlugins", "operatorNamespace", "health", "proxy", "caBundle"}
    assert not own & set(properties)
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(values) == set(schema["properties"]) - {"global"}


def _pod(chart: Chart, values: Values) -> Object:
    made = {_key(each): each for each in chart.template({**IMAGE, **values})}
    spec: Object = made["Deployment", "akoo-core"]["spec"]["template"]["spec"]
    return spec


def _outside(pod: Object) -> list[Object]:
    """The variables of the way to systems outside."""
    own = ("HTTPS_PROXY", "NO_PROXY", "AKOO_CA_BUNDLE")
    return [each for each in pod["containers"][0]["env"] if each["name"] in own]


def test_the_proxy_reaches_the_operator(chart: Chart) -> None:
    url = "http://proxy.example.com:3128"
    values: Values = {"proxy": {"https": url, "noProxy": [".corp.example.com", "10.0.0.0/8"]}}
    assert _outside(_pod(chart, values)) == [
        {"name": "HTTPS_PROXY", "value": url},
        {"name": "NO_PROXY", "value": ".corp.example.com,10.0.0.0/8"},
    ]
    values = {"proxy": {"secret": {"name": "proxy", "key": "url"}}}
    reference = {"secretKeyRef": {"name": "proxy", "key": "url"}}
    assert _outside(_pod(chart, values)) == [{"name": "HTTPS_PROXY", "valueFrom": reference}]


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_the_ca_bundle_reaches_the_operator(kind: str, chart: Chart) -> None:
    pod = _pod(chart, {"caBundle": {"kind": kind, "name": "cas", "key": "bundle.pem"}})
    (volume,) = [each for each in pod["volumes"] if each["name"] == "ca-bundle"]
    items = {"items": [{"key": "bundle.pem", "path": "ca.crt"}]}
    source = {"secretName": "cas"} if kind == "Secret" else {"name": "cas"}
    key = "secret" if kind == "Secret" else "configMap"
    assert volume == {"name": "ca-bundle", key: source | items}
    (container,) = pod["containers"]
    (mount,) = [each for each in container["volumeMounts"] if each["name"] == "ca-bundle"]
    assert mount["readOnly"]
    assert _outside(pod) == [{"name": "AKOO_CA_BUNDLE", "value": f"{mount['mountPath']}/ca.crt"}]


def test_without_proxy_and_bundle_nothing_of_them_is_rendered(chart: Chart) -> None:
    pod = _pod(chart, {})
    assert _outside(pod) == []
    assert "ca-bundle" not in json.dumps(pod)


MONITORING = {
    "podMonitor": {"create": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"create": True},
    "dashboards": {"create": True},
}


def test_monitoring_is_that_of_the_folder_for_kustomize(chart: Chart) -> None:
    names = ["ako", "avi", "tenancy", "vsphere"]
    made = chart.template({**IMAGE, "plugins": names, "monitoring": MONITORING})
    by_key = {_key(each): each for each in made}
    folder = CHART.parents[1] / "monitoring"
    monitor = by_key["PodMonitor", "akoo-core"]
    assert monitor["metadata"]["labels"].pop("release") == "prometheus"
    assert monitor == yaml.safe_load((folder / "podmonitor.yaml").read_text())
    rule = yaml.safe_load((folder / "prometheusrule.yaml").read_text())
    assert by_key["PrometheusRule", "akoo-core"] == rule
    boards = {
        name: text
        for (kind, map_name), each in by_key.items()
        if kind == "ConfigMap" and map_name.startswith("akoo-core-dashboards")
        for name, text in each["data"].items()
        if each["metadata"]["labels"]["grafana_dashboard"] == "1"
    }
    files = {file.name: file.read_text() for file in (folder / "dashboards").iterdir()}
    assert {name: json.loads(text) for name, text in boards.items()} == {
        name: json.loads(text) for name, text in files.items()
    }


def test_monitoring_of_plugins_that_are_not_selected_is_left_out(chart: Chart) -> None:
    values = {**IMAGE, "plugins": ["ako"], "monitoring": {**MONITORING, "runbooks": "https://a"}}
    made = {_key(each): each for each in chart.template(values, "lb")}
    rule = made["PrometheusRule", "akoo-core"]
    assert [group["name"] for group in rule["spec"]["groups"]] == ["akoo-core", "akoo-ako"]
    (first, *_) = rule["spec"]["groups"][0]["rules"]
    assert first["annotations"]["runbook_url"] == "https://a/AkooDown.md"
    maps = {name for kind, name in made if kind == "ConfigMap"}
    assert maps == {"akoo-core-config", "akoo-core-dashboards"}
    assert rule["metadata"]["namespace"] == "lb"


def test_without_a_word_there_is_no_monitoring(chart: Chart) -> None:
    kinds = {each["kind"] for each in chart.template(IMAGE)}
    assert not kinds & {"PodMonitor", "PrometheusRule"}
