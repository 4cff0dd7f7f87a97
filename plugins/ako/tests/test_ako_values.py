"""From an AKODeploymentConfig to AKO's ConfigMap: each mapping, each mistake of the ancestor."""

from __future__ import annotations

import json
import pathlib
from typing import Any, NamedTuple

import pytest
from akoo_ako import options
from akoo_ako.releases import loading
from akoo_ako.rendering import environment, mapping, values

from akoo_core.objects import ako_networks


class Golden(NamedTuple):
    """One line of golden.txt, written by hand from the charts: what a new key adds a line to."""

    key: str
    variable: str
    containers: str
    """``both``, ``ako``, or ``-`` for a key that AKO reads from the ConfigMap object."""
    releases: str
    """``all``, or those that have the key."""
    value: str
    """With the least config that has a tier-1 router."""


LINES = [
    Golden(*(cell.strip() for cell in line.split("|")))
    for line in (pathlib.Path(__file__).parent / "golden.txt").read_text().splitlines()
]


@pytest.mark.parametrize("release", loading.table().versions)
def test_keys_values_and_variables_of_each_release(build: Any, release: str) -> None:
    """The order of the variables counts: another one restarts every AKO."""
    wanted = build.desired(
        {"extraConfigs.networksConfig.nsxtT1LR": "/infra/tier-1s/t1"},
        options.Options(version=release),
    )
    lines = [line for line in LINES if line.releases == "all" or release in line.releases.split()]
    assert values.render(wanted) == {line.key: line.value for line in lines}
    for gateway, containers in ((False, ("both", "ako")), (True, ("both",))):
        variables = [
            (variable["name"], variable["valueFrom"]["configMapKeyRef"]["key"])
            for variable in environment.of_container(wanted, gateway=gateway)
            if "configMapKeyRef" in variable.get("valueFrom", {})
        ]
        assert variables == [
            (line.variable, line.key) for line in lines if line.containers in containers
        ]


def test_a_tier_1_variable_only_with_a_router(build: Any) -> None:
    wanted = build.desired()
    assert values.render(wanted)["nsxtT1LR"] == ""
    for gateway in (False, True):
        environ = environment.of_container(wanted, gateway=gateway)
        assert "NSXT_T1_LR" not in {variable["name"] for variable in environ}


CASES: tuple[tuple[str, Any, str, str], ...] = (
    ("controller", "10.1.2.3:8443", "controllerIP", "10.1.2.3:8443"),
    ("controllerVersion", "30.2.1", "controllerVersion", "30.2.1"),
    ("cloudName", "nsx", "cloudName", "nsx"),
    ("serviceEngineGroup", "other", "serviceEngineGroupName", "other"),
    ("tenant.name", "team", "tenantName", "team"),
    ("extraConfigs.primaryInstance", False, "primaryInstance", "false"),
    ("extraConfigs.fullSyncFrequency", "1900", "fullSyncFrequency", "1900"),
    ("extraConfigs.apiServerPort", 9090, "apiServerPort", "9090"),
    ("extraConfigs.enableEvents", False, "enableEvents", "false"),
    ("extraConfigs.disableStaticRouteSync", False, "disableStaticRouteSync", "false"),
    ("extraConfigs.cniPlugin", "ovn-kubernetes", "cniPlugin", "ovn-kubernetes"),
    ("extraConfigs.enableEVH", True, "enableEVH", "true"),
    ("extraConfigs.layer7Only", True, "layer7Only", "true"),
    ("extraConfigs.servicesAPI", True, "servicesAPI", "true"),
    ("extraConfigs.istioEnabled", True, "istioEnabled", "true"),
    ("extraConfigs.blockedNamespaceList", ["a", "b"], "blockedNamespaceList", '["a","b"]'),
    ("extraConfigs.ipFamily", "V4", "ipFamily", "V4"),
    ("extraConfigs.useDefaultSecretsOnly", True, "useDefaultSecretsOnly", "true"),
    ("extraConfigs.log.logLevel", "DEBUG", "logLevel", "DEBUG"),
    ("extraConfigs.networksConfig.enableRHI", True, "enableRHI", "true"),
    ("extraConfigs.networksConfig.nsxtT1LR", "/infra/tier-1s/t1", "nsxtT1LR", "/infra/tier-1s/t1"),
    ("extraConfigs.ingress.defaultIngressController", True, "defaultIngController", "true"),
    ("extraConfigs.ingress.shardVSSize", "DEDICATED", "shardVSSize", "DEDICATED"),
    ("extraConfigs.ingress.passthroughShardSize", "LARGE", "passthroughShardSize", "LARGE"),
    (
        "extraConfigs.ingress.nodeNetworkList",
        [{"networkName": "n", "cidrs": ["10.1.0.0/24", "10.2.0.0/24"]}, {"networkName": "m"}],
        "nodeNetworkList",
        '[{"cidrs":["10.1.0.0/24","10.2.0.0/24"],"networkName":"n"},{"networkName":"m"}]',
    ),
    ("extraConfigs.ingress.noPGForSNI", True, "noPGForSNI", "true"),
    ("extraConfigs.ingress.enableMCI", True, "enableMCI", "true"),
    ("extraConfigs.l4Config.defaultDomain", "example.com", "defaultDomain", "example.com"),
    ("extraConfigs.l4Config.autoFQDN", "flat", "autoFQDN", "flat"),
    ("extraConfigs.nodePortSelector.key", "pool", "nodeKey", "pool"),
    ("extraConfigs.nodePortSelector.value", "edge", "nodeValue", "edge"),
)


@pytest.mark.parametrize(("path", "value", "key", "text"), CASES, ids=[case[0] for case in CASES])
def test_one_field_changes_one_key(
    data: Any, path: str, value: object, key: str, text: str
) -> None:
    changed = data({path: value})
    assert {name for name in changed if changed[name] != data()[name]} <= {key}
    assert changed[key] == text


TOGETHER: tuple[tuple[dict[str, Any], dict[str, str]], ...] = (
    (
        {"namespaceSelector.labelKey": "k", "namespaceSelector.labelValue": "v"},
        {"nsSyncLabelKey": "k", "nsSyncLabelValue": "v"},
    ),
    (
        {"vipPerNamespace": True, "enableEVH": True},
        {"vipPerNamespace": "true", "enableEVH": "true"},
    ),
    (
        {"networksConfig.bgpPeerLabels": ["p"], "networksConfig.enableRHI": True},
        {"bgpPeerLabels": '["p"]', "enableRHI": "true"},
    ),
    (
        {"ingress.serviceType": "NodePortLocal", "cniPlugin": "antrea"},
        {"serviceType": "NodePortLocal", "cniPlugin": "antrea"},
    ),
)


@pytest.mark.parametrize(("changes", "wanted"), TOGETHER)
def test_fields_that_need_each_other(
    data: Any, changes: dict[str, Any], wanted: dict[str, str]
) -> None:
    changed = data({f"extraConfigs.{path}": value for path, value in changes.items()})
    assert {key: changed[key] for key in wanted} == wanted


def test_every_row_of_the_mapping_has_a_case() -> None:
    cased = {f"spec.{path}" for path, *_ in CASES}
    cased |= {f"spec.extraConfigs.{path}" for changes, _ in TOGETHER for path in changes}
    from_fields = {row.source for row in mapping.ROWS if row.source.startswith("spec.")}
    others = {field for field in from_fields if field.startswith("spec.plugins.ako.")}
    assert from_fields - others - cased == {"spec.dataNetwork"}


@pytest.mark.parametrize(
    ("chosen", "key", "text"),
    [
        (options.Options(vrf_name="blue"), "vrfName", "blue"),
        (options.Options(dedicated_tenant_mode=True), "dedicatedTenantMode", "true"),
        (options.Options(vpc_mode=True), "vpcMode", "true"),
        (options.Options(default_lb_controller=False), "defaultLBController", "false"),
        (options.Options(fqdn_reuse_policy="Strict"), "fqdnReusePolicy", "Strict"),
        (options.Options(enable_prometheus=True), "enablePrometheus", "true"),
        (options.Options(vpc_mode=True), "vipNetworkList", "[]"),
        (
            options.Options(
                vip_networks=(
                    ako_networks.AkoVipNetwork(network_uuid="u", cidr="10.0.0.0/8", v6cidr="::/64"),
                )
            ),
            "vipNetworkList",
            '[{"cidr":"10.0.0.0/8","networkUUID":"u","v6cidr":"::/64"}]',
        ),
    ],
)
def test_options_beyond_the_ancestor(
    data: Any, chosen: options.Options, key: str, text: str
) -> None:
    assert data(None, chosen)[key] == text


# The ancestor's mistakes, each by name.


def test_layer_7_only_is_not_evh(data: Any) -> None:
    """It wrote layer7Only to enableEVH."""
    rendered = data({"extraConfigs.layer7Only": True})
    assert (rendered["layer7Only"], rendered["enableEVH"]) == ("true", "false")


def test_enable_events_is_not_evh(data: Any) -> None:
    """It wrote enableEvents to enableEVH, over what layer7Only and enableEVH had put there."""
    rendered = data({"extraConfigs.enableEvents": False, "extraConfigs.enableEVH": True})
    assert (rendered["enableEvents"], rendered["enableEVH"]) == ("false", "true")


def test_node_port_selector_has_key_and_value(data: Any) -> None:
    """It wrote the value over the key."""
    rendered = data({"extraConfigs.nodePortSelector": {"key": "pool", "value": "edge"}})
    assert (rendered["nodeKey"], rendered["nodeValue"]) == ("pool", "edge")


@pytest.mark.parametrize(
    ("controller", "wanted"),
    [
        ("https://avi.example.com", "avi.example.com"),
        ("https://avi.example.com:8443/", "avi.example.com:8443"),
        ("HTTPS://10.0.0.1/api", "10.0.0.1"),
        ("fd00::1", "fd00::1"),
        ("avi.example.com/", "avi.example.com"),
    ],
)
def test_controller_with_a_scheme(data: Any, controller: str, wanted: str) -> None:
    """It passed the scheme on, though AKO puts https:// in front itself."""
    assert data({"controller": controller})["controllerIP"] == wanted


def test_v6_network_goes_by_v6cidr(data: Any) -> None:
    rendered = data({"dataNetwork": {"name": "six", "cidr": "2002::1234:abcd:ffff:c0a8:101/64"}})
    assert json.loads(rendered["vipNetworkList"]) == [
        {"networkName": "six", "v6cidr": "2002:0:0:1234::/64"}
    ]


def test_ip_family_keeps_its_case(data: Any) -> None:
    """The package wrote v4; AKO compares with V4."""
    assert data({"extraConfigs.ipFamily": "V4"})["ipFamily"] == "V4"


def test_blocked_namespaces_have_the_name_ako_reads(build: Any) -> None:
    """The package called the variable BLOCKED_NAMESPACE_LIST."""
    env = environment.of_container(build.desired(), gateway=False)
    assert "BLOCKED_NS_LIST" in {variable["name"] for variable in env}
    assert "BLOCKED_NAMESPACE_LIST" not in {variable["name"] for variable in env}


def test_static_routes_stay_off_unless_asked_for(data: Any) -> None:
    """Its default was the opposite of AKO's, and users of it rely on that: kept."""
    assert data()["disableStaticRouteSync"] == "true"
    chosen = {
        "extraConfigs.disableStaticRouteSync": False,
        "extraConfigs.ingress.serviceType": "ClusterIP",
    }
    assert data(chosen)["disableStaticRouteSync"] == "false"


def test_an_old_controller_version_is_left_to_ako(data: Any) -> None:
    """AKO crashes on one below its minimum; the ancestor wrote the real one over it."""
    assert data({"controllerVersion": "20.1.3"})["controllerVersion"] == ""
    assert data({"controllerVersion": "22.1.3"})["controllerVersion"] == "22.1.3"
    assert data({"controllerVersion": "31"})["controllerVersion"] == "31"


def test_empty_shells_mean_unset(data: Any) -> None:
    """Go clients write them."""
    shells = {
        "tenant": {"name": ""},
        "extraConfigs": {
            "log": {},
            "namespaceSelector": {"labelKey": ""},
            "networksConfig": {"bgpPeerLabels": []},
            "ingress": {"serviceType": "", "nodeNetworkList": None},
            "l4Config": {},
            "nodePortSelector": {},
            "rbac": {},
            "featureGates": {},
            "cniPlugin": "",
            "fullSyncFrequency": "",
        },
    }
    assert data(shells) == data()


def test_dead_pod_security_policy_fields_change_nothing(data: Any) -> None:
    dead = {"extraConfigs.rbac": {"pspEnabled": True, "pspPolicyAPIVersion": "policy/v1beta1"}}
    assert data(dead) == data()


# Modes.


def test_node_labels_only_with_node_port(data: Any) -> None:
    rendered = data(
        {"extraConfigs.ingress.serviceType": "ClusterIP", "extraConfigs.nodePortSelector.key": "k"}
    )
    assert not {"nodeKey", "nodeValue"} & set(rendered)


# What rolls AKO.


@pytest.mark.parametrize("key", [line.key for line in LINES if line.key != "enableEndpointSlice"])
def test_the_hash_follows_all_keys_but_the_live_ones(data: Any, key: str) -> None:
    before = data()
    changed = values.digest({**before, key: "other"}, replicas=1) != values.digest(
        before, replicas=1
    )
    assert changed is (key not in {"logLevel", "enableEvents", "deleteConfig"})


def test_the_hash_follows_the_number_of_replicas(data: Any) -> None:
    assert values.digest(data(), replicas=1) != values.digest(data(), replicas=2)
