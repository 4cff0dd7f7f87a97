"""AKO as a user with narrow roles, in a tenant of its own."""

from akoo_testbed.akosim.ako_bed import CLUSTER, AkoBed

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
EVERYWHERE = dict.fromkeys(("CONTROLLER", "TENANT"), "READ_ACCESS")
"""Rights that Avi refuses in a role of one tenant."""


def make_user(ako_bed: AkoBed, name: str, *, filtered: bool) -> None:
    """Role by role as AKO's documents ask for, here with a filter on the cluster's marker."""
    rights = dict.fromkeys(TENANT_WRITES, "WRITE_ACCESS")
    own: dict[str, object] = {"name": "ako-tenant", "privileges": _privileges(rights)}
    if filtered:
        label = {"key": "clustername", "values": [CLUSTER]}
        filter_ = {"match_operation": "ROLE_FILTER_EQUALS", "match_label": label, "enabled": True}
        own |= {"filters": [filter_], "allow_unlabelled_access": True}
    admin = {"name": "ako-admin", "privileges": _privileges(ADMIN_RIGHTS)}
    ako_bed.admin.post("tenant", {"name": "blue"})
    everywhere = {"name": "ako-everywhere", "privileges": _privileges(EVERYWHERE)}
    for role in (own, admin, everywhere):
        ako_bed.admin.post("role", role)
    access = [
        {"role_ref": "/api/role/?name=ako-tenant", "tenant_ref": "/api/tenant/?name=blue"},
        {"role_ref": "/api/role/?name=ako-admin", "tenant_ref": "/api/tenant/?name=admin"},
        {
            "role_ref": "/api/role/?name=ako-everywhere",
            "tenant_ref": "/api/tenant/?name=admin",
            "all_tenants": True,
        },
    ]
    password = f"Of-{name}-1234"
    ako_bed.admin.post("user", {"name": name, "password": password, "access": access})
    ako_bed.user = (name, password)


def _privileges(rights: dict[str, str]) -> list[dict[str, str]]:
    return [{"resource": f"PERMISSION_{key}", "type": value} for key, value in rights.items()]


async def test_a_narrow_user_in_a_tenant(ako_bed: AkoBed) -> None:
    await ako_bed.ask(lambda: make_user(ako_bed, "ako", filtered=True))
    await ako_bed.give_pods_a_network()
    await ako_bed.install(tenantName="blue", serviceType="ClusterIP")
    await ako_bed.service("web")
    await ako_bed.address("web")
    name = f"{CLUSTER}--{ako_bed.home}-web"
    vs = await ako_bed.ask(lambda: ako_bed.named("virtualservice", name))
    tenant = await ako_bed.ask(lambda: ako_bed.named("tenant", "blue"))
    assert vs["tenant_ref"].endswith(tenant["uuid"])
    await ako_bed.until(ako_bed.routes, "routes, written in tenant admin")
    await ako_bed.delete_config("true")
    await ako_bed.answer("Done")
    assert await ako_bed.ask(ako_bed.marked) == []
    await ako_bed.until(lambda: not ako_bed.labels(), "the label to go")


async def test_objects_of_an_annotated_namespace_are_in_its_tenant(ako_bed: AkoBed) -> None:
    await ako_bed.ask(lambda: ako_bed.admin.post("tenant", {"name": "blue"}))
    annotations = {"ako.vmware.com/tenant-name": "blue"}
    body = {"metadata": {"annotations": annotations}}
    await ako_bed.api.patch("v1/Namespace", None, ako_bed.home, body)
    await ako_bed.install()
    await ako_bed.service("web")
    await ako_bed.address("web")
    assert await ako_bed.ask(lambda: ako_bed.admin.names("vsvip", x_avi_tenant="admin")) == []
    assert len(await ako_bed.ask(lambda: ako_bed.admin.names("vsvip", x_avi_tenant="blue"))) == 1
