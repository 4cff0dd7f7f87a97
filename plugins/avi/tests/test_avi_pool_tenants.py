"""A pool works in the network of its tenant: the one that its clusters are placed in, no other."""

from __future__ import annotations

import dataclasses
from typing import Any

import hypothesis
import pytest
from akoo_avi.client.access import refusal
from akoo_avi.place import catalog, networks, resolve
from akoo_avi.pools import configs, neighbours, place
from akoo_avi.spec import config, inline_pools, ip_pool, placement, resources
from akoo_avi.spec.ip_pool import CONFIG_ANNOTATION
from akoo_avi.testing import MemoryAvi
from akoo_avi.testing.memory import PASSWORD
from akoo_avi.testing.pool_world import PoolWorld, pool
from hypothesis import strategies as st

from akoo_core import structs

Object = dict[str, Any]
CIDR = "10.70.0.0/24"
TENANTS = ("admin", "blue", "red")


def adc(tenant: str | None) -> Object:
    spec: Object = {
        "controller": "avi.example.com",
        "cloudName": "vc-01",
        "serviceEngineGroup": "Default-Group",
        "adminCredentialRef": {"name": "account", "namespace": "avi"},
        "dataNetwork": {
            "name": "vip",
            "cidr": CIDR,
            "ipPools": [{"start": "10.70.0.10", "end": "10.70.0.19", "type": "V4"}],
        },
    }
    if tenant is not None:
        spec["tenant"] = {"name": tenant}
    return {"metadata": {"name": "edge"}, "spec": spec}


def read_pool(obj: Object) -> ip_pool.Pool:
    obj["metadata"]["uid"] = "1"
    return ip_pool.from_object(obj)


class Tenants(PoolWorld):
    """The world with tenants blue and red, and networks that they have of their own."""

    def __init__(self, *owners: str, shared: bool = False, **more: Any) -> None:
        super().__init__(**more)
        self.own: dict[str, Object] = {}
        for name in ("blue", "red"):
            settings = {"tenant_vrf": not shared, "se_in_provider_context": True}
            self.admin.post("tenant", {"name": name, "config_settings": settings})
        for name in owners:
            body = {"name": "vip", "cloud_ref": self.cloud["url"]}
            self.own[name] = self.admin.post("network", body, x_avi_tenant=name)

    def make(self, tenant: str) -> str:
        """The pool of a config of the tenant, as the config's controller makes it."""
        (made,) = configs.of_object(adc(tenant))
        body = {
            "apiVersion": "akoo.io/v1alpha1",
            "kind": "AviIPPool",
            "metadata": {"name": made.name, "annotations": {CONFIG_ANNOTATION: "edge"}},
            "spec": structs.to_object(made.spec),
        }
        self.run(self.management.client().create(resources.AVI_IP_POOLS, body))
        return made.name

    def ranges_of(self, tenant: str) -> list[Object]:
        uuid = self.own[tenant]["uuid"]
        network = self.admin.get(f"network/{uuid}", x_avi_tenant=tenant)
        return [
            entry for s in network.get("configured_subnets", ()) for entry in s["static_ip_ranges"]
        ]


def test_ranges_go_into_the_tenants_own_network() -> None:
    there = Tenants("blue", "red")
    name = there.make("blue")
    there.run_pool(name)
    assert there.ready(name)[:2] == ("True", "Applied")
    assert len(there.ranges_of("blue")) == 1
    assert not there.ranges_of("red")
    assert not there.ranges, "tenant admin's network of that name"
    assert not there.usable(), "admin's network was not asked for"
    there.delete(name)
    there.run_pool(name)
    assert there.gone(name)
    assert not there.ranges_of("blue")


def test_a_network_of_another_tenant_is_none() -> None:
    there = Tenants("red")
    before = there.writes
    name = there.make("blue")
    there.run_pool(name)
    assert there.ready(name)[1] == "NetworkNotFound"
    assert 'for tenant "blue"' in there.ready(name)[2]
    assert there.writes == before


def test_a_network_that_admin_shares_serves() -> None:
    there = Tenants(shared=True)
    name = there.make("blue")
    there.run_pool(name)
    assert there.ready(name)[:2] == ("True", "Applied")
    assert there.ranges == {"10.70.0.10-10.70.0.19"}
    assert there.usable()


def test_a_subnet_of_admins_does_not_lead_away_from_the_own_network() -> None:
    """The pool adds the subnet that is missing; the same subnet elsewhere says nothing."""
    there = Tenants("blue", shared=True)
    there.put_ranges()
    name = there.make("blue")
    there.run_pool(name)
    assert len(there.ranges_of("blue")) == 1
    assert not there.ranges


def test_a_port_group_of_another_tenant_is_none() -> None:
    there = Tenants("red")
    known = there.run(_catalog(there))
    other = next(
        network for network in known.networks if network["uuid"] == there.own["red"]["uuid"]
    )
    cloud = there.cloud["uuid"]
    moved = {**other, "vimgrnw_ref": f"/api/vimgrnwruntime/dvportgroup-1-{cloud}"}
    known = _with(known, [*(n for n in known.networks if n is not other), moved])
    asked = pool("edge", "10.70.0.10-10.70.0.19", network={"moref": "dvportgroup-1"})
    for tenant, allowed in (("blue", False), ("admin", False), ("red", True)):
        asked["spec"]["tenant"] = tenant
        read = read_pool(asked)
        if allowed:
            assert place.find(known, read).network_uuid == other["uuid"]
        else:
            with pytest.raises(refusal.Refusal, match="dvportgroup-1"):
                place.find(known, read)


def test_an_unknown_tenant_is_told_with_the_nearest() -> None:
    there = Tenants()
    name = there.make("blu")
    there.run_pool(name)
    _, reason, message = there.ready(name)
    assert reason == "TenantNotFound"
    assert "nearest names: blue. Correct spec.tenant.name of AKODeploymentConfig/edge" in message


class TestNames:
    def test_pools_of_tenant_admin_keep_their_names(self) -> None:
        """As releases named them that knew no tenant."""
        for tenant in (None, "", "admin"):
            (made,) = configs.of_object(adc(tenant))
            assert made.name == "adc-edge-2e4383"
            assert made.spec.tenant == "admin"

    def test_each_tenant_has_a_pool_of_its_own(self) -> None:
        specs = [config.decode(adc(tenant)) for tenant in TENANTS]
        assert len({inline_pools.data_name("edge", spec) for spec in specs}) == 3

    def test_a_pool_without_the_field_means_admin(self) -> None:
        assert read_pool(pool()).spec.tenant == "admin"

    def test_pools_of_two_tenants_are_no_neighbours_before_they_are_placed(self) -> None:
        mine, its = pool("mine", tenant="blue"), pool("its", tenant="red")
        there = Tenants()
        for obj in (mine, its, pool("same", tenant="blue")):
            obj["metadata"]["uid"] = obj["metadata"]["name"]
            there.run(there.management.client().create(resources.AVI_IP_POOLS, obj))
        read = ip_pool.from_object(there.pool("mine") or {})
        near = there.run(neighbours.on_network(there.management.client(), read, "network-x"))
        assert [neighbour.name for neighbour in near.pools] == ["same"]


class TestClouds:
    def known(self, *owners: str) -> catalog.Catalog:
        there = Tenants()
        known: catalog.Catalog = there.run(_catalog(there))
        rows = [
            {"uuid": f"cloud-{owner}", "name": "edge", "tenant_ref": f"/api/tenant/{uuid}#{owner}"}
            for owner in owners
            for uuid in [next(t["uuid"] for t in known.tenants if t["name"] == owner)]
        ]
        return _with(known, known.networks, clouds=tuple(rows))

    @pytest.mark.parametrize(
        ("tenant", "owners", "expected"),
        [
            ("admin", ("admin", "blue"), "cloud-admin"),
            ("blue", ("admin", "red"), "cloud-admin"),
            ("blue", ("blue", "red"), "cloud-blue"),
            ("blue", ("red",), "CloudNotFound"),
            ("admin", ("red",), "CloudNotFound"),
            ("blue", ("admin", "blue"), "CloudAmbiguous"),
        ],
    )
    def test_a_tenant_sees_its_own_and_admins(
        self, tenant: str, owners: tuple[str, ...], expected: str
    ) -> None:
        known = self.known(*owners)
        row = resolve.tenant_called(tenant, known, "")
        try:
            outcome = resolve.cloud_called("edge", row, known, "")["uuid"]
        except refusal.Refusal as error:
            outcome = error.reason
        assert outcome == expected


ROWS = st.lists(
    st.tuples(st.sampled_from(TENANTS), st.sampled_from(["vip", "other"]), st.booleans()),
    max_size=6,
)


@hypothesis.given(rows=ROWS, vrf=st.booleans(), tenant=st.sampled_from(TENANTS[:2]))
def test_pool_and_cluster_are_of_one_mind(
    rows: list[tuple[str, str, bool]], vrf: bool, tenant: str
) -> None:
    """Whatever networks there are: both find the same one, or refuse for the same reason."""
    known = _known(rows, vrf=vrf)
    row = resolve.tenant_called(tenant, known, "")
    scene = networks.NetworkScope(catalog=known, cloud=known.clouds[0], tenant=row, correct="")
    asked = pool("edge", "10.70.0.10-10.70.0.19", tenant=tenant)

    def cluster() -> str:
        wanted = placement.WantedNetwork(name="vip", cidr=CIDR)
        network = networks.find(scene, wanted, "spec.dataNetwork")
        assert network is not None
        return network.uuid

    def its_pool() -> str:
        return place.find(known, read_pool(asked)).network_uuid

    mine, its = _outcome(cluster), _outcome(its_pool)
    assert mine == its
    owners = {f"network-{n}": owner for n, (owner, _, _) in enumerate(rows)}
    if mine in owners:
        usable = {tenant} if vrf else {tenant, "admin"}
        assert owners[mine] in usable
        if any(owner == tenant and name == "vip" for owner, name, _ in rows):
            assert owners[mine] == tenant


def _outcome(find: Any) -> str:
    try:
        return str(find())
    except refusal.Refusal as error:
        return error.reason


def _known(rows: list[tuple[str, str, bool]], *, vrf: bool) -> catalog.Catalog:
    subnet = {"prefix": {"ip_addr": {"addr": "10.70.0.0", "type": "V4"}, "mask": 24}}
    return catalog.Catalog(
        address="avi.example.com",
        version="30.2.2",
        uuid="cluster-1",
        state="CLUSTER_UP_NO_HA",
        tenants=tuple(
            {
                "uuid": tenant,
                "name": tenant,
                "config_settings": {"tenant_vrf": vrf and tenant != "admin"},
            }
            for tenant in TENANTS
        ),
        clouds=({"uuid": "cloud-1", "name": "vc-01", "vtype": "CLOUD_NONE"},),
        se_groups=(),
        networks=tuple(
            {
                "uuid": f"network-{number}",
                "name": name,
                "cloud_ref": "/api/cloud/cloud-1#vc-01",
                "tenant_ref": f"/api/tenant/{owner}#{owner}",
                "configured_subnets": [subnet] if configured else [],
            }
            for number, (owner, name, configured) in enumerate(rows)
        ),
        ipam_profiles=(),
        claims=(),
    )


async def _catalog(there: PoolWorld) -> catalog.Catalog:
    return await catalog.read(MemoryAvi(there.avi, username="admin", password=PASSWORD))


def _with(known: catalog.Catalog, rows: Any, **more: Any) -> catalog.Catalog:
    return dataclasses.replace(known, networks=tuple(rows), **more)
