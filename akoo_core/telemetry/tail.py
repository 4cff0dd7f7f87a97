"""Decides per trace, once its root has ended, whether it is worth exporting. Needs the SDK.

A healthy fleet is looked at all day and nothing comes of it: such attempts say ``akoo.idle`` and go
nowhere. The same for the bare reads of the caches and the renewals of the lease.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Mapping
from typing import Any

from opentelemetry import context as context_
from opentelemetry import trace
from opentelemetry.sdk import trace as sdk

MAX_TRACES = 4096
"""Open traces; the oldest goes when there are more (its root has been lost)."""
MAX_SPANS = 512
"""Of one open trace; one that holds more is not idle and is passed on as it comes."""
_DECIDED = 1024


class TailFilter(sdk.SpanProcessor):
    """Holds back the spans of a trace until its root ends, then passes them on or drops them."""

    def __init__(self, downstream: sdk.SpanProcessor) -> None:
        self._downstream = downstream
        self._lock = threading.Lock()
        self._held: collections.OrderedDict[int, list[sdk.ReadableSpan]] = collections.OrderedDict()
        self._decided: collections.OrderedDict[int, bool] = collections.OrderedDict()

    def on_start(self, span: sdk.Span, parent_context: context_.Context | None = None) -> None:
        self._downstream.on_start(span, parent_context)

    def on_end(self, span: sdk.ReadableSpan) -> None:
        for ready in self._ready(span):
            self._downstream.on_end(ready)

    def shutdown(self) -> None:
        with self._lock:
            self._held.clear()
        self._downstream.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._downstream.force_flush(timeout_millis)

    def _ready(self, span: sdk.ReadableSpan) -> list[sdk.ReadableSpan]:
        """What may go on now that ``span`` has ended, in the order in which spans ended."""
        context = span.get_span_context()
        if context is None:
            return []
        with self._lock:
            decided = self._decided.get(context.trace_id)
            if decided is not None:
                return [span] if decided else []
            held = self._held.setdefault(context.trace_id, [])
            held.append(span)
            if span.parent is None or span.parent.is_remote:
                return self._decide(context.trace_id, keep=worth_exporting(span))
            if len(held) >= MAX_SPANS:
                return self._decide(context.trace_id, keep=True)
            if len(self._held) > MAX_TRACES:
                self._held.popitem(last=False)
            return []

    def _decide(self, trace_id: int, *, keep: bool) -> list[sdk.ReadableSpan]:
        held = self._held.pop(trace_id, [])
        # Remembered for spans that end after their root.
        self._decided[trace_id] = keep
        while len(self._decided) > _DECIDED:
            self._decided.popitem(last=False)
        return held if keep else []


def worth_exporting(root: sdk.ReadableSpan) -> bool:
    """Whether the trace of this root tells anybody anything."""
    attributes: Mapping[str, Any] = root.attributes or {}
    if root.status.status_code is trace.StatusCode.ERROR and root.kind is not trace.SpanKind.CLIENT:
        return True
    if attributes.get("akoo.idle") is True:
        return False
    if root.kind is trace.SpanKind.CLIENT and "akoo.system" in attributes:
        # Outside of any attempt: lists, watches, probes, the lease. A write is news.
        return attributes.get("akoo.write") is True and not root.name.endswith(" leases")
    return True
