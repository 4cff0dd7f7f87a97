"""An Event, beside the condition, says once when an account stopped working."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from akoo_tenancy.store.calls import Route

from akoo_core.kube import resource
from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import TenancyFleet

pytestmark = pytest.mark.usefixtures("soon")


@contextlib.asynccontextmanager
async def living(clock: virtual_time.LoopClock, **tenancy: Any) -> AsyncIterator[TenancyFleet]:
    """A fleet with one cluster, whose AKO works with its first account."""
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await bed.config(**tenancy)
        await bed.fleet.create_cluster("shop")
        await until(bed, lambda: bed.is_active("shop", 1))
        await until(bed, lambda: bed.condition("shop")[0] == "True")
        assert notes(bed) == []
        yield bed


async def until(bed: TenancyFleet, condition: Callable[[], bool]) -> None:
    await bed.fleet.until(condition, seconds=1800)


async def rotate(bed: TenancyFleet, value: str) -> None:
    patch = {"metadata": {"annotations": {"tenancy.akoo.io/rotate": value}}}
    await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, bed.record("shop").name, patch)


def notes(bed: TenancyFleet, about: str = "AKODeployment") -> list[str]:
    """The notes of the Events on ended accounts, the oldest first."""
    listed = [
        event
        for event in bed.fleet.management.objects(resource.EVENTS)
        if (event["reason"], event["regarding"]["kind"]) == ("AccountEnded", about)
    ]
    assert {event["type"] for event in listed} <= {"Normal"}
    return [event["note"] for event in sorted(listed, key=lambda event: str(event["eventTime"]))]


async def ended(bed: TenancyFleet) -> str:
    """The sentence of the condition and of the one Event, some time after it."""
    await until(bed, lambda: "Account 1 stopped working at " in bed.condition("shop")[2])
    later = bed.after(1300)
    await until(bed, lambda: bed.clock.now() >= later)
    (note,) = notes(bed)
    assert notes(bed, "Cluster") == [note]
    assert note in bed.condition("shop")[2]
    return note


@virtual_time.test
async def test_after_a_rotation(clock: virtual_time.LoopClock) -> None:
    async with living(clock, rotation={"grace": "1m"}) as bed:
        await rotate(bed, "requested")
        await ended(bed)
        await rotate(bed, "requested")
        await until(bed, lambda: "Account 2 stopped" in bed.condition("shop")[2])
        await until(bed, lambda: len(notes(bed)) == 2)


@virtual_time.test
async def test_after_a_leak(clock: virtual_time.LoopClock) -> None:
    async with living(clock) as bed:
        await rotate(bed, "compromised")
        await until(bed, lambda: len(bed.users("shop")) == 1 and bed.is_active("shop", 2))
        gone = clock.now()
        assert f"{gone:%Y-%m-%d %H:%M}" in await ended(bed)


@virtual_time.test
async def test_of_a_leaked_account_that_loses_its_rights_first(
    clock: virtual_time.LoopClock,
) -> None:
    async with living(clock) as bed:
        bed.ako("shop").cut_off = True
        await rotate(bed, "now-even-if-ako-stops")
        await until(bed, lambda: len(notes(bed)) == 1)
        assert notes(bed)[0].startswith("Account 1 lost all rights at ")
        bed.ako("shop").cut_off = False
        await until(bed, lambda: len(notes(bed)) == 2)
        assert notes(bed)[1].startswith("Account 1 stopped working at ")


@pytest.mark.parametrize("restarts", [False, True])
def test_although_the_answer_of_the_last_write_was_lost(restarts: bool) -> None:
    """The record in the store has forgotten the account by the next look."""

    @virtual_time.test
    async def play(clock: virtual_time.LoopClock) -> None:
        await lose_the_last_answer(clock, restarts=restarts)

    play()


async def lose_the_last_answer(clock: virtual_time.LoopClock, *, restarts: bool) -> None:
    async with living(clock, rotation={"grace": "5m"}) as bed:
        await rotate(bed, "requested")
        await until(bed, lambda: bed.is_active("shop", 2))
        bed.vault.lose_replies(Route.WRITE)
        await until(bed, lambda: len(bed.users("shop")) == 1)
        time = clock.now()
        if restarts:
            await bed.fleet.restart()
        assert f"{time:%Y-%m-%d %H:%M}" in await ended(bed)


@virtual_time.test
async def test_before_another_rotation_when_that_answer_was_lost(
    clock: virtual_time.LoopClock,
) -> None:
    """prepare begins a rotation before observe looks again."""
    async with living(clock, rotation={"grace": "5m"}) as bed:
        await rotate(bed, "requested")
        await until(bed, lambda: bed.is_active("shop", 2))
        bed.vault.lose_replies(Route.WRITE)
        await until(bed, lambda: len(bed.users("shop")) == 1)
        await rotate(bed, "requested")
        await until(bed, lambda: bed.is_active("shop", 3))
        await until(bed, lambda: len(notes(bed)) == 2)
        first, second = notes(bed)
        assert first.startswith("Account 1 stopped working at ")
        assert second.startswith("Account 2 stopped working at ")


@virtual_time.test
async def test_in_a_fence(clock: virtual_time.LoopClock) -> None:
    async with living(clock) as bed:
        (user,) = bed.users("shop")
        await bed.fleet.delete_cluster("shop")
        await bed.fleet.until_phase("shop", "Finished", seconds=1800)
        (note,) = notes(bed)
        assert note.startswith(f"Account {user} stopped working at {clock.now():%Y-%m-%d}")
        assert notes(bed, "Cluster") == [note]


@virtual_time.test
async def test_when_the_config_names_another_account(clock: virtual_time.LoopClock) -> None:
    async with living(clock, rotation={"grace": "1m"}) as bed:
        reference = {"workloadCredentialRef": {"name": "shop", "namespace": "avi"}}
        await bed.fleet.change_config(reference)
        await until(bed, lambda: bed.users("shop") == [])
        await until(bed, lambda: len(notes(bed)) == 1)
        assert notes(bed)[0].startswith("Account 1 stopped working at ")
