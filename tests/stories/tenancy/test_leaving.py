"""A cluster is deleted, or Avi is away, in the middle of a rotation."""

from __future__ import annotations

from akoo_testbed.openbao import Action, Fault

from tests.stories.scene import Scene
from tests.stories.telling import proof, solo, story
from tests.stories.tenancy.accounts import SHORT, Accounts


@proof
@story
async def test_deleted_while_the_next_account_is_made(s: Scene) -> None:
    """The record has the next account, and Avi does not: none of the two is left."""
    a = Accounts(s)
    await a.lives(**SHORT)
    faults = s.avi.controller.faults
    number = s.fault(method="POST", kind="user", answer="booting", times=None)
    await a.rotate()
    await a.until(lambda: faults.met(number) > 0, "a try to make the user")
    assert (await a.vault.record(s.record_name))["pending"]["account"]["sequence"] == 2
    await a.ends()


@proof
@story
async def test_deleted_while_ako_takes_the_next_account(s: Scene) -> None:
    """Both accounts are valid at that moment, and then none."""
    a = Accounts(s)
    await a.lives(**SHORT)
    faults = s.avi.controller.faults
    number = s.fault(method="GET", kind="useractivity", answer="booting", times=None)
    async with a.watched(starts=1):
        await a.rotate()
        await a.until(lambda: faults.met(number) > 0, "a look at logins")
    assert len(a.users()) == 2
    await a.ends()


@proof
@story
async def test_deleted_with_a_workload_that_is_gone(s: Scene) -> None:
    """AKO goes on and nobody reaches it: its users are revoked, and what it makes is refused."""
    a = Accounts(s)
    await a.lives(**SHORT)
    await a.pair()
    await s.cut_off()
    await a.ends(grade="Revoked")


@proof
@solo
async def test_deleted_while_vault_is_away(s: Scene) -> None:
    """The next user is made, and AKO was not given it yet. The cluster is let go; the passwords go
    when the store is back."""
    a = Accounts(s)
    await a.lives(**SHORT)
    async with a.watched(starts=0):
        path = f"/data/akoo-core/clusters/{s.record_name}"
        number = a.vault.front.inject(Fault(action=Action.CUT, method="POST", path=path, skip=1))
        await a.rotate()
        await a.vault.front.happened(number)
        await a.vault.away()
        a.vault.front.release(number)
        await a.says("RotationDelayed")
    assert len(a.users()) == 2
    await s.delete()
    await s.gone()
    assert a.users() == []
    await a.vault.back()
    await a.ended()


@proof
@story
async def test_avi_is_down_in_a_rotation(s: Scene) -> None:
    """For everybody, AKO too, from the moment at which the new user is opened: both accounts stay,
    and the rotation goes on by itself."""
    a = Accounts(s)
    await a.lives(**SHORT)
    faults = s.avi.controller.faults
    async with a.watched():
        number = s.fault(method="PUT", kind="user", drop=True)
        await a.rotate()
        await a.until(lambda: faults.met(number) == 1, "the write of the user")
        s.fault(user="*", drop=True, times=None)
        await a.says("RotationDelayed")
        faults.clear()
        await a.rotated(1)
    await a.ends()


@proof
@story
async def test_avi_is_down_while_ako_restarts(s: Scene) -> None:
    """AKO starts with its new account and cannot log in: it is not refused, and starts again."""
    a = Accounts(s)
    await a.lives(**SHORT)
    faults = s.avi.controller.faults
    async with a.watched():
        number = s.fault(path="/login", user="*", drop=True, times=None)
        await a.rotate()
        await a.until(lambda: faults.met(number) > 0, "a login of AKO")
        assert a.since_watched().starts > 0
        s.fault(user="*", drop=True, times=None)
        await a.until(lambda: faults.met(number) > 9, "more logins of AKO")
        faults.clear()
        await a.rotated(1)
    await a.ends()
