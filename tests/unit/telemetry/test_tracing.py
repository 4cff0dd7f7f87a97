"""Attempts are roots with links; a traceparent is read strictly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace

from akoo_core.telemetry import tracing
from akoo_core.testing import spans

GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_an_attempt_is_a_root_with_links_to_its_causes() -> None:
    with spans.recorded() as recording, tracing.attempt("outer"):
        outer = tracing.current_context()
        assert outer is not None
        causes = [outer, GOOD, GOOD, "nonsense", object(), trace.INVALID_SPAN_CONTEXT]
        with tracing.attempt("inner", causes=causes, dropped_causes=2, attributes={"a": 1}):
            with tracing.step("deploy"):
                pass
            assert tracing.current_context() != outer
    deploy, inner, _ = recording.ended
    assert inner.parent is None
    assert [link.context.span_id for link in inner.links] == [outer.span_id, 0x00F067AA0BA902B7]
    assert dict(inner.attributes or {}) == {"a": 1, "akoo.causes.dropped": 2}
    assert deploy.parent is not None
    assert dict(deploy.attributes or {}) == {"akoo.verb": "deploy", "akoo.plugin": "core"}
    assert deploy.parent.span_id == inner.get_span_context().span_id  # type: ignore[union-attr]


def test_an_error_is_told_by_its_type_only() -> None:
    with (
        spans.recorded() as recording,
        pytest.raises(ValueError, match="hunter2"),
        tracing.attempt("outer"),
        tracing.step("deploy"),
    ):
        raise ValueError("hunter2")
    assert [span.error for span in recording.spans] == ["ValueError", "ValueError"]
    assert "hunter2" not in str([span.to_json() for span in recording.ended])


def test_links_are_few() -> None:
    many = [f"00-{n:032x}-{n:016x}-01" for n in range(1, 50)]
    assert len(tracing.links_of(many)) == tracing.MAX_LINKS


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_traceparent_there_and_back(trace_id: int, span_id: int, sampled: bool) -> None:
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if sampled else trace.TraceFlags.DEFAULT)
    context = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)
    assert tracing.parse_traceparent(tracing.format_traceparent(context)) == context


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD.upper(),
        GOOD + "-more",
        GOOD + "\n",
        " " + GOOD,
        GOOD.replace("00-4", "ff-4"),
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
    ],
)
def test_a_wrong_traceparent_is_none(text: str) -> None:
    assert tracing.parse_traceparent(text) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert tracing.parse_traceparent(GOOD.replace("00-4", "cc-4") + "-more") is not None


def test_nothing_is_traced_outside() -> None:
    assert tracing.current_context() is None
    assert tracing.current_trace_id() == ""


def test_without_an_sdk_no_span_is_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = trace.get_tracer("akoo_core")
    with spans.recorded() as recording:
        with tracing.entered(tracer, "seen", attributes={"a": 1}) as span:
            assert span.is_recording()
        assert [span.name for span in recording.spans] == ["seen"]
        monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
        proxy = trace.ProxyTracer("akoo_core", "")
        with tracing.entered(proxy, "unseen", attributes={}) as span:
            assert span is trace.INVALID_SPAN
        assert len(recording.spans) == 1
