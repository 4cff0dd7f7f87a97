"""References: forms that clients write, forms that they read, and that none ever dangles."""

import pytest
from akoo_testbed.avisim import client


@pytest.mark.parametrize(
    "form",
    [
        "/api/healthmonitor?name=hm",
        "/api/healthmonitor/?name=hm",
        "/api/healthmonitor/{uuid}",
        "/api/healthmonitor/{uuid}#hm",
        "https://controller/api/healthmonitor/{uuid}",
        "https://other:8443/api/healthmonitor/{uuid}#hm",
        "https://controller/api/healthmonitor/?name=hm",
        "{uuid}",
    ],
)
def test_forms(admin: client.Client, form: str) -> None:
    uuid = admin.post("healthmonitor", {"name": "hm", "type": "HEALTH_MONITOR_TCP"})["uuid"]
    pool = admin.post("pool", {"name": "p", "health_monitor_refs": [form.format(uuid=uuid)]})
    shown = [f"https://controller/api/healthmonitor/{uuid}#hm"]
    assert pool["health_monitor_refs"] == shown
    plain = admin.get(f"pool/{pool['uuid']}")
    assert plain["health_monitor_refs"] == [f"https://controller/api/healthmonitor/{uuid}"]
    for flag in ("include_name", "include_name=", "include_name=true"):
        assert admin.get(f"pool/{pool['uuid']}?{flag}")["health_monitor_refs"] == shown
    assert admin.get("pool?name=p&include_name=")["results"][0]["health_monitor_refs"] == shown


def test_an_empty_reference_is_none(admin: client.Client) -> None:
    service = admin.post("virtualservice", {"name": "v", "error_page_profile_ref": ""})
    assert "error_page_profile_ref" not in service


def test_text_that_looks_like_a_reference_is_text(admin: client.Client) -> None:
    name = "/api/pool?name=nowhere"
    rule = {"name": name, "index": 1}
    policy = admin.post("l4policyset", {"name": "l4", "l4_connection_policy": {"rules": [rule]}})
    assert policy["l4_connection_policy"]["rules"][0]["name"] == name


@pytest.mark.parametrize(
    ("kind", "body", "status", "model"),
    [
        ("poolgroup", {"members": [{"pool_ref": "/api/pool?name=gone"}]}, 404, "Pool"),
        ("pool", {"vrf_ref": "/api/vrfcontext?name=gone"}, 400, "VrfContext"),
        ("vsvip", {"vip": [{"network_ref": "/api/network?name=gone"}]}, 400, "Network"),
        ("pool", {"health_monitor_refs": ["healthmonitor-0"]}, 400, "HealthMonitor"),
    ],
)
def test_missing_targets(
    admin: client.Client, kind: str, body: dict[str, object], status: int, model: str
) -> None:
    refused = admin.refused("POST", kind, {"name": "x", **body})
    assert refused == (status, f'{{"error": "{model} object not found!"}}')
    assert admin.names(f"{kind}?name=x") == []


def test_deep_references_hold_their_targets(admin: client.Client) -> None:
    pool = admin.post("pool", {"name": "p"})["uuid"]
    group = admin.post("stringgroup", {"name": "s", "type": "SG_TYPE_STRING"})["uuid"]
    rule = {
        "name": "r",
        "index": 1,
        "match": {"path": {"match_criteria": "CONTAINS", "string_group_refs": [group]}},
        "switching_action": {
            "action": "HTTP_SWITCHING_SELECT_POOL",
            "pool_ref": "/api/pool?name=p",
        },
    }
    policy = admin.post("httppolicyset", {"name": "h", "http_request_policy": {"rules": [rule]}})
    for target in (f"pool/{pool}", f"stringgroup/{group}"):
        refused = admin.refused("DELETE", target)
        assert refused == (
            403,
            """{"error": "Cannot delete, object is referred by: ['HTTPPolicySet h']"}""",
        )
    admin.delete(f"httppolicyset/{policy['uuid']}")
    admin.delete(f"pool/{pool}")
    admin.delete(f"stringgroup/{group}")


def test_all_referrers_are_named(admin: client.Client) -> None:
    pool = admin.post("pool", {"name": "a"})["uuid"]
    for name in ("g", "h"):
        admin.post("poolgroup", {"name": name, "members": [{"pool_ref": pool}]})
    _, text = admin.refused("DELETE", f"pool/{pool}")
    assert "['PoolGroup g', 'PoolGroup h']" in text


def test_a_cloud_that_is_used_is_refused_with_400(admin: client.Client) -> None:
    cloud = admin.post("cloud", {"name": "c", "vtype": "CLOUD_NONE"})["uuid"]
    admin.post("pool", {"name": "p", "cloud_ref": cloud})
    status, text = admin.refused("DELETE", f"cloud/{cloud}")
    assert (status, "['Pool p']" in text) == (400, True)
    admin.delete(f"pool/{admin.get('pool?name=p')['results'][0]['uuid']}")
    assert "global" in admin.names(f"vrfcontext?cloud_ref.uuid={cloud}")
    admin.delete(f"cloud/{cloud}")
    assert admin.names(f"vrfcontext?cloud_uuid={cloud}") == []


def test_a_name_means_the_object_in_the_same_cloud(admin: client.Client) -> None:
    cloud = admin.post("cloud", {"name": "c", "vtype": "CLOUD_NONE"})["uuid"]
    for where in ("", cloud):
        admin.post("network", {"name": "n", **({"cloud_ref": where} if where else {})})
    vip = {"ip_address": {"addr": "10.0.0.1", "type": "V4"}, "network_ref": "/api/network?name=n"}
    there = admin.get("network?name=n&cloud_ref.name=c")["results"][0]["uuid"]
    made = admin.post("vsvip", {"name": "v", "cloud_ref": cloud, "vip": [vip]})
    assert made["vip"][0]["network_ref"].endswith(f"/{there}#n")
    assert made["vrf_context_ref"] in {
        f"{each['url']}#global" for each in admin.get("vrfcontext?cloud_ref.name=c")["results"]
    }


def test_deletion_in_order_leaves_nothing(admin: client.Client) -> None:
    before = admin.controller.snapshot()
    pool = admin.post("pool", {"name": "p"})["uuid"]
    group = admin.post("poolgroup", {"name": "g", "members": [{"pool_ref": pool}]})["uuid"]
    script = admin.post(
        "vsdatascriptset",
        {"name": "d", "pool_group_refs": [group], "datascript": [{"evt": "E", "script": "s"}]},
    )["uuid"]
    vip = admin.post("vsvip", {"name": "v"})["uuid"]
    parent = admin.post(
        "virtualservice",
        {
            "name": "parent",
            "type": "VS_TYPE_VH_PARENT",
            "vsvip_ref": vip,
            "vs_datascripts": [{"index": 0, "vs_datascript_set_ref": script}],
        },
    )["uuid"]
    certificate = admin.post("sslkeyandcertificate", {"name": "c", "certificate": {}})["uuid"]
    child = admin.post(
        "virtualservice",
        {
            "name": "child",
            "type": "VS_TYPE_VH_CHILD",
            "vh_parent_vs_ref": parent,
            "ssl_key_and_certificate_refs": [certificate],
        },
    )["uuid"]
    order = [
        f"virtualservice/{child}",
        f"virtualservice/{parent}",
        f"vsvip/{vip}",
        f"vsdatascriptset/{script}",
        f"poolgroup/{group}",
        f"pool/{pool}",
        f"sslkeyandcertificate/{certificate}",
    ]
    held = [order[1], order[2], order[3], order[4], order[5], order[6]]
    assert [admin.refused("DELETE", each)[0] for each in held] == [403] * 6
    for each in order:
        admin.delete(each)
    assert not admin.controller.diff(before)
