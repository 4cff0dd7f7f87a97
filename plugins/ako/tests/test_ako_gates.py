"""Configs that are refused before anything is deployed: versions, families, fields that AKO would
choke on."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_ako import config, desired, options, settings, versions
from akoo_ako.refusals import checks, family, refusal
from akoo_ako.releases import gates, loading

from akoo_core import errors, structs
from akoo_core.objects import ako_networks

TABLE = loading.table()


def kubernetes_problem(version: str, kubernetes: str) -> str | None:
    return gates.kubernetes_problem(TABLE, TABLE.release(version, "test"), kubernetes)


@pytest.mark.parametrize(
    ("version", "kubernetes", "starts"),
    [
        ("2.1.1", "v1.34.2", True),
        ("2.1.1", "v1.29.0", True),
        ("2.1.1", "v1.28.9", False),
        ("2.1.1", "v1.35.0", False),
        ("1.13.2", "v1.33.0", False),
        ("1.13.4", "v1.24.1", True),
        ("1.13.1", "1.26", False),
        ("2.1.1", "v1.40+", True),
        ("2.1.1", "v1.34.1+rke2r1", True),
        ("2.1.1", "", True),
        ("2.1.1", "latest", True),
    ],
)
def test_kubernetes_range(version: str, kubernetes: str, starts: bool) -> None:
    problem = kubernetes_problem(version, kubernetes)
    assert (problem is None) is starts


def test_kubernetes_refusal_names_a_way_out() -> None:
    problem = kubernetes_problem("2.1.1", "v1.28.0") or ""
    assert "AKO 2.1.1 starts on Kubernetes 1.29 to 1.34 only" in problem
    assert "Choose AKO 1.13.4 (spec.plugins.ako.version)." in problem
    assert "No supported AKO does" in (kubernetes_problem("2.1.1", "v1.35.0") or "")


def test_a_topology_about_to_leave_the_range_is_refused(build: Any) -> None:
    cluster = build.cluster(spec={"topology": {"version": "v1.35.0"}})
    with pytest.raises(refusal.Refusal) as caught:
        desired.decide(build.view(cluster=cluster), settings.Settings())
    assert caught.value.reason == "KubernetesVersionUnsupported"


def test_unknown_version_lists_the_known(build: Any) -> None:
    with pytest.raises(
        refusal.Refusal, match=r"AKO 1\.9\.1 is not supported.*1\.13\.4, 1\.14\.1, 2\.1\.1"
    ):
        build.desired(None, options.Options(version="1.9.1"))


def test_unknown_version_in_the_settings_stops_the_operator() -> None:
    with pytest.raises(errors.InputError, match=r"plugins\.ako\.version: AKO 3"):
        settings.Settings(version="3").check()


@pytest.mark.parametrize(
    ("ours", "least", "enough"),
    [
        ("22.1.3", "22.1.3", True),
        ("22.1", "22.1.3", False),
        ("22.1.10", "22.1.3", True),
        ("30", "22.1.3", True),
        ("20.1.9", "22.1.3", False),
    ],
)
def test_versions_are_compared_as_numbers(ours: str, least: str, enough: bool) -> None:
    assert versions.at_least(ours, least) is enough


def network(pods: list[str] | None = None, services: list[str] | None = None) -> dict[str, Any]:
    cidrs = {"pods": pods, "services": services}
    blocks = {name: {"cidrBlocks": listed} for name, listed in cidrs.items() if listed is not None}
    return {"spec": {"clusterNetwork": blocks}}


V4, V6 = "10.0.0.0/16", "fd00::/64"


@pytest.mark.parametrize(
    ("cluster", "families"),
    [
        ({}, (4,)),
        (network(), (4,)),
        (network([V4]), (4,)),
        (network(None, [V6]), (6,)),
        (network([V4, V6], [V4, V6]), (4, 6)),
        (network([V6, V4], [V4, V6]), (6, 4)),
    ],
)
def test_family_of_a_cluster(cluster: dict[str, Any], families: tuple[int, ...]) -> None:
    assert family.families(cluster) == families


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        (network([V4], [V6]), "Pods and Services have different IP families"),
        (network([V4, V6], [V4]), "different IP families"),
        (network([V4, V4, V6]), "more than two CIDRs"),
        (network(["ten"]), "'ten' is no CIDR"),
    ],
)
def test_a_network_that_makes_no_sense(cluster: dict[str, Any], message: str) -> None:
    with pytest.raises(refusal.Refusal, match=message) as caught:
        family.families(cluster)
    assert caught.value.reason == "ClusterNetworkInvalid"


@pytest.mark.parametrize(
    ("cluster", "ip_family", "served"),
    [
        (network([V4]), None, True),
        (network([V4]), "V4", True),
        (network([V4]), "V6", False),
        (network([V6]), None, False),
        (network([V6]), "V6", False),
        (network([V6, V4]), "V6", False),
        (network([V4, V6]), "V6", True),
        (network([V4, V6]), None, True),
    ],
)
def test_family_gate(cluster: dict[str, Any], ip_family: str | None, served: bool) -> None:
    if served:
        family.check(cluster, ip_family)
        return
    with pytest.raises(refusal.Refusal) as caught:
        family.check(cluster, ip_family)
    assert caught.value.reason == "IpFamilyMismatch"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"controller": ""}, r"spec\.controller: is empty"),
        ({"controller": "http://avi"}, r"spec\.controller: AKO speaks https only, not http"),
        ({"cloudName": ""}, r"spec\.cloudName: is empty"),
        ({"serviceEngineGroup": None}, r"spec\.serviceEngineGroup: is empty"),
        ({"controllerVersion": "22.1.3-2p1"}, r"spec\.controllerVersion: '22\.1\.3-2p1' is no"),
        ({"dataNetwork": {"name": "n", "cidr": "10.0.0"}}, r"spec\.dataNetwork\.cidr: '10\.0\.0'"),
        ({"dataNetwork": {"name": ""}}, r"spec\.dataNetwork\.name: is empty"),
        ({"extraConfigs.replicaCount": 3}, r"replicaCount: must be 1 or 2"),
        (
            {"extraConfigs.replicaCount": 2, "extraConfigs.primaryInstance": False},
            r"replicaCount: 2 needs primaryInstance",
        ),
        (
            {"extraConfigs.replicaCount": 2, "extraConfigs.featureGates.GatewayAPI": True},
            r"replicaCount: 2 and featureGates\.GatewayAPI exclude each other",
        ),
        ({"extraConfigs.apiServerPort": 70000}, r"apiServerPort: must be a port"),
        ({"extraConfigs.fullSyncFrequency": "1h"}, r"fullSyncFrequency: '1h' is no number"),
        ({"extraConfigs.namespaceSelector.labelKey": "k"}, r"namespaceSelector: needs both"),
        ({"extraConfigs.networksConfig.bgpPeerLabels": ["a"]}, r"bgpPeerLabels: needs enableRHI"),
        ({"extraConfigs.vipPerNamespace": True}, r"vipPerNamespace: needs enableEVH"),
        (
            {
                "extraConfigs.istioEnabled": True,
                "extraConfigs.log.mountPath": "/etc/istio-output-certs",
            },
            r"log\.mountPath: is the path of istio's certificates",
        ),
        (
            {"extraConfigs.ingress.serviceType": "NodePortLocal"},
            r"serviceType: NodePortLocal needs cniPlugin antrea",
        ),
        (
            {"extraConfigs.ingress.nodeNetworkList": [{"networkName": str(i)} for i in range(6)]},
            r"nodeNetworkList: has more than 5 entries",
        ),
        ({"extraConfigs.enableEVH": "yes"}, r"spec\.extraConfigs\.enableEVH: Expected `bool"),
    ],
)
def test_bad_fields_are_named(build: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(refusal.Refusal, match=message) as caught:
        build.desired(changes)
    assert caught.value.reason == "ConfigInvalid"


@pytest.mark.parametrize(
    ("ako_options", "message"),
    [
        (
            options.Options(version="1.13.2", vpc_mode=True),
            r"ako\.vpcMode: AKO 1\.13\.2 has no such mode",
        ),
        (
            options.Options(version="1.13.1", dedicated_tenant_mode=True),
            r"ako\.dedicatedTenantMode: AKO 1\.13\.1 has no such mode",
        ),
        (
            options.Options(vip_networks=(ako_networks.AkoVipNetwork(),)),
            r"vipNetworks\[0\]: needs network",
        ),
        (
            options.Options(
                vip_networks=(ako_networks.AkoVipNetwork(network_name="n", v6cidr=V4),)
            ),
            r"vipNetworks\[0\]\.v6cidr: '10\.0\.0\.0/16' is no IPv6 CIDR",
        ),
    ],
)
def test_bad_options_are_named(build: Any, ako_options: options.Options, message: str) -> None:
    with pytest.raises(refusal.Refusal, match=message):
        build.desired(None, ako_options)


def test_options_replace_the_data_network(build: Any) -> None:
    build.desired({"dataNetwork": {"name": ""}}, options.Options(vpc_mode=True))


def test_options_are_strict() -> None:
    with pytest.raises(structs.DecodeError, match="vrfname"):
        structs.convert({"vrfname": "x"}, options.Options, path="spec.plugins.ako")


def test_minimal_config_passes(build: Any) -> None:
    checks.check(config.decode(build.adc()), options.Options(), TABLE.release("1.13.1", "test"))
