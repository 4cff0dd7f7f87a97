"""Whole lives with the plugins ako, avi and tenancy: injection, rotation, deletion."""

from __future__ import annotations

from typing import Any

from akoo_tenancy.journal.record import Record

from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import TenancyFleet


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
        name = await onboard(bed, rotation={"every": "1h", "grace": "10m"})
        await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=3 * 3600)
        assert bed.users("shop") == [f"{name}-000001", f"{name}-000002"]
        await bed.fleet.until(lambda: len(bed.users("shop")) == 1, seconds=1200)
        assert bed.users("shop") == [f"{name}-000002"]
        assert bed.ako("shop").starts == {f"{name}-000001": 1, f"{name}-000002": 1}
        assert bed.refused() == []
        current = journal(bed)
        assert (current.highest, current.retired, current.pending) == (2, (), None)
