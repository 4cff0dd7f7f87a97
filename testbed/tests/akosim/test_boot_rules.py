"""The settings that AKO checks against its cloud, its VRFs and its networks."""

import json
from typing import Any, NamedTuple

import pytest
from akoo_testbed.akosim import avi, boot, cloudrules, config
from akoo_testbed.akosim.ako_bed import CLUSTER, furnish
from akoo_testbed.avisim import client
from akoo_testbed.avisim import pytest as avisim_plugin

TIER1 = {"nsxtT1LR": "/infra/tier-1s/right"}
OVERLAY = {"data_network_config": {"tz_type": "OVERLAY", "transport_zone": "tz"}}
VLAN = {"data_network_config": {"tz_type": "VLAN", "transport_zone": "tz"}}


class Case(NamedTuple):
    """A kind of cloud, settings, and the error with which AKO stops; None: it starts."""

    vtype: str
    data: dict[str, str]
    error: type[Exception] | None = None
    message: str = ""
    nsxt: dict[str, Any] | None = None


def nodes(*networks: dict[str, Any]) -> dict[str, str]:
    return {"nodeNetworkList": json.dumps(networks)}


def vips(**network: str) -> dict[str, str]:
    return {"vipNetworkList": json.dumps([network])}


def killed(vtype: str, data: dict[str, str], message: str, nsxt: Any = None) -> Case:
    return Case(vtype, data, boot.KilledError, message, nsxt)


def disabled(vtype: str, data: dict[str, str], message: str) -> Case:
    return Case(vtype, data, boot.SyncDisabledError, message)


CASES = {
    "overlay without a tier-1": killed("CLOUD_NSXT", {}, "nsxtT1LR is missing", OVERLAY),
    "overlay with a tier-1": Case("CLOUD_NSXT", TIER1, nsxt=OVERLAY),
    "VLAN with a tier-1": killed("CLOUD_NSXT", TIER1, "nsxtT1LR is given.*VLANs", VLAN),
    "VLAN without a tier-1": Case("CLOUD_NSXT", {}, nsxt=VLAN),
    "vCenter with a tier-1": killed("CLOUD_VCENTER", TIER1, "nsxtT1LR is given.*CLOUD_VCENTER"),
    "no access with a tier-1": killed("CLOUD_NONE", TIER1, "nsxtT1LR is given.*CLOUD_NONE"),
    "VPC mode on vCenter": killed("CLOUD_VCENTER", {"vpcMode": "true"}, "vpcMode"),
    "VPC mode on NSX-T": Case("CLOUD_NSXT", {**TIER1, "vpcMode": "true"}, nsxt=OVERLAY),
    "node networks": Case(
        "CLOUD_VCENTER", nodes({"networkName": "vips", "cidrs": ["10.1.0.0/24", "2001:db8::/64"]})
    ),
    "second node network": killed(
        "CLOUD_VCENTER",
        nodes({"networkName": "vips"}, {"networkName": "typo"}),
        "node network typo is not there",
    ),
    "node network by UUID": killed(
        "CLOUD_VCENTER",
        nodes({"networkName": "vips", "networkUUID": "network-typo"}),
        "node network network-typo is not there",
    ),
    "node network on VLANs": killed(
        "CLOUD_NSXT", nodes({"networkName": "typo"}), "node network typo", VLAN
    ),
    "node network's CIDR": killed(
        "CLOUD_VCENTER", nodes({"networkName": "vips", "cidrs": ["10.1.0.0"]}), "10.1.0.0 is no"
    ),
    "node network that is not read": Case("CLOUD_NONE", nodes({"networkName": "typo"})),
    "node network on an overlay": Case(
        "CLOUD_NSXT", {**TIER1, **nodes({"networkName": "typo"})}, nsxt=OVERLAY
    ),
    "VIP network": disabled("CLOUD_VCENTER", vips(networkName="typo"), "VIP network typo"),
    "VIP network by UUID": disabled(
        "CLOUD_VCENTER", vips(networkName="vips", networkUUID="network-typo"), "network-typo"
    ),
    "VIP network of another cloud": disabled(
        "CLOUD_VCENTER", vips(networkUUID="<other>"), "VIP network"
    ),
    "VRF": killed("CLOUD_VCENTER", {"vrfName": "typo"}, "VRF typo is not there"),
    "VRF of the network": Case(
        "CLOUD_VCENTER", {"vrfName": "blue", **vips(networkName="blue-vips")}
    ),
    "VRF without the network": disabled(
        "CLOUD_VCENTER", {"vrfName": "blue"}, "VIP network vips is not there"
    ),
    "VRF without the node network": killed(
        "CLOUD_VCENTER",
        {"vrfName": "blue", **vips(networkName="blue-vips"), **nodes({"networkName": "vips"})},
        "node network vips is not there",
    ),
}


def shape(admin: client.Client, case: Case) -> str:
    """Make Default-Cloud what the case says, with VRF blue; the UUID of another cloud's network."""
    furnish(admin)
    cloud = admin.get("cloud?name=Default-Cloud")["results"][0]
    nsxt = {"nsxt_configuration": case.nsxt} if case.nsxt else {}
    admin.put(f"cloud/{cloud['uuid']}", {**cloud, "vtype": case.vtype, **nsxt})
    blue = admin.post("vrfcontext", {"name": "blue", "cloud_ref": cloud["url"]})
    admin.post(
        "network",
        {"name": "blue-vips", "cloud_ref": cloud["url"], "vrf_context_ref": blue["url"]},
    )
    other = admin.post("cloud", {"name": "other", "vtype": "CLOUD_NONE"})
    return str(admin.post("network", {"name": "vips", "cloud_ref": other["url"]})["uuid"])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_what_stops_a_start_on_each_cloud(
    avisim: avisim_plugin.RunningAvi, case: Case
) -> None:
    other = shape(client.Client(avisim.controller, password=avisim.options.password), case)
    data = {"clusterName": CLUSTER, "serviceType": "NodePort", **vips(networkName="vips")}
    changes = {key: text.replace("<other>", other) for key, text in case.data.items()}
    settings = config.parse(data | changes, "avi-system")
    access = avi.Access(
        controller=f"127.0.0.1:{avisim.server.port}",
        username="admin",
        password=avisim.options.password,
        ca_pem=avisim.server.ca_pem,
    )
    session = avi.Avi(access, settings.tenant)
    try:
        if case.error is None:
            assert (await boot.validate(session, settings)).cloud_type == case.vtype
            return
        with pytest.raises(case.error, match=case.message):
            await boot.validate(session, settings)
    finally:
        await session.close()


@pytest.mark.parametrize(
    ("cidr", "readable"),
    [
        ("10.1.0.7/24", True),
        ("2001:db8::/64", True),
        ("10.1.0.0", False),
        ("10.1.0.0/255.255.255.0", False),
        ("10.1.0.0/33", False),
        ("10.1.0.0-10.1.0.9", False),
        ("", False),
    ],
)
def test_cidrs_as_go_reads_them(cidr: str, readable: bool) -> None:
    assert (cloudrules.unreadable(["10.0.0.0/8", cidr]) is None) is readable
