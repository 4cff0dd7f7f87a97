"""The way of a span to the collector: filter, batch, redaction. Needs the SDK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk import resources
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace import export as sdk_export

from akoo_core import trust
from akoo_core.outside import bundle, proxies, requesting
from akoo_core.telemetry import redaction, tail


def exporter(
    url: str,
    *,
    seconds: float,
    through: proxies.Proxies = proxies.NONE,
    cas: bundle.CaBundle | None = None,
    own_ca: bool = False,
) -> sdk_export.SpanExporter:
    """OTLP over HTTP to ``url``, with secrets masked.

    The SDK reads headers and certificates from OTEL_EXPORTER_OTLP_* by itself. ``own_ca``: a CA is
    among them, and counts alone; else those of the system and of ``cas`` count.
    """
    context = None
    if not own_ca and url.startswith("https:"):
        context = trust.context(None, also=cas.pem() if cas is not None else None)
    session = requesting.session(context=context, choose=through.proxy_for)
    return RedactingExporter(
        trace_exporter.OTLPSpanExporter(endpoint=url, timeout=seconds, session=session)
    )


def provider(
    downstream: sdk_export.SpanExporter, resource: Mapping[str, str], *, delay_seconds: float
) -> sdk.TracerProvider:
    """A provider whose spans reach ``downstream`` in batches, idle traces left out.

    ``shutdown_on_exit`` is off: at exit it could wait for 30 s.
    """
    made = sdk.TracerProvider(
        resource=resources.Resource.create(dict(resource)), shutdown_on_exit=False
    )
    batches = sdk_export.BatchSpanProcessor(
        downstream, schedule_delay_millis=delay_seconds * 1000, export_timeout_millis=3000
    )
    held = tail.TailFilter(batches)
    held.start()
    made.add_span_processor(held)
    return made


class RedactingExporter(sdk_export.SpanExporter):
    """Masks secrets in the names, attributes, events and statuses of spans."""

    def __init__(self, downstream: sdk_export.SpanExporter) -> None:
        self._downstream = downstream

    def export(self, spans: Sequence[sdk.ReadableSpan]) -> sdk_export.SpanExportResult:
        return self._downstream.export([redacted(span) for span in spans])

    def shutdown(self) -> None:
        self._downstream.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._downstream.force_flush(timeout_millis)


def redacted(span: sdk.ReadableSpan) -> sdk.ReadableSpan:
    """The span with its texts masked."""
    described = span.status.description
    status = sdk_status(span, _clean(described)) if described else span.status
    return sdk.ReadableSpan(
        name=_clean(span.name),
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_masked(span.attributes),
        events=[
            sdk.Event(_clean(event.name), _masked(event.attributes), event.timestamp)
            for event in span.events
        ],
        links=span.links,
        kind=span.kind,
        status=status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def sdk_status(span: sdk.ReadableSpan, description: str) -> Any:
    """The span's status with another description."""
    return type(span.status)(span.status.status_code, description)


def _masked(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: _value(value) for name, value in (attributes or {}).items()}


def _clean(text: str) -> str:
    """``text`` masked, and such that it can be sent."""
    return redaction.redact(redaction.printable(text))


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, tuple | list):
        return tuple(_value(member) for member in value)
    return value
