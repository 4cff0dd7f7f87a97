"""Tenants, roles, filters by marker: who sees what and who may do what."""

import typing
from collections.abc import Callable

import pytest
from akoo_testbed.avisim import client
from akoo_testbed.avisim.special import tenants as tenants_table

PASSWORD = "Correct-horse-1"
Make = Callable[..., client.Client]


def grant(admin: client.Client, name: str, levels: str, **more: object) -> str:
    """A role from `POOL=WRITE TENANT=READ`."""
    pairs = (each.split("=") for each in levels.split())
    privileges = [
        {"resource": f"PERMISSION_{resource}", "type": f"{level}_ACCESS"}
        for resource, level in pairs
    ]
    return str(admin.post("role", {"name": name, "privileges": privileges, **more})["uuid"])


def user(admin: client.Client, name: str, *access: dict[str, object]) -> client.Client:
    admin.post("user", {"name": name, "password": PASSWORD, "access": list(access)})
    tenant = str(access[0].get("tenant_ref", "/admin")).rpartition("=")[2]
    return admin.as_user(name, PASSWORD, tenant)


@pytest.fixture
def tenants(admin: client.Client) -> client.Client:
    """Tenants t1 and t2 with a pool each, and one in admin."""
    for name in ("t1", "t2"):
        admin.post("tenant", {"name": name})
        admin.post("pool", {"name": f"pool-{name}"}, x_avi_tenant=name)
    admin.post("pool", {"name": "pool-admin"})
    return admin


def test_each_tenant_sees_its_own(tenants: client.Client) -> None:
    assert tenants.names("pool") == ["pool-admin"]
    assert tenants.names("pool", x_avi_tenant="t1") == ["pool-t1"]
    assert tenants.names("pool", x_avi_tenant="*") == ["pool-t1", "pool-t2", "pool-admin"]
    uuid = tenants.get("tenant?name=t1")["results"][0]["uuid"]
    assert tenants.names("pool", x_avi_tenant=None, x_avi_tenant_uuid=uuid) == ["pool-t1"]
    assert tenants.names("pool", x_avi_tenant=None) == ["pool-admin"]
    assert tenants.names("tenant", x_avi_tenant="t1") == ["admin", "t1", "t2"]


def test_objects_of_another_tenant_are_not_there(tenants: client.Client) -> None:
    uuid = tenants.get("pool", x_avi_tenant="t1")["results"][0]["uuid"]
    for method in ("GET", "PUT", "DELETE"):
        body = {"name": "x"} if method == "PUT" else None
        assert tenants.refused(method, f"pool/{uuid}", body)[0] == 404
    reference = {"name": "g", "members": [{"pool_ref": f"/api/pool/{uuid}"}]}
    assert tenants.refused("POST", "poolgroup", reference) == (
        404,
        '{"error": "Pool object not found!"}',
    )


def test_all_tenants_at_once(tenants: client.Client) -> None:
    everywhere = {"x_avi_tenant": "*"}
    pool = tenants.get("pool?name=pool-t1", **everywhere)["results"][0]
    changed = tenants.put(f"pool/{pool['uuid']}", {**pool, "description": "d"}, **everywhere)
    assert changed["tenant_ref"].endswith("#t1")
    assert tenants.refused("POST", "pool", {"name": "x"}, **everywhere)[0] == 400
    tenants.delete(f"pool/{pool['uuid']}", **everywhere)


def test_one_name_in_two_tenants(tenants: client.Client) -> None:
    tenants.post("pool", {"name": "pool-t1"})
    assert tenants.refused("POST", "pool", {"name": "pool-t1"}) == (
        409,
        '{"error": "Pool with this Name already exists: pool-t1"}',
    )
    tenants.post("pool", {"name": "pool-t1"}, x_avi_tenant="t2")
    assert tenants.names("pool?name=pool-t1", x_avi_tenant="*") == ["pool-t1"] * 3


def test_one_name_in_two_clouds(admin: client.Client) -> None:
    admin.post("cloud", {"name": "c2", "vtype": "CLOUD_NONE"})
    admin.post("pool", {"name": "p"})
    admin.post("pool", {"name": "p", "cloud_ref": "/api/cloud?name=c2"})
    assert len(admin.names("pool?name=p")) == 2


def test_what_the_provider_shares(tenants: client.Client) -> None:
    there = {"x_avi_tenant": "t1"}
    tenants.post("applicationprofile", {"name": "own", "type": "APPLICATION_PROFILE_TYPE_HTTP"})
    profiles = tenants.names("applicationprofile?page_size=200", **there)
    assert "System-HTTP" in profiles
    assert "own" not in profiles
    assert "Default-Cloud" in tenants.names("cloud", **there)
    assert "Default-Group" in tenants.names("serviceenginegroup", **there)
    service = tenants.post("virtualservice", {"name": "v"}, **there)
    assert service["se_group_ref"].endswith("#Default-Group")
    group = service["se_group_ref"].partition("#")[0].rpartition("/")[2]
    body = {"name": "Default-Group", "labels": [{"key": "clustername", "value": "c"}]}
    status, text = tenants.refused("PUT", f"serviceenginegroup/{group}", body, **there)
    assert (status, "Cannot modify ServiceEngineGroup" in text) == (400, True)
    tenants.put(f"serviceenginegroup/{group}", body)
    vrf = service["vrf_context_ref"].partition("#")[0].rpartition("/")[2]
    status, text = tenants.refused("PUT", f"vrfcontext/{vrf}", {"name": "global"}, **there)
    assert (status, "Cannot modify VrfContext" in text) == (400, True)
    cloud = tenants.get("cloud?name=Default-Cloud")["results"][0]
    assert tenants.refused("PUT", f"cloud/{cloud['uuid']}", cloud, **there)[0] == 403


def test_a_tenant_with_engines_of_its_own(admin: client.Client) -> None:
    settings = {"se_in_provider_context": False, "tenant_vrf": True}
    tenant = admin.post("tenant", {"name": "own", "config_settings": settings})
    there = {"x_avi_tenant": "own"}
    groups = admin.get("serviceenginegroup", **there)["results"]
    assert [each["name"] for each in groups] == ["Default-Group"]
    assert groups[0]["tenant_ref"].endswith(tenant["uuid"])
    assert admin.names("serviceenginegroup") == ["Default-Group"]
    assert len(admin.names("vrfcontext?name=global", **there)) == 1
    service = admin.post("virtualservice", {"name": "v"}, **there)
    assert service["se_group_ref"].startswith(groups[0]["url"])
    assert admin.refused("DELETE", f"tenant/{tenant['uuid']}")[0] == 403
    admin.delete(f"virtualservice/{service['uuid']}", **there)
    admin.delete(f"tenant/{tenant['uuid']}")
    assert admin.names("serviceenginegroup", x_avi_tenant="*") == ["Default-Group"]


@pytest.mark.parametrize("release", ["22.1.3", "30.2.2"])
@pytest.mark.parametrize("provider", [True, False])
@pytest.mark.parametrize("own_vrf", [True, False])
def test_a_new_tenant_has_what_the_table_says(
    make: Make, release: str, *, provider: bool, own_vrf: bool
) -> None:
    admin = make(profile=release, chosen={"tenant-system-configuration": "made"})
    admin.post("cloud", {"name": "c2", "vtype": "CLOUD_NONE"})
    settings = {"se_in_provider_context": provider, "tenant_vrf": own_vrf}
    uuid = admin.post("tenant", {"name": "t", "config_settings": settings})["uuid"]
    controller = admin.controller.state
    inside = sorted(
        (stored.kind, stored.name)
        for stored in controller.objects.everything().values()
        if stored.tenant == uuid
    )
    expected = [] if provider else [("serviceenginegroup", "Default-Group")] * 2
    if release != "22.1.3":
        expected.append(("tenantsystemconfiguration", "default"))
    assert inside == expected + ([("vrfcontext", "global")] * 2 if own_vrf else [])
    table = tenants_table.made(controller.profile.version, settings, controller.switches)
    assert {(each.kind, each.name) for each in table} == set(inside)
    admin.delete(f"tenant/{uuid}")


def test_new_tenants_have_the_settings_of_the_system(admin: client.Client) -> None:
    configuration = admin.get("systemconfiguration")
    configuration["global_tenant_config"] = {"se_in_provider_context": True, "tenant_vrf": True}
    admin.put("systemconfiguration", configuration)
    assert admin.post("tenant", {"name": "a"})["config_settings"]["tenant_vrf"] is True
    tenant = {"name": "b", "config_settings": {"tenant_vrf": False}}
    assert admin.post("tenant", tenant)["config_settings"]["tenant_vrf"] is False


def test_a_role_gives_what_it_names(tenants: client.Client) -> None:
    role = grant(tenants, "r", "POOL=WRITE POOLGROUP=READ")
    u = user(tenants, "u", {"role_ref": role, "tenant_ref": "/api/tenant?name=t1"})
    assert u.names("pool") == ["pool-t1"]
    u.post("pool", {"name": "mine"})
    assert u.names("poolgroup") == []
    assert u.refused("POST", "poolgroup", {"name": "g"})[0] == 403
    assert u.refused("GET", "vsvip")[0] == 403
    assert u.refused("GET", "vsvip/none")[0] == 403
    assert u.refused("GET", "pool/none")[0] == 404
    assert u.refused("GET", "pool", x_avi_tenant="t2")[0] == 403
    assert u.refused("GET", "pool", x_avi_tenant="gone") == (
        403,
        """{"error": "Tenant 'gone' does not exist!"}""",
    )
    assert u.names("pool", x_avi_tenant="*") == ["pool-t1", "mine"]
    assert u.refused("GET", "vsvip", x_avi_tenant="*")[0] == 403
    assert u.refused("GET", "cluster/runtime")[0] == 403


def test_rights_change_at_once(tenants: client.Client) -> None:
    role = grant(tenants, "r", "POOL=WRITE")
    u = user(tenants, "u", {"role_ref": role, "tenant_ref": "/api/tenant?name=t1"})
    u.post("pool", {"name": "a"})
    body = {"name": "r", "privileges": [{"resource": "PERMISSION_POOL", "type": "READ_ACCESS"}]}
    tenants.put(f"role/{role}", body)
    assert u.refused("POST", "pool", {"name": "b"})[0] == 403
    uuid = tenants.get("user?name=u")["results"][0]["uuid"]
    tenants.patch(f"user/{uuid}", {"replace": {"access": []}})
    assert u.refused("GET", "pool")[0] == 403


def test_a_role_for_all_tenants(tenants: client.Client) -> None:
    role = grant(tenants, "all", "CONTROLLER=READ TENANT=READ")
    pools = grant(tenants, "pools", "POOL=READ")
    u = user(
        tenants,
        "u",
        {"role_ref": pools, "tenant_ref": "/api/tenant?name=t1"},
        {"role_ref": role, "tenant_ref": "/api/tenant?name=admin", "all_tenants": True},
    )
    assert u.get("cluster")["uuid"]
    assert u.get("cluster/runtime", x_avi_tenant="t2")["cluster_state"]
    assert u.names("tenant", x_avi_tenant="*") == ["admin", "t1", "t2"]
    assert u.names("pool", x_avi_tenant="*") == ["pool-t1"]
    assert u.refused("GET", "pool", x_avi_tenant="t2")[0] == 403


def marked(name: str, cluster: str | None) -> dict[str, typing.Any]:
    markers = [{"key": "clustername", "values": [cluster]}] if cluster else []
    return {"name": name, "markers": markers}


def filtered(operation: str = "ROLE_FILTER_EQUALS", value: str = "c1") -> dict[str, object]:
    label = {"key": "clustername", "values": [value]}
    return {"filters": [{"match_label": label, "match_operation": operation}]}


def test_a_role_filter_protects_other_clusters(admin: client.Client) -> None:
    role = grant(admin, "r", "POOL=WRITE POOLGROUP=WRITE", **filtered())
    u = user(admin, "u", {"role_ref": role, "tenant_ref": "/api/tenant?name=admin"})
    uuids = {c: admin.post("pool", marked(f"p-{c}", c))["uuid"] for c in ("c1", "c2", None)}
    assert u.names("pool") == ["p-c1", "p-None"]
    assert u.refused("GET", f"pool/{uuids['c2']}")[0] == 403
    assert u.refused("DELETE", f"pool/{uuids['c2']}")[0] == 403
    assert u.refused("POST", "pool", marked("x", "c2"))[0] == 403
    u.post("pool", marked("y", "c1"))
    assert u.refused("PUT", f"pool/{uuids['c1']}", marked("p-c1", "c2"))[0] == 403
    u.delete(f"pool/{uuids['c1']}")
    assert u.refused("DELETE", f"pool/{uuids['c2']}")[0] == 403
    assert u.refused("DELETE", f"pool/{uuids[None]}")[0] == 403
    assert admin.names("pool") == ["p-c2", "p-None", "y"]


def test_unlabelled_access_is_for_objects_without_any_marker(admin: client.Client) -> None:
    role = grant(admin, "r", "POOL=WRITE", **filtered())
    u = user(admin, "u", {"role_ref": role, "tenant_ref": "/api/tenant?name=admin"})
    other = {"name": "p-other", "markers": [{"key": "team", "values": ["blue"]}]}
    uuid = admin.post("pool", other)["uuid"]
    admin.post("pool", marked("p-None", None))
    assert u.names("pool") == ["p-None"]
    assert u.refused("GET", f"pool/{uuid}")[0] == 403
    admin.controller.state.switches["unlabelled-access"] = "write-lacks-key"
    assert u.names("pool") == ["p-other", "p-None"]
    u.delete(f"pool/{uuid}")


@pytest.mark.parametrize(
    ("operation", "value", "seen"),
    [
        ("ROLE_FILTER_EQUALS", "c1", "c1"),
        ("ROLE_FILTER_DOES_NOT_EQUAL", "c1", "c2"),
        ("ROLE_FILTER_GLOB_MATCH", "c*", "c1 c2"),
        ("ROLE_FILTER_GLOB_DOES_NOT_MATCH", "*1", "c2"),
    ],
)
def test_operations_of_filters(admin: client.Client, operation: str, value: str, seen: str) -> None:
    role = grant(
        admin, "r", "POOL=READ", allow_unlabelled_access=False, **filtered(operation, value)
    )
    u = user(admin, "u", {"role_ref": role, "tenant_ref": "/api/tenant?name=admin"})
    for cluster in ("c1", "c2", None):
        admin.post("pool", marked(str(cluster), cluster))
    assert u.names("pool") == seen.split()


def test_order_of_removal(admin: client.Client) -> None:
    admin.post("tenant", {"name": "t"})
    role = grant(admin, "r", "POOL=WRITE")
    user(admin, "u", {"role_ref": role, "tenant_ref": "/api/tenant?name=t"})
    tenant = admin.get("tenant?name=t")["results"][0]["uuid"]
    assert admin.refused("DELETE", f"role/{role}")[0] == 403
    assert "['User u']" in admin.refused("DELETE", f"tenant/{tenant}")[1]
    admin.delete(f"user/{admin.get('user?name=u')['results'][0]['uuid']}")
    admin.delete(f"role/{role}")
    admin.delete(f"tenant/{tenant}")


@pytest.mark.parametrize("resource", ["CONTROLLER", "ROLE", "TENANT", "USER"])
def test_some_rights_are_for_roles_of_tenant_admin(admin: client.Client, resource: str) -> None:
    admin.post("tenant", {"name": "blue"})
    privileges = [{"resource": f"PERMISSION_{resource}", "type": "READ_ACCESS"}]
    role = admin.post("role", {"name": "r", "privileges": privileges})["uuid"]
    admin.tenant = "blue"
    status, text = admin.refused("POST", "role", {"name": "r", "privileges": privileges})
    assert status == 400
    assert resource in text
    refused = user_refused(admin, {"role_ref": role, "tenant_ref": "/api/tenant?name=blue"})
    refusal = (
        "Cannot use Role r with access to Controller, Role, Tenant or User in non-admin tenant"
    )
    assert refused == (400, f'{{"error": "{refusal}"}}')
    made = user(admin, "u", {"role_ref": role, "tenant_ref": "/api/tenant?name=admin"})
    everywhere = {"role_ref": role, "tenant_ref": "/api/tenant?name=blue", "all_tenants": True}
    user(admin, "v", everywhere)
    assert made.login().status == 200
    uuid = admin.get("user?name=u")["results"][0]["uuid"]
    there = {"access": [{"role_ref": role, "tenant_ref": "/api/tenant?name=blue"}]}
    assert admin.refused("PATCH", f"user/{uuid}", {"replace": there})[0] == 400
    none = [{"resource": f"PERMISSION_{resource}", "type": "NO_ACCESS"}]
    admin.post("role", {"name": "r", "privileges": none})


def user_refused(admin: client.Client, *access: dict[str, object]) -> tuple[int, str]:
    body = {"name": "refused", "password": PASSWORD, "access": list(access)}
    return admin.refused("POST", "user", body)


def test_a_role_that_came_with_the_controller_is_used_in_any_tenant(admin: client.Client) -> None:
    admin.post("tenant", {"name": "blue"})
    role = "/api/role?name=Tenant-Admin"
    u = user(admin, "u", {"role_ref": role, "tenant_ref": "/api/tenant?name=blue"})
    assert u.names("pool") == []


def test_a_right_that_a_release_lost_is_refused(make: Callable[..., client.Client]) -> None:
    privileges = [{"resource": "PERMISSION_PINGACCESSAGENT", "type": "READ_ACCESS"}]
    body = {"name": "r", "privileges": privileges}
    make(profile="22.1.3").post("role", body)
    assert make(profile="30.2.2").refused("POST", "role", body)[0] == 400


def test_access_names_roles_of_any_tenant_by_uuid(admin: client.Client) -> None:
    admin.post("tenant", {"name": "blue"})
    admin.tenant = "blue"
    role = grant(admin, "r", "POOL=WRITE")
    admin.tenant = "admin"
    u = user(admin, "u", {"role_ref": role, "tenant_ref": "/api/tenant?name=blue"})
    u.tenant = "blue"
    u.post("pool", {"name": "p"})
    body = {"name": "v", "password": PASSWORD, "access": [{"role_ref": "/api/role?name=r"}]}
    assert admin.refused("POST", "user", body)[0] == 400
