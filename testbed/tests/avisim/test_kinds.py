"""The tables: what the kinds have, and that each can be made, read, changed and deleted."""

import typing
from collections.abc import Callable

import pytest
from akoo_testbed.avisim import Controller, client, kinds
from akoo_testbed.avisim.objects import schema

KINDS = schema.Schema(kinds.TABLES).kinds
IP = {"addr": "10.0.0.1", "type": "V4"}
NEEDED: dict[str, dict[str, typing.Any]] = {
    "user": {"password": "Long-enough-1"},
    "sslkeyandcertificate": {"certificate": {}},
    "applicationprofile": {"type": "APPLICATION_PROFILE_TYPE_HTTP"},
    "healthmonitor": {"type": "HEALTH_MONITOR_TCP"},
    "networkprofile": {"profile": {"type": "PROTOCOL_TYPE_TCP_PROXY"}},
    "ipamdnsproviderprofile": {"type": "IPAMDNS_TYPE_INTERNAL"},
    "authprofile": {"type": "AUTH_PROFILE_SAML"},
}
"""The fields that kinds need beside a name."""

CREATED_BY = {
    *("virtualservice", "pool", "poolgroup", "httppolicyset", "l4policyset", "vsdatascriptset"),
    *("networksecuritypolicy", "sslkeyandcertificate", "pkiprofile", "applicationprofile"),
    *("tenant", "natpolicy", "dnspolicy", "wafpolicy"),
}
NO_MARKERS = {
    *("tenant", "role", "user", "useraccountprofile", "serviceengine", "labelgroup"),
    *("objectaccesspolicy", "vimgrnwruntime", "nsxtsegmentruntime", "customipamdnsprofile"),
    *("cloudconnectoruser", "vcenterserver", "icapprofile", "cluster", "systemconfiguration"),
    *("controller/properties", "tenantsystemconfiguration"),
}


def test_who_made_it_and_markers_are_where_real_controllers_have_them() -> None:
    assert {path for path, kind in KINDS.items() if "created_by" in kind.fields} == CREATED_BY
    assert {path for path, kind in KINDS.items() if "markers" not in kind.fields} == NO_MARKERS


def test_what_belongs_to_clouds() -> None:
    clouded = {path for path, kind in KINDS.items() if kind.cloud}
    assert {"virtualservice", "vsvip", "pool", "poolgroup", "network", "vrfcontext"} < clouded
    assert not clouded & {"httppolicyset", "l4policyset", "stringgroup", "sslkeyandcertificate"}


WRITABLE = [path for path, kind in KINDS.items() if not (kind.singleton or kind.readonly)]


@pytest.mark.parametrize("path", WRITABLE)
@pytest.mark.parametrize("strict", [False, True])
def test_life_of_an_object(make: Callable[..., client.Client], path: str, strict: bool) -> None:
    admin = make(strict=strict)
    body = {"name": "one", **NEEDED.get(path, {})}
    made = admin.post(path, body)
    uuid = made["uuid"]
    assert uuid.startswith(f"{path}-")
    assert made["url"] == f"https://controller/api/{path}/{uuid}#one"
    read = admin.get(f"{path}/{uuid}?include_name")
    assert read == made
    assert "#" not in admin.get(f"{path}/{uuid}")["url"]
    assert admin.names(f"{path}?name=one") == ["one"]
    duplicate = admin.refused("POST", path, body)
    if path != "user":
        assert duplicate[0] == 409
    assert "already exist" in duplicate[1]
    changed = admin.put(f"{path}/{uuid}", {**read, "name": "two"})
    assert (changed["name"], changed["uuid"]) == ("two", uuid)
    assert int(changed["_last_modified"]) > int(read["_last_modified"])
    assert admin.refused("PUT", f"{path}/{uuid}", {**read, "name": "three"})[0] == 412
    admin.delete(f"{path}/{uuid}")
    model = KINDS[path].name
    missing = (404, f'{{"error": "{model} object not found!"}}')
    assert admin.refused("GET", f"{path}/{uuid}") == missing
    assert admin.refused("DELETE", f"{path}/{uuid}") == missing


def test_a_pool_has_its_recorded_defaults(admin: client.Client) -> None:
    pool = admin.post("pool", {"name": "p"})
    expected = {
        "default_server_port": 80,
        "lb_algorithm": "LB_ALGORITHM_LEAST_CONNECTIONS",
        "inline_health_monitor": True,
        "graceful_disable_timeout": 1,
        "request_queue_depth": 128,
        "use_service_port": False,
        "sni_enabled": True,
    }
    assert expected.items() <= pool.items()
    assert "server_count" not in pool


def test_a_virtual_service_finds_what_it_does_not_name(admin: client.Client) -> None:
    service = admin.post("virtualservice", {"name": "v", "services": [{"port": 80}]})
    assert service["services"][0]["port_range_end"] == 80
    for field, name in (
        ("tenant_ref", "admin"),
        ("cloud_ref", "Default-Cloud"),
        ("se_group_ref", "Default-Group"),
        ("vrf_context_ref", "global"),
        ("application_profile_ref", "System-HTTP"),
        ("analytics_profile_ref", "System-Analytics-Profile"),
    ):
        assert service[field].endswith(f"#{name}"), field


def test_a_vip_without_id_gets_one(admin: client.Client) -> None:
    vip = admin.post("vsvip", {"name": "v", "vip": [{"ip_address": IP}]})["vip"][0]
    expected = {"vip_id": "0", "prefix_length": 32, "auto_allocate_ip_type": "V4_ONLY"}
    assert expected.items() <= vip.items()


@pytest.mark.parametrize(
    ("profile", "there", "gone"),
    [
        ("22.1.7", set(), {"service_user", "enable_config_warnings"}),
        ("30.2.2", {"service_user"}, {"enable_config_warnings"}),
        ("31.2.2", {"service_user", "enable_config_warnings"}, set()),
    ],
)
def test_fields_come_with_releases(
    make: Callable[..., client.Client], profile: str, there: set[str], gone: set[str]
) -> None:
    user = make(profile=profile).post("user", {"name": "u", "password": "Long-enough-1"})
    assert there <= set(user)
    assert not gone & set(user)
    tenant = (
        make(profile=profile).post("tenant", {"name": "t", "attrs": []}, x_avi_version="22.1.7")
        if profile == "22.1.7"
        else {}
    )
    assert "attrs" not in tenant


def test_the_built_in_objects_are_the_same_everywhere(make: Callable[..., client.Client]) -> None:
    first, two = (make().names("applicationprofile?page_size=200") for _ in range(2))
    assert first == two
    assert "System-L4-Application" in first


def test_names_of_unknown_profiles() -> None:
    with pytest.raises(ValueError, match="no profile"):
        Controller(password="x", profile="1.2.3")


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (" name!", "fields before any message"),
        ("A:\n  b:Missing", "no message Missing"),
        ("A:\n  b:>missing", "no kind missing"),
        ("A:\n  b\nA:\n  b", "defined twice"),
        ("x X strange:\n  b", "no flag strange"),
    ],
)
def test_mistakes_in_tables_are_found(table: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        schema.Schema([table])


def references_of(path: str) -> set[str]:
    """Kinds that a kind refers to, at any depth."""
    whole = schema.Schema(kinds.TABLES)
    targets: set[str] = set()
    seen: set[str] = set()
    messages: list[schema.Message] = [whole.kinds[path]]
    while messages:
        for field in messages.pop().fields.values():
            if field.form is schema.Form.REFERENCE:
                targets.add(field.target)
            elif field.form is schema.Form.MESSAGE and field.message not in seen:
                seen.add(field.message)
                messages.append(whole.messages[field.message])
    return targets - {"tenant", "cloud"}


GRAPH = {
    "virtualservice": "vsvip pool poolgroup httppolicyset l4policyset vsdatascriptset vrfcontext "
    "networksecuritypolicy sslkeyandcertificate sslprofile applicationprofile networkprofile "
    "analyticsprofile wafpolicy errorpageprofile serviceenginegroup virtualservice",
    "vsvip": "network vrfcontext",
    "poolgroup": "pool prioritylabels poolgroupdeploymentpolicy",
    "pool": "healthmonitor applicationpersistenceprofile pkiprofile sslprofile vrfcontext network "
    "sslkeyandcertificate ipaddrgroup",
    "httppolicyset": "pool poolgroup stringgroup ipaddrgroup",
    "l4policyset": "pool poolgroup ipaddrgroup",
    "vsdatascriptset": "pool poolgroup stringgroup ipaddrgroup pkiprofile sslprofile "
    "sslkeyandcertificate protocolparser",
    "sslkeyandcertificate": "sslkeyandcertificate certificatemanagementprofile",
    "ipamdnsproviderprofile": "network virtualservice",
    "cloud": "ipamdnsproviderprofile serviceenginegroup",
    "network": "vrfcontext vimgrnwruntime",
    "serviceenginegroup": "network vcenterserver",
    "vrfcontext": "network",
    "user": "role useraccountprofile",
}


@pytest.mark.parametrize("path", GRAPH)
def test_who_refers_to_whom(path: str) -> None:
    assert set(GRAPH[path].split()) <= references_of(path)
