"""With a plugin that places clusters, AKO is told what was checked, and not told before."""

from __future__ import annotations

import json
from typing import Any

from akoo_ako import desired, settings
from akoo_ako.plugin import AkoPlugin
from akoo_ako.rendering import values

from akoo_core import structs
from akoo_core.plugin import api
from akoo_core.testing import builders

PLACED = api.LoadBalancerPlacement(
    controller="avi.example.com:8443",
    controller_version="30.2.2",
    cloud="vc-02",
    tenant="blue",
    service_engine_group="fast",
    networks=(api.VipNetwork(name="edge", cidr="10.1.0.0/24"),),
)
TYPING_ERRORS = {
    "controller": "avi.exmaple.com",
    "cloudName": "vc-2",
    "serviceEngineGroup": "fsat",
    "tenant": {"name": "bleu"},
    "dataNetwork": {"name": "egde", "cidr": "10.9.0.0/24"},
}


def rendered(build: Any, placed: api.LoadBalancerPlacement) -> dict[str, str]:
    view = build.view(build.adc(TYPING_ERRORS), facts=builders.stored_facts("avi", placed))
    return values.render(desired.decide(view, settings.Settings()))


def test_what_was_placed_counts_and_not_what_a_config_says_by_now(build: Any) -> None:
    data = rendered(build, PLACED)
    assert {
        key: data[key]
        for key in ("controllerIP", "cloudName", "tenantName", "serviceEngineGroupName")
    } == {
        "controllerIP": "avi.example.com:8443",
        "cloudName": "vc-02",
        "tenantName": "blue",
        "serviceEngineGroupName": "fast",
    }
    assert json.loads(data["vipNetworkList"]) == [{"networkName": "edge", "cidr": "10.1.0.0/24"}]


def test_a_network_with_a_uuid_is_named_by_it(build: Any) -> None:
    networks = (api.VipNetwork(name="edge", uuid="network-1", cidr="fd00::/64"),)
    data = rendered(build, structs.replace(PLACED, networks=networks))
    assert json.loads(data["vipNetworkList"]) == [
        {"networkUUID": "network-1", "v6cidr": "fd00::/64"}
    ]


def test_a_new_release_of_the_controller_restarts_no_ako(build: Any) -> None:
    newer = structs.replace(PLACED, controller_version="31.1.1")
    assert rendered(build, PLACED) == rendered(build, newer)


def test_a_config_without_a_network_waits_for_its_placement(build: Any) -> None:
    """Another plugin gives the port group, and the one that places the cluster its network."""
    networkless = build.adc({"dataNetwork": {}})
    view = structs.replace(build.view(networkless), awaited=("LoadBalancerPlacement",))
    assert isinstance(AkoPlugin().intend(view), api.Intent)
    facts = builders.stored_facts("avi", PLACED)
    data = values.render(desired.decide(build.view(networkless, facts=facts), settings.Settings()))
    assert json.loads(data["vipNetworkList"]) == [{"networkName": "edge", "cidr": "10.1.0.0/24"}]
    without = builders.stored_facts("avi", structs.replace(PLACED, networks=()))
    answer = AkoPlugin().intend(build.view(networkless, facts=without))
    assert isinstance(answer, api.Blocked)
    assert "spec.dataNetwork.name: is empty" in answer.message


def test_it_waits_for_a_placement_that_a_selected_plugin_will_give(build: Any) -> None:
    view = structs.replace(build.view(), awaited=("LoadBalancerPlacement",))
    answer = AkoPlugin().contribute(view)
    assert isinstance(answer, api.Wait)
    assert answer.reason == "PlacementAwaited"


def test_a_tenant_of_another_plugin_counts_where_nobody_places(build: Any) -> None:
    tenant = api.LoadBalancerTenant(name="shop", uuid="tenant-1")
    config = build.adc(TYPING_ERRORS)
    facts = builders.stored_facts("tenants", tenant)
    view = build.view(config, facts=facts)
    assert values.render(desired.decide(view, settings.Settings()))["tenantName"] == "shop"
    placed = builders.stored_facts("avi", PLACED)
    view = build.view(config, facts={**facts, **placed})
    assert values.render(desired.decide(view, settings.Settings()))["tenantName"] == "blue"


def test_a_tenant_is_awaited_where_nobody_places(build: Any) -> None:
    view = structs.replace(build.view(), awaited=("LoadBalancerTenant",))
    answer = AkoPlugin().contribute(view)
    assert isinstance(answer, api.Wait)
    assert answer.reason == "TenantAwaited"
    placed = build.view(facts=builders.stored_facts("avi", PLACED))
    answer = AkoPlugin().contribute(structs.replace(placed, awaited=("LoadBalancerTenant",)))
    assert isinstance(answer, api.Contribution)


def test_without_such_a_plugin_the_config_counts(build: Any) -> None:
    answer = AkoPlugin().contribute(build.view())
    assert isinstance(answer, api.Contribution)
