"""The seam of external calls: guarded, bounded, counted, interceptable."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from opentelemetry import trace

from akoo_core import errors, external
from akoo_core.telemetry import metrics
from akoo_core.testing import spans


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


async def _wait(seam: external.External, news: bool = False, fail: bool = False) -> None:
    with contextlib.suppress(ConnectionError):
        async with seam.call("test", "GET thing", write=False, waiting=True) as span:
            if news:
                span.add_event("changed", {"objects": 2})
            if fail:
                raise ConnectionError


async def test_a_wait_makes_a_span_only_of_news_and_of_errors() -> None:
    seam, before = external.External(), _count("ok")
    with spans.recorded() as recording:
        await _wait(seam)
        assert not recording.spans
        await _wait(seam, news=True)
        (span,) = recording.spans
        assert span.events == ("changed {'objects': 2}",)
        assert span.attributes == {
            "akoo.system": "test",
            "akoo.write": False,
            "akoo.target": "",
        }
        await _wait(seam, fail=True)
        assert recording.spans[-1].error == "ConnectionError"
    assert _count("ok") == before + 2, "each of them is counted"


def _exemplars(outcome: str) -> list[str]:
    return [
        sample.exemplar.labels["trace_id"]
        for family in metrics.EXTERNAL_REQUESTS.collect()
        for sample in family.samples
        if sample.exemplar
        and (sample.labels["system"], sample.labels["outcome"]) == ("test", outcome)
    ]


async def test_a_failure_leads_from_the_metric_to_its_trace() -> None:
    seam = external.External()
    with spans.recorded() as recording:
        with pytest.raises(LookupError):
            async with seam.call("test", "GET thing", write=False):
                raise LookupError
        context = recording.ended[-1].context
    assert context is not None
    assert _exemplars("LookupError") == [trace.format_trace_id(context.trace_id)]
    assert _exemplars("ok") == []


async def test_the_span_of_news_is_below_what_waits() -> None:
    tracer = trace.get_tracer("test")
    with spans.recorded() as recording, tracer.start_as_current_span("outer"):
        await _wait(external.External(), news=True)
    assert [(span.name, span.parent) for span in recording.spans] == [
        ("test GET thing", "outer"),
        ("outer", ""),
    ]


async def test_a_cancelled_wait_makes_no_span() -> None:
    with spans.recorded() as recording:

        async def wait() -> None:
            async with external.External().call("test", "GET thing", write=False, waiting=True):
                await asyncio.Event().wait()

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert not recording.spans
