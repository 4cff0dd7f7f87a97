"""The traces of one call of one verb: a span, and one observation of akoo_verb_seconds."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from opentelemetry import trace

from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.telemetry import metrics, tracing

_seconds = functools.lru_cache(maxsize=512)(metrics.VERB_SECONDS.labels)
"""The metric by its labels, looked up once: that takes a lock and longer than counting."""
SLOW_SECONDS = 1.0
_tracer = trace.get_tracer("akoo_core")
_log = logging.getLogger(__name__)


class HookCall(NamedTuple):
    """One call of a hook of a plugin, at its end."""

    hook: str
    plugin: str
    record: str
    """Name of the record; "" where the call concerns none."""
    result: str
    reason: str
    seconds: float


_listeners: list[Callable[[HookCall], None]] = []


@contextlib.contextmanager
def listening(listener: Callable[[HookCall], None]) -> Iterator[None]:
    """Call ``listener`` after every call of a hook while the body runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def report(call: HookCall) -> None:
    """Tell the log, at level debug, and all listeners of a call."""
    _log.debug("hook %s of %s: %s", call.hook, call.plugin, call.result, extra=_fields(call))
    for listener in _listeners:
        listener(call)


def _fields(call: HookCall) -> dict[str, str]:
    """The fields of a log line that are not empty."""
    fields = {"record": call.record, "reason": call.reason, "seconds": f"{call.seconds:.3f}"}
    return {name: text for name, text in fields.items() if text}


class Observation:
    """The end of a call. ``result`` is of low cardinality, ``reason`` goes to the span only."""

    def __init__(self) -> None:
        self.result = "cancelled"
        self.reason = ""

    def answered(self, answer: object) -> None:
        """The verb gave this answer."""
        self.result = "none" if answer is None else type(answer).__name__.lower()
        if isinstance(answer, api.Wait | api.Blocked | api.Unverified):
            self.reason = answer.reason
        elif isinstance(answer, api.Fenced):
            self.reason = answer.grade


@contextlib.contextmanager
def observed(verb: str, plugin: str, record: str) -> Iterator[Observation]:
    """Open the span ``<verb> <plugin>`` around the body; the body reports the answer.

    Only a VerbError makes the span an error: waiting and being blocked are answers. Exceptions are
    not recorded whole, since a plugin's own exception may hold anything.
    """
    seen = Observation()
    started = time.perf_counter()
    attributes = {"akoo.verb": verb, "akoo.plugin": plugin, "akoo.record": record}
    with tracing.entered(_tracer, f"{verb} {plugin}", attributes=attributes, status=False) as span:
        try:
            yield seen
        except VerbError as error:
            seen.result = "timeout" if error.timed_out else "error"
            span.set_attribute("error.type", type(error.__cause__ or error).__name__)
            span.set_status(trace.Status(trace.StatusCode.ERROR, str(error)))
            raise
        finally:
            span.set_attribute("akoo.result", seen.result)
            if seen.reason:
                span.set_attribute("akoo.reason", seen.reason)
            seconds = time.perf_counter() - started
            exemplar = tracing.exemplar(span) if _notable(seen.result, seconds) else None
            _seconds(verb, plugin, seen.result).observe(seconds, exemplar)
            report(HookCall(verb, plugin, record, seen.result, seen.reason, seconds))


def _notable(result: str, seconds: float) -> bool:
    """False for a call of an attempt that probably changes nothing, whose trace is not kept."""
    return seconds >= SLOW_SECONDS or result not in {"done", "none"}
