"""Rotations while the Avi Controller is being upgraded: it answers reads, and refuses writes."""

from __future__ import annotations

from typing import Any

from akoo_tenancy.live.tools import UPGRADE_SECONDS, Upgrades

from akoo_core import clock as clocks
from akoo_core.kube import resource
from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import TenancyFleet


async def until(bed: TenancyFleet, condition: Any, seconds: float = 900) -> None:
    try:
        await bed.fleet.until(condition, seconds=seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {bed.conditions('shop')} {bed.account('shop')}") from error


async def ask(bed: TenancyFleet, cluster: str) -> None:
    patch = {"metadata": {"annotations": {"tenancy.akoo.io/rotate": "compromised"}}}
    await bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, bed.record(cluster).name, patch)


def staged(bed: TenancyFleet, cluster: str) -> int:
    journal = bed.journal(cluster)
    return journal.highest if journal is not None else 0


def shown(bed: TenancyFleet, cluster: str) -> tuple[str, str]:
    conditions = bed.conditions(cluster)
    _, reason, message = next(row for kind, row in conditions.items() if "Tenancy" in kind)
    return reason, message


@virtual_time.test
async def test_no_rotation_starts_while_the_controller_is_upgraded(
    clock: virtual_time.LoopClock,
) -> None:
    """Also none for a leaked password. The condition says so, and it goes on by itself."""
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await bed.config(rotation={"grace": "10m"})
        for cluster in ("shop", "mail"):
            await bed.fleet.create_cluster(cluster)
        await until(bed, lambda: bed.is_active("shop", 1) and bed.is_active("mail", 1))
        bed.avi.set_upgrading(True)
        await ask(bed, "shop")
        await until(bed, lambda: shown(bed, "shop")[0] == "RotationDelayed")
        await ask(bed, "mail")
        await until(bed, lambda: shown(bed, "mail")[0] == "RotationDelayed")
        assert "is being upgraded. No rotation starts before its end." in shown(bed, "mail")[1]
        assert staged(bed, "mail") == 1, "nothing begins that cannot go on"
        assert [sum(bed.ako(name).starts.values()) for name in ("shop", "mail")] == [1, 1]
        bed.avi.set_upgrading(False)
        await until(bed, lambda: bed.is_active("shop", 2) and bed.is_active("mail", 2))
        await until(bed, lambda: shown(bed, "shop")[0] == "Ready" == shown(bed, "mail")[0])
        assert [sum(bed.ako(name).starts.values()) for name in ("shop", "mail")] == [2, 2]
        assert bed.refused() == []


def test_a_refusal_is_remembered_for_a_minute() -> None:
    now, upgrades = clocks.ManualClock(), Upgrades()
    assert not upgrades.running("a", now)
    upgrades.note("a", now)
    assert upgrades.running("a", now)
    assert not upgrades.running("b", now)
    now.advance(UPGRADE_SECONDS)
    assert not upgrades.running("a", now)
