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

from tests.ako.ako_configs import OPTIONS, POD_OPTIONS, SPEC

STEADY = hypothesis.settings(derandomize=True, deadline=None, max_examples=300)
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
@given(spec=SPEC, given_options=OPTIONS | POD_OPTIONS)
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
