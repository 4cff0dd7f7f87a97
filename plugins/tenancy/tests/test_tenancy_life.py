"""Whole lives with the plugins ako, avi and tenancy: injection, rotation, deletion."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from akoo_tenancy.journal.record import Record

from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import SOON, TenancyFleet, account_of, logs_in

pytestmark = pytest.mark.usefixtures("soon")


async def onboard(fleet: TenancyFleet, **tenancy: Any) -> str:
    """A cluster whose AKO works with its first account; the name of its record."""
    await fleet.config(**tenancy)
    await fleet.fleet.create_cluster("shop")
    await fleet.fleet.until_phase("shop", "Running", seconds=900)
    await fleet.fleet.until(lambda: fleet.is_active("shop", 1), seconds=600)
    return fleet.record("shop").name


def journal(fleet: TenancyFleet) -> Record:
    current = fleet.journal("shop")
    assert current is not None
    return current


@virtual_time.test
async def test_a_cluster_gets_an_account_of_its_own(clock: virtual_time.LoopClock) -> None:
    bed = TenancyFleet(clock)
    async with bed.fleet:
        name = await onboard(bed)
        assert bed.users("shop") == [f"{name}-000001"]
        assert journal(bed).active is not None
        assert bed.ako("shop").starts == {f"{name}-000001": 1}
        assert bed.refused() == []


@virtual_time.test
async def test_a_rotation_by_age(clock: virtual_time.LoopClock) -> None:
    bed = TenancyFleet(clock)
    async with bed.fleet:
        name = await onboard(bed, rotation=SOON)
        await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=3 * 3600)
        assert bed.users("shop") == [f"{name}-000001", f"{name}-000002"]
        await bed.fleet.until(lambda: len(bed.users("shop")) == 1, seconds=1200)
        assert bed.users("shop") == [f"{name}-000002"]
        assert bed.ako("shop").starts == {f"{name}-000001": 1, f"{name}-000002": 1}
        assert bed.refused() == []
        current = journal(bed)
        assert (current.highest, current.retired, current.pending) == (2, (), None)


@pytest.mark.parametrize("drains", [True, False])
def test_a_deletion_is_fenced_by_revocation(drains: bool) -> None:
    @virtual_time.test
    async def play(clock: virtual_time.LoopClock) -> None:
        bed = TenancyFleet(clock)
        async with bed.fleet:
            name = await onboard(bed)
            server = bed.fleet.workload("shop")
            assert server is not None
            account = account_of(server)
            assert account is not None
            bed.ako("shop").answers_drain = drains
            await bed.fleet.delete_cluster("shop")
            await bed.fleet.until_gone("shop")
            leaving = bed.record("shop").spec.leaving
            assert leaving is not None
            assert leaving.fence is not None
            assert leaving.fence.grade == "Revoked", leaving.fence
            assert f"A login as {name}-000001 is refused" in leaving.fence.evidence
            await bed.fleet.until_phase("shop", "Finished")
            assert bed.users("shop") == []
            assert bed.roles_of(name) == []
            assert not await logs_in(bed.avi, account)
            current = journal(bed)
            assert (current.state, current.active, current.highest) == ("revoked", None, 1)
            await asyncio.sleep(0)

    play()
