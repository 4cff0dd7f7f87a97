"""The account comes from elsewhere, goes elsewhere, or its cluster is relocated."""

from __future__ import annotations

import secrets
from typing import Any

from akoo_core.sandbox import install
from tests.stories import avi as avis
from tests.stories import neighbours
from tests.stories.scene import Scene
from tests.stories.setting import NAME, Object
from tests.stories.telling import proof, story
from tests.stories.tenancy.accounts import SHORT, Accounts, fact_of


@proof
@story
async def test_from_the_ancestor_and_back(s: Scene) -> None:
    """From a reference, to the user that the ancestor made, to tenancy, back, and again: each time
    one start of AKO. Users that we did not make stay."""
    a = Accounts(s)
    await s.lives(**SHORT)
    await a.note_neighbour()
    ancestor = f"{NAME}-{s.namespace}-ako-user"
    reference = await _store_account(a, ancestor)
    async with a.watched(starts=1):
        await s.change_config(workloadCredentialRef=reference)
        await a.has_user(lambda name: name == ancestor)
    former = await a.pair()
    async with a.watched(starts=1):
        await s.change_config(**a.own())
        await a.in_use()
    assert a.valid(former), "we did not make it"
    assert a.users() == [(await a.pair()).username]
    async with a.watched(starts=1):
        await s.change_config(workloadCredentialRef=reference)
        await a.has_user(lambda name: name == ancestor)
        await s.record(lambda record: not fact_of(record))
    await a.buried()
    async with a.watched(starts=1):
        await s.change_config(workloadCredentialRef=None)
        await a.in_use(1)
    await a.ends()
    assert a.valid(former)


@proof
@story
async def test_relocated_to_another_tenant(s: Scene) -> None:
    """It gets an account for the new tenant, and the former one ends: one relocation, of Avi's
    objects and of the account."""
    a = Accounts(s)
    await a.lives(**SHORT)
    former = await a.pair()
    tenant = s.second_tenant()
    s.remember()
    await s.say(confirm_removal="yes")
    await s.change_config(tenant={"name": tenant})
    await s.relocated()
    record = await a.in_use(1)
    assert _ended(record) == ["avi", "tenancy"], record["spec"]["endedPlacements"]
    assert not a.valid(former)
    assert a.users() == [(await a.pair()).username]
    await a.ends()


@proof
@story
async def test_relocated_to_another_controller(s: Scene) -> None:
    """Users, roles and objects leave the old one, and are made on the new one."""
    a = Accounts(s)
    await a.lives(**SHORT)
    former, old = await a.pair(), s.avi
    async with avis.serving() as new:
        await s.say(confirm_removal="yes")
        await s.change_config(**await _admitted(a, new))
        await s.record(lambda record: record["spec"].get("endedPlacements"))
        s.untouched()
        assert old.of(s.x) == []
        assert not a.valid(former)
        s.avi = new
        record = await a.in_use(1)
        assert _ended(record) == ["avi", "tenancy"], record["spec"]["endedPlacements"]
        await neighbours.served(new, s.x)
        assert a.users() == [(await a.pair()).username]
        s.remember()
        await a.ends()


def _ended(record: Object) -> list[str]:
    """Plugins whose old place was left: each once in one relocation."""
    return sorted(place["plugin"] for place in record["spec"]["endedPlacements"])


async def _store_account(a: Accounts, name: str) -> dict[str, str]:
    """A user on Avi that somebody made, its Secret, and the reference to that."""
    password = a.scene.avi.account(name)
    secret = f"{a.scene.config}-ancestor"
    await a.api.apply(install.secret(secret, username=name, password=password))
    return {"name": secret, "namespace": install.NAMESPACE}


async def _admitted(a: Accounts, avi: avis.Avi) -> dict[str, Any]:
    """The operator's account on another controller; the fields of the config that lead there."""
    name, account = f"{a.scene.config}-{secrets.token_hex(2)}", a.scene.account
    password = avi.account(account, superuser=True)
    await a.api.apply(install.secret(f"{name}-admin", username=account, password=password))
    await a.api.apply(install.secret(f"{name}-ca", certificateAuthorityData=avi.ca_pem))
    return {
        "controller": avi.address,
        "adminCredentialRef": {"name": f"{name}-admin", "namespace": install.NAMESPACE},
        "certificateAuthorityRef": {"name": f"{name}-ca", "namespace": install.NAMESPACE},
    }
