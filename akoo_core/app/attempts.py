"""One attempt of a queue: a root span with links to its causes around a reconcile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from opentelemetry import trace

from akoo_core.bus import causes
from akoo_core.queue import core, worker
from akoo_core.reconcile.record_controller import Outcome
from akoo_core.telemetry import tracing

Reconcile = Callable[[core.QueueEntry], Awaitable[Outcome]]

_FOLLOWED = frozenset({"AKODeployment", "AKODeploymentConfig", "Cluster", "Secret"})


def explained(entry: core.QueueEntry) -> bool:
    """True if every cause of an attempt is a change of an object that the caches follow.

    False for an attempt that is only due, or that has a cause of another kind.
    """
    return bool(entry.causes) and not entry.dropped_causes and all(map(_followed, entry.causes))


def handler(kind: str, reconcile: Reconcile) -> worker.Handler:
    """The handler of a queue whose entries ``reconcile`` takes; ``kind`` names the span."""
    last: dict[str, trace.Link] = {}

    async def handle(entry: core.QueueEntry) -> worker.Outcome:
        def attributes() -> dict[str, str | int | float]:
            return {
                "akoo.controller": kind,
                "akoo.key": entry.key,
                "akoo.attempt": entry.attempt,
                "akoo.priority": entry.priority,
                "akoo.queue.wait_ms": round(entry.waited_seconds * 1000, 1),
                "akoo.causes": ", ".join(map(_text, entry.causes)),
            }

        with tracing.attempt(
            f"reconcile {kind}",
            causes=_links(entry, last.get(entry.key)),
            dropped_causes=entry.dropped_causes,
            attributes=attributes,
        ) as span:
            outcome = await reconcile(entry)
            if outcome.changed:
                last[entry.key] = trace.Link(span.get_span_context(), {"akoo.cause": "previous"})
        if outcome.requeue_after is None:
            last.pop(entry.key, None)
            return worker.Forget()
        return worker.RequeueAfter(seconds=outcome.requeue_after)

    return handle


def _followed(cause: object) -> bool:
    return isinstance(cause, causes.Cause) and cause.kind in _FOLLOWED


def _links(entry: core.QueueEntry, previous: trace.Link | None) -> Iterator[object]:
    """Links to the causes, built only when a tracer reads them."""
    for cause in entry.causes:
        if isinstance(cause, causes.Cause):
            yield cause.link()
    yield previous


def _text(cause: object) -> str:
    return f"{cause.kind} {cause.name}" if isinstance(cause, causes.Cause) else "unknown"
