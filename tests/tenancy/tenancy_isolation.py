"""AKOs of several clusters on one controller in memory, each with the roles of a plan or of
VMware's ako-infra; each is the simulated AKO, with its own requests."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from akoo_tenancy.roles import plan, wire
from akoo_tenancy.roles.plan import Needs, Rights
from akoo_testbed.akosim import ako_bed, avi, boot, config, syncing
from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.objects import model, planning, routes
from akoo_testbed.akosim.objects.desired import desired
from akoo_testbed.akosim.objects.maker import BootUuids
from akoo_testbed.akosim.objects.model import Existing
from akoo_testbed.akosim.world import INGRESS, NODE, SECRET, SERVICE, World
from akoo_testbed.avisim import client, controller
from akoo_testbed.trust import certificates

Json = dict[str, Any]
PASSWORD = "Tenancy-test-1"
MODES: dict[str, dict[str, str]] = {
    "SNI": {},
    "EVH": {"enableEVH": "true"},
    "EVH by namespace": {"enableEVH": "true", "vipPerNamespace": "true"},
    "dedicated": {"shardVSSize": "DEDICATED"},
}
INFRA_ADMIN = {
    **dict.fromkeys(("STRINGGROUP", "SERVICEENGINEGROUP", "VRFCONTEXT"), "WRITE_ACCESS"),
    **dict.fromkeys(("CLOUD", "NETWORK", "TENANT"), "READ_ACCESS"),
}
"""Of role vks-admin-role, which all clusters share, without a filter."""


class Call(NamedTuple):
    """A request of an AKO, and its answer."""

    method: str
    path: str
    tenant: str
    status: int


class Session(avi.Avi):
    """The way of the simulated AKO to the controller, without sockets."""

    def __init__(self, who: client.Client, tenant: str) -> None:
        super().__init__(avi.Access(controller="", username=who.user), tenant)
        self.who = who
        self.calls: list[Call] = []

    async def call(
        self, method: str, path: str, body: Json | None = None, *, tenant: str | None = None
    ) -> Json:
        where = tenant or self._tenant
        answer = self.who.call(method, path, body, x_avi_tenant=where)
        self.calls.append(Call(method, path, where, answer.status))
        if answer.status >= 400:
            raise avi.AviError(answer.status, answer.body.decode(errors="replace"))
        decoded: Json = answer.json if answer.body else {}
        return decoded

    def refused(self) -> list[Call]:
        """Writes that were refused, but those that AKO tries in tenant admin then."""
        done = {(call.method, call.path) for call in self.calls if call.status < 400}
        return [
            call
            for call in self.calls
            if call.status == 403 and call.method != "GET" and call[:2] not in done
        ]


class Site:
    """A controller with addresses for VIPs, and tenants."""

    def __init__(self, profile: str = "30.2.2", **switches: str) -> None:
        self.avi = controller.Controller(
            password=PASSWORD, profile=profile, chosen=switches, identity="isolation"
        )
        self.admin = client.Client(self.avi, password=PASSWORD)
        ako_bed.furnish(self.admin)
        for tenant in ("blue", "green"):
            self.admin.post("tenant", {"name": tenant})
        self.by_uuid = {ref.rpartition("/")[2]: name for name, ref in self.tenants().items()}

    def tenants(self) -> dict[str, str]:
        rows = self.admin.get("tenant")["results"]
        return {row["name"]: f"/api/tenant/{row['uuid']}" for row in rows}

    def user(self, name: str, access: Iterable[Json]) -> client.Client:
        body = {"name": name, "username": name, "password": PASSWORD, "access": list(access)}
        self.admin.post("user", body)
        return client.Client(self.avi, user=name, password=PASSWORD)

    def ours(self, needs: Needs) -> client.Client:
        """The user of an AKO with the roles of our plan."""
        rights: Rights = plan.plan(needs)
        refs = {
            (role.tenant, role.name): self.admin.post(
                "role", wire.body(role), x_avi_tenant=role.tenant
            )["url"]
            for role in rights.roles
        }
        tenants = self.tenants()
        access = [
            {
                "role_ref": refs[entry.role_tenant, entry.role],
                "tenant_ref": tenants[entry.tenant],
                "all_tenants": entry.everywhere,
            }
            for entry in rights.access
        ]
        return self.user(f"{needs.record}-000001", access)

    def infra(self, cluster: str, tenant: str) -> client.Client:
        """The user of an AKO as VMware's ako-infra makes it."""
        needed = Needs(
            record=cluster,
            ako=(2, 1, 1),
            controller=(30, 2, 2),
            tenants=(tenant,),
            isolation="Vendor",
        )
        (working,) = (role for role in plan.plan(needed).roles if role.name.endswith("working"))
        roles = {
            "vks-admin-role": ("admin", {"privileges": privileges(INFRA_ADMIN)}),
            "vks-all-tenants-role": (
                "admin",
                {"privileges": privileges(dict.fromkeys(("CONTROLLER", "TENANT"), "READ_ACCESS"))},
            ),
            f"{cluster}-tenant-role": (tenant, wire.body(working)),
        }
        tenants, access = self.tenants(), []
        for name, (where, body) in roles.items():
            known = self.admin.get(f"role?name={name}", x_avi_tenant=where)["results"]
            made = (
                known[0]
                if known
                else self.admin.post("role", {**body, "name": name}, x_avi_tenant=where)
            )
            access.append(
                {
                    "role_ref": made["url"],
                    "tenant_ref": tenants[where],
                    "all_tenants": name == "vks-all-tenants-role",
                }
            )
        return self.user(f"{cluster}-user", access)

    def objects(self, kinds: Iterable[str] = planning.BUILD_ORDER) -> Iterator[tuple[str, Json]]:
        """All objects of AKO's kinds in all tenants, as the administrator sees them."""
        for kind in kinds:
            for row in self.admin.get(f"{kind}?page_size=200", x_avi_tenant="*")["results"]:
                yield kind, row

    def tenant_of(self, row: Json) -> str:
        return self.by_uuid[str(row["tenant_ref"]).partition("#")[0].rpartition("/")[2]]


def privileges(rights: dict[str, str]) -> list[Json]:
    return [{"resource": f"PERMISSION_{key}", "type": value} for key, value in rights.items()]


def settings(cluster: str, tenant: str, **data: str) -> Config:
    """The settings of an AKO in AKO's own words."""
    networks = json.dumps([{"networkName": "vips", "cidr": "10.9.0.0/24"}])
    base = {
        "clusterName": cluster,
        "tenantName": tenant,
        "vipNetworkList": networks,
        "serviceType": "NodePort",
        "shardVSSize": "SMALL",
    }
    return config.parse(base | data, "avi-system")


def world(cluster: str, *, patterns: bool = True) -> World:
    """Services and Ingresses of all sorts, with hosts of the cluster's own.

    ``patterns``: paths that need a string group.
    """
    made = World()
    nodes = {"addresses": [{"type": "InternalIP", "address": "10.1.1.1"}]}
    made.put(
        NODE,
        {"metadata": {"name": "n1"}, "spec": {"podCIDR": "10.244.0.0/24"}, "status": nodes},
    )
    made.put(SECRET, {"metadata": {"namespace": "red", "name": "tls"}, "data": _certificate()})
    for name, kind in (("web", "LoadBalancer"), ("api", "ClusterIP")):
        ports = [{"port": 80, "nodePort": 30080, "name": "http"}]
        metadata = {"namespace": "red", "name": name, "uid": name}
        made.put(SERVICE, {"metadata": metadata, "spec": {"type": kind, "ports": ports}})
    path = "/x[0-9]+" if patterns else "/x"
    for name, tls, passed in (("plain", 0, 0), ("secure", 1, 0), ("passed", 1, 1)):
        made.put(INGRESS, _ingress(f"{name}.{cluster}.example.com", name, path, tls, passed))
    return made


@functools.cache
def _certificate() -> dict[str, str]:
    pair = certificates.Authority().server(names=("shop.example.com",), addresses=())
    data = {"tls.crt": pair.certificate_pem, "tls.key": pair.key_pem}
    return {key: base64.b64encode(pem.encode()).decode() for key, pem in data.items()}


def _ingress(host: str, name: str, path: str, tls: int, passed: int) -> Json:
    backend = {"service": {"name": "api", "port": {"number": 80}}}
    entry = {"path": path, "pathType": "ImplementationSpecific", "backend": backend}
    spec: Json = {"rules": [{"host": host, "http": {"paths": [entry]}}]}
    if tls:
        spec["tls"] = [{"hosts": [host], "secretName": "tls"}]
    metadata: Json = {"namespace": "red", "name": name, "uid": name}
    if passed:
        metadata["annotations"] = {"passthrough.ako.vmware.com/enabled": "true"}
    return {"metadata": metadata, "spec": spec}


class Ako:
    """One AKO with its user."""

    def __init__(self, who: client.Client, chosen: Config, cluster: World) -> None:
        self.session = Session(who, chosen.tenant)
        self.config, self.world = chosen, cluster
        self.hands = syncing.Hands(self.session, chosen)
        self.uuids: BootUuids | None = None

    async def sync(self) -> bool:
        """Start, read, make everything, write routes; True if all of it was made."""
        self.uuids = await boot.validate(self.session, self.config)
        await self.hands.observe()
        complete = await self.hands.perform(planning.plan(self.wanted(), self.hands.observed))
        await self.hands.write_routes(self.uuids.vrf, routes.wanted(self.config, self.world))
        return complete

    def wanted(self) -> list[model.Wanted]:
        assert self.uuids is not None
        return desired(self.config, self.uuids, self.world)

    async def touch(self) -> bool:
        """Read and write every object once more, as after a change of each."""
        complete = True
        for existing in list(self.hands.observed.values()):
            path = f"{existing.key.kind}/{existing.uuid}"
            body = await self.session.call("GET", path, tenant=existing.key.tenant)
            again = planning.Operation(
                planning.Verb.UPDATE, existing.key, existing.uuid, {**body, "description": "x"}
            )
            complete &= await self.hands.attempt(again) is None
        return complete

    async def clear(self) -> bool:
        """Delete everything, as deleteConfig does; take routes and label away."""
        assert self.uuids is not None
        await self.hands.observe()
        mine: list[Existing] = planning.ordered(self.hands.observed.values())
        complete = await self.hands.perform(planning.delete(each) for each in mine)
        if self.config.routes:
            await self.hands.write_routes(self.uuids.vrf, [])
            await self.hands.take_label(self.uuids.se_group)
        return complete
