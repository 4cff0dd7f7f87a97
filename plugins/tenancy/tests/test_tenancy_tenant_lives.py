"""Clusters in AviTenants, with all plugins: named, made from a template, left and deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from akoo_tenancy.spec.tenant import AVI_TENANTS

from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import ADDRESS, TenancyFleet

REST = 900.0


async def until(bed: TenancyFleet, condition: Callable[[], bool], seconds: float = 3600) -> None:
    """Let time pass until the condition holds."""
    end = bed.clock.monotonic() + seconds
    while not condition():
        assert bed.clock.monotonic() < end, "it never came true"
        await asyncio.sleep(10)


def tenants(bed: TenancyFleet) -> dict[str, str]:
    """UUIDs of the tenants on the controller, by name."""
    return {obj.name: obj.uuid for obj in bed.avi.state.objects.of_kind("tenant")}


def declared(bed: TenancyFleet) -> list[str]:
    return sorted(obj["metadata"]["name"] for obj in bed.fleet.management.objects(AVI_TENANTS))


def placed_in(bed: TenancyFleet, name: str) -> str:
    """UUID of the tenant that avi placed the cluster in."""
    data: Any = bed.record(name).spec.facts["AviTarget"].data
    return str(data)


async def make(bed: TenancyFleet, name: str, **spec: Any) -> None:
    body = {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AviTenant",
        "metadata": {"name": name},
        "spec": {
            "address": ADDRESS,
            "credentialRef": {"namespace": "avi", "name": "admin"},
            "caRef": {"namespace": "avi", "name": "ca"},
            **spec,
        },
    }
    await bed.fleet.management.client().create(AVI_TENANTS, body)


@virtual_time.test
async def test_a_cluster_works_in_the_tenant_that_its_config_names(
    clock: virtual_time.LoopClock,
) -> None:
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await bed.config(tenantRef="shop")
        await bed.fleet.create_cluster("shop")
        await until(
            bed,
            lambda: "AviTenantNotFound" in str(bed.fleet.record("shop") and bed.conditions("shop")),
        )
        assert bed.users("shop") == []
        await make(bed, "shop")
        await until(bed, lambda: bed.is_active("shop", 1))
        uuid = tenants(bed)["shop"]
        assert uuid in placed_in(bed, "shop")
        roles = bed.avi.state.objects.of_kind("role")
        where = {obj.tenant for obj in roles if obj.name.endswith("-write")}
        assert where == {uuid}
        assert [use.kind for use in bed.record("shop").spec.uses if use.plugin == "tenancy"] == [
            "AviTenant"
        ]
        before = len(bed.avi.journal.entries(writes=True))
        await asyncio.sleep(REST)
        assert len(bed.avi.journal.entries(writes=True)) == before
        assert bed.refused() == []
        await bed.fleet.management.client().delete(AVI_TENANTS, "shop")
        await asyncio.sleep(600)
        assert declared(bed) == ["shop"]  # the cluster uses it
        assert "shop" in tenants(bed)
        await bed.fleet.delete_cluster("shop")
        await until(bed, lambda: declared(bed) == [], 4 * 3600)
        assert "shop" not in tenants(bed)


@virtual_time.test
async def test_each_namespace_gets_a_tenant_and_gives_it_back(
    clock: virtual_time.LoopClock,
) -> None:
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await bed.config(tenantTemplate={"per": "Namespace", "serviceEngines": "Provider"})
        await bed.fleet.create_cluster("shop")
        await bed.fleet.create_cluster("desk")
        await until(bed, lambda: bed.fleet.record("desk") is not None)
        await until(bed, lambda: bed.is_active("shop", 1) and bed.is_active("desk", 1))
        (made,) = declared(bed)
        assert tenants(bed)[made] in placed_in(bed, "shop")
        assert tenants(bed)[made] in placed_in(bed, "desk")
        await bed.fleet.delete_cluster("shop")
        await until(bed, lambda: len(bed.fleet.management.objects(AVI_TENANTS)) == 1)
        await asyncio.sleep(REST)
        assert declared(bed) == [made]  # another cluster of the namespace is in it
        await bed.fleet.delete_cluster("desk")
        await until(bed, lambda: declared(bed) == [], 4 * 3600)
        assert made not in tenants(bed)
        assert bed.refused() == []


@virtual_time.test
async def test_each_cluster_gets_a_tenant_of_its_own(clock: virtual_time.LoopClock) -> None:
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await bed.config(tenantTemplate={"per": "Cluster"})
        await bed.fleet.create_cluster("shop")
        await bed.fleet.create_cluster("desk")
        await until(bed, lambda: len(declared(bed)) == 2)
        await until(bed, lambda: bed.is_active("shop", 1) and bed.is_active("desk", 1))
        assert declared(bed) == sorted(bed.record(name).name for name in ("shop", "desk"))
        for name in ("shop", "desk"):
            assert tenants(bed)[bed.record(name).name] in placed_in(bed, name)


@virtual_time.test
async def test_a_reference_and_an_avi_tenant_exclude_each_other(
    clock: virtual_time.LoopClock,
) -> None:
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await bed.config(
            {"workloadCredentialRef": {"name": "shop", "namespace": "avi"}}, tenantRef="shop"
        )
        await bed.fleet.create_cluster("shop")
        await until(bed, lambda: bed.fleet.record("shop") is not None)
        await until(bed, lambda: "tenantRef: gives no tenant" in str(bed.conditions("shop")))
        assert bed.users("shop") == []
