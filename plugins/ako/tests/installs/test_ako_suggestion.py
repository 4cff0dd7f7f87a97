"""A config, its objects, and the config that is written from them: both mean the same."""

from __future__ import annotations

import copy
import json
from typing import Any

import hypothesis
import pytest
from akoo_ako import desired, options, settings
from akoo_ako.installs import differences, suggestion, template
from akoo_ako.refusals import refusal
from akoo_ako.rendering import objects
from hypothesis import event, given
from hypothesis import strategies as st

from akoo_core.plugin import structs

STEADY = hypothesis.settings(derandomize=True, deadline=None, max_examples=40)
OURS = settings.Settings()
text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8)
flag = st.booleans()
quantity = st.sampled_from(["100m", "1", "64Mi"])


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object in which any field may be absent."""
    return st.fixed_dictionaries({}, optional=fields)


EXTRA = some(
    replicaCount=st.sampled_from([1, 2]),
    primaryInstance=flag,
    fullSyncFrequency=st.sampled_from(["0", "900", "1800"]),
    apiServerPort=st.integers(1, 65535),
    enableEvents=flag,
    disableStaticRouteSync=flag,
    cniPlugin=st.sampled_from(["antrea", "calico"]),
    enableEVH=flag,
    layer7Only=flag,
    namespaceSelector=st.fixed_dictionaries({"labelKey": text, "labelValue": text}),
    servicesAPI=flag,
    vipPerNamespace=flag,
    istioEnabled=flag,
    blockedNamespaceList=st.lists(text, max_size=3),
    ipFamily=st.sampled_from(["V4", "V6"]),
    useDefaultSecretsOnly=flag,
    log=some(
        logLevel=st.sampled_from(["INFO", "DEBUG"]),
        persistentVolumeClaim=text,
        mountPath=text,
        logFile=text,
        akoGatewayLogFile=text,
    ),
    networksConfig=some(
        enableRHI=flag,
        bgpPeerLabels=st.lists(text, max_size=2),
        nsxtT1LR=st.sampled_from(["/infra/tier-1s/t1"]),
    ),
    ingress=some(
        disableIngressClass=flag,
        defaultIngressController=flag,
        serviceType=st.sampled_from(["NodePort", "ClusterIP", "NodePortLocal"]),
        shardVSSize=st.sampled_from(["SMALL", "LARGE", "DEDICATED"]),
        passthroughShardSize=st.sampled_from(["SMALL", "MEDIUM"]),
        nodeNetworkList=st.lists(
            st.fixed_dictionaries(
                {"networkName": text}, optional={"cidrs": st.just(["10.1.0.0/16"])}
            ),
            max_size=2,
            unique_by=lambda network: network["networkName"],
        ),
        noPGForSNI=flag,
        enableMCI=flag,
    ),
    l4Config=some(defaultDomain=text, autoFQDN=st.sampled_from(["default", "flat", "disabled"])),
    nodePortSelector=some(key=text, value=text),
    featureGates=some(GatewayAPI=flag),
)
NETWORK = some(
    networkName=text,
    networkUUID=text,
    cidr=st.sampled_from(["10.0.0.0/24", "10.0.0.9/24"]),
    v6cidr=st.just("2001:db8::/64"),
).filter(lambda network: network.keys() & {"networkName", "networkUUID"})
IMAGE = some(
    repository=st.sampled_from(["registry.example.com:5000/ako", "ako"]),
    tag=st.sampled_from(["1.13.4-custom", "latest"]),
    digest=st.just("sha256:" + "a" * 64),
)
OPTIONS = some(
    image=IMAGE,
    gatewayImage=IMAGE,
    imagePullPolicy=st.sampled_from(["Always", "IfNotPresent"]),
    imagePullSecrets=st.lists(st.sampled_from(["one", "two"]), max_size=2, unique=True),
    resources=some(limits=some(cpu=quantity, memory=quantity)),
    nodeSelector=st.dictionaries(st.sampled_from(["zone", "role"]), st.just("edge"), max_size=2),
    tolerations=st.lists(st.just({"key": "edge", "operator": "Exists"}), max_size=1),
    podSecurity=st.sampled_from(["Restricted", "Vendor"]),
    vrfName=text,
    dedicatedTenantMode=flag,
    vpcMode=flag,
    defaultLBController=flag,
    fqdnReusePolicy=st.sampled_from(["InterNamespaceAllowed", "Strict"]),
    enablePrometheus=flag,
    vipNetworks=st.lists(NETWORK, max_size=2),
)
SPEC = st.fixed_dictionaries(
    {
        "controller": st.sampled_from(["avi.example.com", "10.0.0.1:8443", "https://avi/x"]),
        "cloudName": text,
        "serviceEngineGroup": text,
        "dataNetwork": st.fixed_dictionaries(
            {"name": text, "cidr": st.sampled_from(["10.0.0.0/24", "10.0.0.9/24", "2001:db8::/64"])}
        ),
        "extraConfigs": EXTRA,
    },
    optional={
        "controllerVersion": st.sampled_from(["22.1.3", "30.2.1", "20.1.3"]),
        "tenant": some(name=text),
    },
)


def install(wanted: desired.Desired) -> tuple[dict[str, str], structs.JSON]:
    """ConfigMap data and StatefulSet of an AKO, as its cluster has them."""
    rendered = json.loads(json.dumps(objects.render(wanted)))
    by_kind = {obj["kind"]: obj for obj in rendered}
    return by_kind["ConfigMap"]["data"], by_kind["StatefulSet"]


@pytest.mark.parametrize("version", OURS.table.versions)
@STEADY
@given(spec=SPEC, section=OPTIONS)
def test_config_to_objects_to_config_keeps_its_meaning(
    version: str, spec: dict[str, Any], section: dict[str, Any]
) -> None:
    """Every object is the same, but for the IngressClass, which another module looks at."""
    config = {**spec, "plugins": {"ako": {**section, "version": version}}}
    try:
        wanted = differences.decided(config, "a-name", OURS)
    except (refusal.Refusal, structs.DecodeError):
        event("refused")
        return
    event("rendered")
    data, stateful_set = install(wanted)
    suggested, lost = suggestion.spec_of(data, stateful_set, version, OURS)
    assert lost == []
    disabled = wanted.extra.ingress.disable_ingress_class
    if disabled is not None:
        suggestion.put(suggested, "spec.extraConfigs.ingress.disableIngressClass", disabled)
    again = differences.decided(suggested, "a-name", OURS)
    assert objects.render(again) == objects.render(wanted)
    rendered = differences.rendering(suggested, "a-name", OURS)
    assert differences.of_data(data, rendered.data) == []
    assert differences.of_stateful_set(stateful_set, rendered.stateful_set) == []


def stock(build: Any, changes: dict[str, Any] | None = None) -> tuple[dict[str, str], structs.JSON]:
    """A minimal AKO 1.13.4."""
    return install(build.desired(changes, options.Options(version="1.13.4")))


def compared(
    data: dict[str, str], stateful_set: structs.JSON, version: str = "1.13.4"
) -> list[differences.Difference]:
    """The differences of the suggested config from this install."""
    spec, _ = suggestion.spec_of(data, stateful_set, version, OURS)
    rendered = differences.rendering(spec, data.get("clusterName", ""), OURS)
    return [
        *differences.of_data(data, rendered.data),
        *differences.of_stateful_set(stateful_set, rendered.stateful_set),
    ]


def test_defaults_are_left_out(build: Any) -> None:
    data, stateful_set = stock(build)
    spec, _ = suggestion.spec_of(data, stateful_set, "1.13.4", OURS)
    assert spec == {
        "controller": "avi.example.com",
        "cloudName": "vc-01",
        "serviceEngineGroup": "seg",
        "dataNetwork": {"name": "vip", "cidr": "10.0.0.0/24"},
        "plugins": {"ako": {"version": "1.13.4"}},
    }


def test_what_a_helm_chart_sets(build: Any) -> None:
    """Its defaults differ from those of a config, and all of them are written down."""
    data, stateful_set = stock(build)
    data |= {
        "shardVSSize": "LARGE",
        "autoFQDN": "default",
        "logLevel": "WARN",
        "defaultIngController": "true",
        "disableStaticRouteSync": "false",
        "serviceType": "ClusterIP",
    }
    del data["nodeKey"], data["nodeValue"]
    spec, _ = suggestion.spec_of(data, stateful_set, "1.13.4", OURS)
    assert spec["extraConfigs"] == {
        "ingress": {
            "shardVSSize": "LARGE",
            "defaultIngressController": True,
            "serviceType": "ClusterIP",
        },
        "l4Config": {"autoFQDN": "default"},
        "log": {"logLevel": "WARN"},
        "disableStaticRouteSync": False,
    }
    assert compared(data, stateful_set) == []


def test_absent_and_empty_keys_are_equal(build: Any) -> None:
    """As the ancestor's package leaves them out. The keys that it always writes are no such."""
    data, stateful_set = stock(build)
    few = {key: value for key, value in data.items() if key in differences.ALWAYS_WRITTEN}
    assert len(few) < len(data)
    assert compared(few, stateful_set) == []
    assert compared({key: few.get(key, "") for key in data}, stateful_set) == []
    for key in differences.ALWAYS_WRITTEN - {"clusterName", "controllerIP", "cloudName"}:
        left = {name: value for name, value in few.items() if name != key}
        if key in ("serviceEngineGroupName", "vipNetworkList"):
            continue
        assert [each.where for each in compared(left, stateful_set)] == [f"ConfigMap key {key}"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("enableEndpointSlice", "no"),
        ("enableEVH", "yes"),
        ("apiServerPort", "http"),
        ("blockedNamespaceList", "[1]"),
        ("blockedNamespaceList", "kube-system"),
        ("nodeNetworkList", '[{"networkUUID": "u"}]'),
        ("vipNetworkList", '[{"networkName": "a", "newer": 1}]'),
        ("somethingNewer", "on"),
        ("deleteConfig", "true"),
    ],
)
def test_a_value_without_a_field_is_a_difference(build: Any, key: str, value: str) -> None:
    data, stateful_set = stock(build)
    spec, _ = suggestion.spec_of({**data, key: value}, stateful_set, "1.13.4", OURS)
    if key == "vipNetworkList":
        suggestion.put(spec, "spec.dataNetwork", {"name": "a", "cidr": ""})
    rendered = differences.rendering(spec, data["clusterName"], OURS)
    (difference,) = differences.of_data({**data, key: value}, rendered.data)
    assert (difference.where, difference.installed) == (f"ConfigMap key {key}", value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("vipNetworkList", '[ {"cidr": "10.0.0.7/24", "networkName": "vip"} ]'),
        ("blockedNamespaceList", "[ ]"),
        ("enableEVH", "False"),
    ],
)
def test_another_text_of_the_same_value_is_equal(build: Any, key: str, value: str) -> None:
    data, stateful_set = stock(build)
    assert compared({**data, key: value}, stateful_set) == []


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("resources of the Gateway API", {"limits": {"cpu": "2"}}),
        ("image of the Gateway API", "elsewhere/gateway:1.13.4"),
    ],
)
def test_parts_of_the_second_container(build: Any, part: str, change: Any) -> None:
    """Its image can be written down, resources of its own cannot."""
    data, stateful_set = stock(build, {"extraConfigs.featureGates.GatewayAPI": True})
    changed = copy.deepcopy(stateful_set)
    template.gateway_container(template.pod_spec(changed))[part.split()[0]] = change
    parts = [each.where for each in compared(data, changed)]
    assert parts == ([f"StatefulSet {part}"] if part.startswith("resources") else [])


def test_values_of_the_chart_without_a_field(build: Any) -> None:
    """They are paths of the chart, where the release has them."""
    data, stateful_set = stock(build)
    data["enableEndpointSlice"] = "false"
    spec, _ = suggestion.spec_of(data, stateful_set, "1.13.4", OURS)
    section = spec["plugins"]["ako"]
    assert section["values"] == {"featureGates": {"EnableEndpointSlice": False}}
    assert compared(data, stateful_set) == []
    data, stateful_set = install(build.desired({}, options.Options(version="2.1.1")))
    pods = template.pod_spec(stateful_set)
    pods["priorityClassName"] = "high"
    pods["containers"].append({"name": "proxy", "image": "proxy:1"})
    assert compared(data, stateful_set, "2.1.1") == []
    older, changed = stock(build)
    template.pod_spec(changed).update(
        priorityClassName="high",
        containers=[*template.containers(template.pod_spec(changed)), {"name": "proxy"}],
    )
    assert [each.where for each in compared(older, changed)] == [
        "StatefulSet other containers",
        "StatefulSet priorityClassName",
    ]


def test_no_limits_are_written_down(build: Any) -> None:
    """Of a config, no resources mean those of the vendor."""
    data, stateful_set = stock(build)
    del template.ako_container(template.pod_spec(stateful_set))["resources"]
    assert compared(data, stateful_set) == []


def test_the_container_of_ako_is_recognised_by_its_name_or_by_what_it_knows() -> None:
    address = {"env": [{"name": "CTRL_IPADDRESS"}]}
    cases: list[tuple[list[dict[str, Any]], str]] = [
        ([{"name": "proxy"}, {"name": "ako"}], "ako"),
        ([{"name": "proxy"}, {"name": "ako-team-a-shop", **address}], "ako-team-a-shop"),
        ([{"name": "ako-gateway-api", **address}, {"name": "mine"}], "mine"),
    ]
    for listed, name in cases:
        assert template.ako_container({"containers": listed})["name"] == name
    assert template.ako_container({"containers": [{"name": "ako-gateway-api"}]}) == {}


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("host:5000/a/ako:2.1.1@sha256:ab", ("host:5000/a/ako", "2.1.1", "sha256:ab")),
        ("host:5000/ako", ("host:5000/ako", "", "")),
        ("ako@sha256:ab", ("ako", "", "sha256:ab")),
        ("", ("", "", "")),
    ],
)
def test_images_are_split(text: str, image: tuple[str, str, str]) -> None:
    assert template.parse_image(text) == image
