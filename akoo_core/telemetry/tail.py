"""Decides per trace, once its root has ended, whether it is worth exporting. Needs the SDK.

Most attempts of a healthy fleet change nothing: they carry ``akoo.idle`` and are dropped, like the
reads of the caches and the renewals of the lease. An attempt that takes longer than HOLD_SECONDS is
always exported: its spans leave, with a placeholder for each span that has not ended yet.
"""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace import id_generator

MAX_TRACES = 4096
"""Most open traces; the oldest is dropped when there are more (its root has been lost)."""
MAX_SPANS = 512
"""Most spans of one open trace; a trace with more is not idle, and is exported as it comes."""
HOLD_SECONDS = 10.0
"""Longest time that the spans of a trace are held back."""
LOOK_SECONDS = 2.0
"""Interval of the search for traces that are held too long."""
RUNNING = "running"
"""``akoo.result`` of the placeholder for a span that has not ended."""
_DECIDED = 1024

_ids = id_generator.RandomIdGenerator()


class _Open:
    """A trace whose root has not ended."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.held: list[sdk.ReadableSpan] = []
        self.running: dict[int, sdk.Span] = {}
        """Spans that have not ended, by their ids."""

    @property
    def bare(self) -> bool:
        """The root is a call outside of any attempt, such as a watch."""
        roots = (span for span in self.running.values() if _is_root(span))
        return any(root.kind is trace.SpanKind.CLIENT for root in roots)


class TailFilter(sdk.SpanProcessor):
    """Holds back the spans of a trace until its root ends, then passes them on or drops them.

    ``now`` is a monotonic clock. ``start`` begins to look for traces held too long, in a thread
    that ``shutdown`` ends.
    """

    def __init__(
        self, downstream: sdk.SpanProcessor, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._downstream = downstream
        self._now = now
        self._lock = threading.Lock()
        self._open: collections.OrderedDict[int, _Open] = collections.OrderedDict()
        self._decided: collections.OrderedDict[int, bool] = collections.OrderedDict()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Call ``release`` repeatedly, in a thread."""
        self._thread = threading.Thread(target=self._look, name="akoo-otel-tail", daemon=True)
        self._thread.start()

    def on_start(self, span: sdk.Span, parent_context: Context | None = None) -> None:
        self._downstream.on_start(span, parent_context)
        context = span.get_span_context()
        with self._lock:
            if context.trace_id in self._decided:
                return
            self._of(context.trace_id).running[context.span_id] = span

    def on_end(self, span: sdk.ReadableSpan) -> None:
        for ready in self._ready(span):
            self._downstream.on_end(ready)

    def shutdown(self) -> None:
        """Pass on the held spans of attempts that still run, and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(LOOK_SECONDS)
        self.release(longer_than=0.0)
        self._downstream.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._downstream.force_flush(timeout_millis)

    def release(self, *, longer_than: float = HOLD_SECONDS) -> None:
        """Pass on the spans of attempts that began more than so many seconds ago."""
        ready: list[sdk.ReadableSpan] = []
        with self._lock:
            now = self._now()
            for trace_id, opened in tuple(self._open.items()):
                if now - opened.since >= longer_than and not opened.bare:
                    ready += (*opened.held, *_still_running(opened.running))
                    self._decide(trace_id, keep=True)
        for span in ready:
            self._downstream.on_end(span)

    def _look(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.release()

    def _of(self, trace_id: int) -> _Open:
        if trace_id not in self._open:
            self._open[trace_id] = _Open(self._now())
            if len(self._open) > MAX_TRACES:
                self._open.popitem(last=False)
        return self._open[trace_id]

    def _ready(self, span: sdk.ReadableSpan) -> list[sdk.ReadableSpan]:
        """The spans to export now that ``span`` has ended, in the order of their ends."""
        context = span.get_span_context()
        if context is None:
            return []
        with self._lock:
            decided = self._decided.get(context.trace_id)
            if decided is not None:
                return [span] if decided else []
            opened = self._of(context.trace_id)
            opened.running.pop(context.span_id, None)
            opened.held.append(span)
            if _is_root(span):
                return self._decide(context.trace_id, keep=worth_exporting(span))
            if len(opened.held) >= MAX_SPANS:
                return self._decide(context.trace_id, keep=True)
            return []

    def _decide(self, trace_id: int, *, keep: bool) -> list[sdk.ReadableSpan]:
        opened = self._open.pop(trace_id, None)
        # Remembered for spans that end after their root.
        self._decided[trace_id] = keep
        while len(self._decided) > _DECIDED:
            self._decided.popitem(last=False)
        return opened.held if keep and opened is not None else []


def _is_root(span: sdk.ReadableSpan) -> bool:
    return span.parent is None or span.parent.is_remote


def _still_running(running: Mapping[int, sdk.Span]) -> Iterator[sdk.ReadableSpan]:
    """A span below each of ``running`` that has lasted as long as that, so far."""
    now = time.time_ns()
    for span in running.values():
        context = span.get_span_context()
        if not context.trace_flags.sampled:
            continue
        yield sdk.ReadableSpan(
            name=f"{span.name} (still running)",
            context=trace.SpanContext(
                context.trace_id,
                _ids.generate_span_id(),
                is_remote=False,
                trace_flags=context.trace_flags,
            ),
            parent=context,
            resource=span.resource,
            attributes={**(span.attributes or {}), "akoo.result": RUNNING},
            kind=trace.SpanKind.INTERNAL,
            start_time=span.start_time,
            end_time=now,
            instrumentation_scope=span.instrumentation_scope,
        )


def worth_exporting(root: sdk.ReadableSpan) -> bool:
    """The trace of this root is worth exporting."""
    attributes: Mapping[str, Any] = root.attributes or {}
    if root.status.status_code is trace.StatusCode.ERROR and root.kind is not trace.SpanKind.CLIENT:
        return True
    if attributes.get("akoo.idle") is True:
        return False
    if root.kind is trace.SpanKind.CLIENT and "akoo.system" in attributes:
        # Outside of any attempt: lists, watches, probes, the lease. A write is news, and so is a
        # wait that brought some.
        written = attributes.get("akoo.write") is True and not root.name.endswith(" leases")
        return written or bool(root.events)
    return True
