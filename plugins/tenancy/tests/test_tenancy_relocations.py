"""Clusters that go from one tenant to another, and AKOs that work in several tenants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from akoo_tenancy.spec.tenant import AVI_TENANTS

from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import ADDRESS, TenancyFleet

NAMED: dict[str, Any] = {"plugins": {"tenancy": {"tenantRef": "sales"}}}
UNNAMED: dict[str, Any] = {"plugins": {"tenancy": {"tenantRef": None}}}


async def until(bed: TenancyFleet, condition: Any, seconds: float = 1800) -> None:
    try:
        await bed.fleet.until(condition, seconds=seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {bed.conditions('shop')} {bed.account('shop')}") from error


async def make(bed: TenancyFleet, *names: str) -> None:
    """AviTenants of the controller of the config."""
    for name in names:
        body = {
            "apiVersion": "akoo.io/v1alpha1",
            "kind": "AviTenant",
            "metadata": {"name": name},
            "spec": {
                "address": ADDRESS,
                "credentialRef": {"namespace": "avi", "name": "admin"},
                "caRef": {"namespace": "avi", "name": "ca"},
            },
        }
        await bed.fleet.management.client().create(AVI_TENANTS, body)


def uuid_of(bed: TenancyFleet, tenant: str) -> str:
    return next((t.uuid for t in bed.avi.state.objects.of_kind("tenant") if t.name == tenant), "")


def work_in(bed: TenancyFleet) -> set[str]:
    """UUIDs of the tenants that AKO may write in."""
    roles = bed.avi.state.objects.of_kind("role")
    return {role.tenant for role in roles if role.name.endswith("-write")}


def access(bed: TenancyFleet) -> set[str]:
    """Names of the tenants that the user of AKO has a role in."""
    (name,) = bed.users("shop")
    (user,) = bed.avi.state.objects.named("user", name)
    names = {tenant.uuid: tenant.name for tenant in bed.avi.state.objects.of_kind("tenant")}
    entries: Iterable[dict[str, Any]] = user.data["access"]
    uuids = (str(entry["tenant_ref"]).partition("#")[0].rpartition("/")[2] for entry in entries)
    return {names.get(uuid, uuid) for uuid in uuids}


def uses(bed: TenancyFleet) -> list[str]:
    """AviTenants that the cluster holds."""
    return [use.name for use in bed.record("shop").spec.uses if use.kind == "AviTenant"]


@pytest.mark.parametrize("first", ["shop", ""], ids=["two AviTenants", "from spec.tenant"])
def test_a_cluster_goes_to_another_tenant(first: str) -> None:
    """One relocation: the old account is revoked, its roles go, and AKO works with the next."""

    @virtual_time.test
    async def play(clock: virtual_time.LoopClock) -> None:
        bed = TenancyFleet(clock)
        async with bed.fleet:
            await bed.config(tenantRef=first)
            await bed.fleet.create_cluster("shop")
            await bed.fleet.until(lambda: bed.fleet.record("shop") is not None)
            await make(bed, "shop", "sales")
            await until(bed, lambda: bed.is_active("shop", 1))
            assert work_in(bed) == {uuid_of(bed, first or "blue")}
            await bed.fleet.change_config(NAMED)
            await until(bed, lambda: bed.is_active("shop", 2), 4 * 3600)
            await until(bed, lambda: bed.condition("shop")[0] == "True")
            assert work_in(bed) == {uuid_of(bed, "sales")}
            assert access(bed) == {"admin", "sales"}
            await until(bed, lambda: uses(bed) == ["sales"])
            ended = bed.record("shop").spec.ended_placements
            assert [place.plugin for place in ended] == ["avi", "tenancy"], "of both at once"
            assert len({place.at for place in ended}) == 1
            assert bed.refused() == []

    play()


@pytest.mark.parametrize(
    "tenancy",
    [{}, {"tenantTemplate": {"per": "Cluster"}}, {"tenantRef": "shop"}],
    ids=["spec.tenant", "template", "tenantRef"],
)
def test_an_ako_of_several_tenants(tenancy: dict[str, Any]) -> None:
    """Namespaces are mapped to them: the roles are in each, and follow the config."""

    @virtual_time.test
    async def play(clock: virtual_time.LoopClock) -> None:
        bed = TenancyFleet(clock)
        async with bed.fleet:
            await bed.config(additionalTenants=["sales"], **tenancy)
            await bed.fleet.create_cluster("shop")
            await bed.fleet.until(lambda: bed.fleet.record("shop") is not None)
            await make(bed, "shop", "sales", "desk")
            await until(bed, lambda: bed.is_active("shop", 1))
            first = bed.record("shop").name if "tenantTemplate" in tenancy else "blue"
            first = tenancy.get("tenantRef", first)
            assert work_in(bed) == {uuid_of(bed, first), uuid_of(bed, "sales")}
            assert access(bed) == {"admin", first, "sales"}
            change = {"plugins": {"tenancy": {"additionalTenants": ["desk"]}}}
            await bed.fleet.change_config(change)
            await until(bed, lambda: access(bed) == {"admin", first, "desk"})
            assert bed.ako("shop").starts == {bed.users("shop")[0]: 1}
            assert bed.refused() == []

    play()
