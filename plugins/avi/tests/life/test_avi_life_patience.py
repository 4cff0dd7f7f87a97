"""A controller that does not answer is asked rarely."""

from __future__ import annotations

import asyncio

import pytest
from akoo_avi.client import (
    Controllers,
    Credential,
    SessionRegistry,
    TlsError,
    UnreachableError,
    calls,
    door,
)
from akoo_avi.client.access import SharedControllers, patience
from akoo_avi.plugin import AviPlugin

from akoo_core import external
from akoo_core.testing import virtual_time

WHO = Credential("admin", "a-long-password")
OK = calls.AviAnswer(status=200, body=b'{"uuid": "cluster-1"}')


class Hanging:
    """A door whose controller does not answer while ``silent``."""

    def __init__(self) -> None:
        self.silent = False
        self.asked = 0
        self.version = "30.2.2"
        self.error: Exception | None = None
        self.sends = True
        """True if a request leaves the process."""
        self.silent_paths: set[str] = set()

    async def login(self, who: Credential, *, seconds: float) -> door.AviSession | calls.AviAnswer:
        await self._answer()
        return self

    async def send(
        self, call: calls.AviCall, progress: calls.RequestProgress, *, seconds: float
    ) -> calls.AviAnswer:
        progress.sent = self.sends
        if call.path in self.silent_paths:
            await asyncio.sleep(3600)
        await self._answer()
        return OK

    async def _answer(self) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        if self.silent:
            await asyncio.sleep(3600)

    def close(self) -> None:
        return


async def ask(controllers: Controllers) -> None:
    seam = external.External()
    avi = await controllers.client("avi.example.com", WHO, external=seam)
    await avi.get("cluster")


@virtual_time.test
async def test_it_is_asked_rarely_and_again_once_it_answers(
    loop_clock: virtual_time.LoopClock,
) -> None:
    hanging = Hanging()
    made = SessionRegistry(make_door=lambda *_: patience.PatientDoor(hanging, loop_clock))
    await ask(made)
    hanging.silent = True
    begun, asked = loop_clock.monotonic(), hanging.asked
    for _ in range(200):
        with pytest.raises(UnreachableError):
            await ask(made)
    assert hanging.asked - asked <= 3
    assert loop_clock.monotonic() - begun < 60
    hanging.silent = False
    await asyncio.sleep(61)
    await ask(made)
    await ask(made)
    await made.close()


@virtual_time.test
async def test_what_it_says_is_an_answer_whatever_it_is(
    loop_clock: virtual_time.LoopClock,
) -> None:
    hanging = Hanging()
    hanging.error = TlsError("The certificate is not to be trusted.")
    made = SessionRegistry(make_door=lambda *_: patience.PatientDoor(hanging, loop_clock))
    for _ in range(5):
        with pytest.raises(TlsError):
            await ask(made)
    assert hanging.asked == 5
    await made.close()


@virtual_time.test
async def test_who_is_cancelled_beside_a_failure_says_nothing_of_the_controller(
    loop_clock: virtual_time.LoopClock,
) -> None:
    hanging = Hanging()
    made = SessionRegistry(make_door=lambda *_: patience.PatientDoor(hanging, loop_clock))
    await ask(made)
    hanging.silent = True
    tasks = [asyncio.create_task(ask(made)) for _ in range(6)]
    await asyncio.sleep(1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    hanging.silent = False
    await ask(made)
    await made.close()


async def asked_beside(made: Controllers, count: int) -> list[BaseException | None]:
    """The answers to that many callers at the same time."""
    return await asyncio.gather(*(ask(made) for _ in range(count)), return_exceptions=True)


@virtual_time.test
async def test_requests_that_are_lost_together_are_one_silence(
    loop_clock: virtual_time.LoopClock,
) -> None:
    hanging = Hanging()
    made = SessionRegistry(make_door=lambda *_: patience.PatientDoor(hanging, loop_clock))
    await ask(made)
    hanging.silent = True
    lost = await asked_beside(made, 8)
    assert {type(error) for error in lost} == {UnreachableError}
    hanging.silent = False
    assert await asked_beside(made, 8) == [None] * 8
    await made.close()


@virtual_time.test
async def test_a_controller_that_answers_anything_is_asked(
    loop_clock: virtual_time.LoopClock,
) -> None:
    """Some requests are lost all the time; others are answered all the time."""
    hanging = Hanging()
    hanging.silent_paths = {"pool"}
    made = SessionRegistry(make_door=lambda *_: patience.PatientDoor(hanging, loop_clock))
    seam = external.External()
    avi = await made.client("avi.example.com", WHO, external=seam)
    ended = False

    async def look() -> None:
        while not ended:
            await avi.get("cluster")
            await asyncio.sleep(1)

    looking = asyncio.ensure_future(look())
    for _ in range(4):
        lost = await asyncio.gather(*(avi.get("pool") for _ in range(12)), return_exceptions=True)
        assert all("no answer came within 10 s" in str(error) for error in lost)
    ended = True
    await looking
    await made.close()


@virtual_time.test
async def test_what_never_left_this_process_says_nothing_of_the_controller(
    loop_clock: virtual_time.LoopClock,
) -> None:
    hanging = Hanging()
    made = SessionRegistry(make_door=lambda *_: patience.PatientDoor(hanging, loop_clock))
    await ask(made)
    hanging.error = calls.LostError("all 9 connections wait for an answer", sent=False, ours=True)
    for _ in range(6):
        with pytest.raises(UnreachableError, match="connections wait"):
            await ask(made)
    hanging.error = None
    await ask(made)
    await made.close()


@virtual_time.test
async def test_a_loss_that_was_not_sent_in_time_says_nothing_either(
    loop_clock: virtual_time.LoopClock,
) -> None:
    """No thread was free until the deadline."""
    hanging = Hanging()
    made = SessionRegistry(make_door=lambda *_: patience.PatientDoor(hanging, loop_clock))
    await ask(made)
    hanging.silent, hanging.sends = True, False
    for _ in range(4):
        with pytest.raises(UnreachableError, match="within 10 s"):
            await ask(made)
    hanging.silent = False
    await ask(made)
    await made.close()


@virtual_time.test
async def test_the_message_says_for_how_long_it_was_silent(
    loop_clock: virtual_time.LoopClock,
) -> None:
    hanging = Hanging()
    made = SessionRegistry(make_door=lambda *_: patience.PatientDoor(hanging, loop_clock))
    await ask(made)
    hanging.silent = True
    for _ in range(2):
        await asked_beside(made, 2)
    with pytest.raises(UnreachableError, match="has not answered for 20 s"):
        await ask(made)
    await made.close()


async def test_the_plugin_is_patient() -> None:
    clients = AviPlugin()._clients
    assert isinstance(clients, SharedControllers)
    opened = clients._join().registry._make_door("avi.example.com", 1)
    assert isinstance(opened, patience.PatientDoor)
    opened.close()
    await clients.close()
