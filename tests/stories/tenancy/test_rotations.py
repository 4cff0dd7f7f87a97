"""A cluster gets new accounts while it works, and nobody else notices."""

from __future__ import annotations

from tests.stories import traffic
from tests.stories.scene import Scene
from tests.stories.setting import NAME
from tests.stories.telling import proof, solo, story
from tests.stories.tenancy.accounts import SHORT, Accounts

TRIES = 3


@proof
@story
async def test_rotated_by_command(s: Scene) -> None:
    """One start of AKO, no refused login, no change of a virtual service."""
    a = Accounts(s)
    await a.lives(neighbours_too=False, **SHORT)
    before = a.virtual_services()
    async with a.watched(starts=1):
        await a.command("rotate", f"{s.namespace}/{NAME}", "--yes")
        await a.rotated(1)
    assert a.virtual_services() == before
    await a.ends()


@proof
@story
async def test_rotated_under_traffic(s: Scene) -> None:
    """A Service is made while AKO changes its account: it gets its address."""
    a = Accounts(s)
    await a.lives(**SHORT)
    async with a.watched(starts=1), s.workload() as workload:
        await a.rotate("compromised")
        await workload.apply(traffic.late_service())
        await workload.wait_for("v1/Service", traffic.NAMESPACE, "late", traffic.address, 60)
        await a.rotated(1)
    await a.ends()


@proof
@story
async def test_rotated_by_age(s: Scene) -> None:
    """An account that is 40 days old is replaced, without a word of anybody."""
    a = Accounts(s)
    await a.lives(**SHORT)
    async with a.watched(starts=1):
        await a.age(40)
        await a.rotated(1)
    await a.ends()


@proof
@solo
async def test_rotated_by_suspicion(s: Scene) -> None:
    """Somebody tries passwords; an account that is some days old is replaced for it. The next look
    at logins is that of an operator that starts."""
    a = Accounts(s)
    await a.lives(**SHORT)
    pair = await a.pair()
    await a.age(3)
    for _ in range(TRIES):
        assert s.avi.admin.as_user(pair.username, "guessed").login().status == 401
    operator = s.story_bed.operator
    async with a.watched(starts=1):
        await operator.stop()
        await operator.start()
        await operator.ready()
        await a.rotated(1)
    await a.ends()


@proof
@story
async def test_leaked_password_ends_first(s: Scene) -> None:
    """The former account loses its rights before there is a new one. AKO is refused nothing but
    its requests, and starts once."""
    a = Accounts(s)
    await a.lives(**SHORT)
    former, before = await a.pair(), a.count()
    await a.rotate("now-even-if-ako-stops")
    await a.rotated(1)
    since = a.count().since(before)
    assert (since.starts, since.refused) == (1, 0), since
    assert not a.valid(former)
    await a.ends()
