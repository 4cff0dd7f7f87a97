"""A call of a plugin that does not end keeps nobody waiting, and does nothing any more."""

from __future__ import annotations

import asyncio
import logging

import pytest

from akoo_core import errors, external
from akoo_core.plugin.errors import VerbError
from akoo_core.plugin_host import bounded
from akoo_core.telemetry import metrics
from akoo_core.testing import virtual_time

CALL = bounded.PluginCall("demo", "drain", "akoo-1")


class Stubborn:
    """A coroutine that goes on when it is cancelled, until ``let`` is set."""

    def __init__(self, seam: external.External) -> None:
        self._seam = seam
        self.let = asyncio.Event()
        self.refused = 0
        self.written = 0
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        while not self.let.is_set():
            try:
                await self._write()
            except asyncio.CancelledError:
                continue
            except errors.CallRefusedError:
                self.refused += 1
        return "too late"

    async def _write(self) -> None:
        async with self._seam.call("outside", "PUT thing", write=True):
            self.written += 1
        await asyncio.sleep(1.0)


async def _ended(stubborn: Stubborn) -> None:
    stubborn.let.set()
    await asyncio.sleep(2 * external.REFUSED_SECONDS)


def _abandoned() -> float:
    labels = {"verb": "drain", "plugin": "demo"}
    return metrics.REGISTRY.get_sample_value("akoo_abandoned_calls_total", labels) or 0.0


@virtual_time.test
async def test_a_call_that_swallows_its_cancellation_is_abandoned(
    clock: virtual_time.LoopClock,
) -> None:
    calls, before, start = bounded.PluginCalls(), _abandoned(), clock.monotonic()
    stubborn = Stubborn(external.External())
    with pytest.raises(VerbError, match="took longer than 30 s") as caught:
        await calls.run(CALL, stubborn, seconds=30.0)
    assert caught.value.timed_out
    assert clock.monotonic() - start == pytest.approx(30.0 + bounded.STOP_SECONDS)
    assert _abandoned() == before + 1
    await _ended(stubborn)


@virtual_time.test
async def test_an_abandoned_call_writes_nothing_and_does_not_spin(
    clock: virtual_time.LoopClock,
) -> None:
    calls, stubborn = bounded.PluginCalls(), Stubborn(external.External())
    with pytest.raises(VerbError):
        await calls.run(CALL, stubborn, seconds=30.0)
    written = stubborn.written
    await asyncio.sleep(100.0)
    assert stubborn.written == written
    assert 90 <= stubborn.refused <= 110, "each refusal takes its time"
    await _ended(stubborn)


def test_it_is_not_called_again_before_it_has_ended(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(clock: virtual_time.LoopClock) -> None:
        calls, stubborn = bounded.PluginCalls(), Stubborn(external.External())
        for _ in range(3):
            with pytest.raises(VerbError):
                await calls.run(CALL, stubborn, seconds=30.0)
        assert stubborn.calls == 1
        other = CALL._replace(subject="akoo-2")
        assert await calls.run(other, _answer, seconds=30.0) == "well", "others are called"
        await _ended(stubborn)
        assert await calls.run(CALL, _answer, seconds=30.0) == "well"

    with caplog.at_level(logging.INFO, "akoo_core.plugin_host.bounded"):
        virtual_time.run(scenario)
    messages = [line.getMessage() for line in caplog.records]
    assert messages == [
        "a plugin's call goes on after it was cancelled: it is abandoned",
        "an abandoned call has ended",
    ]
    assert vars(caplog.records[0])["subject"] == "akoo-1"


async def _answer() -> str:
    return "well"


@virtual_time.test
async def test_a_caller_that_is_cancelled_does_not_wait_for_it(
    clock: virtual_time.LoopClock,
) -> None:
    """So a lost lease and SIGTERM end the process, whatever a verb does."""
    stubborn = Stubborn(external.External())
    calling = asyncio.create_task(bounded.PluginCalls().run(CALL, stubborn, seconds=300.0))
    await asyncio.sleep(5.0)
    start = clock.monotonic()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert clock.monotonic() - start == pytest.approx(bounded.STOP_SECONDS)
    await _ended(stubborn)


@virtual_time.test
async def test_an_answer_in_time_costs_no_wait(clock: virtual_time.LoopClock) -> None:
    start = clock.monotonic()
    assert await bounded.PluginCalls().run(CALL, _answer, seconds=30.0) == "well"
    assert clock.monotonic() == start


@virtual_time.test
async def test_what_a_call_leaves_running_may_not_reach_the_outside_either(
    clock: virtual_time.LoopClock,
) -> None:
    stubborn = Stubborn(external.External())

    async def leaves() -> str:
        asyncio.create_task(stubborn(), name="left")  # noqa: RUF006
        await asyncio.sleep(3.0)
        return "well"

    assert await bounded.PluginCalls().run(CALL, leaves, seconds=30.0) == "well"
    written = stubborn.written
    assert written
    await asyncio.sleep(100.0)
    assert stubborn.written == written
    await _ended(stubborn)
