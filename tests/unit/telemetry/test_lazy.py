"""The root of an attempt begins when something needs it, as if it had been there all along."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from opentelemetry import trace

from akoo_core.telemetry import lazy, tracing
from akoo_core.testing import spans


def never() -> dict[str, str]:
    raise AssertionError("nobody needs them")


def test_an_attempt_that_comes_to_nothing_makes_no_span() -> None:
    causes = (never() for _ in range(1))
    with (
        spans.recorded() as recording,
        tracing.attempt("outer", causes=causes, attributes=never) as span,
    ):
        span.set_attribute("akoo.idle", True)
    assert recording.ended == []
    assert span.get_span_context() == trace.INVALID_SPAN_CONTEXT, "nothing begins afterwards"


@pytest.mark.parametrize(
    "need",
    [
        lambda span: span.get_span_context(),
        lambda span: span.add_event("something"),
        lambda span: span.update_name("outer"),
        lambda span: span.set_status(trace.StatusCode.OK),
        lambda span: span.record_exception(ValueError("no")),
    ],
)
def test_it_begins_once_with_all_that_was_said(need: Callable[[trace.Span], object]) -> None:
    with spans.recorded() as recording, tracing.attempt("outer", attributes={"a": 1}) as span:
        span.set_attribute("b", 2)
        need(span)
        need(span)
        span.set_attributes({"c": 3})
    (outer,) = recording.ended
    assert dict(outer.attributes or {}) == {"a": 1, "b": 2, "c": 3}


def test_it_lasts_from_the_start_to_the_end() -> None:
    with spans.recorded() as recording, tracing.attempt("outer"), tracing.step("late"):
        pass
    late, outer = recording.ended
    assert outer.start_time is not None
    assert outer.end_time is not None
    assert late.start_time is not None
    assert late.end_time is not None
    assert outer.start_time <= late.start_time
    assert late.end_time <= outer.end_time


def test_an_error_is_worth_a_span() -> None:
    with (
        spans.recorded() as recording,
        pytest.raises(ValueError, match="no"),
        tracing.attempt("outer"),
    ):
        raise ValueError("no")
    assert [span.error for span in recording.spans] == ["ValueError"]


def test_it_takes_attributes_until_it_ends() -> None:
    span = lazy.LazySpan(lambda _: trace.INVALID_SPAN)
    assert (span.is_recording(), span.begun) == (True, False)
    span.get_span_context()
    assert (span.is_recording(), span.begun) == (False, True), "as the real one"


def test_it_takes_none_afterwards() -> None:
    span = lazy.LazySpan(lambda _: trace.INVALID_SPAN)
    span.end()
    assert (span.is_recording(), span.begun) == (False, False)
