"""The networks of a config in AKO's form: what the decoder takes, AKO's own parsing reads."""

from __future__ import annotations

import ipaddress
import pathlib
import re
from typing import Any

import hypothesis
import pytest
import yaml
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.objects import ako_networks

AKO_V4 = re.compile(
    r"(([01]?[0-9][0-9]?|2[0-4][0-9]|25[0-5])\.){3}([01]?[0-9][0-9]?|2[0-4][0-9]|25[0-5])"
    r"/([0-9]|[1-2][0-9]|3[0-2])"
)
"""The form of AKO's check of IPv4 prefixes, with the length that it goes on to read."""
TEXTS = (
    st.ip_addresses().map(str)
    | st.tuples(st.ip_addresses(), st.integers(0, 140)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    | st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)).map(
        lambda pair: "/".join(map(str, pair))
    )
    | st.text(st.sampled_from("0123456789abf:./% -"), max_size=24)
    | st.sampled_from(
        ["fe80::%eth0/64", "::ffff:10.0.0.0/104", "::/0", "10.0.0.0/024", "10.0.0.0/"]
    )
)
VIP = {"networkName": "a"}
CRD = pathlib.Path(__file__).parents[3] / "deploy/crds/akodeploymentconfigs.yaml"


def config(
    vip: list[Any] | None = None, nodes: list[Any] | None = None, tier1: str = "", **options: Any
) -> structs.JSON:
    extra = {"networksConfig": {"nsxtT1LR": tier1}, "ingress": {"nodeNetworkList": nodes}}
    section = {"vipNetworks": vip or [], **options}
    return {"spec": {"extraConfigs": extra, "plugins": {"ako": section}}}


def go_parses(text: str) -> tuple[str, int]:
    """AKO's way: what is before the slash, and the decimal number behind it."""
    address, length = text.split("/")[0], text.split("/")[1]
    return address, int(length, 10)


@hypothesis.given(TEXTS)
def test_what_is_taken_ako_can_read(text: str) -> None:
    try:
        prefix = ako_networks.prefix(text)
    except ValueError:
        return
    address, length = go_parses(prefix)
    network = ipaddress.ip_network(prefix)
    assert str(network.network_address) == address, "no host bits"
    assert network.prefixlen == length
    if network.version == 4:
        assert AKO_V4.fullmatch(prefix)
    else:
        assert 1 <= length <= 128
    assert ako_networks.prefix(prefix) == prefix
    assert ipaddress.ip_address(text.split("/")[0]) in network


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/255.255.255.0",
        "10.0.0.0/0.0.0.255",
        "10.0.0.0/33",
        "10.0.0.0-10.0.0.9",
        " 10.0.0.0/24",
        "10.0.0.0/24 ",
        "10.0.0.0/+24",
        "2001:db8::",
        "2001:db8::/129",
        "fe80::%eth0/64",
        "::ffff:10.0.0.0/104",
        "\uff11\uff10.0.0.0/8",
    ],
)
def test_what_ako_could_not_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        ako_networks.prefix(text)
    for document in (
        config([{**VIP, "cidr": text}]),
        config([{**VIP, "v6cidr": text}]),
        config(nodes=[{**VIP, "cidrs": ["10.0.0.0/24", text]}]),
    ):
        with pytest.raises(structs.DecodeError, match=re.escape(repr(text))):
            ako_networks.decode(document)


def test_values_are_handed_on_in_one_form() -> None:
    networks = ako_networks.decode(
        config(
            [{**VIP, "cidr": "10.0.0.9/24", "v6cidr": "2001:DB8:0::1/64"}],
            [{"cidrs": []}, {"networkName": "n", "cidrs": ["10.1.0.1/16", ""]}, {}],
            "/infra/tier-1s/t1",
            vrfName="blue",
        )
    )
    (vip,) = networks.vip_networks
    assert (vip.cidr, vip.v6cidr) == ("10.0.0.0/24", "2001:db8::/64")
    assert [node.cidrs for node in networks.node_networks] == [("10.1.0.0/16",)]
    assert (networks.tier1, networks.vrf_name) == ("/infra/tier-1s/t1", "blue")


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (config([{"cidr": "10.0.0.0/24"}]), "spec.plugins.ako.vipNetworks[0]"),
        (config([{**VIP, "cidr": "2001:db8::/64"}]), "spec.plugins.ako.vipNetworks[0].cidr"),
        (config([VIP, {**VIP, "v6cidr": "10.0.0.0/24"}]), "vipNetworks[1].v6cidr"),
        (config([{"networkname": "a"}]), "networkname"),
        (config([{"networkName": 5}]), "vipNetworks[0].networkName"),
        (config(nodes=[{"cidrs": ["10.0.0.0/24"]}]), "nodeNetworkList[0]"),
        (config(nodes=[VIP, VIP]), "nodeNetworkList[1]"),
        (config(nodes=[{"networkName": str(n)} for n in range(6)]), "nodeNetworkList"),
        (config(vrfName=5), "spec.plugins.ako.vrfName"),
        (config(vpcMode="yes"), "spec.plugins.ako.vpcMode"),
    ],
)
def test_a_mistake_is_told_with_its_path(document: structs.JSON, path: str) -> None:
    with pytest.raises(structs.DecodeError) as caught:
        ako_networks.decode(document)
    assert path in str(caught.value)


ROUTERS = {
    "/infra/tier-1s/t1": True,
    "/global-infra/tier-1s/t1": True,
    "/orgs/default/projects/p/infra/tier-1s/t1": True,
    "infra/tier-1s/t1": False,
    "t1": False,
    "/infra/tier-1s/": False,
    "/infra/tier-1s/t1/": False,
    "/infra/tier-1s/a b": False,
    "/infra/tier-1s/t1\n": False,
    "/infra/tier-0s/t0": False,
    "https://nsx/infra/tier-1s/t1": False,
}


@pytest.mark.parametrize("path", ROUTERS)
def test_a_tier1_router_is_a_path(path: str) -> None:
    if ROUTERS[path]:
        assert ako_networks.decode(config(tier1=path)).tier1 == path
    else:
        with pytest.raises(structs.DecodeError, match="nsxtT1LR"):
            ako_networks.decode(config(tier1=path))


def test_vpc_mode_has_paths_of_its_own() -> None:
    vpc = "/orgs/o/projects/p/vpcs/v"
    assert ako_networks.decode(config(tier1=vpc, vpcMode=True)).tier1 == vpc
    for path, mode in ((vpc, False), ("/infra/tier-1s/t1", True)):
        with pytest.raises(structs.DecodeError, match="nsxtT1LR"):
            ako_networks.decode(config(tier1=path, vpcMode=mode))


def test_the_definition_takes_the_same_paths() -> None:
    """Its pattern is for both modes: it takes what one of them takes, and the empty text."""
    (version,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    extra = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["extraConfigs"]
    field = extra["properties"]["networksConfig"]["properties"]["nsxtT1LR"]
    pattern = re.compile(field["pattern"].replace("$", r"\Z"))
    for path, taken in ROUTERS.items():
        assert bool(pattern.search(path)) is taken, path
    assert pattern.search("")
    assert pattern.search("/orgs/o/projects/p/vpcs/v")
