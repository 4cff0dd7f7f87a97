"""All that AKO checks on Avi when it starts is told before it starts, and reaches no AKO."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any, NamedTuple

import pytest
from akoo_avi.testing import MemoryAvi

from akoo_core.plugin import api
from akoo_core.testing import builders
from tests.avi import avi_fleet

World = Any
RIGHT = "/infra/tier-1s/right"
OVERLAY: dict[str, Any] = {"data_network_config": {"tz_type": "OVERLAY", "transport_zone": "tz"}}
VLAN: dict[str, Any] = {"data_network_config": {"tz_type": "VLAN", "transport_zone": "tz"}}


def tier1(path: str) -> dict[str, Any]:
    return {"extraConfigs": {"networksConfig": {"nsxtT1LR": path}}}


def nodes(*names: str) -> dict[str, Any]:
    listed = [{"networkName": name, "cidrs": ["10.1.0.0/24"]} for name in names]
    return {"extraConfigs": {"ingress": {"nodeNetworkList": listed}}}


def ako(**options: Any) -> dict[str, Any]:
    return {"plugins": {"ako": options}}


class Rule(NamedTuple):
    """A kind of cloud, a config, and the reason with which it is refused; "" for one that is right.

    ``message``: part of the message.
    """

    vtype: str
    spec: dict[str, Any]
    reason: str = ""
    message: str = ""
    nsxt: dict[str, Any] | None = None


RULES = {
    "overlay without a tier-1": Rule(
        "CLOUD_NSXT", {}, "Tier1Missing", f"There are: {RIGHT}.", OVERLAY
    ),
    "overlay with one": Rule("CLOUD_NSXT", tier1(RIGHT), nsxt=OVERLAY),
    "overlay with one of the cloud": Rule(
        "CLOUD_NSXT",
        tier1("/infra/tier-1s/of-cloud"),
        nsxt={
            "data_network_config": {
                **OVERLAY["data_network_config"],
                "tier1_segment_config": {
                    "segment_config_mode": "TIER1_SEGMENT_MANUAL",
                    "manual": {"tier1_lrs": [{"tier1_lr_id": "/infra/tier-1s/of-cloud"}]},
                },
            }
        },
    ),
    "overlay with one that nobody knows": Rule(
        "CLOUD_NSXT",
        tier1("/infra/tier-1s/rigth"),
        "Tier1NotFound",
        f"nearest names: {RIGHT}.",
        OVERLAY,
    ),
    "overlay with an id": Rule(
        "CLOUD_NSXT", tier1("right"), "ConfigInvalid", "nsxtT1LR: 'right' is no path", OVERLAY
    ),
    "VLAN with a tier-1": Rule(
        "CLOUD_NSXT", tier1(RIGHT), "Tier1Unexpected", "NSX-T with a VLAN transport zone", VLAN
    ),
    "VLAN without": Rule("CLOUD_NSXT", {}, nsxt=VLAN),
    "tier-1 on vCenter": Rule("CLOUD_VCENTER", tier1(RIGHT), "Tier1Unexpected", "CLOUD_VCENTER"),
    "tier-1 without access": Rule("CLOUD_NONE", tier1(RIGHT), "Tier1Unexpected"),
    "tier-1 on AWS": Rule("CLOUD_AWS", tier1(RIGHT), "Tier1Unexpected"),
    "VPC mode on vCenter": Rule("CLOUD_VCENTER", ako(vpcMode=True), "VpcModeUnsupported"),
    "VPC mode": Rule(
        "CLOUD_NSXT",
        {**tier1("/orgs/default/projects/p/vpcs/v"), **ako(vpcMode=True)},
        nsxt=OVERLAY,
    ),
    "node network": Rule(
        "CLOUD_VCENTER",
        nodes("vip-edge2", "nodes-typo"),
        "NodeNetworkNotFound",
        'nodeNetworkList[1].networkName: "nodes-typo"',
    ),
    "node network on VLANs": Rule("CLOUD_NSXT", nodes("typo"), "NodeNetworkNotFound", nsxt=VLAN),
    "node network that is there": Rule("CLOUD_VCENTER", nodes("vip-edge2")),
    "node network that AKO does not read": Rule("CLOUD_NONE", nodes("typo")),
    "node network's CIDR": Rule(
        "CLOUD_VCENTER",
        {
            "extraConfigs": {
                "ingress": {
                    "nodeNetworkList": [
                        {"networkName": "vip-edge2", "cidrs": ["10.1.0.0-10.1.0.9"]}
                    ]
                }
            }
        },
        "ConfigInvalid",
        "nodeNetworkList[0].cidrs[0]",
    ),
    "VIP network": Rule(
        "CLOUD_NONE",
        ako(vipNetworks=[{"networkName": "vip-edge-l"}]),
        "VipNetworkNotFound",
        "nearest names: vip-edge-1",
    ),
    "VIP network by UUID": Rule(
        "CLOUD_NONE", ako(vipNetworks=[{"networkUUID": "network-typo"}]), "VipNetworkNotFound"
    ),
    "VIP network that is there": Rule(
        "CLOUD_NONE", ako(vipNetworks=[{"networkName": "vip-edge2"}])
    ),
    "two VIP networks": Rule(
        "CLOUD_NONE",
        ako(vipNetworks=[{"networkName": "vip-edge2"}, {"networkName": "vip-edge-1"}]),
        "VipNetworksTooMany",
    ),
    "two VIP networks on AWS": Rule(
        "CLOUD_AWS", ako(vipNetworks=[{"networkName": "subnet-1"}, {"networkName": "subnet-2"}])
    ),
    "VIP network's CIDR": Rule(
        "CLOUD_NONE",
        ako(vipNetworks=[{"networkName": "vip-edge2", "cidr": "10.0.0.0/255.255.255.0"}]),
        "ConfigInvalid",
        "vipNetworks[0].cidr",
    ),
    "IPv6 on AWS": Rule(
        "CLOUD_AWS",
        ako(vipNetworks=[{"networkName": "subnet-1", "v6cidr": "2001:db8::/64"}]),
        "Ipv6Unsupported",
    ),
    "VRF": Rule("CLOUD_NONE", ako(vrfName="globl"), "VrfNotFound", "nearest names: global"),
    "VRF that is there": Rule("CLOUD_NONE", ako(vrfName="global")),
    "VRF without the data network": Rule(
        "CLOUD_VCENTER", ako(vrfName="blue"), "NetworkNotInVrf", "spec.dataNetwork.name"
    ),
    "VRF without the VIP network": Rule(
        "CLOUD_NONE",
        ako(vrfName="blue", vipNetworks=[{"networkName": "vip-edge2"}]),
        "NetworkNotInVrf",
        "vipNetworks[0]",
    ),
}


async def furnish(avi: MemoryAvi, rule: Rule) -> None:
    """Make cloud vc-01 one of the rule's kind, with a second VRF that knows a tier-1 router."""
    cloud = (await avi.list("cloud", params={"name": "vc-01"}))[0]
    body = {**cloud, "vtype": rule.vtype}
    if rule.nsxt is not None:
        body["nsxt_configuration"] = rule.nsxt
    await avi.replace("cloud", cloud["uuid"], body, tenant="admin")
    reference = f"/api/cloud/{cloud['uuid']}"
    attributes = [{"key": "tier1path", "value": RIGHT}]
    vrf = {"name": "blue", "cloud_ref": reference, "attrs": attributes}
    await avi.create("vrfcontext", vrf, tenant="admin")


def world_of(avi_world: type[World], rule: Rule) -> World:
    spec = {key: value for key, value in rule.spec.items() if key != "plugins"}
    world = avi_world(spec, plugins=rule.spec.get("plugins"))
    world.do(lambda avi: furnish(avi, rule))
    return world


@pytest.mark.parametrize("name", RULES)
def test_each_rule_is_told_before_anything_is_touched(avi_world: type[World], name: str) -> None:
    rule = RULES[name]
    world = world_of(avi_world, rule)
    before = world.outside()
    answer = world.settled()
    if not rule.reason:
        assert isinstance(answer, api.Done), answer
        return
    assert isinstance(answer, api.Blocked)
    assert answer.reason == rule.reason
    assert rule.message in answer.message
    assert "AKODeploymentConfig/default" in answer.message or rule.reason == "ConfigInvalid"
    assert world.outside() == before


TYPING_ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "vipNetworks": (
        {"plugins": {"ako": {"vipNetworks": [{"networkName": "vip-edge-l"}]}}},
        "VipNetworkNotFound",
    ),
    "nsxtT1LR": (tier1(RIGHT), "Tier1Unexpected"),
    "vrfName": ({"plugins": {"ako": {"vrfName": "vrf-typo"}}}, "VrfNotFound"),
    "nodeNetworkList": (nodes("nodes-typo"), "NodeNetworkNotFound"),
    "a CIDR": (
        {"plugins": {"ako": {"vipNetworks": [{"networkName": "vip-edge2", "cidr": "10.0.0.0"}]}}},
        "ConfigInvalid",
    ),
}


@pytest.mark.skipif(not os.environ.get("AKOO_PROOF"), reason="many seconds: make proof")
def test_a_typing_error_leaves_a_running_ako_as_it_is(avi_world: type[World]) -> None:
    """Neither the ConfigMap nor the Pod changes; what is right again reaches AKO."""

    async def story(there: Any) -> None:
        fleet = there.fleet
        await fleet.create_config(there.config(extraConfigs={}))
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running")
        before = there.config_map("shop")
        assert before is not None
        for change, reason in TYPING_ERRORS.values():
            await fleet.change_config({"plugins": None, "extraConfigs": None} | change)
            await asyncio.sleep(150)
            assert there.config_map("shop") == before
            assert there.reason("shop", "AviReady") == reason
            assert there.record("shop").status.phase == "Running"
        right = {"vipNetworks": [{"networkName": "vip-edge2", "cidr": "10.71.0.9/24"}]}
        await fleet.change_config({"plugins": {"ako": right}, "extraConfigs": None})
        await asyncio.sleep(150)
        after = there.config_map("shop")
        assert after is not None
        assert json.loads(after["vipNetworkList"]) == [
            {"networkName": "vip-edge2", "cidr": "10.71.0.0/24"}
        ]
        assert there.reason("shop", "AviReady") == "Ready"

    world = avi_world()
    world.do(lambda avi: furnish(avi, Rule("CLOUD_VCENTER", {})))
    world.config = builders.config(world.config["spec"])
    avi_fleet.play(world, story)
