"""Causes of an attempt: the changed object, and the span that its author left on it."""

from __future__ import annotations

from opentelemetry import trace

from akoo_core import structs
from akoo_core.cache import store
from akoo_core.telemetry import tracing

_ANNOTATION = tracing.TRACEPARENT_ANNOTATION.encode()


class Cause(structs.Struct, frozen=True, kw_only=True):
    """One change, small enough to be carried through a queue."""

    kind: str
    """``Cluster``, ``Secret``."""
    name: str
    """``namespace/name`` or ``name``."""
    resource_version: str
    traceparent: str = ""
    """The object's annotation ``tracing.k8s.io/traceparent``, if it is a valid one."""

    def link(self) -> trace.Link | None:
        """Link from an attempt's span to the author's; None where the author left none."""
        context = tracing.parse_traceparent(self.traceparent)
        if context is None:
            return None
        attributes = {
            "akoo.cause": f"{self.kind} {self.name}",
            "akoo.cause.resource_version": self.resource_version,
        }
        return trace.Link(context, attributes)


def cause_of(change: store.Change) -> Cause:
    """The cause of a change. A deletion has the last state of the object."""
    item = change.new_item or change.old_item
    return Cause(
        kind=change.resource.kind,
        name=str(change.key),
        resource_version=item.resource_version if item else "",
        traceparent=_traceparent(item) if item else "",
    )


def _traceparent(item: store.Item) -> str:
    if _ANNOTATION not in item.data:
        return ""  # Of nearly every object: it need not be decoded for that.
    annotations = item.decode()["metadata"].get("annotations") or {}
    text = str(annotations.get(tracing.TRACEPARENT_ANNOTATION, ""))
    return text if tracing.parse_traceparent(text) is not None else ""
