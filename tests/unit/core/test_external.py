"""The seam of external calls: guarded, bounded, counted, interceptable."""

from __future__ import annotations

import asyncio

import pytest

from akoo_core import errors, external
from akoo_core.telemetry import metrics


class _NotLeader:
    def check(self) -> None:
        raise errors.LeadershipLostError("the lease is another's")


class _Recorder:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def before(self, site: str, *, write: bool) -> None:
        self.seen.append(f"before {site} {write}")

    def after(self, site: str, *, write: bool) -> None:
        self.seen.append(f"after {site} {write}")


def _count(outcome: str) -> float:
    return (
        metrics.REGISTRY.get_sample_value(
            "akoo_external_requests_total",
            {"system": "test", "operation": "GET thing", "outcome": outcome},
        )
        or 0.0
    )


async def test_a_write_without_leadership_never_starts() -> None:
    seam = external.External(guard=_NotLeader())
    with pytest.raises(errors.LeadershipLostError):
        async with seam.call("test", "PUT thing", write=True):
            pytest.fail("the body ran")


async def test_a_read_needs_no_leadership() -> None:
    seam = external.External(guard=_NotLeader())
    async with seam.call("test", "GET thing", write=False):
        pass


async def test_a_call_ends_at_its_deadline() -> None:
    seam = external.External()
    before = _count("TimeoutError")
    with pytest.raises(TimeoutError):
        async with seam.call("test", "GET thing", write=False, deadline_seconds=0.01):
            await asyncio.Event().wait()
    assert _count("TimeoutError") == before + 1


async def test_a_call_that_names_no_deadline_has_that_of_its_seam() -> None:
    seam = external.External(deadline_seconds=0.01)
    with pytest.raises(TimeoutError):
        async with seam.call("test", "GET thing", write=False):
            await asyncio.Event().wait()


def test_no_seam_waits_longer_than_a_leader_may() -> None:
    assert external.External(deadline_seconds=600).deadline_seconds == 30
    assert external.External().deadline_seconds == external.DEFAULT_DEADLINE_SECONDS


async def test_cancellation_is_counted_as_such_and_goes_on() -> None:
    seam = external.External()
    entered = asyncio.Event()

    async def hang() -> None:
        async with seam.call("test", "GET thing", write=False):
            entered.set()
            await asyncio.Event().wait()

    before = _count("cancelled")
    task = asyncio.create_task(hang())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _count("cancelled") == before + 1


async def test_the_interceptor_sees_before_and_after_and_no_after_of_a_failure() -> None:
    recorder = _Recorder()
    seam = external.External(interceptor=recorder)
    async with seam.call("test", "GET thing", write=False):
        pass
    with pytest.raises(OSError, match="boom"):
        async with seam.call("test", "PUT thing", write=True):
            raise OSError("boom")
    assert recorder.seen == [
        "before test GET thing False",
        "after test GET thing False",
        "before test PUT thing True",
    ]
