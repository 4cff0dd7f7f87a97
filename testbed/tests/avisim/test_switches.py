"""Every switch, with every value: what is not known of real controllers is told apart."""

import typing
from collections.abc import Callable

import pytest
from akoo_testbed.avisim import client, faults, switches
from akoo_testbed.avisim.objects import discovery

PASSWORD = "Correct-horse-1"
Json = dict[str, typing.Any]


def outcome(client_: client.Client, method: str, target: str, body: typing.Any = None) -> str:
    """Status, or for a refusal status and the words that matter."""
    return str(client_.call(method, target, body).status)


def network_in_use(admin: client.Client) -> str:
    """A network whose only range has an address in use; its uuid."""
    ip = {"addr": "10.0.0.1", "type": "V4"}
    prefix = {"ip_addr": {"addr": "10.0.0.0", "type": "V4"}, "mask": 24}
    subnet = {"prefix": prefix, "static_ip_ranges": [{"range": {"begin": ip, "end": ip}}]}
    uuid = str(admin.post("network", {"name": "n", "configured_subnets": [subnet]})["uuid"])
    profile = admin.post(
        "ipamdnsproviderprofile",
        {
            "name": "ipam",
            "type": "IPAMDNS_TYPE_INTERNAL",
            "internal_profile": {"usable_networks": [{"nw_ref": uuid}]},
        },
    )
    cloud = admin.get("cloud?name=Default-Cloud")["results"][0]["uuid"]
    admin.patch(f"cloud/{cloud}", {"add": {"ipam_provider_ref": profile["uuid"]}})
    admin.post("vsvip", {"name": "v", "vip": [{"auto_allocate_ip": True}]})
    return uuid


def vcenter(admin: client.Client) -> str:
    """A discovered network; its uuid."""
    admin.post("cloud", {"name": "vc", "vtype": "CLOUD_VCENTER"})
    admin.controller.discover("vc", [discovery.PortGroup(moref="dvportgroup-1", name="web")])
    return str(admin.get("network")["results"][0]["uuid"])


def role_user(admin: client.Client, **role: object) -> client.Client:
    privileges = [{"resource": "PERMISSION_POOL", "type": "WRITE_ACCESS"}]
    uuid = admin.post("role", {"name": "r", "privileges": privileges, **role})["uuid"]
    access = [{"role_ref": uuid, "tenant_ref": "/api/tenant?name=admin"}]
    admin.post("user", {"name": "u", "password": PASSWORD, "access": access})
    return admin.as_user("u", PASSWORD)


def pass_seconds(admin: client.Client, seconds: float) -> None:
    now = admin.controller.state.clock() + seconds
    admin.controller.state.clock = lambda: now


def page_size(admin: client.Client) -> str:
    for number in range(120):
        admin.post("ipaddrgroup", {"name": f"g{number}"})
    return str(len(admin.get("ipaddrgroup")["results"]))


def lost_session(admin: client.Client) -> str:
    admin.login()
    admin.controller.lose_sessions()
    return outcome(admin, "GET", "pool")


def csrf(admin: client.Client) -> str:
    admin.login()
    return admin.call("POST", "pool", {}, x_csrftoken="wrong").body.decode()


def locked(admin: client.Client) -> str:
    role_user(admin)
    wrong = admin.as_user("u", "wrong")
    for _ in range(3):
        wrong.login()
    return admin.as_user("u", PASSWORD).login().body.decode()


def put_without(admin: client.Client) -> str:
    uuid = admin.post("pool", {"name": "p"})["uuid"]
    return outcome(admin, "PUT", f"pool/{uuid}", {"name": "p"})


def duplicate(admin: client.Client) -> str:
    admin.post("pool", {"name": "p"})
    return outcome(admin, "POST", "pool", {"name": "p"})


def missing_reference(admin: client.Client) -> str:
    pool = {"name": "g", "members": [{"pool_ref": "/api/pool?name=x"}]}
    vrf = {"name": "p", "vrf_ref": "/api/vrfcontext?name=x"}
    return f"{outcome(admin, 'POST', 'poolgroup', pool)} {outcome(admin, 'POST', 'pool', vrf)}"


def ill_typed(admin: client.Client) -> str:
    return outcome(admin, "POST", "pool", {"name": "p", "servers": 5})


def tenant_mismatch(admin: client.Client) -> str:
    admin.post("tenant", {"name": "t"})
    return outcome(admin, "POST", "pool", {"name": "p", "tenant_ref": "/api/tenant?name=t"})


def forbidden_tenant(admin: client.Client) -> str:
    user = role_user(admin)
    admin.post("tenant", {"name": "t"})
    user.tenant = "t"
    return outcome(user, "GET", "pool")


def hidden_object(admin: client.Client) -> str:
    admin.post("tenant", {"name": "t"})
    uuid = admin.post("pool", {"name": "p"}, x_avi_tenant="t")["uuid"]
    return outcome(admin, "GET", f"pool/{uuid}")


def filtered_object(admin: client.Client) -> str:
    label = {"key": "clustername", "values": ["c1"]}
    user = role_user(admin, filters=[{"match_label": label}])
    markers = [{"key": "clustername", "values": ["c2"]}]
    uuid = admin.post("pool", {"name": "p", "markers": markers})["uuid"]
    return outcome(user, "GET", f"pool/{uuid}")


def unlabelled(admin: client.Client) -> str:
    label = {"key": "clustername", "values": ["c1"]}
    user = role_user(admin, filters=[{"match_label": label}])
    bare = admin.post("pool", {"name": "bare"})["uuid"]
    markers = [{"key": "team", "values": ["blue"]}]
    admin.post("pool", {"name": "team", "markers": markers})
    seen = " ".join(user.names("pool"))
    return f"{seen} {outcome(user, 'DELETE', f'pool/{bare}')}"


def older_put(admin: client.Client) -> str:
    made = admin.post("pool", {"name": "p", "graceful_hm_down_disable_timeout": 7})
    old = admin.get(f"pool/{made['uuid']}", x_avi_version="22.1.3")
    admin.put(f"pool/{made['uuid']}", {**old, "name": "q"}, x_avi_version="22.1.3")
    return str(admin.get(f"pool/{made['uuid']}")["graceful_hm_down_disable_timeout"])


def deleted_object(admin: client.Client) -> str:
    uuid = admin.post("pool", {"name": "p"})["uuid"]
    answers = [outcome(admin, "DELETE", f"pool/{uuid}"), outcome(admin, "GET", f"pool/{uuid}")]
    answers += [str(len(admin.names("pool"))), outcome(admin, "DELETE", f"pool/{uuid}")]
    answers.append(outcome(admin, "PUT", f"pool/{uuid}", {"name": "p"}))
    pass_seconds(admin, 2.0)
    answers.append(outcome(admin, "GET", f"pool/{uuid}"))
    return " ".join(answers)


def list_order(admin: client.Client) -> str:
    names = [f"g{number}" for number in range(30)]
    for name in names:
        admin.post("ipaddrgroup", {"name": name})
    plain = [admin.names("ipaddrgroup?page_size=200") for _ in range(3)]
    by_name = [admin.names("ipaddrgroup?page_size=200&sort=name") for _ in range(2)]
    assert by_name == [sorted(names)] * 2
    return str(plain == [names] * 3)


def search(admin: client.Client) -> str:
    for name in ("web", "web-1"):
        admin.post("pool", {"name": name})
    queries = ("pool?search=(name,web)", "pool?isearch=(name,WEB)")
    return " ".join(str(len(admin.names(query))) for query in queries)


def label_key(admin: client.Client) -> str:
    admin.post("pool", {"name": "p", "markers": [{"key": "clustername", "values": ["c1"]}]})
    both = admin.names("pool?label_key=clustername&label_value=c1")
    assert both == ["p"]
    return str(len(admin.names("pool?label_key=clustername")))


def tenant_header(admin: client.Client) -> str:
    admin.post("tenant", {"name": "Grün 1"})
    quoted = outcome(
        client.Client(admin.controller, "admin", PASSWORD, "Gr%C3%BCn%201"), "GET", "pool"
    )
    plain = outcome(client.Client(admin.controller, "admin", PASSWORD, "Grün 1"), "GET", "pool")
    return f"{plain} {quoted}"


def network_runtime(admin: client.Client) -> str:
    uuid = admin.post("network", {"name": "idle"})["uuid"]
    used = network_in_use(admin)
    answers = [outcome(admin, "GET", f"networkruntime/{each}") for each in (uuid, used)]
    joined = admin.get(f"network/{uuid}?join_subresources=runtime")
    return " ".join([*answers, str("runtime" in joined)])


def licence_fields(admin: client.Client) -> str:
    admin.patch("systemconfiguration", {"add": {"default_license_tier": "ESSENTIALS"}})
    marked = {"name": "p", "markers": [{"key": "clustername", "values": ["c1"]}]}
    ip = {"addr": "10.0.0.1", "type": "V4"}
    prefix = {"ip_addr": {"addr": "10.0.0.0", "type": "V4"}, "mask": 24}
    subnet = {"prefix": prefix, "static_ip_ranges": [{"range": {"begin": ip, "end": ip}}]}
    network = {"name": "n", "configured_subnets": [subnet]}
    return f"{outcome(admin, 'POST', 'pool', marked)} {outcome(admin, 'POST', 'network', network)}"


def restart_answer(admin: client.Client) -> str:
    admin.login()
    admin.controller.restart()
    answers = [outcome(admin, "GET", "pool"), outcome(admin, "GET", "/api/cluster/status")]
    answers.append(str(admin.login().status))
    admin.controller.come_back()
    return " ".join([*answers, outcome(admin, "GET", "pool")])


def upgrade_sessions(admin: client.Client) -> str:
    admin.login()
    admin.controller.set_upgrading(True)
    admin.controller.restart()
    admin.controller.come_back("32.1.4")
    return f"{outcome(admin, 'GET', 'pool')} {admin.controller.state.profile.name}"


def full_tenant(admin: client.Client) -> str:
    uuid = admin.post("tenant", {"name": "t"})["uuid"]
    there = {"x_avi_tenant": "t"}
    admin.post("pool", {"name": "p"}, **there)
    admin.post("poolgroup", {"name": "g", "members": [{"pool_ref": "/api/pool?name=p"}]}, **there)
    status = outcome(admin, "DELETE", f"tenant/{uuid}")
    return f"{status} {len(admin.names('pool', x_avi_tenant='*'))}"


def referenced_role(admin: client.Client) -> str:
    user = role_user(admin)
    role = admin.get("role?name=r")["results"][0]["uuid"]
    return f"{outcome(admin, 'DELETE', f'role/{role}')} {outcome(user, 'GET', 'pool')}"


def own_user(admin: client.Client) -> str:
    admin.post("user", {"name": "boss", "password": PASSWORD, "is_superuser": True})
    boss = admin.as_user("boss", PASSWORD)
    uuid = boss.get("user?name=boss")["results"][0]["uuid"]
    return outcome(boss, "DELETE", f"user/{uuid}")


def range_in_use(admin: client.Client) -> str:
    uuid = network_in_use(admin)
    status = outcome(admin, "PUT", f"network/{uuid}", {"name": "n"})
    return f"{status} {admin.get('vsvip')['results'][0]['vip'][0]['ip_address']['addr']}"


def range_check(admin: client.Client) -> str:
    prefix = {"ip_addr": {"addr": "10.0.0.0", "type": "V4"}, "mask": 24}
    begin, end = {"addr": "10.9.0.9", "type": "V4"}, {"addr": "10.9.0.1", "type": "V4"}
    subnet = {"prefix": prefix, "static_ip_ranges": [{"range": {"begin": begin, "end": end}}]}
    return outcome(admin, "POST", "network", {"name": "n", "configured_subnets": [subnet]})


def usable_network(admin: client.Client) -> str:
    network_in_use(admin)
    profile = admin.get("ipamdnsproviderprofile")["results"][0]
    profile["internal_profile"]["usable_networks"] = []
    return outcome(admin, "PUT", f"ipamdnsproviderprofile/{profile['uuid']}", profile)


def discovered_network(admin: client.Client) -> str:
    return outcome(admin, "DELETE", f"network/{vcenter(admin)}")


def vanished_network(admin: client.Client) -> str:
    uuid = vcenter(admin)
    usable = [{"nw_ref": uuid}]
    body = {"name": "i", "type": "IPAMDNS_TYPE_INTERNAL"}
    admin.post("ipamdnsproviderprofile", {**body, "internal_profile": {"usable_networks": usable}})
    admin.controller.discover("vc", [])
    left = admin.get("ipamdnsproviderprofile")["results"][0]["internal_profile"]
    return f"{len(admin.names('network'))} {len(left['usable_networks'])}"


def licence(admin: client.Client) -> str:
    admin.patch("systemconfiguration", {"add": {"default_license_tier": "BASIC"}})
    cloud = outcome(admin, "POST", "cloud", {"name": "v", "vtype": "CLOUD_VCENTER"})
    ipam = {"name": "i", "type": "IPAMDNS_TYPE_INFOBLOX"}
    return f"{cloud} {outcome(admin, 'POST', 'ipamdnsproviderprofile', ipam)}"


def bad_certificate(admin: client.Client) -> str:
    body = {"name": "c", "certificate": {"certificate": "nonsense"}}
    return outcome(admin, "POST", "sslkeyandcertificate", body)


def patch_names(admin: client.Client) -> str:
    uuid = admin.post("pool", {"name": "p"})["uuid"]
    changed = admin.patch(f"pool/{uuid}", {"add": {"description": "d"}})
    return str("#" in changed["vrf_ref"])


def write_counter(admin: client.Client) -> str:
    return str("configpb_attributes" in admin.post("pool", {"name": "p"}))


def secret_read_back(admin: client.Client) -> str:
    body = {"name": "c", "certificate": {}, "key": "k"}
    assert admin.post("sslkeyandcertificate", body)["key"] == "<sensitive>"
    role_user(admin)
    return str(admin.get("user?name=u")["results"][0].get("password"))


def initial_data(admin: client.Client) -> str:
    admin.login()
    admin.cookies |= {"avi-sessionid": "", "sessionid": ""}
    return outcome(admin, "GET", "initial-data")


def password_change(admin: client.Client) -> str:
    user = role_user(admin)
    other = admin.as_user("u", PASSWORD)
    other.login()
    user.put("useraccount", {"old_password": PASSWORD, "password": "Another-one-2"})
    return f"{outcome(user, 'GET', 'pool')} {outcome(other, 'GET', 'pool')}"


def uuid_of(admin: client.Client, user: str) -> str:
    return str(admin.get(f"user?name={user}")["results"][0]["uuid"])


def deleted_user(admin: client.Client) -> str:
    """A session of a user before and after its deletion, its own account, its end."""
    user = role_user(admin)
    answers = [outcome(user, "GET", "pool")]
    admin.delete(f"user/{uuid_of(admin, 'u')}")
    answers += [outcome(user, "GET", "pool"), outcome(user, "PUT", "useraccount", {})]
    assert not admin.get("user?name=u")["count"]
    pass_seconds(admin, 15 * 60)
    return " ".join([*answers, outcome(user, "GET", "pool"), str(user.login().status)])


def suspended_user(admin: client.Client) -> str:
    user = role_user(admin)
    answers = [outcome(user, "GET", "pool")]
    admin.patch(f"user/{uuid_of(admin, 'u')}", {"replace": {"is_active": False}})
    answers.append(outcome(user, "GET", "pool"))
    return " ".join([*answers, str(user.login().status)])


def several_roles(admin: client.Client) -> str:
    """A user with two roles in its tenant and one for all tenants: what each of them gives."""
    access = []
    for kind, more in (("POOL", {}), ("POOLGROUP", {}), ("VSVIP", {"all_tenants": True})):
        permission = {"VSVIP": "VIRTUALSERVICE"}.get(kind, kind)
        privileges = [{"resource": f"PERMISSION_{permission}", "type": "READ_ACCESS"}]
        role = admin.post("role", {"name": kind, "privileges": privileges})["uuid"]
        access.append({"role_ref": role, "tenant_ref": "/api/tenant?name=admin", **more})
    admin.post("user", {"name": "u", "password": PASSWORD, "access": access})
    user = admin.as_user("u", PASSWORD)
    return " ".join(outcome(user, "GET", kind) for kind in ("pool", "poolgroup", "vsvip"))


def role_outside_admin(admin: client.Client) -> str:
    """Making a role of a tenant with a right that only tenant admin has, and using it there."""
    admin.post("tenant", {"name": "blue"})
    admin.tenant = "blue"
    privileges = [{"resource": "PERMISSION_CONTROLLER", "type": "READ_ACCESS"}]
    made = admin.call("POST", "role", {"name": "r", "privileges": privileges})
    if made.status != 201:
        return str(made.status)
    access = [{"role_ref": made.json["uuid"], "tenant_ref": "/api/tenant?name=blue"}]
    body = {"name": "u", "password": PASSWORD, "access": access}
    return f"{made.status} {outcome(admin, 'POST', 'user', body)}"


def expired_login(admin: client.Client) -> str:
    admin.post("useraccountprofile", {"name": "p", "credentials_timeout_threshold": 1})
    body = {"name": "u", "password": PASSWORD, "user_profile_ref": "/api/useraccountprofile?name=p"}
    admin.post("user", body)
    pass_seconds(admin, 86400)
    return admin.as_user("u", PASSWORD).login().body.decode()


def failed_attempts(admin: client.Client) -> str:
    """The number after two wrong passwords, after a login, after another wrong password."""
    user = role_user(admin)
    seen = []
    for client_ in [admin.as_user("u", "wrong")] * 2 + [user, admin.as_user("u", "wrong")]:
        client_.login()
        seen.append(admin.get("useractivity?name=u")["results"][0]["failed_login_attempts"])
    return " ".join(map(str, seen[1:]))


def activity_time(admin: client.Client) -> str:
    admin.controller.state.clock = lambda: 1_700_000_000.25
    role_user(admin).login()
    return str(admin.get("useractivity?name=u")["results"][0]["last_login_timestamp"])


def service_activity(admin: client.Client) -> str:
    admin.post("user", {"name": "bot", "password": PASSWORD, "service_user": True})
    asked = "useractivity?name=bot&include_service_accounts=true"
    return f"{admin.get('useractivity?name=bot')['count']} {admin.get(asked)['count']}"


def tenant_system_configuration(admin: client.Client) -> str:
    """The objects in a new tenant, and its deletion."""
    uuid = admin.post("tenant", {"name": "t"})["uuid"]
    names = admin.names("tenantsystemconfiguration", x_avi_tenant="t")
    return f"{len(names)} {outcome(admin, 'DELETE', f'tenant/{uuid}')}"


def retry_after(admin: client.Client) -> str:
    admin.login()
    admin.controller.faults.add(faults.Fault(answer="rate-limited"))
    return str("Retry-After" in dict(admin.call("GET", "pool").headers))


Scene = Callable[[client.Client], str]
CASES: dict[str, tuple[Scene, dict[str, str]]] = {
    "default-page-size": (page_size, {"25": "25", "100": "100", "200": "120"}),
    "no-session-status": (lost_session, {"401": "401", "419": "419"}),
    "csrf-body": (
        csrf,
        {
            "plain": "CSRF token missing or incorrect.",
            "detail": '{"detail": "CSRF Failed: CSRF token missing or incorrect."}',
        },
    ),
    "locked-login": (
        locked,
        {
            "invalid-credentials": '{"error": "Invalid credentials"}',
            "locked": '{"error": "Account is locked, try again later"}',
        },
    ),
    "put-without-last-modified": (put_without, {"accept": "200", "refuse": "412"}),
    "duplicate-name-status": (duplicate, {"409": "409", "400": "400"}),
    "missing-reference-status": (
        missing_reference,
        {"recorded": "404 400", "400": "400 400", "404": "404 404"},
    ),
    "ill-typed-field": (ill_typed, {"drop": "201", "bad-pb": "500", "bad-request": "400"}),
    "tenant-mismatch": (tenant_mismatch, {"header": "201", "refuse": "400"}),
    "forbidden-tenant-status": (forbidden_tenant, {"403": "403", "404": "404"}),
    "hidden-object-status": (hidden_object, {"404": "404", "403": "403"}),
    "filtered-object-status": (filtered_object, {"403": "403", "404": "404"}),
    "unlabelled-access": (
        unlabelled,
        {"read-no-labels": "bare 403", "write-lacks-key": "bare team 204"},
    ),
    "older-put": (older_put, {"reset": "-1", "keep": "7"}),
    "deleted-object": (
        deleted_object,
        {"gone": "204 404 0 404 404 404", "lingers": "204 200 1 204 404 404"},
    ),
    "list-order": (list_order, {"created": "True", "changing": "False"}),
    "search": (search, {"substring": "2 2", "whole": "1 1"}),
    "label-key-alone": (label_key, {"any-value": "1", "nothing": "0"}),
    "tenant-header": (tenant_header, {"raw": "200 403", "percent": "200 200"}),
    "network-runtime": (network_runtime, {"always": "200 200 True", "allocated": "404 200 False"}),
    "licence-fields": (licence_fields, {"accept": "201 201", "refuse": "400 400"}),
    "restart-answer": (
        restart_answer,
        {"unavailable": "503 503 503 200", "bad-gateway": "502 502 502 200"},
    ),
    "upgrade-sessions": (upgrade_sessions, {"lost": "401 32.1.4", "kept": "200 32.1.4"}),
    "full-tenant-delete": (full_tenant, {"refuse": "403 1", "cascade": "204 0"}),
    "referenced-role-delete": (referenced_role, {"refuse": "403 200", "accept": "204 403"}),
    "own-user-delete": (own_user, {"refuse": "400", "accept": "204"}),
    "range-in-use": (range_in_use, {"refuse": "400 10.0.0.1", "accept": "200 10.0.0.1"}),
    "range-check": (range_check, {"refuse": "400", "accept": "201"}),
    "usable-network-in-use": (usable_network, {"accept": "200", "refuse": "400"}),
    "discovered-network-delete": (discovered_network, {"refuse": "400", "accept": "204"}),
    "vanished-network-in-use": (vanished_network, {"keep": "1 1", "remove": "0 0"}),
    "licence": (licence, {"accept": "201 201", "refuse": "400 400"}),
    "bad-certificate": (bad_certificate, {"refuse": "500", "accept": "201"}),
    "patch-names": (patch_names, {"yes": "True", "no": "False"}),
    "write-counter": (write_counter, {"yes": "True", "no": "False"}),
    "secret-read-back": (secret_read_back, {"omitted": "None", "masked": "<sensitive>"}),
    "initial-data": (initial_data, {"open": "200", "login": "401"}),
    "password-change": (password_change, {"keep-sessions": "200 200", "end-sessions": "200 401"}),
    "deleted-user-sessions": (
        deleted_user,
        {"end": "200 401 401 401 401", "keep": "200 200 404 401 401"},
    ),
    "suspended-user-sessions": (suspended_user, {"keep": "200 200 401", "end": "200 401 401"}),
    "several-roles": (several_roles, {"add-up": "200 200 200", "first": "200 403 200"}),
    "role-outside-admin": (role_outside_admin, {"refuse": "400", "accept": "201 400"}),
    "expired-login": (
        expired_login,
        {
            "invalid-credentials": '{"error": "Invalid credentials"}',
            "expired": '{"error": "Password has expired, change it"}',
        },
    ),
    "failed-login-attempts": (failed_attempts, {"reset": "2 0 1", "kept": "2 2 1"}),
    "activity-time": (
        activity_time,
        {
            "iso": "2023-11-14T22:13:20.250000+00:00",
            "blank": "2023-11-14 22:13:20.250000+00:00",
            "seconds": "1700000000.250000",
        },
    ),
    "activity-of-service-users": (service_activity, {"listed": "1 1", "asked": "0 1"}),
    "tenant-system-configuration": (
        tenant_system_configuration,
        {"none": "0 204", "made": "1 204"},
    ),
    "retry-after": (retry_after, {"yes": "True", "no": "False"}),
}


def test_every_value_of_every_switch_is_here() -> None:
    assert {name: set(cases) for name, (_, cases) in CASES.items()} == {
        name: set(switch.values) for name, switch in switches.SWITCHES.items()
    }


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, (_, cases) in CASES.items() for value in cases]
)
def test_switch(make: Callable[..., client.Client], name: str, value: str) -> None:
    scene, expected = CASES[name]
    assert scene(make(chosen={name: value})) == expected[value]


@pytest.mark.parametrize("name", CASES)
def test_the_default_is_the_first(make: Callable[..., client.Client], name: str) -> None:
    scene, expected = CASES[name]
    assert scene(make()) == expected[switches.SWITCHES[name].default]
