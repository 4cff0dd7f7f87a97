"""A controller that does not answer is asked rarely."""

from __future__ import annotations

import asyncio

import pytest
from akoo_avi import patience
from akoo_avi.client import Controllers, Credential, TlsError, UnreachableError, calls, door
from akoo_avi.plugin import AviPlugin

from akoo_core import external
from akoo_core.testing import virtual_time

WHO = Credential("admin", "a-long-password")
OK = calls.Answer(status=200, body=b'{"uuid": "cluster-1"}')


class Hanging:
    """A door whose controller does not answer while ``silent``."""

    def __init__(self) -> None:
        self.silent = False
        self.asked = 0
        self.version = "30.2.2"
        self.error: Exception | None = None

    async def login(self, who: Credential, *, seconds: float) -> door.Session | calls.Answer:
        await self._answer()
        return self

    async def send(
        self, call: calls.Call, progress: calls.Progress, *, seconds: float
    ) -> calls.Answer:
        progress.sent = True
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
    made = Controllers(make_door=lambda _: patience.PatientDoor(hanging, loop_clock))
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
    made = Controllers(make_door=lambda _: patience.PatientDoor(hanging, loop_clock))
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
    made = Controllers(make_door=lambda _: patience.PatientDoor(hanging, loop_clock))
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


def test_the_plugin_is_patient() -> None:
    opened = AviPlugin()._clients._make_door("avi.example.com")
    assert isinstance(opened, patience.PatientDoor)
    opened.close()
