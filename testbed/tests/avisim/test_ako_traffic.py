"""Requests of AKO, in its order and forms: start-up, a LoadBalancer Service, a TLS host, the end.

The forms are those seen of AKO 2.2.1: doubled slashes after login, references by name, parameters
without a value, PUT of a whole VIP to take names from it.
"""

import typing
from collections.abc import Callable

import pytest
from akoo_testbed.avisim import client

PASSWORD = "Correct-horse-1"
MARKERS = [{"key": "clustername", "values": ["c1"]}]
OWN = {"created_by": "ako-c1", "tenant_ref": "/api/tenant/?name=admin", "markers": MARKERS}
CLOUD = {"cloud_ref": "/api/cloud?name=Default-Cloud"}
IP = {"addr": "10.70.0.0", "type": "V4"}
Json = dict[str, typing.Any]


def network(admin: client.Client) -> None:
    begin, end = {"addr": "10.70.0.12", "type": "V4"}, {"addr": "10.70.0.20", "type": "V4"}
    subnet = {
        "prefix": {"ip_addr": IP, "mask": 24},
        "static_ip_ranges": [{"range": {"begin": begin, "end": end}}],
    }
    made = admin.post("network", {"name": "vip-net", "configured_subnets": [subnet]})
    internal = {"usable_networks": [{"nw_ref": made["url"]}]}
    body = {"name": "ipam1", "type": "IPAMDNS_TYPE_INTERNAL", "internal_profile": internal}
    profile = admin.post("ipamdnsproviderprofile", body)
    cloud = admin.get("cloud?name=Default-Cloud")["results"][0]
    admin.put(f"cloud/{cloud['uuid']}", {**cloud, "ipam_provider_ref": profile["url"]})


@pytest.fixture(params=["22.1.7", "30.2.2", "31.2.2"])
def ako(make: Callable[..., client.Client], request: pytest.FixtureRequest) -> client.Client:
    admin = make(profile=request.param, strict=True)
    network(admin)
    admin.version = min(request.param, "30.2.1")
    return admin


def vip(name: str, *names: str) -> Json:
    pinned = {"network_ref": "/api/network/?name=vip-net"}
    return {
        "name": name,
        **CLOUD,
        "tenant_ref": "/api/tenant/?name=admin",
        "vrf_context_ref": "/api/vrfcontext?name=global",
        "vip": [{"vip_id": "0", "auto_allocate_ip": True, "ipam_network_subnet": pinned}],
        "dns_info": [{"fqdn": each} for each in names],
        "vsvip_cloud_config_cksum": "17",
        "markers": MARKERS,
    }


def service(ako: client.Client) -> dict[str, Json]:
    """Objects of a LoadBalancer Service, by kind."""
    name = "c1--default-lb"
    pool = f"{name}-TCP-80"
    made = {"vsvip": ako.post("//api/vsvip", vip(name))}
    server = {"ip": {"addr": "10.1.0.4", "type": "V4"}, "port": 8080}
    body = {"name": pool, **OWN, **CLOUD, "servers": [server], "service_metadata": "{}"}
    made["pool"] = ako.post("//api/pool/", body)
    select = {"action_type": "L4_RULE_ACTION_SELECT_POOL", "pool_ref": f"/api/pool?name={pool}"}
    port = {"match_criteria": "IS_IN", "ports": [80]}
    rule = {
        "name": f"/api/pool?name={pool}",
        "index": 1,
        "match": {"port": port, "protocol": {"match": "IS_IN", "protocol": "PROTOCOL_TCP"}},
        "action": {"select_pool": select},
    }
    policy = {"name": name, **OWN, "l4_connection_policy": {"rules": [rule]}}
    made["l4policyset"] = ako.post("//api/l4policyset/", policy)
    made["virtualservice"] = ako.post(
        "//api/virtualservice/",
        {
            "name": name,
            **OWN,
            **CLOUD,
            "vsvip_ref": f"/api/vsvip/?name={name}",
            "network_profile_ref": "/api/networkprofile/?name=System-TCP-Proxy",
            "application_profile_ref": "/api/applicationprofile/?name=System-L4-Application",
            "se_group_ref": "/api/serviceenginegroup?name=Default-Group",
            "error_page_profile_ref": "",
            "services": [{"port": 80}],
            "l4_policies": [{"index": 0, "l4_policy_set_ref": f"/api/l4policyset/?name={name}"}],
            "cloud_config_cksum": "42",
        },
    )
    return made


def test_start(ako: client.Client) -> None:
    sessions = [ako.as_user("admin", PASSWORD) for _ in range(9)]
    assert [each.login().status for each in sessions] == [200] * 9
    assert ako.get("//api/initial-data")["version"]["Version"]
    assert ako.get("//api/cluster/runtime")["cluster_state"]["state"] == "CLUSTER_UP_HA_ACTIVE"
    assert ako.get("//api/systemconfiguration")["default_license_tier"]
    assert ako.names("//api/tenant/?include_name=&name=admin") == ["admin"]
    cloud = ako.get("//api/cloud/?include_name=&name=Default-Cloud")["results"][0]
    assert cloud["ipam_provider_ref"].endswith("#ipam1")
    names = ako.names("//api/network/?cloud_ref.name=Default-Cloud&include_name=true&name=vip-net")
    assert names == ["vip-net"]
    owned = "created_by=ako-c1&include_name=true&page_size=100"
    everywhere = {"x_avi_tenant": "*"}
    for kind in ("pkiprofile", "sslkeyandcertificate", "httppolicyset", "l4policyset"):
        assert ako.names(f"//api/{kind}/?{owned}", **everywhere) == []
    for kind in ("pool", "poolgroup", "virtualservice"):
        query = f"cloud_ref.name=Default-Cloud&{owned}"
        assert ako.names(f"//api/{kind}/?{query}", **everywhere) == []
    query = "name.contains=c1--&page_size=100"
    assert ako.names(f"//api/vsvip/?cloud_ref.name=Default-Cloud&{query}", **everywhere) == []
    assert ako.names(f"//api/applicationpersistenceprofile/?{query}", **everywhere) == []
    query = "label_key=created_by&label_value=ako-c1&page_size=100"
    assert ako.names(f"//api/stringgroup?{query}", **everywhere) == []
    assert ako.names("//api/ipamdnsproviderprofile/?include_name=&name=ipam1") == ["ipam1"]
    domains = f"//api/ipamdnsproviderprofiledomainlist?cloud_uuid={cloud['uuid']}"
    assert ako.get(domains) == {"domains": []}
    assert ako.get("//api/cluster")["uuid"]


def test_a_loadbalancer_service(ako: client.Client) -> None:
    before = ako.controller.snapshot()
    made = service(ako)
    assert made["vsvip"]["vip"][0]["ip_address"]["addr"] == "10.70.0.12"
    assert made["vsvip"]["vsvip_cloud_config_cksum"] == "17"
    assert made["virtualservice"]["vsvip_ref"] == made["vsvip"]["url"]
    assert made["virtualservice"]["cloud_config_cksum"] == "42"
    assert "error_page_profile_ref" not in made["virtualservice"]
    rule = made["l4policyset"]["l4_connection_policy"]["rules"][0]
    assert rule["action"]["select_pool"]["pool_ref"] == made["pool"]["url"]
    query = "created_by=ako-c1&cloud_ref.name=Default-Cloud&include_name=true"
    assert ako.names(f"//api/virtualservice/?{query}", x_avi_tenant="*") == ["c1--default-lb"]
    for kind in ("virtualservice", "vsvip", "l4policyset", "pool"):
        ako.delete(f"//api/{kind}/{made[kind]['uuid']}")
    assert not ako.controller.diff(before)


@pytest.mark.parametrize(
    ("protocol", "profile"),
    [("TCP", "TCP-Proxy"), ("UDP", "UDP-Fast-Path"), ("SCTP", "SCTP-Proxy")],
)
def test_every_protocol_of_a_service_has_its_profiles(
    ako: client.Client, protocol: str, profile: str
) -> None:
    monitor = f"/api/healthmonitor/?name=System-{protocol}"
    pool = ako.post("//api/pool", {"name": "p", **OWN, **CLOUD, "health_monitor_refs": [monitor]})
    there = ako.get(f"//{monitor}&include_name")["results"][0]
    assert there["type"] == f"HEALTH_MONITOR_{protocol}"
    assert pool["health_monitor_refs"] == [there["url"]]
    assert ako.names(f"//api/networkprofile?name=System-{profile}") == [f"System-{profile}"]


def test_a_host_that_is_passed_through(ako: client.Client) -> None:
    name = "c1--Shared-Passthrough-0"
    group = ako.post("//api/poolgroup", {"name": "c1--shop.example", **OWN, **CLOUD})
    script = {"evt": "VS_DATASCRIPT_EVT_L4_REQUEST", "script": 'require "Default-TLS"'}
    body = {
        "name": name,
        **OWN,
        "datascript": [script],
        "pool_group_refs": ["/api/poolgroup/?name=c1--shop.example"],
        "protocol_parser_refs": ["/api/protocolparser/?name=Default-TLS"],
    }
    made = ako.post("//api/vsdatascriptset", body)
    assert made["pool_group_refs"] == [group["url"]]
    parser = made["protocol_parser_refs"][0]
    assert parser.endswith("#Default-TLS")
    assert "/api/protocolparser/protocolparser-" in parser


def test_a_tls_host_and_the_vip_that_stays(ako: client.Client) -> None:
    parent = "c1--Shared-L7-0"
    shared = ako.post("//api/vsvip", vip(parent, "shop.example"))
    reference = {"vsvip_ref": f"/api/vsvip/?name={parent}"}
    above = {"name": parent, **OWN, **CLOUD, **reference, "type": "VS_TYPE_VH_PARENT"}
    above = ako.post("//api/virtualservice/", {**above, "services": [{"port": 443}]})
    name = "c1--shop.example"
    made = [
        ("sslkeyandcertificate", {"name": name, **OWN, "certificate": {}, "key": "k"}),
        ("pool", {"name": f"{name}_-web", **OWN, **CLOUD}),
        (
            "poolgroup",
            {
                "name": name,
                **OWN,
                **CLOUD,
                "members": [{"pool_ref": f"/api/pool?name={name}_-web"}],
            },
        ),
    ]
    uuids = [(kind, ako.post(f"//api/{kind}", body)["uuid"]) for kind, body in made]
    action = {"action": "HTTP_SWITCHING_SELECT_POOLGROUP"}
    action["pool_group_ref"] = f"/api/poolgroup/?name={name}"
    path = {"match_criteria": "BEGINS_WITH", "match_str": ["/"], "match_case": "SENSITIVE"}
    rule = {"name": name, "index": 0, "enable": True, "match": {"path": path}}
    rules = {"rules": [{**rule, "switching_action": action}]}
    policy = {"name": name, **OWN, "http_request_policy": rules}
    uuids.append(("httppolicyset", ako.post("//api/httppolicyset", policy)["uuid"]))
    child = {
        "name": name,
        **OWN,
        **CLOUD,
        "type": "VS_TYPE_VH_CHILD",
        "vh_parent_vs_ref": f"/api/virtualservice/?name={parent}",
        "vh_domain_name": ["shop.example"],
        "ssl_key_and_certificate_refs": [f"/api/sslkeyandcertificate?name={name}"],
        "http_policies": [{"index": 11, "http_policy_set_ref": f"/api/httppolicyset/?name={name}"}],
    }
    uuids.append(("virtualservice", ako.post("//api/virtualservice", child)["uuid"]))
    assert ako.refused("DELETE", f"virtualservice/{above['uuid']}")[0] == 403
    for kind, uuid in reversed(uuids):
        ako.delete(f"//api/{kind}/{uuid}")
    ako.delete(f"//api/virtualservice/{above['uuid']}")
    left = ako.put(f"//api/vsvip/{shared['uuid']}", {**vip(parent), "dns_info": []})
    assert left["vip"][0]["ip_address"] == shared["vip"][0]["ip_address"]
    assert ako.names("vsvip?name.contains=c1--") == [parent]
    assert ako.get("vsvip?created_by=ako-c1")["count"] == 0


def test_routes_and_group_labels(ako: client.Client) -> None:
    group = ako.get("serviceenginegroup?include_name&name=Default-Group")["results"][0]
    assert "labels" not in group
    label = {"key": "clustername", "value": "c1"}
    changed = ako.put(f"serviceenginegroup/{group['uuid']}", {**group, "labels": [label]})
    assert changed["labels"] == [label]
    vrf = ako.get("vrfcontext?name=global&include_name=true")["results"][0]
    route = {
        "route_id": "c1-1",
        "prefix": {"ip_addr": {"addr": "10.244.0.0", "type": "V4"}, "mask": 24},
        "next_hop": {"addr": "10.0.0.5", "type": "V4"},
        "labels": [label],
    }
    assert ako.put(f"vrfcontext/{vrf['uuid']}", {**vrf, "static_routes": [route]})
    assert ako.refused("PUT", f"vrfcontext/{vrf['uuid']}", {**vrf, "static_routes": []})[0] == 412
