"""vCenter clouds: networks come and go with port groups."""

import typing

import pytest
from akoo_testbed.avisim import client
from akoo_testbed.avisim.objects import discovery

GROUPS = [
    discovery.PortGroup(moref="dvportgroup-1", name="web", subnets=("10.1.0.0/24",)),
    discovery.PortGroup(moref="dvportgroup-2", name="db", vlan=7),
]


@pytest.fixture
def cloud(admin: client.Client) -> str:
    body = {"name": "vc", "vtype": "CLOUD_VCENTER", "vcenter_configuration": {"username": "u"}}
    uuid = str(admin.post("cloud", body)["uuid"])
    admin.controller.discover("vc", GROUPS)
    return uuid


def network(admin: client.Client, name: str) -> dict[str, typing.Any]:
    networks = admin.get(f"network?name={name}&cloud_ref.name=vc")["results"]
    assert len(networks) == 1
    return dict(networks[0])


def test_one_network_for_each_port_group(admin: client.Client, cloud: str) -> None:
    web = network(admin, "web")
    assert web["uuid"] == f"dvportgroup-1-{cloud}"
    assert web["vimgrnw_ref"].endswith(f"/api/vimgrnwruntime/{web['uuid']}")
    assert (web["vcenter_dvs"], web["synced_from_se"]) == (True, True)
    assert not network(admin, "db")["synced_from_se"]
    assert web["vrf_context_ref"] in {
        each["url"] for each in admin.get("vrfcontext?cloud_ref.name=vc")["results"]
    }
    runtime = admin.get(f"vimgrnwruntime/{web['uuid']}")
    assert runtime["managed_object_id"] == "dvportgroup-1"
    assert runtime["ip_subnet"][0]["prefix"]["mask"] == 24
    assert admin.get("vimgrnwruntime?managed_object_id=dvportgroup-2")["results"][0]["vlan"] == 7
    inventory = admin.get(f"network-inventory/{web['uuid']}")
    assert inventory["discovery"]["managed_object_id"] == "dvportgroup-1"
    assert admin.refused("POST", "vimgrnwruntime", {"name": "x"})[0] == 405
    assert admin.refused("DELETE", f"vimgrnwruntime/{web['uuid']}")[0] == 405


def test_networks_go_and_are_renamed(admin: client.Client, cloud: str) -> None:
    db = network(admin, "db")
    subnets = [{"prefix": {"ip_addr": {"addr": "10.2.0.0", "type": "V4"}, "mask": 24}}]
    admin.put(f"network/{db['uuid']}", {**db, "configured_subnets": subnets})
    before = admin.controller.snapshot()
    admin.controller.discover("vc", GROUPS)
    assert not admin.controller.diff(before)
    renamed = discovery.PortGroup(moref="dvportgroup-2", name="store")
    admin.controller.discover("vc", [renamed])
    assert admin.names("network?cloud_ref.name=vc") == ["store"]
    assert network(admin, "store")["configured_subnets"] == subnets
    assert admin.names("vimgrnwruntime") == ["store"]


def test_a_post_makes_a_second_network_without_port_group(admin: client.Client, cloud: str) -> None:
    made = admin.post("network", {"name": "web", "cloud_ref": "/api/cloud?name=vc"})
    assert "vimgrnw_ref" not in made
    assert admin.names("network?cloud_ref.name=vc") == ["web", "db", "web"]
    assert admin.refused("POST", "network", {"name": "web", "cloud_ref": cloud})[0] == 409
    admin.delete(f"network/{made['uuid']}")


def test_names_repeat_but_morefs_do_not(admin: client.Client, cloud: str) -> None:
    other = discovery.PortGroup(moref="dvportgroup-9", name="web", datacenter="datacenter-9")
    admin.controller.discover("vc", [*GROUPS, other])
    assert admin.names("network?name=web&cloud_ref.name=vc") == ["web", "web"]


def test_a_network_in_use_stays(admin: client.Client, cloud: str) -> None:
    vip = {"ip_address": {"addr": "10.1.0.5", "type": "V4"}, "network_ref": "/api/network?name=web"}
    admin.post("vsvip", {"name": "v", "cloud_ref": cloud, "vip": [vip]})
    admin.controller.discover("vc", [])
    assert admin.names("network?cloud_ref.name=vc") == ["web"]


def test_discovered_networks_are_not_deleted(admin: client.Client, cloud: str) -> None:
    refused = admin.refused("DELETE", f"network/{network(admin, 'web')['uuid']}")
    assert "was discovered" in refused[1]
    kept = admin.put(f"network/{network(admin, 'web')['uuid']}", {"name": "web"})
    assert "vimgrnw_ref" in kept


def test_they_go_with_their_cloud(admin: client.Client, cloud: str) -> None:
    admin.delete(f"cloud/{cloud}")
    assert admin.names("network") == []
    assert admin.names("vimgrnwruntime") == []


def test_only_clouds_that_discover(admin: client.Client) -> None:
    vcenter = {"privilege": "NO_ACCESS"}
    body = {"name": "none", "vtype": "CLOUD_VCENTER", "vcenter_configuration": vcenter}
    admin.post("cloud", body)
    for name in ("none", "Default-Cloud", "missing"):
        with pytest.raises(ValueError, match="no vCenter cloud"):
            admin.controller.discover(name, GROUPS)
