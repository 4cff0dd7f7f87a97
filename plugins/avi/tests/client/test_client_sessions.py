"""The registry: who shares a session, what ends one, and what is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from akoo_avi.client import (
    AviClient,
    Controllers,
    Credential,
    CredentialRefusedError,
    SessionLostError,
    SessionRegistry,
    UnreachableError,
    calls,
    connection,
    login,
    sessions,
)
from akoo_avi.testing import memory_controllers
from akoo_testbed.avisim import Controller, client, faults
from akoo_testbed.avisim import pytest as avisim_
from akoo_testbed.trust import certificates

from akoo_core import clock, external
from akoo_core.testing import virtual_time

Connect = Callable[..., Awaitable[AviClient]]
KEY = "avi-system/avi-controller-credentials"
NEW = "Rotated-password-2"


def lines(controller: Controller, since: int = 0) -> list[str]:
    entries = controller.journal.entries(since=since)
    return [f"{e.subject.method} {e.subject.path} {e.status}" for e in entries]


def set_password(controller: Controller, old: str, new: str) -> None:
    admin = client.Client(controller, password=old)
    (user,) = admin.get("user?name=admin")["results"]
    admin.put(f"user/{user['uuid']}", {**user, "password": new})
    controller.lose_sessions()


async def settle(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not done():  # noqa: ASYNC110 - the other side is in another thread
            await asyncio.sleep(0.005)


async def test_equal_credentials_share_a_session(
    connect: Connect, avisim: avisim_.RunningAvi
) -> None:
    clients = await asyncio.gather(*(connect() for _ in range(8)))
    assert {await client.version() for client in clients} == {"30.2.2"}
    assert lines(avisim.controller) == ["POST /login 200"]
    assert {client.address for client in clients} == {f"127.0.0.1:{avisim.server.port}"}


@pytest.mark.parametrize("profile", ["22.1.7", "30.2.2", "31.2.2"])
async def test_every_release_is_asked_in_its_own_version(
    seam: external.External, profile: str
) -> None:
    with avisim_.running(avisim_.AviOptions(profile=profile)) as avi:
        controllers = SessionRegistry()
        who = Credential("admin", avi.options.password, avi.server.ca_pem)
        made = await controllers.client(avi.url.removeprefix("https://"), who, external=seam)
        assert await made.version() == profile
        await made.list("pool")
        await controllers.close()
        assert [entry.version for entry in avi.controller.journal][1:2] == [profile]


async def test_a_rotated_password(connect: Connect, avisim: avisim_.RunningAvi) -> None:
    old = await connect(key=KEY)
    await old.list("pool")
    set_password(avisim.controller, avisim.options.password, NEW)
    start = avisim.controller.journal.last
    new = await connect(key=KEY, password=NEW)
    assert await new.list("pool") == ()
    await settle(lambda: "POST /logout 401" in lines(avisim.controller, start))
    with pytest.raises(SessionLostError, match="Ask for a client again"):
        await old.list("pool")
    assert "POST /login 401" not in lines(avisim.controller, start)


async def test_a_rotation_lets_calls_under_way_end_and_logs_out(
    connect: Connect, avisim: avisim_.RunningAvi
) -> None:
    admin = client.Client(avisim.controller, password=avisim.options.password)
    role = admin.get("role?name=System-Admin")["results"][0]["url"]
    access = [{"role_ref": role, "all_tenants": True}]
    admin.post("user", {"name": "two", "username": "two", "password": NEW, "access": access})
    old = await connect(key=KEY)
    number = avisim.controller.faults.add(faults.Fault(delay_seconds=60, kind="pool"))
    slow = asyncio.ensure_future(old.list("pool"))
    await settle(lambda: avisim.controller.faults.met(number) == 1)
    start = avisim.controller.journal.last
    await connect(key=KEY, username="two", password=NEW)
    assert not slow.done()
    assert "POST /logout 200" not in lines(avisim.controller, start)
    avisim.controller.faults.remove(number)
    assert await slow == ()
    await settle(lambda: "POST /logout 200" in lines(avisim.controller, start))


async def test_a_rotated_ca(connect: Connect, avisim: avisim_.RunningAvi) -> None:
    before = await connect(key=KEY)
    avisim.run(avisim.server.stop())
    avisim.server.authority = certificates.Authority("renewed")
    avisim.run(avisim.server.start())
    with pytest.raises(Exception, match="is not trusted"):
        await before.list("pool")
    after = await connect(key=KEY)  # its CA is read anew
    assert await after.list("pool") == ()


async def test_one_secret_of_two_at_the_same_controller(
    connect: Connect, avisim: avisim_.RunningAvi
) -> None:
    """Two Secrets, one with the CA in another form: none ends the session of the other."""
    comment = f"# the CA\n{avisim.server.ca_pem}"
    for _ in range(3):
        await connect(key="a/a")
        await connect(key="b/b", ca_pem=comment)
    assert lines(avisim.controller) == ["POST /login 200"] * 2


# Refused credentials


async def test_a_refused_credential_is_not_tried_again_soon(
    connect: Connect, avisim: avisim_.RunningAvi, now: clock.ManualClock
) -> None:
    for waited in (0, 10, 289):
        now.advance(waited)
        with pytest.raises(CredentialRefusedError) as caught:
            await connect(password="Wrong-password-1")
    assert lines(avisim.controller) == ["POST /login 401"]
    at = f"127.0.0.1:{avisim.server.port}"
    assert str(caught.value) == (
        f'{at} refused user "admin": the password is wrong, or the account is locked. Check Secret '
        "avi-system/avi-controller-credentials; tried again when it changes, or at 00:05:00 UTC."
    )
    assert caught.value.retry_after_seconds == 1
    assert not caught.value.retryable
    now.advance(1)
    with pytest.raises(CredentialRefusedError):
        await connect(password="Wrong-password-1")
    assert await (await connect()).list("pool") == ()
    expected = ["POST /login 401", "POST /login 401", "POST /login 200"]
    assert lines(avisim.controller)[:3] == expected


async def test_sixteen_who_come_with_a_wrong_password_make_one_login(
    connect: Connect, avisim: avisim_.RunningAvi
) -> None:
    came = (connect(password="Wrong-password-1") for _ in range(16))
    errors_ = await asyncio.gather(*came, return_exceptions=True)
    assert {type(error) for error in errors_} == {CredentialRefusedError}
    assert lines(avisim.controller) == ["POST /login 401"]


@pytest.mark.parametrize("locked", ["invalid-credentials", "locked"])
async def test_a_locked_account_reads_as_refused(
    connect: Connect, avisim: avisim_.RunningAvi, locked: str
) -> None:
    avisim.controller.state.switches["locked-login"] = locked
    for _ in range(3):
        client.Client(avisim.controller, password="Wrong-password-1").login()
    with pytest.raises(CredentialRefusedError):
        await connect()


async def test_a_password_that_changes_under_a_session_is_refused_once(
    connect: Connect, avisim: avisim_.RunningAvi
) -> None:
    held = await connect()
    set_password(avisim.controller, avisim.options.password, NEW)
    start = avisim.controller.journal.last
    for _ in range(3):
        with pytest.raises(CredentialRefusedError):
            await held.list("pool")
        with pytest.raises(CredentialRefusedError):
            await connect()
    assert lines(avisim.controller, start) == ["GET /api/pool 401", "POST /login 401"]


async def test_other_failures_of_a_login_are_no_refusals(
    connect: Connect, avisim: avisim_.RunningAvi
) -> None:
    avisim.controller.faults.add(faults.Fault(answer="booting", path="/login"))
    with pytest.raises(Exception, match=r"POST login .* not ready"):
        await connect()
    assert await (await connect()).list("pool") == ()


# What is remembered


async def test_the_last_good_credential(
    connect: Connect, controllers: Controllers, avisim: avisim_.RunningAvi
) -> None:
    at = f"127.0.0.1:{avisim.server.port}"
    assert controllers.last_good(at, KEY) is None
    with pytest.raises(CredentialRefusedError):
        await connect(key=KEY, password="Wrong-password-1")
    assert controllers.last_good(at, KEY) is None
    await connect(key=KEY)
    with pytest.raises(CredentialRefusedError):
        await connect(key=KEY, password="Wrong-password-1")
    good = controllers.last_good(at, KEY)
    assert good is not None
    assert good.password == avisim.options.password
    assert controllers.last_good(at, "other/secret") is None
    assert controllers.last_good("other", KEY) is None


# Bounds and ends (in process: the registry is the same)


class SessionsWorld:
    """Controllers in process, by address."""

    def __init__(self, count: int, now: clock.Clock) -> None:
        self.by_address = {
            f"avi-{n}": Controller(password="SessionsWorld-password-1") for n in range(count)
        }
        self.registry = memory_controllers(self.by_address, now=now)

    async def client(self, address: str, **keywords: Any) -> AviClient:
        who = Credential("admin", "SessionsWorld-password-1", keywords.pop("ca", ""))
        return await self.registry.client(address, who, external=external.External(), **keywords)

    def sessions(self, address: str) -> int:
        return len(self.by_address[address].state.accounts.sessions)


async def test_what_is_unused_beyond_the_bound_is_logged_out(now: clock.ManualClock) -> None:
    fleet = SessionsWorld(1, now)
    count = sessions.PER_CONTROLLER + 3
    held = []
    for number in range(count):
        held.append(await fleet.client("avi-0", ca=f"ca {number}"))
        now.advance(1)
    assert fleet.sessions("avi-0") == count, "all may be in the midst of something"
    now.advance(sessions.IN_USE_SECONDS + 1)
    await held[0].list("pool")
    await fleet.client("avi-0", ca="ca 1")
    await settle(lambda: fleet.sessions("avi-0") == sessions.PER_CONTROLLER)
    for opened in (held[0], held[1], *held[-2:]):
        assert await opened.list("pool") == ()
    with pytest.raises(SessionLostError):
        await held[2].list("pool")
    await fleet.registry.close()
    assert fleet.sessions("avi-0") == 0


async def test_a_session_with_a_call_under_way_is_not_unused(now: clock.ManualClock) -> None:
    fleet = SessionsWorld(1, now)
    held = await fleet.client("avi-0", ca="busy")
    kept = fleet.registry._controllers["avi-0"].connections
    (busy,) = kept.values()
    with busy:
        now.advance(2 * sessions.IN_USE_SECONDS)
        for number in range(sessions.PER_CONTROLLER):
            await fleet.client("avi-0", ca=f"ca {number}")
    assert busy in kept.values()
    assert await held.list("pool") == ()
    await fleet.registry.close()


@virtual_time.test
async def test_an_exchange_has_the_time_of_its_event_loop(time: virtual_time.LoopClock) -> None:
    """A clock of its own would move timers in virtual time, by microseconds and never alike."""
    budget, began = login.TimeBudget(5.0), time.monotonic()
    assert budget.take() == 5.0
    await asyncio.sleep(2.0)
    assert (budget.left, time.monotonic() - began) == (3.0, 2.0)
    await asyncio.sleep(3.0)
    with pytest.raises(calls.LostError):
        budget.take()


async def test_idle_sessions_are_given_back(now: clock.ManualClock) -> None:
    fleet = SessionsWorld(2, now)
    held = await fleet.client("avi-0")
    await fleet.client("avi-1")
    now.advance(sessions.IDLE_SECONDS)
    assert await held.list("pool") == ()
    now.advance(1)
    await fleet.client("avi-0")
    await settle(lambda: fleet.sessions("avi-1") == 0)
    assert fleet.sessions("avi-0") == 1
    assert await (await fleet.client("avi-1")).list("pool") == ()
    await fleet.registry.close()


async def test_the_session_of_another_address_is_left_alone(now: clock.ManualClock) -> None:
    fleet = SessionsWorld(2, now)
    there = await fleet.client("avi-0", key=KEY)
    await fleet.client("avi-1", key=KEY)
    assert await there.list("pool") == ()
    with pytest.raises(UnreachableError, match="avi-9"):
        await fleet.client("avi-9", key=KEY)
    await fleet.registry.close()


async def test_close_logs_out_everywhere_and_is_final(
    controllers: Controllers, connect: Connect, avisim: avisim_.RunningAvi
) -> None:
    held = await connect()
    await connect(ca_pem=f"# another\n{avisim.server.ca_pem}")
    await controllers.close()
    await controllers.close()
    assert lines(avisim.controller)[-2:] == ["POST /logout 200"] * 2
    assert not avisim.controller.state.accounts.sessions
    for late in (held.list("pool"), connect()):
        with pytest.raises(SessionLostError):
            await late


async def test_close_does_not_wait_for_a_controller_that_is_gone(
    connect: Connect,
    controllers: Controllers,
    avisim: avisim_.RunningAvi,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "LOGOUT_SECONDS", 0.1)
    await connect()
    avisim.controller.faults.add(faults.Fault(hold_seconds=60, path="/logout"))
    async with asyncio.timeout(sessions.CLOSE_SECONDS):
        await controllers.close()
    avisim.run(avisim.server.stop())
