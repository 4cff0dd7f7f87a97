"""Leaving with misfortunes, relocation, takeover, and many clusters at once."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from akoo_avi.client.access import avi_controller
from akoo_tenancy.journal import record
from akoo_tenancy.journal.record import Owner
from akoo_tenancy.spec import config, settings
from akoo_tenancy.store import api as stores
from akoo_tenancy.store.calls import Route
from akoo_testbed.avisim import Controller

from akoo_core import structs
from akoo_core.kube import resource
from akoo_core.testing import virtual_time
from tests.tenancy import tenancy_fleet
from tests.tenancy.tenancy_fleet import PASSWORD, TenancyFleet, account_of, logs_in


async def onboard(bed: TenancyFleet, *names: str, **tenancy: Any) -> None:
    await bed.config(**tenancy)
    for name in names or ("shop",):
        await bed.fleet.create_cluster(name)
    for name in names or ("shop",):
        await bed.fleet.until(lambda name=name: bed.is_active(name, 1), seconds=900)  # type: ignore[misc]


@pytest.mark.parametrize("state", ["sealed", "erased"])
def test_a_store_that_is_away_or_empty_holds_up_no_deletion(state: str) -> None:
    @virtual_time.test
    async def play(clock: virtual_time.LoopClock) -> None:
        bed = TenancyFleet(clock)
        async with bed.fleet:
            await onboard(bed)
            name = bed.record("shop").name
            server = bed.fleet.workload("shop")
            account = account_of(server) if server is not None else None
            assert account is not None
            if state == "sealed":
                bed.vault.seal()
            else:
                bed.vault.erase()
            await bed.fleet.delete_cluster("shop")
            await bed.fleet.until_gone("shop", seconds=600)
            leaving = bed.record("shop").spec.leaving
            assert leaving is not None
            assert leaving.fence is not None
            assert leaving.fence.grade == "Revoked"
            assert bed.users_of(name) == []
            assert not await logs_in(bed.avi, account)
            bed.vault.unseal()
            await bed.fleet.until_phase("shop", "Finished")
            assert bed.roles_of(name) == []
            current = bed.journal("shop")
            assert current is None or current.state == "revoked"
            assert bed.refused() == []

    play()


@virtual_time.test
async def test_a_foreign_record_is_not_taken_away(clock: virtual_time.LoopClock) -> None:
    """A copy of the AKODeployment somewhere else must not revoke a living user."""
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await onboard(bed)
        name, current = bed.record("shop").name, bed.journal("shop")
        assert current is not None
        theirs = record.taken_over(current, Owner(management_id="them", epoch=5))
        bed.vault.put(stores.record_key(name), structs.to_object(theirs))
        await bed.fleet.delete_cluster("shop")
        end = bed.after(600)
        await bed.fleet.until(lambda: clock.now() >= end)
        assert bed.users_of(name) == [f"{name}-000001"]
        assert "ForeignRecord" in str(bed.conditions("shop"))


@virtual_time.test
async def test_another_controller_is_one_relocation(clock: virtual_time.LoopClock) -> None:
    bed = TenancyFleet(clock)
    other = Controller(
        password=PASSWORD, rng=random.Random(9), clock=lambda: clock.now().timestamp()
    )
    other.restore(tenancy_fleet.furnished(clock.now().timestamp(), "other"))
    bed.addresses["avi2.example.com"] = other
    async with bed.fleet:
        await onboard(bed)
        name = bed.record("shop").name
        bed.ako("shop").avi = other
        await bed.fleet.change_config({"controller": "avi2.example.com"})
        await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=1800)
        assert bed.users_of(name) == []
        assert bed.roles_of(name) == []
        users = [obj.name for obj in other.state.objects.of_kind("user")]
        assert f"{name}-000002" in users
        ended = bed.record("shop").spec.ended_placements
        assert sorted(row.plugin for row in ended) == ["avi", "tenancy"]
        assert bed.refused() == []


@virtual_time.test
async def test_few_rotations_at_once(
    clock: virtual_time.LoopClock,
) -> None:
    chosen = settings.Settings(store="Vault", rotations_at_once=2)
    bed = TenancyFleet(clock, chosen=chosen)
    names = [f"shop-{number}" for number in range(4)]
    most = 0

    def under_way() -> int:
        accounts = [bed.account(name) for name in names]
        return sum(account is not None and account.phase == "Pending" for account in accounts)

    def rotated() -> bool:
        nonlocal most
        most = max(most, under_way())
        return all(bed.is_active(name, 2) for name in names)

    async with bed.fleet:
        await onboard(bed, *names)
        for name in names:
            patch = {"metadata": {"annotations": {"tenancy.akoo.io/rotate": "requested"}}}
            await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, bed.record(name).name, patch)
        await bed.fleet.until(rotated, seconds=3600)
        assert most == 2
        assert bed.refused() == []


@virtual_time.test
async def test_an_operator_that_starts_serves_requests_at_once(
    clock: virtual_time.LoopClock,
) -> None:
    """Its first look comes before it has read all records, and the next one soon after."""
    bed = TenancyFleet(clock, chosen=settings.Settings(store="Vault", rotations_at_once=1))

    def rotates() -> bool:
        account = bed.account("shop")
        return account is not None and account.sequence == 2

    async with bed.fleet:
        await onboard(bed)
        await bed.fleet.stop()
        patch = {"metadata": {"annotations": {"tenancy.akoo.io/rotate": "requested"}}}
        await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, bed.record("shop").name, patch)
        await bed.fleet.restart()
        await bed.fleet.until(rotates, seconds=5)


@virtual_time.test
async def test_a_rotation_has_few_calls(clock: virtual_time.LoopClock) -> None:
    """AKO logs in three seconds after its Pod is ready."""
    bed = TenancyFleet(clock)
    logins: list[asyncio.Task[None]] = []
    async with bed.fleet:
        await onboard(bed, rotation={"grace": "10m"})
        routes = (Route.READ, Route.WRITE, Route.DESTROY)
        begun = sum(bed.vault.calls[route] for route in routes)
        requests, born = len(bed.avi.journal.entries()), bed.account("shop")
        assert born is not None
        ako = bed.ako("shop")
        at_once = ako.log_in

        async def later(account: tuple[str, str]) -> None:
            await asyncio.sleep(3)
            await at_once(account)

        async def log_in(account: tuple[str, str]) -> None:
            logins.append(asyncio.create_task(later(account)))

        ako.log_in = log_in  # type: ignore[method-assign]
        patch = {"metadata": {"annotations": {"tenancy.akoo.io/rotate": "requested"}}}
        await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, bed.record("shop").name, patch)
        await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=900)
        await asyncio.gather(*logins)
        await bed.fleet.until(lambda: (bed.account("shop") or born).ended != "", seconds=1200)
        assert bed.users("shop") == [f"{bed.record('shop').name}-000002"]
        assert sum(bed.vault.calls[route] for route in routes) - begun == 7
        requested = [entry.subject for entry in bed.avi.journal.entries()[requests:]]
        names = (bed.record("shop").name, tenancy_fleet.SPEC["tenant"]["name"])
        mine = [f"{row.method} {row.kind}" for row in requested if row.name.startswith(names)]
        assert mine == [
            "POST user",
            "PUT user",
            "GET user",
            "GET useractivity",
            "PATCH user",
            "DELETE user",
        ]


@virtual_time.test
async def test_refused_logins_lead_to_a_rotation_of_an_old_account(
    clock: virtual_time.LoopClock,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("akoo_tenancy.live.wishes.SUSPICION_AGE", config.SHORTEST_PATIENCE * 5)
        bed = TenancyFleet(clock)
        async with bed.fleet:
            await onboard(bed)
            (user,) = bed.users("shop")
            assert not await logs_in(bed.avi, (user, "guessed"))
            await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=3600)
            account = bed.account("shop")
            assert account is not None
            assert account.reason == "LoginsRefused"
            assert bed.refused() == []


@virtual_time.test
async def test_a_controller_of_its_own_kind_may_change_its_credential(
    clock: virtual_time.LoopClock,
) -> None:
    bed = TenancyFleet(clock)
    async with bed.fleet:
        body = {
            "apiVersion": "akoo.io/v1alpha1",
            "kind": "AviController",
            "metadata": {"name": "main"},
            "spec": {
                "address": tenancy_fleet.ADDRESS,
                "credentialRef": {"name": "admin", "namespace": "avi"},
                "caRef": {"name": "ca", "namespace": "avi"},
            },
        }
        spec = {key: value for key, value in tenancy_fleet.SPEC.items() if "Ref" not in key}
        plugins = {"avi": {"controller": "main"}, "tenancy": {}}
        await bed.fleet.create_config(spec, plugins=plugins)
        await bed.fleet.user.create(avi_controller.AVI_CONTROLLERS, body)
        await bed.fleet.create_cluster("shop")
        await bed.fleet.until(lambda: bed.is_active("shop", 1), seconds=900)
        kinds = {(use.plugin, use.kind) for use in bed.record("shop").spec.uses}
        assert ("tenancy", "AviController") in kinds
        changed = {"spec": {"credentialRef": {"name": "shop", "namespace": "avi"}}}
        await bed.fleet.user.merge_patch(avi_controller.AVI_CONTROLLERS, "main", changed)

        def follows() -> bool:
            intent = bed.record("shop").spec.intents["tenancy"]
            return bool(intent.data["reach"]["credential"]["name"] == "shop")

        await bed.fleet.until(follows, seconds=1800)
        await bed.fleet.delete_cluster("shop")
        await bed.fleet.until_phase("shop", "Finished", seconds=1800)
        assert bed.users("shop") == []
        assert bed.refused() == []


@virtual_time.test
async def test_a_cluster_that_was_handed_over_keeps_its_account(
    clock: virtual_time.LoopClock,
) -> None:
    """The record in the store and the mark of the user follow the AKODeployment to its next
    owner; nothing restarts."""
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await onboard(bed)
        name = bed.record("shop").name
        before = bed.record("shop").spec.management_id
        await bed.fleet.stop()
        change = {"spec": {"managementId": "elsewhere"}}
        await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, name, change)
        current = bed.journal("shop")
        assert current is not None
        moved = record.taken_over(current, Owner(management_id="elsewhere", epoch=1))
        bed.vault.put(stores.record_key(name), structs.to_object(moved))
        (user,) = bed.avi.state.objects.named("user", f"{name}-000001")
        bed.avi.state.change(user, {**user.data, "full_name": "akoo-core elsewhere 1"})
        await bed.fleet.restart()
        adopt = {"metadata": {"annotations": {"akoo.io/adopt": "elsewhere"}}}
        await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, name, adopt)

        def ours() -> bool:
            (now,) = bed.avi.state.objects.named("user", f"{name}-000001")
            return bool(now.data["full_name"] == f"akoo-core {before} 2")

        await bed.fleet.until(ours, seconds=1800)
        patch = {"metadata": {"annotations": {"tenancy.akoo.io/rotate": "requested"}}}
        await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, name, patch)
        await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=900)
        current = bed.journal("shop")
        assert current is not None
        assert current.owner == Owner(management_id=before, epoch=2)
        assert bed.ako("shop").starts == {f"{name}-000001": 1, f"{name}-000002": 1}
        assert bed.refused() == []
