"""Whatever a config says: it is refused with a reason, or AKO gets all it needs, as text."""

from __future__ import annotations

import json
import re
from typing import Any

import hypothesis
import pytest
from akoo_ako import desired, options, settings
from akoo_ako.refusals import refusal
from akoo_ako.releases import loading
from akoo_ako.rendering import objects, statefulset, values
from hypothesis import event, given
from hypothesis import strategies as st

STEADY = hypothesis.settings(derandomize=True, deadline=None, max_examples=300)
text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
name = st.sampled_from(["a", "b c", "\u00fc", '"quoted"']) | text
flag = st.booleans() | st.none()
tier1 = st.sampled_from(["/infra/tier-1s/t1", "t1", "", None])
cidr = st.sampled_from(["10.0.0.0/24", "10.0.0.7/24", "2001:db8::/64", "nonsense", "", None])


def shell(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object in which any field may be absent, or the whole may be null."""
    return st.fixed_dictionaries({}, optional=fields) | st.none()


def both(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with all its fields."""
    return st.fixed_dictionaries(dict(fields))


EXTRA = shell(
    replicaCount=st.sampled_from([1, 2, None]),
    primaryInstance=flag,
    fullSyncFrequency=st.sampled_from(["0", "1800", "", None]),
    apiServerPort=st.integers(1, 65535) | st.none(),
    enableEvents=flag,
    disableStaticRouteSync=flag,
    cniPlugin=st.sampled_from(["antrea", "calico", "", None]),
    enableEVH=flag,
    layer7Only=flag,
    namespaceSelector=shell(labelKey=text, labelValue=text) | both(labelKey=name, labelValue=name),
    servicesAPI=flag,
    vipPerNamespace=flag,
    istioEnabled=flag,
    blockedNamespaceList=st.lists(text, max_size=3) | st.none(),
    ipFamily=st.sampled_from(["V4", "V6", "", None]),
    useDefaultSecretsOnly=flag,
    log=shell(
        logLevel=st.sampled_from(["INFO", "DEBUG", ""]),
        persistentVolumeClaim=text,
        mountPath=text,
        logFile=text,
        akoGatewayLogFile=text,
    ),
    networksConfig=shell(enableRHI=flag, bgpPeerLabels=st.lists(text, max_size=3), nsxtT1LR=tier1),
    ingress=shell(
        disableIngressClass=flag,
        defaultIngressController=flag,
        serviceType=st.sampled_from(["NodePort", "ClusterIP", "NodePortLocal", "", None]),
        shardVSSize=st.sampled_from(["SMALL", "DEDICATED", ""]),
        passthroughShardSize=st.sampled_from(["LARGE", ""]),
        nodeNetworkList=st.lists(
            shell(networkName=text, cidrs=st.lists(cidr | text, max_size=2)), max_size=6
        ),
        noPGForSNI=flag,
        enableMCI=flag,
    ),
    l4Config=shell(defaultDomain=text, autoFQDN=st.sampled_from(["default", "flat", ""])),
    nodePortSelector=shell(key=text, value=text),
    rbac=shell(pspEnabled=flag, pspPolicyAPIVersion=text),
    featureGates=shell(GatewayAPI=flag),
    somethingNewer=text,
)
SPEC = st.fixed_dictionaries(
    {"controller": st.sampled_from(["avi", "https://avi:443/x", "10.0.0.1"]) | text},
    optional={
        "cloudName": name,
        "serviceEngineGroup": name,
        "controllerVersion": st.sampled_from(["", "22", "30.2.1", "20.1.3", "v1"]),
        "tenant": shell(name=text, context=st.sampled_from(["Provider", "Tenant"])),
        "dataNetwork": shell(name=name, cidr=cidr, ipPools=st.just([])),
        "extraConfigs": EXTRA,
    },
)
OPTIONS = st.builds(
    options.Options,
    version=st.sampled_from(loading.table().versions),
    vpc_mode=st.booleans(),
    enable_prometheus=st.booleans(),
    pod_security=st.sampled_from(["Restricted", "Vendor"]),
)
JSON_KEYS = ("vipNetworkList", "nodeNetworkList", "bgpPeerLabels", "blockedNamespaceList")


def decided(
    config: dict[str, Any], given_options: options.Options, build: Any
) -> desired.Desired | refusal.Refusal:
    try:
        return desired.decide(build.view(config, given_options), settings.Settings())
    except refusal.Refusal as error:
        return error


def config_map_keys(manifest: dict[str, Any]) -> set[str]:
    """Every key that any container of the StatefulSet names."""
    containers = manifest["spec"]["template"]["spec"]["containers"]
    references = [
        env.get("valueFrom", {}).get("configMapKeyRef") for c in containers for env in c["env"]
    ]
    return {reference["key"] for reference in references if reference}


@STEADY
@given(spec=SPEC, given_options=OPTIONS)
def test_any_config_is_refused_with_a_reason_or_renders_whole(
    build: Any, spec: dict[str, Any], given_options: options.Options
) -> None:
    wanted = decided({"spec": {**build.minimal, **spec}}, given_options, build)
    event(type(wanted).__name__)
    if isinstance(wanted, refusal.Refusal):
        assert re.fullmatch(r"([A-Z][a-z0-9]+)+", wanted.reason)
        assert str(wanted).startswith("spec.")
        return
    data = values.render(wanted)
    assert all(isinstance(value, str) for value in data.values())
    for key in JSON_KEYS:
        assert isinstance(json.loads(data[key]), list)
    manifest = statefulset.render(wanted, "hash")
    assert config_map_keys(manifest) <= set(data)
    assert json.loads(json.dumps(objects.render(wanted))) == list(objects.render(wanted))


@STEADY
@given(spec=SPEC, given_options=OPTIONS)
def test_deciding_is_pure(build: Any, spec: dict[str, Any], given_options: options.Options) -> None:
    config = {"spec": {**build.minimal, **spec}}
    first, second = (decided(config, given_options, build) for _ in range(2))
    if isinstance(first, desired.Desired):
        assert isinstance(second, desired.Desired)
        assert objects.render(first) == objects.render(second)
    else:
        assert str(first) == str(second)


@pytest.mark.parametrize("version", loading.table().versions)
@pytest.mark.parametrize("service_type", ["NodePort", "ClusterIP", "NodePortLocal"])
def test_every_release_and_service_type_finds_its_keys(
    build: Any, version: str, service_type: str
) -> None:
    wanted = build.desired(
        {
            "extraConfigs.ingress.serviceType": service_type,
            "extraConfigs.cniPlugin": "antrea",
            "extraConfigs.networksConfig.nsxtT1LR": "/infra/tier-1s/t1",
            "extraConfigs.featureGates.GatewayAPI": True,
        },
        options.Options(version=version),
    )
    named = config_map_keys(statefulset.render(wanted, "hash"))
    read_from_the_object = {"layer7Only", "noPGForSNI", "enableEvents", "logLevel", "deleteConfig"}
    assert set(values.render(wanted)) - named == read_from_the_object
    assert named <= set(values.render(wanted))
