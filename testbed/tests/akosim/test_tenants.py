"""AKO as a user with narrow roles, in a tenant of its own."""

from akoo_testbed.akosim.bench import CLUSTER, Bench

TENANT_WRITES = (
    *("VIRTUALSERVICE", "POOL", "POOLGROUP", "HTTPPOLICYSET", "L4POLICYSET", "VSDATASCRIPTSET"),
    *("STRINGGROUP", "PKIPROFILE", "SSLKEYANDCERTIFICATE", "APPLICATIONPERSISTENCEPROFILE"),
)
ADMIN_RIGHTS = {
    **dict.fromkeys(("SERVICEENGINEGROUP", "VRFCONTEXT"), "WRITE_ACCESS"),
    **dict.fromkeys(
        ("CLOUD", "NETWORK", "TENANT", "CONTROLLER", "IPAMDNSPROVIDERPROFILE"), "READ_ACCESS"
    ),
}


def make_user(bench: Bench, name: str, *, filtered: bool) -> None:
    """Role by role as AKO's documents ask for, here with a filter on the cluster's marker."""
    rights = dict.fromkeys(TENANT_WRITES, "WRITE_ACCESS") | {"TENANT": "READ_ACCESS"}
    own: dict[str, object] = {"name": "ako-tenant", "privileges": _privileges(rights)}
    if filtered:
        label = {"key": "clustername", "values": [CLUSTER]}
        one = {"match_operation": "ROLE_FILTER_EQUALS", "match_label": label, "enabled": True}
        own |= {"filters": [one], "allow_unlabelled_access": True}
    admin = {"name": "ako-admin", "privileges": _privileges(ADMIN_RIGHTS)}
    bench.admin.post("tenant", {"name": "blue"})
    for role in (own, admin):
        bench.admin.post("role", role)
    access = [
        {"role_ref": "/api/role/?name=ako-tenant", "tenant_ref": "/api/tenant/?name=blue"},
        {"role_ref": "/api/role/?name=ako-admin", "tenant_ref": "/api/tenant/?name=admin"},
    ]
    password = f"Of-{name}-1234"
    bench.admin.post("user", {"name": name, "password": password, "access": access})
    bench.user = (name, password)


def _privileges(rights: dict[str, str]) -> list[dict[str, str]]:
    return [{"resource": f"PERMISSION_{key}", "type": value} for key, value in rights.items()]


async def test_a_narrow_user_in_a_tenant(bench: Bench) -> None:
    await bench.ask(lambda: make_user(bench, "ako", filtered=True))
    await bench.give_pods_a_network()
    await bench.install(tenantName="blue", serviceType="ClusterIP")
    await bench.service("web")
    await bench.address("web")
    name = f"{CLUSTER}--{bench.home}-web"
    vs = await bench.ask(lambda: bench.named("virtualservice", name))
    tenant = await bench.ask(lambda: bench.named("tenant", "blue"))
    assert vs["tenant_ref"].endswith(tenant["uuid"])
    await bench.until(bench.routes, "routes, written in tenant admin")
    await bench.delete_config("true")
    await bench.answer("Done")
    assert await bench.ask(bench.marked) == []
    await bench.until(lambda: not bench.labels(), "the label to go")


async def test_objects_of_an_annotated_namespace_are_in_its_tenant(bench: Bench) -> None:
    await bench.ask(lambda: bench.admin.post("tenant", {"name": "blue"}))
    annotations = {"ako.vmware.com/tenant-name": "blue"}
    body = {"metadata": {"annotations": annotations}}
    await bench.api.patch("v1/Namespace", None, bench.home, body)
    await bench.install()
    await bench.service("web")
    await bench.address("web")
    assert await bench.ask(lambda: bench.admin.names("vsvip", x_avi_tenant="admin")) == []
    assert len(await bench.ask(lambda: bench.admin.names("vsvip", x_avi_tenant="blue"))) == 1
