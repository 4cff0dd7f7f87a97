"""Metrics of accounts: fed from the facts in the records, without a cluster's name."""

from __future__ import annotations

import asyncio
import datetime

import pytest
from akoo_tenancy.controllers import figures
from akoo_tenancy.controllers.figures import Row
from akoo_tenancy.store import api as stores
from akoo_tenancy.store import errors
from akoo_tenancy.store.calls import Route
from akoo_tenancy.testing.store import MemoryVault, StoreMeans, refusal

from akoo_core.plugin import metrics
from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import SOON, TenancyFleet

pytestmark = pytest.mark.usefixtures("soon")
BORN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def value(name: str, **labels: str) -> float | None:
    return metrics.REGISTRY.get_sample_value(name, labels)


def age() -> float | None:
    return value("akoo_credential_age_seconds", config="default")


def count(result: str) -> float:
    return value("akoo_credential_rotations_total", result=result) or 0.0


def rotates(bed: TenancyFleet) -> bool:
    return any(
        account is not None and account.phase == "Pending"
        for account in map(bed.account, ("shop", "cart"))
    )


@virtual_time.test
async def test_the_age_of_the_oldest_account(clock: virtual_time.LoopClock) -> None:
    bed = TenancyFleet(clock)
    async with bed.fleet:
        await bed.config(rotation=SOON)
        for number, name in enumerate(("shop", "cart")):
            await bed.fleet.create_cluster(name)
            await bed.fleet.until(lambda name=name: bed.is_active(name, 1), seconds=900)  # type: ignore[misc]
            born = bed.account("shop")
            assert born is not None
            since = born.since
            end = bed.after(60 * (number + 1))
            await bed.fleet.until(lambda end=end: clock.now() >= end)  # type: ignore[misc]
            expected = (clock.now() - since).total_seconds()
            assert age() == expected
            assert value("akoo_credential_rotation_seconds", config="default") == 600.0
        before = count("promoted")
        await bed.fleet.until(lambda: rotates(bed), seconds=900)
        assert (age() or 0) > 500, "the one that AKO has goes on to age"
        await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=900)
        await bed.fleet.until(lambda: bed.is_active("cart", 2), seconds=900)
        await bed.fleet.until(lambda: count("promoted") == before + 2)
        oldest = min(account.since for account in map(bed.account, ("shop", "cart")) if account)
        assert age() == (clock.now() - oldest).total_seconds()
        for name in ("shop", "cart"):
            await bed.fleet.delete_cluster(name)
            await bed.fleet.until_phase(name, "Finished", seconds=1800)
        await bed.fleet.until(lambda: age() is None)
        assert value("akoo_credential_rotation_seconds", config="default") is None
        names = {bed.record(name).name for name in ("shop", "cart")}
        labels = {
            text
            for family in metrics.REGISTRY.collect()
            for sample in family.samples
            for text in sample.labels.values()
        }
        assert not names & labels


ROW = Row(
    config="c",
    sequence=1,
    since=BORN,
    active=True,
    rotating=False,
    overdue=False,
    delayed=False,
)
FIRST = ROW._replace(active=False)
SECOND = ROW._replace(sequence=2, active=False, rotating=True)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (FIRST, ROW, ()),
        (ROW, SECOND, ()),
        (SECOND, ROW._replace(sequence=2), ("promoted",)),
        (ROW, ROW._replace(sequence=2), ("promoted",)),
        (SECOND, SECOND._replace(overdue=True), ("overdue",)),
        (SECOND._replace(overdue=True), ROW._replace(sequence=2), ("promoted",)),
        (SECOND, SECOND._replace(sequence=3), ()),
        (ROW, ROW._replace(delayed=True), ("delayed",)),
        (ROW._replace(delayed=True), ROW._replace(delayed=True), ()),
        (SECOND, None, ("abandoned",)),
        (ROW, None, ()),
        (FIRST, None, ()),
    ],
)
def test_results(before: Row, after: Row | None, expected: tuple[str, ...]) -> None:
    assert figures.results(before, after) == expected


@pytest.mark.parametrize("fact", [{"sequence": "x"}, {}, None])
def test_a_fact_that_cannot_be_read_is_left_out(fact: object) -> None:
    assert figures.read({"spec": {"facts": {"TenancyAccount": {"data": fact}}}}) is None


@virtual_time.test
async def test_logins_at_the_store(clock: virtual_time.LoopClock) -> None:
    def logins(result: str) -> float:
        return value("akoo_store_logins_total", result=result) or 0.0

    server = MemoryVault(clock)
    all_stores = server.stores()
    store = all_stores.of(StoreMeans(clock))
    ok, failed = logins("ok"), logins("failed")
    for route in (Route.KUBERNETES, Route.JWT):
        server.fail(refusal(500, "internal error"), route)
    with pytest.raises(errors.StoreError):
        await store.names(stores.RECORDS)
    assert (logins("ok"), logins("failed")) == (ok, failed + 1)
    server.heal()
    await asyncio.sleep(60)
    for _ in range(3):
        await store.names(stores.RECORDS)
    assert (logins("ok"), logins("failed")) == (ok + 1, failed + 1)
    await all_stores.close()
