"""The life of one cluster or object, read out of traces: pure functions over Jaeger's JSON.

Attempts are separate traces (joined by links and by the cluster's name); their spans form a tree.
A line of the life is one verb of one plugin (or one step of the core) with the external calls
below it, counted. Repeated waits of the same verb become one line. For an object, an attempt of a
controller takes the place of the verb.
"""

from __future__ import annotations

import collections
import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from akoo_core import structs
from akoo_core.plugin.api import PURE_VERBS

JSON = dict[str, Any]

STEP = "akoo.verb"
"""The attribute that makes a span a line of the life."""
OBJECT = "akoo.object"
"""The attribute of an attempt of a controller: ``KIND/NAME`` of its object."""
NOTHING = "none"
"""The result of a step that found nothing to do."""


class JaegerSpan(structs.Struct, frozen=True, kw_only=True):
    """One span as Jaeger's query API gives it, tags as a dict. Times in microseconds."""

    trace: str
    id: str
    parent: str
    name: str
    start: int
    duration: int
    tags: dict[str, Any]
    links: tuple[str, ...] = ()


class Line(structs.Struct, frozen=True, kw_only=True):
    """One line: when, which verb of whom, how long, how it ended, what it called."""

    start: int
    verb: str
    plugin: str
    duration: int
    result: str
    reason: str
    calls: tuple[tuple[str, int], ...]
    trace: str
    times: int = 1
    quiet: bool = False
    """An attempt of a controller that wrote nothing."""


def spans(answer: JSON) -> list[JaegerSpan]:
    """All spans of an answer of ``/api/traces``, oldest first."""
    decoded = [_span(raw) for trace in answer.get("data") or () for raw in trace["spans"]]
    return sorted(decoded, key=lambda span: (span.start, -span.duration))


def _span(raw: JSON) -> JaegerSpan:
    references = raw.get("references") or ()
    parents = [
        reference["spanID"] for reference in references if reference["refType"] == "CHILD_OF"
    ]
    links = [
        reference["traceID"] for reference in references if reference["refType"] == "FOLLOWS_FROM"
    ]
    return JaegerSpan(
        trace=raw["traceID"],
        id=raw["spanID"],
        parent=parents[0] if parents else "",
        name=raw["operationName"],
        start=raw["startTime"],
        duration=raw["duration"],
        tags={tag["key"]: tag["value"] for tag in raw.get("tags") or ()},
        links=tuple(links),
    )


class HistoryStep(structs.Struct, frozen=True, kw_only=True):
    """One verb of one plugin, or one step of the core, with the external calls below it."""

    line: Line
    calls: tuple[JaegerSpan, ...] = ()
    error: str = ""
    """The type of the error that ended it."""


def steps(spans: Sequence[JaegerSpan]) -> list[HistoryStep]:
    """The history, oldest first, step by step."""
    children: dict[str, list[JaegerSpan]] = collections.defaultdict(list)
    for span in spans:
        children[span.parent].append(span)
    known = {span.id for span in spans}
    return [
        _step(span, tuple(_calls(span, children)))
        for span in spans
        if _is_step(span) and not (_is_running(span) and span.parent in known)
    ]


def lines(spans: Sequence[JaegerSpan]) -> list[Line]:
    """The history, oldest first, repeated waits folded into one line."""
    return fold(step.line for step in steps(spans))


def _is_running(span: JaegerSpan) -> bool:
    """The span is a placeholder for its parent, which had not ended (telemetry.tail)."""
    return span.tags.get("akoo.result") == "running"


def _is_step(span: JaegerSpan) -> bool:
    """True for a verb or step that did something. A pure verb is a line only with a reason."""
    if STEP not in span.tags or span.tags.get("akoo.result") == NOTHING:
        return False
    return span.tags[STEP] not in PURE_VERBS or bool(span.tags.get("akoo.reason"))


def _step(span: JaegerSpan, calls: tuple[JaegerSpan, ...]) -> HistoryStep:
    line = Line(
        start=span.start,
        verb=str(span.tags[STEP]),
        plugin=str(span.tags.get("akoo.plugin", "core")),
        duration=span.duration,
        result=str(span.tags.get("akoo.result", "")),
        reason=str(span.tags.get("akoo.reason", "")),
        calls=tuple(collections.Counter(map(kind_of, calls)).items()),
        trace=span.trace,
        quiet=OBJECT in span.tags and not any(call.tags.get("akoo.write") for call in calls),
    )
    return HistoryStep(line=line, calls=calls, error=str(span.tags.get("error.type", "")))


def _calls(span: JaegerSpan, children: dict[str, list[JaegerSpan]]) -> Iterator[JaegerSpan]:
    """The external calls below a step that belong to no other step."""
    below = list(children[span.id])
    while below:
        child = below.pop(0)
        if "akoo.system" in child.tags:
            yield child
        if STEP not in child.tags:
            below.extend(children[child.id])


def kind_of(call: JaegerSpan) -> str:
    """The kind of an external call: ``GET pool``."""
    return call.name.removeprefix(f"{call.tags['akoo.system']} ")


def calls(spans: Iterable[JaegerSpan]) -> dict[str, dict[str, int]]:
    """The external calls by system, and by kind in each, the most frequent first."""
    counted: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for span in spans:
        if "akoo.system" in span.tags:
            counted[str(span.tags["akoo.system"])][kind_of(span)] += 1
    return {system: dict(kinds.most_common()) for system, kinds in sorted(counted.items())}


def fold(lines: Iterable[Line]) -> list[Line]:
    """Runs of the same verb, plugin, result and reason, as one line with ``times``.

    Only waits, observations and attempts of controllers that wrote nothing are folded.
    """
    folded: list[Line] = []
    for line in lines:
        last = folded[-1] if folded else None
        if last is not None and folds(last, line):
            folded[-1] = structs.replace(
                last,
                duration=last.duration + line.duration,
                times=last.times + line.times,
                calls=_sum(last.calls, line.calls),
            )
        else:
            folded.append(line)
    return folded


def folds(line: Line, other: Line) -> bool:
    """``other``, which comes next, is shown on the line of ``line``."""

    def key(line: Line) -> tuple[str, ...]:
        return (line.verb, line.plugin, line.result, line.reason)

    repeats = line.result == "wait" or line.verb == "observe" or (line.quiet and other.quiet)
    return key(line) == key(other) and repeats


def _sum(
    calls: tuple[tuple[str, int], ...], other: tuple[tuple[str, int], ...]
) -> tuple[tuple[str, int], ...]:
    counted = collections.Counter(dict(calls))
    counted.update(dict(other))
    return tuple(counted.items())


def render(line: Line) -> str:
    """One line as text: time in UTC, verb, plugin, duration, result, calls."""
    at = time_of(line.start)
    calls = ", ".join(f"{name} {count}" for name, count in line.calls)
    ended = line.result if not line.reason else f"{line.result} {line.reason}"
    times = f" (x{line.times})" if line.times > 1 else ""
    text = (
        f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}  {line.verb:<15} {line.plugin:<9}"
        f"{line.duration / 1000:>8.0f} ms   {ended + times:<26}  {calls}"
    )
    return text.rstrip()


def page(lines: Sequence[Line], link: Callable[[str], str] | None = None) -> Iterator[str]:
    """All lines as text, below the day each; ``link`` makes the address of a trace id."""
    day = None
    for line in lines:
        at = time_of(line.start)
        if at.date() != day:
            day = at.date()
            yield f"{day:%Y-%m-%d} (UTC)"
        yield render(line)
        if link is not None:
            yield f"              {link(line.trace)}"


def plain(line: Line) -> JSON:
    """One line for programs: times as RFC 3339 in UTC, durations in milliseconds."""
    return {
        "startedAt": time_of(line.start).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "durationMs": line.duration / 1000,
        "verb": line.verb,
        "plugin": line.plugin,
        "result": line.result,
        "reason": line.reason,
        "calls": dict(line.calls),
        "times": line.times,
        "traceId": line.trace,
    }


def tree(spans: Sequence[JaegerSpan]) -> Iterator[str]:
    """The spans of one trace as text, each below its parent, with start and duration."""
    children: dict[str, list[JaegerSpan]] = collections.defaultdict(list)
    known = {span.id for span in spans}
    for span in spans:
        children[span.parent if span.parent in known else ""].append(span)
    first = min((span.start for span in spans), default=0)
    below = [(span, 0) for span in reversed(children[""])]
    while below:
        span, depth = below.pop()
        result = f"  {span.tags['akoo.result']}" if span.tags.get("akoo.result") else ""
        reason = f" {span.tags['akoo.reason']}" if span.tags.get("akoo.reason") else ""
        error = f"  {span.tags['error.type']}" if span.tags.get("error.type") else ""
        yield (
            f"{(span.start - first) / 1000:>9.0f} ms {span.duration / 1000:>9.0f} ms  "
            f"{'  ' * depth}{span.name}{result}{reason}{error}"
        )
        below += [(child, depth + 1) for child in reversed(children[span.id])]


def time_of(microseconds: int) -> datetime.datetime:
    """The time of a span, in UTC."""
    return datetime.datetime.fromtimestamp(microseconds / 1e6, datetime.UTC)
