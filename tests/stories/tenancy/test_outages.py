"""The store of passwords is sealed, away, empty, old, forbidden or slow; AKO does not notice."""

from __future__ import annotations

from akoo_testbed.openbao import Action, Fault

from tests.stories.scene import Scene
from tests.stories.setting import condition
from tests.stories.telling import proof, solo
from tests.stories.tenancy.accounts import SHORT, Accounts


@proof
@solo
async def test_vault_is_sealed_and_unsealed(s: Scene) -> None:
    """In the middle of a rotation: it is told, and goes on by itself. Other changes do not wait."""
    a = Accounts(s)
    await a.lives(**SHORT)
    path = f"/data/akoo-core/clusters/{s.record_name}"
    async with a.watched(starts=1):
        # The user is made, and its step in the record fails: as a server that is sealed answers.
        number = a.vault.front.inject(Fault(action=Action.STATUS, method="POST", path=path, skip=1))
        await a.rotate()
        await a.vault.front.happened(number)
        await a.vault.part.admin.seal()
        a.vault.front.release(number)
        await _delayed(a, "StoreSealed")
        await a.vault.part.unseal()
        await a.rotated(1)
    await a.vault.part.admin.seal()
    before = a.count()
    async with a.watched(starts=1):
        await s.change_config(extraConfigs={"ingress": {"shardVSSize": "LARGE"}})
        await a.until(lambda: a.count().since(before).logins > 0, "AKO's new start")
    await a.vault.part.unseal()
    await a.ends()


@proof
@solo
async def test_vault_is_killed_and_back(s: Scene) -> None:
    """All its data is there, and no token: the operator logs in anew."""
    a = Accounts(s)
    await a.lives(**SHORT)
    async with a.watched(starts=1):
        await a.vault.away()
        await a.rotate()
        await _delayed(a, "StoreUnreachable")
        await a.vault.back()
        await a.rotated(1)
    await a.ends()


@proof
@solo
async def test_vault_is_back_empty(s: Scene) -> None:
    """The account that AKO has is taken into the new record, and replaced."""
    a = Accounts(s)
    await a.lives(**SHORT)
    async with a.watched(starts=1):
        await a.vault.emptied()
        await a.rotate()
        await a.rotated(1)
    assert (await a.vault.record(s.record_name))["highest"] == await a.sequence()
    await a.ends()


@proof
@solo
async def test_vault_is_restored_from_yesterday(s: Scene) -> None:
    """The record knows the account before alone: the one that AKO has is taken into it, and
    replaced. No sequence is used twice."""
    a = Accounts(s)
    await a.lives(**SHORT)
    await a.vault.saved("yesterday")
    async with a.watched(starts=1):
        await a.rotate()
        await a.rotated(1)
    former = await a.pair()
    async with a.watched(starts=1):
        await a.vault.restored("yesterday")
        await a.rotate()
        await a.rotated(2)
    assert not a.valid(former)
    await a.ends()


@proof
@solo
async def test_policy_is_wrong(s: Scene) -> None:
    """The message names the path that is denied; with the right policy it goes on by itself."""
    a = Accounts(s)
    await a.lives(**SHORT)
    async with a.watched(starts=1):
        await a.vault.forbid_writes()
        await a.rotate()
        message = await _delayed(a, "StoreDenied")
        assert f"akoo-core/clusters/{s.record_name}" in message, message
        await a.vault.allow_writes()
        await a.rotated(1)
    await a.ends()


@proof
@solo
async def test_token_ends(s: Scene) -> None:
    """All tokens are revoked: one login more, and nothing else is seen of it."""
    a = Accounts(s)
    await a.lives(**SHORT)
    calls = a.vault.front.calls
    async with a.watched(starts=1):
        await a.vault.end_tokens()
        since = len(calls)
        await a.rotate()
        await a.rotated(1)
    logins = [path for _, path in calls[since:] if path.endswith("/login")]
    assert len(logins) == 1, logins
    await a.ends()


@proof
@solo
async def test_vault_hangs(s: Scene) -> None:
    """Requests are taken and not answered: others' clusters go on, and so does the rotation
    afterwards."""
    a = Accounts(s)
    await a.lives(**SHORT)
    async with a.watched(starts=1):
        number = a.vault.front.inject(Fault(action=Action.HOLD))
        await a.rotate()
        await _delayed(a, "StoreUnreachable")
        record = await s.record()
        assert condition(record, "AviReady").get("status") == "True", record["status"]
        a.vault.front.release(number)
        await a.rotated(1)
    await a.ends()


async def _delayed(a: Accounts, reason: str) -> str:
    """The message of RotationDelayed, once it has the reason of the obstacle."""
    record = await a.scene.record(
        lambda obj: (
            condition(obj, "TenancyReady").get("reason") == "RotationDelayed"
            and reason in condition(obj, "TenancyReady").get("message", "")
        )
    )
    return str(condition(record, "TenancyReady")["message"])
