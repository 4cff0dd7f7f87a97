"""POST, PUT, PATCH, macro: types, secrets, concurrency, lists, versions."""

import typing
from collections.abc import Callable

import pytest
from akoo_testbed.avisim import client
from akoo_testbed.trust import chains

Make = Callable[..., client.Client]
SERVERS = [{"ip": {"addr": f"10.0.0.{n}", "type": "V4"}, "port": 80} for n in range(3)]


def test_put_replaces_everything(admin: client.Client) -> None:
    pool = admin.post("pool", {"name": "p", "servers": SERVERS, "default_server_port": 81})
    changed = admin.put(f"pool/{pool['uuid']}", {"name": "p"})
    assert "servers" not in changed
    assert changed["default_server_port"] == 80
    assert changed["tenant_ref"] == pool["tenant_ref"]
    assert changed["configpb_attributes"] == {"version": 2}


def test_a_stale_put_changes_nothing(admin: client.Client) -> None:
    vip = admin.post("vsvip", {"name": "v"})
    admin.put(f"vsvip/{vip['uuid']}", {"name": "v", "dns_info": [{"fqdn": "a"}]})
    status, text = admin.refused("PUT", f"vsvip/{vip['uuid']}", vip)
    assert status == 412
    assert "Concurrent Update Error" in text
    assert "Need to reload object data VsVip" in text
    assert admin.get(f"vsvip/{vip['uuid']}")["dns_info"][0]["fqdn"] == "a"


def test_unknown_fields_are_dropped_or_refused(make: Make) -> None:
    body = {"name": "v", "application_profile_name": "x", "services": [{"port": 1, "http2": True}]}
    made = make().post("virtualservice", body)
    assert "application_profile_name" not in made
    assert "http2" not in made["services"][0]
    strict = make(strict=True).refused("POST", "virtualservice", body)
    assert strict == (400, '{"error": "VirtualService has no field application_profile_name"}')


@pytest.mark.parametrize(
    ("field", "value", "taken"),
    [
        ("enabled", "true", True),
        ("enabled", "False", False),
        ("default_server_port", "8080", 8080),
        ("description", 5, "5"),
        ("enabled", 1, True),
        ("default_server_port", "many", 80),
        ("default_server_port", True, 80),
        ("description", {"a": 1}, None),
        ("servers", {"ip": 1}, None),
        ("servers", ["x"], []),
        ("vrf_ref", 5, "global"),
    ],
)
def test_values_of_the_wrong_type(
    make: Make, field: str, value: typing.Any, taken: typing.Any
) -> None:
    body = {"name": "p", field: value}
    made = make().post("pool", body).get(field)
    assert made == taken or (field == "vrf_ref" and made.endswith(f"#{taken}"))
    assert make(strict=True).refused("POST", "pool", body)[0] == 400


def test_what_is_required(admin: client.Client) -> None:
    assert admin.refused("POST", "pool", {}) == (400, '{"error": "Pool: name is required"}')
    server = {"port": 80}
    assert (
        "Server: ip is required"
        in admin.refused("POST", "pool", {"name": "p", "servers": [server]})[1]
    )
    assert admin.refused("POST", "pool", ["a"])[0] == 400
    broken = admin.request("POST", "pool", {})
    assert (
        admin.controller.handle(
            type(broken)(method="POST", target="/api/pool", headers=broken.headers, body=b"{")
        ).status
        == 400
    )


def test_null_is_not_given(admin: client.Client) -> None:
    made = admin.post("pool", {"name": "p", "default_server_port": None, "servers": None})
    assert made["default_server_port"] == 80


def test_secrets_do_not_come_back_and_stay(admin: client.Client) -> None:
    body = {"name": "c", "certificate": {}, "key": "private", "key_passphrase": "word"}
    made = admin.post("sslkeyandcertificate", body)
    assert (made["key"], made["key_passphrase"]) == ("<sensitive>", "<sensitive>")
    admin.put(f"sslkeyandcertificate/{made['uuid']}", {**made, "key": "<sensitive>"})
    stored = admin.controller.state.objects.get("sslkeyandcertificate", made["uuid"])
    assert stored is not None
    assert (stored.data["key"], stored.data["key_passphrase"]) == ("private", "word")
    vcenter = {"username": "u", "password": "hidden"}
    cloud = {"name": "v", "vtype": "CLOUD_VCENTER", "vcenter_configuration": vcenter}
    shown = admin.post("cloud", cloud)
    assert shown["vcenter_configuration"]["password"] == "<sensitive>"
    admin.put(f"cloud/{shown['uuid']}", shown)
    kept = admin.controller.state.objects.get("cloud", shown["uuid"])
    assert kept is not None
    assert kept.data["vcenter_configuration"]["password"] == "hidden"


def test_certificates_are_read(admin: client.Client) -> None:
    pem = chains.make("shop", ca=True).pem
    made = admin.post("sslkeyandcertificate", {"name": "c", "certificate": {"certificate": pem}})
    read = made["certificate"]
    assert read["subject"]["common_name"] == "shop"
    assert read["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    assert read["signature_algorithm"] in ("sha256WithRSAEncryption", "ecdsa-with-SHA256")
    assert read["key_params"]["algorithm"] in ("SSL_KEY_ALGORITHM_RSA", "SSL_KEY_ALGORITHM_EC")
    assert made["certificate"]["self_signed"] is True
    bad = {"name": "d", "certificate": {"certificate": "nonsense"}}
    status, text = admin.refused("POST", "sslkeyandcertificate", bad)
    assert status == 500
    assert "Import error" in text
    assert "common_name" in text


def test_patch(admin: client.Client) -> None:
    uuid = admin.post("pool", {"name": "p", "servers": SERVERS[:2]})["uuid"]
    target = f"pool/{uuid}"
    changed = admin.patch(target, {"add": {"servers": [{**SERVERS[1], "ratio": 5}, SERVERS[2]]}})
    assert [each["ratio"] for each in changed["servers"]] == [1, 5, 1]
    assert changed["vrf_ref"].endswith("#global")
    changed = admin.patch(target, {"delete": {"servers": [SERVERS[0]]}})
    assert [each["ip"]["addr"] for each in changed["servers"]] == ["10.0.0.1", "10.0.0.2"]
    changed = admin.patch(target, {"replace": {"servers": [SERVERS[0]], "description": "d"}})
    assert len(changed["servers"]) == 1
    changed = admin.patch(target, {"add": {"default_server_port": 90}})
    assert (changed["default_server_port"], changed["description"]) == (90, "d")
    changed = admin.patch(
        target,
        {"delete": {"default_server_port": 90, "description": ""}, "add": {"enabled": False}},
    )
    assert (changed["default_server_port"], changed["enabled"]) == (80, False)
    assert "description" not in changed
    assert admin.refused("PATCH", target, {"name": "x"})[0] == 400
    assert admin.refused("PATCH", target, {"delete": {"name": "p"}})[0] == 400
    assert admin.refused("PATCH", target, {"add": 5})[0] == 400
    assert admin.refused("PATCH", target, {"add": {"vrf_ref": "/api/vrfcontext?name=x"}})[0] == 400


def test_patch_of_markers_and_plain_lists(admin: client.Client) -> None:
    uuid = admin.post("vsvip", {"name": "v"})["uuid"]
    admin.patch(f"vsvip/{uuid}", {"add": {"markers": [{"key": "a", "values": ["1"]}]}})
    changed = admin.patch(f"vsvip/{uuid}", {"add": {"markers": [{"key": "a", "values": ["2"]}]}})
    assert changed["markers"] == [{"key": "a", "values": ["2"]}]
    changed = admin.patch(f"vsvip/{uuid}", {"add": {"bgp_peer_labels": ["x", "y"]}})
    changed = admin.patch(f"vsvip/{uuid}", {"delete": {"bgp_peer_labels": ["x"]}})
    assert changed["bgp_peer_labels"] == ["y"]


def test_macro_is_all_or_nothing(admin: client.Client) -> None:
    pool = {"model_name": "Pool", "data": {"name": "p"}}
    group = {
        "model_name": "PoolGroup",
        "data": {"name": "g", "members": [{"pool_ref": "/api/pool?name=p"}]},
    }
    made = admin.post("macro", [pool, group])
    assert made[1]["members"][0]["pool_ref"] == made[0]["url"]
    before = admin.controller.snapshot()
    for bad in ({"model_name": "Pool", "data": {}}, {"model_name": "Nothing", "data": {}}, 5, pool):
        other = {"model_name": "Pool", "data": {"name": "q"}}
        assert admin.refused("POST", "macro", [other, bad])[0] in (400, 409)
    assert not admin.controller.diff(before)
    assert admin.post("macro", {"model_name": "Tenant", "data": {"name": "t"}})["name"] == "t"
    assert admin.refused("GET", "macro")[0] == 405


def test_version_gating_depends_on_the_request(admin: client.Client) -> None:
    body = {"name": "p", "markers": [{"key": "a", "values": ["b"]}]}
    for version in ("20.1.1", None):
        status, text = admin.refused("POST", "pool", body, x_avi_version=version)
        assert status == 400
        assert "has field (markers) introduced in later versions(v20_1_5)" in text
    made = admin.call("POST", "pool", body, x_avi_version="20.1.5")
    assert made.status == 201
    assert ("AVI_API_VERSION", "20_1_5") in made.headers
    assert ("AVI_API_VERSION", "16_4_2") in admin.call("GET", "pool", x_avi_version=None).headers
    for wrong in ("31.1.1", "new"):
        status, text = admin.refused("GET", "pool", x_avi_version=wrong)
        assert (status, "Invalid version" in text) == (400, True)


def test_forced_uuids(admin: client.Client) -> None:
    assert admin.post("pool", {"name": "a"}, slug="pool-force-42")["uuid"] == "pool-force-42"
    assert admin.refused("POST", "pool", {"name": "b"}, slug="pool-force-42")[0] == 409


def test_what_is_fixed(admin: client.Client) -> None:
    pool = admin.post("pool", {"name": "p"})
    cloud = admin.post("cloud", {"name": "c", "vtype": "CLOUD_NONE"})["uuid"]
    body = {**pool, "uuid": "pool-other", "url": "x", "cloud_ref": cloud}
    changed = admin.put(f"pool/{pool['uuid']}", body)
    assert (changed["uuid"], changed["cloud_ref"]) == (pool["uuid"], pool["cloud_ref"])
    assert admin.refused("DELETE", "tenant/admin")[0] == 400
    assert admin.refused("DELETE", "user/user-1")[0] == 400


def test_a_delete_may_have_a_body(admin: client.Client) -> None:
    uuid = admin.post("pool", {"name": "p"})["uuid"]
    assert admin.call("DELETE", f"pool/{uuid}", {"any": "thing"}).status == 204
