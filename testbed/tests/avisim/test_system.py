"""System endpoints, and states of the whole controller."""

from collections.abc import Callable

import pytest
from akoo_testbed.avisim import client, values

Make = Callable[..., client.Client]


def anonymous(admin: client.Client, path: str) -> values.Response:
    return admin.controller.handle(values.Request(method="GET", target=path))


def test_what_needs_no_login(admin: client.Client) -> None:
    assert anonymous(admin, "//api/initial-data").json["version"]["Version"] == "30.2.2"
    assert anonymous(admin, "//api/cluster/status").status == 200
    assert anonymous(admin, "/api/cluster").status == 401
    assert anonymous(admin, "/login").status == 405


@pytest.mark.parametrize("profile", ["22.1.3", "22.1.7", "30.2.2", "31.2.2", "32.1.4"])
def test_versions(make: Make, profile: str) -> None:
    admin = make(profile=profile)
    assert admin.get("cluster/version")["Version"] == profile
    assert admin.get("systemconfiguration")["default_license_tier"] == "ENTERPRISE"
    assert ("tenantsystemconfiguration" in admin.controller.state.kinds.kinds) is True
    expected = 404 if profile.startswith("22.") else 200
    assert admin.call("GET", "tenantsystemconfiguration").status == expected


def test_the_cluster(admin: client.Client) -> None:
    cluster = admin.get("cluster")
    assert {"uuid", "name", "nodes"} <= set(cluster)
    runtime = admin.get("cluster/runtime")
    assert runtime["cluster_state"]["state"] == "CLUSTER_UP_HA_ACTIVE"
    roles = [node["role"] for node in runtime["node_states"]]
    assert roles == ["CLUSTER_LEADER", "CLUSTER_FOLLOWER", "CLUSTER_FOLLOWER"]
    assert runtime["node_info"]["cluster_uuid"] == cluster["uuid"]
    assert admin.get("cluster/runtime") == runtime


def test_the_leader_changes(admin: client.Client) -> None:
    before = admin.get("cluster/runtime")
    admin.controller.change_leader()
    assert admin.refused("GET", "pool")[0] == 401
    admin.login()
    after = admin.get("cluster/runtime")
    leaders = [
        next(n["name"] for n in each["node_states"] if n["role"] == "CLUSTER_LEADER")
        for each in (before, after)
    ]
    assert leaders == ["node1", "node2"]


def test_while_an_upgrade_runs_only_reading_goes(admin: client.Client) -> None:
    uuid = admin.post("pool", {"name": "p"})["uuid"]
    admin.controller.set_upgrading(True)
    for method, target in (("POST", "pool"), ("PUT", f"pool/{uuid}"), ("DELETE", f"pool/{uuid}")):
        status, text = admin.refused(method, target, {"name": "p"})
        assert (status, "Configuration is disallowed during upgrade" in text) == (403, True)
    assert admin.names("pool") == ["p"]
    admin.controller.set_upgrading(False)
    admin.delete(f"pool/{uuid}")


def test_licences_and_domains(admin: client.Client) -> None:
    for path in ("licensing", "licensing/status", "licensing/ledger/details"):
        assert admin.get(path)["uuid"] == "default"
    domains = [{"domain_name": "a.example"}, {"domain_name": "b.example"}]
    internal = {"dns_service_domain": domains}
    body = {"name": "dns", "type": "IPAMDNS_TYPE_INTERNAL_DNS", "internal_profile": internal}
    profile = admin.post("ipamdnsproviderprofile", body)
    cloud = admin.get("cloud?name=Default-Cloud")["results"][0]
    path = f"ipamdnsproviderprofiledomainlist?cloud_uuid={cloud['uuid']}"
    assert admin.get(path) == {"domains": []}
    admin.patch(f"cloud/{cloud['uuid']}", {"add": {"dns_provider_ref": profile["url"]}})
    assert admin.get(path) == {"domains": ["a.example", "b.example"]}


def test_inventories(admin: client.Client) -> None:
    uuid = admin.post("virtualservice", {"name": "v"})["uuid"]
    inventory = admin.get("virtualservice-inventory?name=v")["results"][0]
    assert inventory["runtime"] == {"oper_status": {"state": "OPER_UP"}}
    admin.controller.state.oper_states["virtualservice", uuid] = "OPER_DOWN"
    assert admin.get(f"virtualservice/{uuid}/runtime") == {"oper_status": {"state": "OPER_DOWN"}}
    assert admin.get("cloud-inventory")["results"][0]["config"]["name"] == "Default-Cloud"


def test_hidden_kinds_of_newer_releases(make: Make) -> None:
    admin = make(profile="22.1.7")
    assert admin.names("network-inventory") == []
    assert admin.call("GET", "vimgrvcenterruntime").status == 404
