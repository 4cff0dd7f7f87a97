"""Addresses: ranges that make sense, allocation, and runtimes that tell the truth about it."""

import ipaddress
import typing
from collections.abc import Callable

import pytest
from akoo_testbed.avisim import Controller, client
from akoo_testbed.avisim.objects import addresses
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, typing.Any]
Make = Callable[..., client.Client]


def ip(text: str) -> Json:
    return {"addr": text, "type": "V6" if ":" in text else "V4"}


def subnet(prefix: str, *ranges: str, use: str = "STATIC_IPS_FOR_VIP_AND_SE") -> Json:
    """`subnet("10.0.0.0/24", "10.0.0.10-10.0.0.12")`."""
    address, _, mask = prefix.partition("/")
    entries = []
    for each in ranges:
        begin, _, end = each.partition("-")
        entries.append({"range": {"begin": ip(begin), "end": ip(end or begin)}, "type": use})
    prefix_ = {"ip_addr": ip(address), "mask": int(mask)}
    return {"prefix": prefix_, "static_ip_ranges": entries}


def provide(admin: client.Client, **networks: list[Json]) -> dict[str, str]:
    """Networks by name with these subnets, all usable in Default-Cloud; their uuids."""
    uuids = {}
    for name, subnets in networks.items():
        body = {"name": name, "configured_subnets": subnets}
        uuids[name] = admin.post("network", body)["uuid"]
    usable = [{"nw_ref": uuid} for uuid in uuids.values()]
    profile = admin.post(
        "ipamdnsproviderprofile",
        {
            "name": "ipam",
            "type": "IPAMDNS_TYPE_INTERNAL",
            "internal_profile": {"usable_networks": usable},
        },
    )
    cloud = admin.get("cloud?name=Default-Cloud")["results"][0]
    admin.put(f"cloud/{cloud['uuid']}", {**cloud, "ipam_provider_ref": profile["url"]})
    return uuids


def vip(name: str, **more: object) -> Json:
    return {"name": name, "vip": [{"auto_allocate_ip": True, **more}]}


def address(vsvip: Json) -> str:
    return str(vsvip["vip"][0]["ip_address"]["addr"])


def test_addresses_are_given_kept_and_freed(admin: client.Client) -> None:
    uuids = provide(admin, a=[subnet("10.0.0.0/24", "10.0.0.10-10.0.0.12")])
    made = [admin.post("vsvip", vip(f"v{n}")) for n in range(3)]
    assert [address(each) for each in made] == ["10.0.0.10", "10.0.0.11", "10.0.0.12"]
    discovered = made[0]["vip"][0]["discovered_networks"][0]
    assert discovered["network_ref"].endswith(f"{uuids['a']}#a")
    assert discovered["subnet"] == [{"ip_addr": ip("10.0.0.0"), "mask": 24}]
    status, text = admin.refused("POST", "vsvip", vip("v3"))
    assert (status, "No available free IPs" in text) == (400, True)
    assert admin.names("vsvip?name=v3") == []
    changed = admin.put(f"vsvip/{made[1]['uuid']}", {**vip("v1"), "dns_info": [{"fqdn": "x"}]})
    assert address(changed) == "10.0.0.11"
    admin.delete(f"vsvip/{made[1]['uuid']}")
    assert address(admin.post("vsvip", vip("v3"))) == "10.0.0.11"


def test_runtimes_tell_who_has_what(admin: client.Client) -> None:
    uuids = provide(admin, a=[subnet("10.0.0.0/24", "10.0.0.10-10.0.0.12", "10.0.0.20")])
    made = admin.post("vsvip", vip("v"))
    for path in (f"networkruntime/{uuids['a']}", "networkruntime?name=a"):
        runtime = admin.get(path)
        runtime = runtime["results"][0] if "results" in runtime else runtime
        assert (runtime["uuid"], runtime["name"]) == (uuids["a"], "a")
        assert runtime["obj_uuids"] == [made["uuid"]]
        first, second = runtime["subnet_runtime"][0]["ip_range_runtimes"]
        assert first["allocated_ips"] == [
            {"ip": ip("10.0.0.10"), "obj_uuid": made["uuid"], "obj_info": "v"}
        ]
        assert (first["total_ip_count"], first["free_ip_count"]) == (3, 2)
        assert (second["total_ip_count"], second["free_ip_count"]) == (1, 1)
    inventory = admin.get("network-inventory?cloud_ref.name=Default-Cloud")["results"][0]
    assert inventory["runtime"]["obj_uuids"] == [made["uuid"]]
    assert inventory["config"]["name"] == "a"
    assert "discovery" not in inventory
    joined = admin.get("network?name=a&join_subresources=runtime")["results"][0]
    assert joined["runtime"]["obj_uuids"] == [made["uuid"]]
    assert admin.get(f"network/{uuids['a']}/runtime") == runtime
    assert admin.refused("POST", "networkruntime", {})[0] == 405


def test_a_full_network_gives_way_to_the_next(admin: client.Client) -> None:
    provide(admin, a=[subnet("10.0.0.0/24", "10.0.0.1")], b=[subnet("10.1.0.0/24", "10.1.0.1")])
    assert address(admin.post("vsvip", vip("v0"))) == "10.0.0.1"
    assert address(admin.post("vsvip", vip("v1"))) == "10.1.0.1"


def test_a_vip_may_insist_on_a_network_and_subnet(admin: client.Client) -> None:
    subnets = [subnet("10.1.0.0/24", "10.1.0.1"), subnet("10.2.0.0/24", "10.2.0.1-10.2.0.2")]
    provide(admin, a=[subnet("10.0.0.0/24", "10.0.0.1")], b=subnets)
    pinned: Json = {"network_ref": "/api/network/?name=b"}
    assert address(admin.post("vsvip", vip("v0", ipam_network_subnet=pinned))) == "10.1.0.1"
    pinned["subnet"] = {"ip_addr": ip("10.2.0.0"), "mask": 24}
    for name, expected in (("v1", "10.2.0.1"), ("v2", "10.2.0.2")):
        assert address(admin.post("vsvip", vip(name, ipam_network_subnet=pinned))) == expected
    refused = admin.refused("POST", "vsvip", vip("v3", ipam_network_subnet=pinned))
    assert "No available free IPs in b" in refused[1]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("V4_ONLY", {"ip_address": "10.0.0.1"}),
        ("V6_ONLY", {"ip6_address": "fd00::1"}),
        ("V4_V6", {"ip_address": "10.0.0.1", "ip6_address": "fd00::1"}),
    ],
)
def test_families(admin: client.Client, kind: str, fields: dict[str, str]) -> None:
    provide(admin, a=[subnet("fd00::/64", "fd00::1-fd00::2"), subnet("10.0.0.0/24", "10.0.0.1")])
    made = admin.post("vsvip", vip("v", auto_allocate_ip_type=kind))["vip"][0]
    addresses_ = {
        name: made[name]["addr"] for name in ("ip_address", "ip6_address") if name in made
    }
    assert addresses_ == fields


def test_preferred_addresses(admin: client.Client) -> None:
    provide(admin, a=[subnet("10.0.0.0/24", "10.0.0.1-10.0.0.9")])
    made = admin.post("vsvip", vip("v", ip_address=ip("10.0.0.5")))
    assert address(made) == "10.0.0.5"
    assert admin.refused("POST", "vsvip", vip("w", ip_address=ip("10.0.0.5")))[0] == 400
    assert admin.refused("POST", "vsvip", vip("w", ip_address=ip("10.9.0.5")))[0] == 400
    target = f"vsvip/{made['uuid']}"
    assert (
        "please recreate the VIP"
        in admin.refused("PUT", target, vip("v", ip_address=ip("10.0.0.6")))[1]
    )
    assert "vip_id is not supported" in admin.refused("PUT", target, vip("v", vip_id="7"))[1]
    assert address(admin.put(target, vip("v", ip_address=ip("10.0.0.5")))) == "10.0.0.5"
    admin.patch(target, {"replace": {"dns_info": [{"fqdn": "x"}]}})
    assert address(admin.get(target)) == "10.0.0.5"


def test_ranges_for_engines_are_not_for_vips(admin: client.Client) -> None:
    provide(admin, a=[subnet("10.0.0.0/24", "10.0.0.1", use="STATIC_IPS_FOR_SE")])
    assert "No available free IPs" in admin.refused("POST", "vsvip", vip("v"))[1]


def test_labels_of_usable_networks(admin: client.Client) -> None:
    uuids = provide(
        admin, a=[subnet("10.0.0.0/24", "10.0.0.1")], b=[subnet("10.1.0.0/24", "10.1.0.1")]
    )
    profile = admin.get("ipamdnsproviderprofile")["results"][0]
    label = {"key": "zone", "value": "b"}
    profile["internal_profile"]["usable_networks"][1]["labels"] = [label]
    admin.put(f"ipamdnsproviderprofile/{profile['uuid']}", profile)
    selector = {"type": "SELECTOR_IPAM", "labels": [label]}
    made = admin.post("vsvip", {**vip("v"), "ipam_selector": selector})
    assert made["vip"][0]["discovered_networks"][0]["network_ref"].endswith(f"{uuids['b']}#b")


def test_a_vrf_may_limit_allocation(admin: client.Client) -> None:
    provide(admin, a=[subnet("10.0.0.0/24", "10.0.0.1")])
    profile = admin.get("ipamdnsproviderprofile")["results"][0]
    body = {**profile, "allocate_ip_in_vrf": True}
    admin.put(f"ipamdnsproviderprofile/{profile['uuid']}", body)
    other = {**vip("v"), "vrf_context_ref": "/api/vrfcontext?name=management"}
    assert "No available free IPs" in admin.refused("POST", "vsvip", other)[1]
    assert address(admin.post("vsvip", vip("v"))) == "10.0.0.1"


def test_without_ipam_nothing_is_allocated(admin: client.Client) -> None:
    assert "no IPAM provider" in admin.refused("POST", "vsvip", vip("v"))[1]
    assert "ip_address" not in admin.post("vsvip", {"name": "v", "vip": [{}]})["vip"][0]


def test_ranges_in_use_stay(admin: client.Client) -> None:
    uuids = provide(admin, a=[subnet("10.0.0.0/24", "10.0.0.1-10.0.0.9")])
    made = admin.post("vsvip", vip("v"))
    target = f"network/{uuids['a']}"
    body: Json = {"name": "a", "configured_subnets": [subnet("10.0.0.0/24", "10.0.0.2-10.0.0.9")]}
    status, text = admin.refused("PUT", target, body)
    assert (status, "10.0.0.1 is in use by VsVip v" in text) == (400, True)
    assert admin.refused("PATCH", target, {"delete": {"configured_subnets": ""}})[0] == 400
    assert admin.refused("DELETE", target)[0] == 403
    body["configured_subnets"] = [subnet("10.0.0.0/24", "10.0.0.1-10.0.0.3")]
    admin.put(target, body)
    admin.delete(f"vsvip/{made['uuid']}")
    admin.put(target, {"name": "a"})


@pytest.mark.parametrize(
    ("subnets", "text"),
    [
        ([subnet("10.0.0.0/24", "10.0.0.9-10.0.0.1")], "ends before it begins"),
        ([subnet("10.0.0.0/24", "10.0.1.1")], "is not in subnet 10.0.0.0/24"),
        ([subnet("10.0.0.0/24", "10.0.0.1-10.0.0.5", "10.0.0.5-10.0.0.9")], "overlaps"),
        ([subnet("10.0.0.0/24", "10.0.0.5-10.0.0.6", "10.0.0.1-10.0.0.9")], "overlaps"),
        ([subnet("10.0.0.0/24", "fd00::1")], "not of the family"),
        ([subnet("10.0.0.0/24"), subnet("10.0.0.5/24")], "is there twice"),
        ([subnet("10.0.0.0/99")], "99"),
        ([subnet("nonsense/24")], "nonsense"),
    ],
)
def test_ranges_that_make_no_sense(admin: client.Client, subnets: list[Json], text: str) -> None:
    status, error = admin.refused("POST", "network", {"name": "n", "configured_subnets": subnets})
    assert (status, text in error) == (400, True)


def test_old_ranges_went_with_22_1(admin: client.Client) -> None:
    body = subnet("10.0.0.0/24", "10.0.0.1")
    body["static_ranges"] = [{"begin": ip("10.0.0.2"), "end": ip("10.0.0.3")}]
    made = admin.post("network", {"name": "n", "configured_subnets": [body]})
    assert "static_ranges" not in made["configured_subnets"][0]


numbers = st.integers(min_value=1, max_value=250)


@given(st.lists(st.tuples(numbers, numbers), max_size=6))
def test_what_is_accepted_never_overlaps(pairs: list[tuple[int, int]]) -> None:
    ranges = [f"10.0.0.{begin}-10.0.0.{end}" for begin, end in pairs]
    covered = [n for begin, end in pairs for n in range(begin, end + 1)]
    sane = all(b <= e for b, e in pairs) and len(covered) == len(set(covered))
    try:
        addresses.check([subnet("10.0.0.0/24", *ranges)])
    except addresses.MalformedError:
        assert not sane
    else:
        assert sane


@given(st.lists(st.booleans(), max_size=12), st.integers(min_value=1, max_value=4))
def test_an_address_is_never_given_twice(steps: list[bool], size: int) -> None:
    admin = _controller()
    provide(admin, a=[subnet("10.0.0.0/24", f"10.0.0.1-10.0.0.{size}")])
    held: dict[str, str] = {}
    for number, take in enumerate(steps):
        if take:
            response = admin.call("POST", "vsvip", vip(f"v{number}"))
            assert (response.status == 201) == (len(held) < size)
            if response.status == 201:
                free = {f"10.0.0.{n}" for n in range(1, size + 1)} - set(held.values())
                lowest = min(free, key=ipaddress.ip_address)
                assert address(response.json) == lowest
                held[response.json["uuid"]] = lowest
        elif held:
            uuid = next(iter(held))
            admin.delete(f"vsvip/{uuid}")
            del held[uuid]
        runtime = admin.get("networkruntime?name=a")["results"][0]["subnet_runtime"][0]
        allocated = runtime["ip_range_runtimes"][0]["allocated_ips"]
        assert {e["obj_uuid"]: e["ip"]["addr"] for e in allocated} == held


def _controller() -> client.Client:
    return client.Client(Controller(password="Correct-horse-1"), password="Correct-horse-1")


@pytest.mark.parametrize(
    ("use", "refused"), [("STATIC_IPS_FOR_SE", False), ("STATIC_IPS_FOR_VIP", True)]
)
def test_service_engines_hold_addresses(admin: client.Client, use: str, refused: bool) -> None:
    uuids = provide(
        admin, a=[subnet("10.0.0.0/24", "10.0.0.10-10.0.0.12", use="STATIC_IPS_FOR_SE")]
    )
    static = {"mode": "STATIC", "ip": {"ip_addr": ip("10.0.0.11"), "mask": 24}}
    leased = {"mode": "DHCP", "ip": {"ip_addr": ip("10.0.0.77"), "mask": 24}}
    vnic = {"if_name": "eth1", "network_ref": uuids["a"], "vnic_networks": [static, leased]}
    engine = admin.post("serviceengine", {"name": "se-1", "data_vnics": [vnic]})
    runtime = admin.get(f"networkruntime/{uuids['a']}")
    held = runtime["subnet_runtime"][0]["ip_range_runtimes"][0]
    assert [each["obj_uuid"] for each in held["allocated_ips"]] == [engine["uuid"]]
    assert (held["total_ip_count"], held["free_ip_count"]) == (3, 2)
    network = admin.get(f"network/{uuids['a']}")
    network["configured_subnets"] = [subnet("10.0.0.0/24", "10.0.0.11", use=use)]
    answer = admin.call("PUT", f"network/{uuids['a']}", network)
    assert (answer.status == 400) is refused
    assert ("10.0.0.11 is in use by ServiceEngine se-1" in answer.body.decode()) is refused
