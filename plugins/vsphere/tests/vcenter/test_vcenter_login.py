"""Logins that are refused: never again soon, in no process, for no caller."""

from __future__ import annotations

import asyncio

import pytest
from akoo_testbed.vcsim import Action, Fault
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import door, errors, refusals
from akoo_vsphere.client.account import Account

from akoo_core.plugin.clock import ManualClock
from tests.vsphere.vcenter_client import Open, count, inject

WRONG = "wrong-password-1"


class Memory:
    """A refusal memory; ``seconds`` until the next login."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.events: list[str] = []

    async def refused(self) -> float:
        return self.seconds

    async def note(self) -> float:
        self.events.append("note")
        return 300.0

    async def accept(self) -> None:
        self.events.append("accept")


async def test_a_refused_login_is_not_tried_again_by_anybody(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    await vcsim.call(vcsim.control.clear_calls())
    clients = [await open_client(password=WRONG) for _ in range(20)]
    failures = await asyncio.gather(*(client.about() for client in clients), return_exceptions=True)
    assert {type(failure) for failure in failures} == {errors.CredentialRefusedError}
    assert await count(vcsim, "Login") == 1


async def test_the_pause_after_a_refusal_doubles_to_four_hours(
    open_client: Open, clock: ManualClock, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    client = await open_client(password=WRONG)
    await vcsim.call(vcsim.control.clear_calls())
    pauses = []
    for attempt in range(1, 9):
        with pytest.raises(errors.CredentialRefusedError) as raised:
            await client.about()
        pauses.append(raised.value.retry_after_seconds)
        clock.advance(raised.value.retry_after_seconds - 1)
        with pytest.raises(errors.CredentialRefusedError):
            await client.about()
        assert await count(vcsim, "Login") == attempt
        clock.advance(1)
    assert pauses == [300, 600, 1200, 2400, 4800, 9600, 14400, 14400]


async def test_another_secret_version_is_tried_at_once(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    with pytest.raises(errors.CredentialRefusedError):
        await (await open_client(password=WRONG)).about()
    client = await open_client(secret_version="uid/2")
    assert (await client.about()).instance_uuid
    # The success forgets the refusals of the user.
    await vcsim.call(vcsim.control.clear_calls())
    with pytest.raises(errors.CredentialRefusedError) as raised:
        await (await open_client(password=WRONG, secret_version="uid/3")).about()
    assert raised.value.retry_after_seconds == 300
    assert await count(vcsim, "Login") == 1


async def test_another_version_of_the_same_password_is_tried_once(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """The account may have been unlocked meanwhile: whoever touches the Secret asks for it."""
    await vcsim.call(vcsim.control.clear_calls())
    for attempt in (1, 2, 2, 1):
        client = await open_client(password=WRONG, secret_version=f"uid/{attempt}")
        with pytest.raises(errors.CredentialRefusedError):
            await client.about()
    assert await count(vcsim, "Login") == 2


async def test_two_wrong_secrets_of_one_user_do_not_take_turns(
    open_client: Open, clock: ManualClock, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    await vcsim.call(vcsim.control.clear_calls())
    clients = [
        await open_client(password=f"{WRONG}{number}", secret_version=f"uid/{number}")
        for number in (1, 2)
    ]
    for _ in range(5):
        for client in clients:
            with pytest.raises(errors.CredentialRefusedError):
                await client.about()
        clock.advance(60)
    assert await count(vcsim, "Login") == 2


@pytest.mark.parametrize("first", ["vcenter", "secret"])
async def test_a_rotated_password_costs_at_most_one_refusal(
    first: str, open_client: Open, clock: ManualClock, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    options = vcsim.part.options
    new = "Vcenter-rotated-2"

    async def look() -> str:
        """A look of the operator, once in a minute; the result by its type."""
        clock.advance(60)
        try:
            await (await open_client(**secret)).about()
        except errors.VCenterError as error:
            return type(error).__name__
        return "ok"

    secret = {"password": options.password, "secret_version": "uid/1"}
    assert await look() == "ok"
    steps = {
        "vcenter": lambda: vcsim.call(vcsim.control.change(accounts={options.username: new})),
        "secret": lambda: asyncio.sleep(0, secret.update(password=new, secret_version="uid/2")),
    }
    await steps[first]()
    await vcsim.call(vcsim.control.end_sessions())
    await vcsim.call(vcsim.control.clear_calls())
    looks = {await look() for _ in range(4)}
    assert looks == {"CredentialRefusedError"}
    assert await count(vcsim, "Login") == 1
    await steps["secret" if first == "vcenter" else "vcenter"]()
    clock.advance(300)
    assert await look() == "ok"
    assert await count(vcsim, "Login") == 2
    await vcsim.call(vcsim.control.change(accounts={options.username: options.password}))


async def test_a_refusal_of_another_process_is_honoured(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    memory = Memory(seconds=120.0)
    await vcsim.call(vcsim.control.clear_calls())
    client = await open_client(memory)
    with pytest.raises(errors.CredentialRefusedError) as raised:
        await client.about()
    assert raised.value.retry_after_seconds == 120
    assert (await vcsim.call(vcsim.control.calls())).total == 0
    assert memory.events == []
    memory.seconds = 0.0
    assert (await client.about()).instance_uuid
    assert memory.events == ["accept"]


async def test_a_refusal_is_remembered_beyond_the_process(open_client: Open) -> None:
    memory = Memory()
    client = await open_client(memory, password=WRONG)
    with pytest.raises(errors.CredentialRefusedError):
        await client.about()
    assert memory.events == ["note"]


async def test_a_session_is_kept_if_its_success_cannot_be_remembered(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    class Away(Memory):
        async def accept(self) -> None:
            raise TimeoutError

    client = await open_client(Away())
    await vcsim.call(vcsim.control.clear_calls())
    with pytest.raises(TimeoutError):
        await client.about()
    assert (await client.about()).instance_uuid
    assert await count(vcsim, "Login") == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("InvalidLogin", "password is wrong"),
        ("PasswordExpired", "has expired"),
        ("NoPermission", "no permission on anything"),
    ],
)
async def test_each_kind_of_refusal_has_its_words(
    fault: str, words: str, open_client: Open, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    await inject(vcsim, Fault(action=Action.THROW, method="Login", fault=fault))
    client = await open_client()
    for _ in range(2):
        with pytest.raises(errors.CredentialRefusedError) as raised:
            await client.about()
    assert await count(vcsim, "Login") == 1
    assert vcsim.part.options.password not in str(raised.value)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(action=Action.CUT, method="Login"), errors.UnreachableError),
        (Fault(action=Action.STATUS, status=503, method="Login"), errors.OverloadedError),
        (Fault(action=Action.STATUS, status=200, method="Login"), errors.NotVCenterError),
        (
            Fault(action=Action.THROW, method="Login", fault="HostConnectFault"),
            errors.FaultError,
        ),
    ],
)
async def test_a_login_that_fails_otherwise_is_no_refusal(
    fault: Fault, error: type[Exception], open_client: Open, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    memory = Memory()
    client = await open_client(memory)
    number = await inject(vcsim, fault)
    with pytest.raises(error):
        await client.about()
    await vcsim.call(vcsim.control.release(number))
    assert (await client.about()).instance_uuid
    assert memory.events == ["accept"]


async def test_an_esxi_host_gets_no_password(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(content: dict[str, dict[str, str]], account: Account) -> None:
        original({**content, "about": {**content["about"], "apiType": "HostAgent"}}, account)

    original = door._check_vcenter
    monkeypatch.setattr(door, "_check_vcenter", check)
    await vcsim.call(vcsim.control.clear_calls())
    client = await open_client()
    with pytest.raises(errors.NotVCenterError, match="ESXi"):
        await client.about()
    assert await count(vcsim, "Login") == 0


def test_refusals_of_one_user_do_not_hold_another() -> None:
    memory = refusals.Refusals()
    assert memory.note(("a", "x"), "1", 0.0) == 300
    assert memory.seconds_left(("a", "x"), "1", 100.0) == 200
    assert memory.seconds_left(("a", "y"), "1", 100.0) == 0
    assert memory.seconds_left(("b", "x"), "1", 100.0) == 0
    assert memory.note(("a", "x"), "2", 100.0) == 600
    assert memory.seconds_left(("a", "x"), "1", 400.0) == 300
