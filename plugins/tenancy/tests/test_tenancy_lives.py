"""Misfortunes and choices in the life of an account, with the whole operator."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from akoo_tenancy.journal import record
from akoo_tenancy.journal.record import Owner
from akoo_tenancy.spec import names
from akoo_tenancy.store import api as stores
from akoo_tenancy.store.calls import Route

from akoo_core import structs
from akoo_core.kube import resource
from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import SOON, TenancyFleet, account_of, logs_in

pytestmark = pytest.mark.usefixtures("soon")
KINDS = ("user", "role", "useractivity")


@contextlib.asynccontextmanager
async def living(
    clock: virtual_time.LoopClock,
    spec: dict[str, Any] | None = None,
    *,
    settled: bool = True,
    **tenancy: Any,
) -> AsyncIterator[TenancyFleet]:
    """A fleet with one cluster, whose AKO works with its first account."""
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await bed.config(spec, **tenancy)
        await bed.fleet.create_cluster("shop")
        if settled:
            await until(bed, lambda: bed.is_active("shop", 1))
            await until(bed, lambda: bed.condition("shop")[0] == "True")
        yield bed
        assert bed.refused() == []


async def until(bed: TenancyFleet, condition: Callable[[], bool], seconds: float = 1800) -> None:
    try:
        await bed.fleet.until(condition, seconds=seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {bed.conditions('shop')} {bed.account('shop')}") from error


def vault_calls(bed: TenancyFleet) -> int:
    """Calls to the store but those about the token."""
    return sum(bed.vault.calls[route] for route in (Route.READ, Route.WRITE, Route.DESTROY))


@virtual_time.test
async def test_at_rest_nothing_is_called_but_pages(clock: virtual_time.LoopClock) -> None:
    async with living(clock) as bed:
        await until(bed, lambda: bed.condition("shop")[2].startswith("Account 1"))
        calls, requests = vault_calls(bed), len(bed.avi.journal.entries())
        before = bed.record("shop")
        end = bed.after(1500)
        await until(bed, lambda: clock.now() >= end)
        assert vault_calls(bed) == calls
        assert bed.record("shop") == before
        later = [entry.subject for entry in bed.avi.journal.entries()[requests:]]
        looks = [subject for subject in later if subject.kind == "useractivity"]
        assert 4 <= len(looks) <= 6, "one page every five minutes, whatever the number of clusters"
        assert {subject.method for subject in later if subject.kind in KINDS} == {"GET"}


@virtual_time.test
async def test_a_restart_of_the_operator_changes_nothing(clock: virtual_time.LoopClock) -> None:
    async with living(clock) as bed:
        starts, calls = sum(bed.ako("shop").starts.values()), vault_calls(bed)
        server = bed.fleet.workload("shop")
        assert server is not None
        version = server.store.version
        await bed.fleet.restart()
        end = bed.after(600)
        await until(bed, lambda: clock.now() >= end)
        assert sum(bed.ako("shop").starts.values()) == starts
        assert vault_calls(bed) == calls
        assert server.store.version == version


@virtual_time.test
async def test_a_sealed_store_delays_a_rotation_and_nothing_else(
    clock: virtual_time.LoopClock,
) -> None:
    async with living(clock, rotation=SOON) as bed:
        bed.vault.seal()
        await until(bed, lambda: bed.condition("shop")[1] == "RotationDelayed", 3600)
        status, _, message = bed.condition("shop")
        assert status == "False"
        assert "StoreSealed" in message
        assert bed.is_active("shop", 1)
        bed.vault.unseal()
        await until(bed, lambda: bed.is_active("shop", 2))
        await until(bed, lambda: bed.condition("shop")[0] == "True")


@virtual_time.test
async def test_a_store_that_lost_everything_takes_the_live_account_and_rotates(
    clock: virtual_time.LoopClock,
) -> None:
    async with living(clock, rotation=SOON) as bed:
        bed.vault.erase()
        await until(bed, lambda: bed.is_active("shop", 2), 4200)
        current = bed.journal("shop")
        assert current is not None
        assert current.highest == 2
        await until(bed, lambda: len(bed.users("shop")) == 1)
        await until(bed, lambda: bed.condition("shop")[0] == "True")
        assert sum(bed.ako("shop").starts.values()) == 2


@virtual_time.test
async def test_a_user_that_was_deleted_by_hand_comes_back_as_it_was(
    clock: virtual_time.LoopClock,
) -> None:
    async with living(clock) as bed:
        (user,) = bed.users("shop")
        server = bed.fleet.workload("shop")
        account = account_of(server) if server is not None else None
        assert account is not None
        (stored,) = bed.avi.state.objects.named("user", user)
        bed.hand.delete(f"user/{stored.uuid}")
        await until(bed, lambda: bed.users("shop") == [user])
        await until(bed, lambda: not (bed.account("shop") or _none()).repair)
        assert await logs_in(bed.avi, account)
        current = bed.journal("shop")
        assert current is not None
        assert current.active is not None
        assert current.active.user_uuid != stored.uuid
        assert sum(bed.ako("shop").starts.values()) == 1


def _none() -> Any:
    raise AssertionError("there is no account")


@virtual_time.test
async def test_a_role_that_was_changed_by_hand_is_repaired(clock: virtual_time.LoopClock) -> None:
    async with living(clock) as bed:
        name = bed.record("shop").name
        (role,) = bed.avi.state.objects.named("role", f"{name}-write")
        before = dict(role.data)
        bed.avi.state.change(role, {**role.data, "filters": [], "allow_unlabelled_access": True})

        def repaired() -> bool:
            (now,) = bed.avi.state.objects.named("role", f"{name}-write")
            return bool(now.data.get("filters")) and not now.data["allow_unlabelled_access"]

        await until(bed, repaired)
        (after,) = bed.avi.state.objects.named("role", f"{name}-write")
        assert after.data["privileges"] == before["privileges"]
        assert sum(bed.ako("shop").starts.values()) == 1


@virtual_time.test
async def test_a_reference_goes_before_and_back(clock: virtual_time.LoopClock) -> None:
    """Each switch is one start of AKO, with an overlap."""
    reference = {"workloadCredentialRef": {"name": "shop", "namespace": "avi"}}
    async with living(clock, reference, settled=False, rotation={"grace": "1m"}) as bed:
        await bed.fleet.until_phase("shop", "Running", seconds=900)
        await until(bed, lambda: dict(bed.ako("shop").starts) == {"shop": 1})
        name = bed.record("shop").name
        assert bed.users_of(name) == []
        assert "WorkloadCredential" in bed.record("shop").spec.declined
        await bed.fleet.change_config({"workloadCredentialRef": None})
        await until(bed, lambda: bed.is_active("shop", 1))
        assert dict(bed.ako("shop").starts) == {"shop": 1, f"{name}-000001": 1}
        await bed.fleet.change_config(reference)
        await until(bed, lambda: bed.ako("shop").starts["shop"] == 2)
        assert bed.users_of(name) == [f"{name}-000001"]
        await until(bed, lambda: bed.users_of(name) == [])
        await until(bed, lambda: bed.account("shop") is None)
        current = bed.journal("shop")
        assert current is not None
        assert current.state == "revoked"
        assert bed.roles_of(name) == []
        assert sum(bed.ako("shop").starts.values()) == 3
        await bed.fleet.change_config({"workloadCredentialRef": None})
        await until(bed, lambda: bed.is_active("shop", 2))


@virtual_time.test
async def test_a_reference_beside_enabled_is_a_conflict_and_changes_nothing(
    clock: virtual_time.LoopClock,
) -> None:
    async with living(clock, enabled=True) as bed:
        reference = {"workloadCredentialRef": {"name": "shop", "namespace": "avi"}}
        await bed.fleet.change_config(reference)
        await until(bed, lambda: bed.condition("shop")[1] == "ConfigConflict")
        end = bed.after(300)
        await until(bed, lambda: clock.now() >= end)
        assert sum(bed.ako("shop").starts.values()) == 1
        await bed.fleet.change_config({"workloadCredentialRef": None})
        await until(bed, lambda: bed.condition("shop")[0] == "True")
        assert sum(bed.ako("shop").starts.values()) == 1


@virtual_time.test
async def test_an_account_that_is_not_picked_up_is_reported_and_both_stay(
    clock: virtual_time.LoopClock,
) -> None:
    async with living(clock, rotation={**SOON, "pickupTimeout": "2m"}) as bed:
        bed.ako("shop").cut_off = True
        await until(bed, lambda: bed.condition("shop")[1] == "PickupTimeout", 2 * 3600)
        assert len(bed.users("shop")) == 2
        bed.ako("shop").cut_off = False
        await until(bed, lambda: bed.is_active("shop", 2))
        await until(bed, lambda: bed.condition("shop")[0] == "True")


async def annotate(bed: TenancyFleet, value: str) -> None:
    annotations = {"tenancy.akoo.io/rotate": value}
    name = bed.record("shop").name
    patch = {"metadata": {"annotations": annotations}}
    await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, name, patch)


@virtual_time.test
async def test_a_person_asks_for_a_rotation(clock: virtual_time.LoopClock) -> None:
    """Once, outside of the window, with the usual grace."""
    window = {"days": [], "start": "23:00", "end": "23:01"}
    async with living(clock, rotation={"grace": "1m", "window": window}) as bed:
        await annotate(bed, "requested")
        await until(bed, lambda: bed.is_active("shop", 2))
        assert len(bed.users("shop")) == 2
        await until(bed, lambda: len(bed.users("shop")) == 1)
        await until(bed, lambda: "Account 1 stopped working at" in bed.condition("shop")[2])
        assert not bed.record("shop").annotations
        assert sum(bed.ako("shop").starts.values()) == 2
        assert bed.is_active("shop", 2)


@virtual_time.test
async def test_no_rotation_looks_like_a_crash(clock: virtual_time.LoopClock) -> None:
    """Each restarts the container of one Pod, and its restarts are counted for ever."""
    seen: set[str] = set()

    async def active(sequence: int) -> None:
        def look() -> bool:
            seen.update(reason for _, reason, _ in bed.conditions("shop").values())
            return bed.is_active("shop", sequence) and bed.clock.now() >= settled

        settled = bed.after(120)
        await until(bed, look)

    async with living(clock, rotation={"grace": "1m"}) as bed:
        for sequence in range(2, 6):
            await annotate(bed, "requested")
            await active(sequence)
        (server,) = (workload.server for workload in bed.fleet.capi.workloads.values())
        (pod,) = server.objects(resource.PODS, "avi-system")
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 4
        assert "AkoRestarted" in seen
        assert "AkoCrashing" not in seen


@virtual_time.test
async def test_a_leaked_password_has_no_grace(clock: virtual_time.LoopClock) -> None:
    async with living(clock) as bed:
        server = bed.fleet.workload("shop")
        leaked = account_of(server) if server is not None else None
        assert leaked is not None
        begun = clock.now()
        await annotate(bed, "compromised")
        await until(bed, lambda: bed.is_active("shop", 2))
        await until(bed, lambda: len(bed.users("shop")) == 1, 60)
        assert (clock.now() - begun).total_seconds() < 60
        assert not await logs_in(bed.avi, leaked)


@virtual_time.test
async def test_a_leaked_password_loses_its_rights_at_once(clock: virtual_time.LoopClock) -> None:
    """Before AKO has another account, and although it does not restart."""
    async with living(clock) as bed:
        bed.ako("shop").cut_off = True
        (user,) = bed.users("shop")
        await annotate(bed, "now-even-if-ako-stops")
        await until(bed, lambda: len(bed.users("shop")) == 2)
        (stored,) = bed.avi.state.objects.named("user", user)
        assert not stored.data.get("access")
        end = bed.after(900)
        await until(bed, lambda: clock.now() >= end)
        (stored,) = bed.avi.state.objects.named("user", user)
        assert not stored.data.get("access"), "nothing gives them back"
        bed.ako("shop").cut_off = False
        await until(bed, lambda: bed.is_active("shop", 2))


@virtual_time.test
async def test_a_record_of_somebody_else_is_left(clock: virtual_time.LoopClock) -> None:
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await bed.config(enabled=False)
        await bed.fleet.create_cluster("shop")
        await bed.fleet.until(lambda: bed.fleet.record("shop") is not None)
        name = bed.record("shop").name
        theirs = record.new(name, Owner(management_id="them", epoch=1))
        bed.vault.put(stores.record_key(name), structs.to_object(theirs))
        await bed.fleet.change_config({"plugins": {names.PLUGIN: {"enabled": True}}})
        await until(bed, lambda: bed.condition("shop")[1] == "ForeignRecord")
        assert bed.users_of(name) == []
        assert bed.journal("shop") == theirs
        config_maps = bed.fleet.workload("shop")
        assert config_maps is not None
        assert not config_maps.objects(resource.STATEFUL_SETS, "avi-system")


@virtual_time.test
async def test_the_management_cluster_keeps_its_account(clock: virtual_time.LoopClock) -> None:
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await bed.config(enabled=False)
        await bed.fleet.create_cluster("shop")
        await until(bed, lambda: bed.fleet.record("shop") is not None)
        await until(bed, lambda: "CredentialMissing" in str(bed.conditions("shop")))
        assert "enabled is false" in bed.condition("shop")[2]
