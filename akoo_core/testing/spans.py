"""Spans that a test made, kept in memory.

Tracers can be bound to a provider only once in a process. So one provider is set at the first
recording, or the SDK provider that is there is used, and what it does is switched on and off: spans
made outside of a recording are dropped before they begin.
"""

from __future__ import annotations

import contextlib
import importlib.util
import random
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry import trace

from akoo_core import errors

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan


class Span(NamedTuple):
    """One finished span, as plain values."""

    name: str
    attributes: Mapping[str, Any]
    parent: str
    """Name of the span around it, "" when it is not part of the recording."""
    error: str = ""
    """The description of its status, when that is an error."""
    events: tuple[str, ...] = ()
    """Names and attributes of its events, as text."""


class Recording:
    """The spans of one recording, in the order in which they ended."""

    def __init__(self) -> None:
        self.ended: list[ReadableSpan] = []

    @property
    def spans(self) -> tuple[Span, ...]:
        """The spans that have ended so far. Raises InputError without the OpenTelemetry SDK."""
        if not available():
            raise errors.InputError(
                "spans are recorded by opentelemetry-sdk, which is not installed here: "
                "pip install opentelemetry-sdk"
            )
        by_id = {span.context.span_id: span.name for span in self.ended if span.context}
        return tuple(_span(span, by_id) for span in self.ended)


_active: list[Recording] = []
_watched: list[object] = []
"""The provider that reports here, once there is one."""


def available() -> bool:
    """True where the OpenTelemetry SDK is installed."""
    return importlib.util.find_spec("opentelemetry.sdk") is not None


@contextlib.contextmanager
def recorded() -> Iterator[Recording]:
    """Record every span that ends in the body. Recordings may be nested."""
    recording = Recording()
    if available():
        _watch()
    _active.append(recording)
    try:
        yield recording
    finally:
        _active.remove(recording)


def _watch() -> None:
    from opentelemetry.sdk import trace as sdk  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace import id_generator, sampling  # noqa: PLC0415

    class OwnIds(id_generator.IdGenerator):
        """The SDK's own takes from ``random`` itself, and so changes what a seed does."""

        def __init__(self) -> None:
            self._random = random.Random()  # noqa: S311 - names, not secrets

        def generate_span_id(self) -> int:
            return self._random.getrandbits(64) or 1

        def generate_trace_id(self) -> int:
            return self._random.getrandbits(128) or 1

    class Collector(sdk.SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            for recording in _active:
                recording.ended.append(span)

    class WhileRecording(sampling.Sampler):
        def should_sample(self, *arguments: Any, **named: Any) -> sampling.SamplingResult:
            decision = sampling.Decision.RECORD_AND_SAMPLE if _active else sampling.Decision.DROP
            # (parent_context, trace_id, name, kind, attributes, links), and the SDK gives them so.
            attributes = arguments[4] if len(arguments) > 4 else named.get("attributes")
            return sampling.SamplingResult(decision, attributes)

        def get_description(self) -> str:
            return "while a test records"

    current = trace.get_tracer_provider()
    if current in _watched:
        return
    if not isinstance(current, sdk.TracerProvider):
        current = sdk.TracerProvider(
            sampler=WhileRecording(), id_generator=OwnIds(), shutdown_on_exit=False
        )
        trace.set_tracer_provider(current)
    current.add_span_processor(Collector())
    _watched.append(current)


def _span(span: ReadableSpan, by_id: Mapping[int, str]) -> Span:
    failed = span.status.status_code is trace.StatusCode.ERROR
    return Span(
        name=span.name,
        attributes=dict(span.attributes or {}),
        parent=by_id.get(span.parent.span_id, "") if span.parent else "",
        error=span.status.description or "error" if failed else "",
        events=tuple(f"{event.name} {dict(event.attributes or {})}" for event in span.events),
    )
