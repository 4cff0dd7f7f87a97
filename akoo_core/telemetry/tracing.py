"""Spans of the core: attempts as roots with links to their causes, steps below them.

A parent would be wrong for a cause: an attempt has several, and traces would live for days. What
belongs together over attempts and restarts is found by ``akoo.operation.id`` and ``akoo.cluster``.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach, get_current

from akoo_core.telemetry import lazy

TRACEPARENT_ANNOTATION = "tracing.k8s.io/traceparent"
"""Read as a link; the name is that of Kubernetes enhancement proposal 5915."""
MAX_LINKS = 8
"""Links of one attempt. A span may have 128, but nobody reads more than a few."""

AttributeValue = str | bool | int | float
Attributes = Mapping[str, AttributeValue]

_tracer = trace.get_tracer("akoo_core")
_NOWHERE = contextlib.nullcontext(trace.INVALID_SPAN)
_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
    r"(?P<more>-.*)?"
)


def entered(
    tracer: trace.Tracer,
    name: str,
    *,
    kind: trace.SpanKind = trace.SpanKind.INTERNAL,
    attributes: Attributes,
    status: bool = True,
) -> contextlib.AbstractContextManager[trace.Span]:
    """A span around the body, and the current one in it; exceptions are not recorded.

    ``status``: an exception makes it an error. Costs nothing without an SDK, for which the API
    would make three context managers and a useless span.
    """
    if isinstance(tracer, trace.ProxyTracer) and isinstance(
        trace.get_tracer_provider(), trace.ProxyTracerProvider
    ):
        return _NOWHERE
    return tracer.start_as_current_span(
        name,
        kind=kind,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=status,
    )


@contextlib.contextmanager
def attempt(
    name: str,
    *,
    causes: Iterable[object] = (),
    dropped_causes: int = 0,
    attributes: Attributes | Callable[[], Attributes] | None = None,
) -> Iterator[trace.Span]:
    """Open the root span of one attempt around the body.

    ``causes`` are span contexts, spans, links or traceparent texts; others are ignored. An
    exception makes it an error by its type only, since the text of an exception is not ours. Set
    ``akoo.idle`` to True on the span if the attempt came to nothing: it is not exported then.

    The span begins when something needs it (:mod:`akoo_core.telemetry.lazy`); ``causes`` are looked
    at and ``attributes``, where it is a function, is called only then.
    """

    def begin(started: int) -> trace.Span:
        values = dict((attributes() if callable(attributes) else attributes) or {})
        if dropped_causes:
            values["akoo.causes.dropped"] = dropped_causes
        return _tracer.start_span(
            name,
            context=Context(),
            links=links_of(causes),
            attributes=values,
            start_time=started,
        )

    span = lazy.LazySpan(begin)
    token = attach(trace.set_span_in_context(span))
    try:
        yield span
    except Exception as error:
        failed(span, error)
        raise
    finally:
        detach(token)
        span.end()


@contextlib.contextmanager
def awaited(name: str, attributes: Attributes) -> Iterator[trace.Span]:
    """A span around a wait for news. It begins when the body adds an event to it, or fails."""
    around = get_current()

    def begin(started: int) -> trace.Span:
        return _tracer.start_span(
            name,
            context=around,
            kind=trace.SpanKind.CLIENT,
            attributes=dict(attributes),
            start_time=started,
        )

    span = lazy.LazySpan(begin)
    token = attach(trace.set_span_in_context(span))
    try:
        yield span
    except Exception as error:
        failed(span, error)
        raise
    finally:
        detach(token)
        span.end()


@contextlib.contextmanager
def step(
    verb: str, *, plugin: str = "core", attributes: Mapping[str, AttributeValue] | None = None
) -> Iterator[trace.Span]:
    """Open the span of one step of the core (deploy, undeploy): a line of ``akoo-core trace``."""
    values = {"akoo.verb": verb, "akoo.plugin": plugin, **(attributes or {})}
    with entered(_tracer, f"{verb} {plugin}", attributes=values, status=False) as span:
        try:
            yield span
        except Exception as error:
            failed(span, error)
            raise


def failed(span: trace.Span, error: BaseException) -> None:
    """Mark ``span`` as failed, by the type of ``error``."""
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))


def exemplar(span: trace.Span) -> dict[str, str] | None:
    """The exemplar of a metric that leads to the trace of ``span``; None where it is not sampled.

    A span that has not begun begins by this.
    """
    context = span.get_span_context()
    if not context.is_valid or not context.trace_flags.sampled:
        return None
    return {"trace_id": trace.format_trace_id(context.trace_id)}


def links_of(causes: Iterable[object]) -> list[trace.Link]:
    """Links to the causes that have a span, each span once, at most MAX_LINKS."""
    links: dict[tuple[int, int], trace.Link] = {}
    for cause in causes:
        link = _link(cause)
        if link is not None and link.context.is_valid:
            links.setdefault((link.context.trace_id, link.context.span_id), link)
    return list(links.values())[:MAX_LINKS]


def parse_traceparent(text: str) -> trace.SpanContext | None:
    """The span that a W3C traceparent names; None for anything else."""
    match = _TRACEPARENT.fullmatch(text)
    if match is None or match["version"] == "ff" or (match["version"] == "00" and match["more"]):
        return None
    context = trace.SpanContext(
        trace_id=int(match["trace"], 16),
        span_id=int(match["span"], 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(match["flags"], 16) & trace.TraceFlags.SAMPLED),
    )
    return context if context.is_valid else None


def format_traceparent(context: trace.SpanContext) -> str:
    """The W3C traceparent (version 00) of a valid span context."""
    ids = f"{trace.format_trace_id(context.trace_id)}-{trace.format_span_id(context.span_id)}"
    return f"00-{ids}-{context.trace_flags:02x}"


def current_context() -> trace.SpanContext | None:
    """The current span's context, to be carried as a cause; None when nothing is traced."""
    context = trace.get_current_span().get_span_context()
    return context if context.is_valid else None


def current_trace_id() -> str:
    """32 hex digits, or "" when nothing is traced."""
    context = current_context()
    return trace.format_trace_id(context.trace_id) if context else ""


def _link(cause: object) -> trace.Link | None:
    match cause:
        case trace.Link():
            return cause
        case trace.SpanContext():
            return trace.Link(cause)
        case trace.Span():
            return trace.Link(cause.get_span_context())
        case str():
            context = parse_traceparent(cause)
            return trace.Link(context) if context else None
    return None
