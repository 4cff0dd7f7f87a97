"""The account that AKO had before: it goes only where that is proven to be right."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from akoo_tenancy.spec.facts import Former
from akoo_tenancy.takeover import proof
from akoo_tenancy.users.logins import NEVER, Activity

from akoo_core.kube import resource
from akoo_core.testing import virtual_time
from tests.tenancy import tenancy_takeover
from tests.tenancy.tenancy_fleet import TenancyFleet, logs_in
from tests.tenancy.tenancy_takeover import OLD, PASSWORD, REFERENCE

LONG = pytest.mark.skipif(not os.environ.get("AKOO_PROOF"), reason="long: AKOO_PROOF=1")
pytestmark = pytest.mark.usefixtures("impatient")
NOW = datetime.datetime(2026, 1, 3, tzinfo=datetime.UTC)
QUIET = 900.0
"""Seconds without use that are enough here."""
LONGEST_SESSION = datetime.timedelta(hours=24)
"""A controller ends each session after a day (api_force_timeout)."""
PRODUCT_QUIET = proof.QUIET
UNMARKED = "it is not marked as made for this cluster alone"
FORMER = Former(
    username="old",
    user_uuid="user-1",
    left_at=NOW - datetime.timedelta(days=2),
    released=True,
    last_login='"2026-01-01"',
    quiet_since=NOW - datetime.timedelta(days=2),
)
UNUSED = Activity(logged_in=True, refused=0, last='"2026-01-01"')
USER = {"name": "old", "uuid": "user-1"}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of an hour without use is enough."""
    monkeypatch.setattr(proof, "QUIET", datetime.timedelta(seconds=QUIET))


def seen(**changes: Any) -> proof.Evidence:
    fields = {"user": USER, "activity": UNUSED, "own_username": "operator", **changes}
    return proof.Evidence(**fields)


def former(**changes: Any) -> Former:
    return Former(**{name: getattr(FORMER, name) for name in FORMER.__struct_fields__} | changes)


def test_nothing_speaks_against_the_end_of_an_ordinary_account() -> None:
    assert proof.objection(FORMER, seen()) == ""
    assert proof.is_unused(FORMER, UNUSED, NOW)


@pytest.mark.parametrize(
    ("account", "there", "why"),
    [
        (FORMER, seen(user={**USER, "uuid": "user-2"}), "another user has its name now"),
        (FORMER, seen(user={**USER, "name": "new"}), "another user has its name now"),
        (FORMER, seen(user={**USER, "is_superuser": True}), "it is a superuser"),
        (FORMER, seen(user={**USER, "full_name": "akoo-core m-2 3"}), "the mark of akoo-core"),
        (FORMER, seen(own_username="old"), "akoo-core itself works with it"),
        (FORMER, seen(shared_with=("akoo-2",)), "AKO of akoo-2 had it, too"),
        (former(released=False), seen(), UNMARKED),
    ],
)
def test_an_account_that_may_be_anybody_elses_stays(
    account: Former, there: proof.Evidence, why: str
) -> None:
    assert why in proof.objection(account, there)


@pytest.mark.parametrize(
    ("account", "activity"),
    [
        (FORMER, None),
        (FORMER, UNUSED._replace(live=True)),
        (FORMER, UNUSED._replace(last='"2026-01-02"')),
        (FORMER, NEVER),
        (former(left_at=None), UNUSED),
        (former(quiet_since=None), UNUSED),
        (former(quiet_since=NOW - datetime.timedelta(minutes=14)), UNUSED),
        (former(left_at=NOW), UNUSED),
    ],
    ids=["unseen", "session", "login", "forgotten", "in use", "unwatched", "short", "before"],
)
def test_an_account_that_may_be_in_use_stays(account: Former, activity: Activity | None) -> None:
    assert not proof.is_unused(account, activity, NOW)


def test_the_time_without_use_is_longer_than_any_session() -> None:
    assert PRODUCT_QUIET > LONGEST_SESSION


def test_any_sign_of_use_begins_the_time_anew() -> None:
    assert proof.watched(FORMER, UNUSED, NOW).quiet_since == FORMER.quiet_since
    later = proof.watched(FORMER, UNUSED._replace(last='"2026-01-02"'), NOW)
    assert (later.quiet_since, later.last_login) == (NOW, '"2026-01-02"')
    assert proof.watched(FORMER, UNUSED._replace(live=True), NOW).quiet_since is None
    assert proof.watched(FORMER, None, NOW).quiet_since is None


async def until(bed: TenancyFleet, condition: Any, seconds: float = 1800) -> None:
    try:
        await bed.fleet.until(condition, seconds=seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {bed.conditions('shop')} {bed.account('shop')}") from error


async def passes(bed: TenancyFleet, seconds: float) -> None:
    end = bed.after(seconds)
    await until(bed, lambda: bed.clock.now() >= end, seconds + 600)


@contextlib.asynccontextmanager
async def taken_over(clock: virtual_time.LoopClock) -> AsyncIterator[TenancyFleet]:
    """A cluster whose AKO had the account of a reference, and has one of its own now."""
    bed = tenancy_takeover.fleet(clock)
    async with bed.fleet:
        await tenancy_takeover.referring(bed)
        await bed.fleet.change_config({"workloadCredentialRef": None})
        await until(bed, lambda: bed.is_active("shop", 1))
        yield bed
        assert bed.refused() == []


def message(bed: TenancyFleet) -> str:
    return bed.condition("shop")[2]


@virtual_time.test
async def test_a_released_account_goes_once_nobody_used_it(clock: virtual_time.LoopClock) -> None:
    async with taken_over(clock) as bed:
        name = bed.record("shop").name
        assert dict(bed.ako("shop").starts) == {OLD: 1, f"{name}-000001": 1}, "one restart"
        await tenancy_takeover.release(bed)
        await until(bed, lambda: "it has to be unused until" in message(bed))
        assert not bed.record("shop").annotations
        await until(bed, lambda: not tenancy_takeover.exists(bed), 3 * QUIET)
        await until(bed, lambda: f'Account "{OLD}" stopped working at' in message(bed))
        account = bed.account("shop")
        assert account is not None
        assert account.former is None
        assert sum(bed.ako("shop").starts.values()) == 2


@virtual_time.test
async def test_an_account_of_others_stays_and_is_named(clock: virtual_time.LoopClock) -> None:
    async with taken_over(clock) as bed:
        await until(bed, lambda: UNMARKED in message(bed))
        await passes(bed, 3 * QUIET)
        assert tenancy_takeover.exists(bed)
        assert f'User "{OLD}", which AKO had before, is left: {UNMARKED}.' in message(bed)
        assert bed.condition("shop")[0] == "True"
        tenancy_takeover.delete(bed)
        await until(bed, lambda: f'Account "{OLD}" was gone at' in message(bed))


@LONG
@virtual_time.test
async def test_an_account_that_another_ako_uses_stays(clock: virtual_time.LoopClock) -> None:
    """Another cluster's AKO logs in again and again."""
    async with taken_over(clock) as bed:
        await tenancy_takeover.release(bed)
        for _ in range(3):
            assert await logs_in(bed.avi, (OLD, PASSWORD))
            await passes(bed, QUIET * 0.8)
        assert tenancy_takeover.exists(bed)
        await until(bed, lambda: not tenancy_takeover.exists(bed), 5 * QUIET)


@LONG
@virtual_time.test
async def test_a_user_of_the_same_name_that_came_later_stays(clock: virtual_time.LoopClock) -> None:
    async with taken_over(clock) as bed:
        await tenancy_takeover.release(bed)
        tenancy_takeover.delete(bed)
        tenancy_takeover.make(bed)
        await passes(bed, 3 * QUIET)
        assert tenancy_takeover.exists(bed)


@pytest.mark.parametrize("cut_off", [True, False])
def test_a_takeover_that_ako_did_not_see_is_no_revocation(cut_off: bool) -> None:
    """AKO goes on with the account of the reference, which is not revoked with ours."""

    @virtual_time.test
    async def play(clock: virtual_time.LoopClock) -> None:
        bed = tenancy_takeover.fleet(clock)
        async with bed.fleet:
            await tenancy_takeover.referring(bed)
            bed.ako("shop").cut_off = cut_off
            await bed.fleet.change_config({"workloadCredentialRef": None})
            await until(bed, lambda: len(bed.users("shop")) == 1)
            await passes(bed, 300)
            assert bed.is_active("shop", 1) is not cut_off
            await bed.fleet.delete_cluster("shop")
            await bed.fleet.until_gone("shop")
            leaving = bed.record("shop").spec.leaving
            assert leaving is not None
            graded = [
                answer.grade for plugin, answer in leaving.fences.items() if plugin == "tenancy"
            ]
            assert graded == ["Unfenced" if cut_off else "Revoked"]
            assert tenancy_takeover.exists(bed)

    play()


@pytest.mark.parametrize("released", [True, pytest.param(False, marks=LONG)])
def test_a_cluster_that_leaves(released: bool) -> None:
    """The account before goes with the cluster only if the proof is complete by then."""

    @virtual_time.test
    async def play(clock: virtual_time.LoopClock) -> None:
        async with taken_over(clock) as bed:
            await passes(bed, 3 * QUIET)
            if released:
                await tenancy_takeover.release(bed)
            await bed.fleet.delete_cluster("shop")
            await bed.fleet.until_phase("shop", "Finished", seconds=3600)
            assert tenancy_takeover.exists(bed) is not released

    play()


@LONG
@virtual_time.test
async def test_a_reference_that_came_and_went_within_the_grace(
    clock: virtual_time.LoopClock,
) -> None:
    """The account that was left is given again, is seen in use again, and rotates by its age."""
    bed = tenancy_takeover.fleet(clock)
    async with bed.fleet:
        await bed.config(rotation={"every": "1h", "grace": "30m"})
        await bed.fleet.create_cluster("shop")
        await until(bed, lambda: bed.is_active("shop", 1))
        await bed.fleet.change_config(REFERENCE)
        await until(bed, lambda: bed.ako("shop").starts[OLD] == 1)
        await until(bed, lambda: getattr(bed.account("shop"), "phase", "") == "Left")
        await bed.fleet.change_config({"workloadCredentialRef": None})
        await until(bed, lambda: bed.is_active("shop", 1))
        await until(bed, lambda: bed.is_active("shop", 2), 2 * 3600)
        account = bed.account("shop")
        assert account is not None
        assert account.former is not None
        assert account.former.username == OLD
        assert bed.refused() == []


@LONG
@virtual_time.test
async def test_two_clusters_of_one_account(clock: virtual_time.LoopClock) -> None:
    """A user that two AKOs had was made for neither."""
    bed = tenancy_takeover.fleet(clock)
    async with bed.fleet:
        await tenancy_takeover.referring(bed)
        await bed.fleet.create_cluster("mail")
        await until(bed, lambda: "mail" in str(bed.akos) and bed.ako("mail").starts[OLD] == 1)
        await bed.fleet.change_config({"workloadCredentialRef": None})
        await until(bed, lambda: bed.is_active("shop", 1) and bed.is_active("mail", 1))
        await tenancy_takeover.release(bed)
        await passes(bed, 3 * QUIET)
        assert tenancy_takeover.exists(bed)
        assert f"AKO of {bed.record('mail').name} had it, too" in message(bed)
        assert len(bed.fleet.management.objects(resource.AKO_DEPLOYMENTS)) == 2
