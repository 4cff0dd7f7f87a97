"""A span that begins when it is first needed: the root of an attempt that may change nothing, or a
wait that may bring nothing.

Nearly all attempts at a healthy fleet do nothing that has a span, and an exporter would drop their
roots. Such a root is never made. The first use (a child, its context, an event, an error) makes it
begin, with the start time of the attempt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from opentelemetry import trace
from opentelemetry.util import types

Begin = Callable[[int], trace.Span]
"""Makes the real span; the argument is its start in nanoseconds since the epoch."""


class LazySpan(trace.Span):
    """Attributes are kept until the span begins. One that never began leaves nothing behind."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._started = time.time_ns()
        self._attributes: dict[str, types.AttributeValue] = {}
        self._real: trace.Span | None = None
        self._ended = False

    @property
    def begun(self) -> bool:
        """There is a real span."""
        return self._real is not None

    def end(self, end_time: int | None = None) -> None:
        self._ended = True
        if self._real is not None:
            self._real.end(end_time)

    def get_span_context(self) -> trace.SpanContext:
        """Of the real span, which begins by that; invalid where it ended without."""
        return self._needed().get_span_context()

    def set_attributes(self, attributes: Mapping[str, types.AttributeValue]) -> None:
        for name, value in attributes.items():
            self.set_attribute(name, value)

    def set_attribute(self, key: str, value: types.AttributeValue) -> None:
        if self._real is not None:
            self._real.set_attribute(key, value)
        else:
            self._attributes[key] = value

    def add_event(
        self, name: str, attributes: types.Attributes = None, timestamp: int | None = None
    ) -> None:
        self._needed().add_event(name, attributes, timestamp)

    def update_name(self, name: str) -> None:
        self._needed().update_name(name)

    def is_recording(self) -> bool:
        return not self._ended and (self._real is None or self._real.is_recording())

    def set_status(
        self, status: trace.Status | trace.StatusCode, description: str | None = None
    ) -> None:
        self._needed().set_status(status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: types.Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        self._needed().record_exception(exception, attributes, timestamp, escaped)

    def _needed(self) -> trace.Span:
        if self._real is None:
            if self._ended:
                return trace.INVALID_SPAN
            self._real = self._begin(self._started)
            self._real.set_attributes(self._attributes)
        return self._real
