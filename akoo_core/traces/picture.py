"""The life of a cluster or object as a picture: rows, bars and calls with their places. Pure.

A row is a line of ``akoo-core trace``; it has a bar for each of its steps. Coordinates are units of
an SVG whose origin is at the top left.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence

from akoo_core import structs
from akoo_core.traces import axis, life

WIDTH = 1180.0
ROW = 24.0
TOP = 34.0
"""Height above the first row, for the times."""
BARS_LEFT = 300.0
BARS_WIDTH = 550.0
LEAST_BAR = 3.0
LARGEST_ROWS = 400
"""Rows of a picture; older ones are left out, and counted."""
LARGEST_NOTE = 50
"""Characters of the text to the right of a row."""
TICK_WIDTH = 90.0
"""Least distance of times on the axis."""
TEXT_WIDTH = 58.0
"""Width of a time as text."""
TICK_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 21600, 86400)
"""Round distances of times."""
LANES = 6
"""Places side by side for the links at the left edge."""


class Bar(structs.Struct, frozen=True, kw_only=True):
    """A rectangle: a step, an external call in it, or the wait after it."""

    x: float
    width: float
    title: str
    state: str
    """``done``, ``wait``, ``blocked``, ``error``, ``running``; of a call ``call`` or ``error``."""


class Row(structs.Struct, frozen=True, kw_only=True):
    """A line of the history."""

    y: float
    at: str
    """Time of day in UTC, with milliseconds."""
    verb: str
    plugin: str
    note: str
    """Its end, the wait after it, and the number of its calls."""
    title: str
    state: str
    trace: str
    bars: tuple[Bar, ...] = ()
    waits: tuple[Bar, ...] = ()
    calls: tuple[Bar, ...] = ()
    waited: int = 0
    """Microseconds from its end to the next step of anything, if it did not finish."""
    reason: str = ""


class Link(structs.Struct, frozen=True, kw_only=True):
    """A line at the left edge, from a cause to its effect."""

    x: float
    top: float
    bottom: float


class Tick(structs.Struct, frozen=True, kw_only=True):
    """A time on the axis, or the length of a time that is cut short."""

    x: float
    text: str
    cut: bool


class Picture(structs.Struct, frozen=True, kw_only=True):
    """A picture to be drawn."""

    height: float
    rows: tuple[Row, ...]
    links: tuple[Link, ...] = ()
    ticks: tuple[Tick, ...] = ()
    left_out: int = 0
    """Older rows that are not shown."""
    longest: Row | None = None
    """The row after which the wait was the longest; None where nothing waited."""
    width: float = WIDTH


def picture(spans: Sequence[life.JaegerSpan]) -> Picture:
    """The picture of the spans of a history."""
    groups = _groups(life.steps(spans))
    shown = groups[-LARGEST_ROWS:]
    steps = [step for group in shown for step in group]
    scale = axis.axis(((step.line.start, _end(step.line)) for step in steps), width=BARS_WIDTH)
    starts = sorted(step.line.start for step in steps)
    rows = tuple(_row(index, group, scale, starts) for index, group in enumerate(shown))
    return Picture(
        height=TOP + ROW * len(rows) + 12,
        rows=rows,
        links=_links(spans, rows),
        ticks=_ticks(scale),
        left_out=len(groups) - len(shown),
        longest=max((row for row in rows if row.waited), key=lambda row: row.waited, default=None),
    )


def state_of(step: life.HistoryStep) -> str:
    """The way it ended, as a word for the style sheet."""
    if step.error:
        return "error"
    result = step.line.result
    if result in ("wait", "blocked", "running"):
        return result
    return "wait" if result == "stopped" else "done"


def duration(microseconds: int) -> str:
    """``3 ms``, ``1.2 s``, ``4 min``, ``2.5 h``, ``3 d``."""
    seconds = microseconds / 1e6
    if seconds < 1:
        return f"{microseconds / 1000:.0f} ms"
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def _groups(steps: Iterable[life.HistoryStep]) -> list[list[life.HistoryStep]]:
    """The steps of each row."""
    groups: list[list[life.HistoryStep]] = []
    for step in steps:
        if groups and life.folds(groups[-1][-1].line, step.line):
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups


def _row(
    index: int, group: Sequence[life.HistoryStep], scale: axis.Axis, starts: Sequence[int]
) -> Row:
    (line,) = life.fold(step.line for step in group)
    state = max((state_of(step) for step in group), key=_weight)
    calls = ", ".join(f"{kind} {count}" for kind, count in line.calls)
    ended = " ".join(filter(None, (line.result or group[-1].error, line.reason)))
    times = f" x{line.times}" if line.times > 1 else ""
    waited = sum(_waited(step, starts) for step in group)
    wait = f", waited {duration(waited)}" if waited else ""
    number = sum(count for _, count in line.calls)
    counted = f", {number} {'call' if number == 1 else 'calls'}" if number else ""
    note = f"{ended}{times}{wait}{counted}"
    at = life.time_of(line.start)
    title = f"{line.verb} {line.plugin}: {duration(line.duration)}, {note}"
    title += f": {calls}" if calls else ""
    return Row(
        y=TOP + ROW * index,
        at=f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}",
        verb=line.verb,
        plugin=line.plugin,
        note=note if len(note) <= LARGEST_NOTE else f"{note[: LARGEST_NOTE - 1]}…",
        title=f"{at:%Y-%m-%d %H:%M:%S} UTC  {title}",
        state=state,
        trace=line.trace,
        bars=tuple(_bar(step.line.start, _end(step.line), scale, step) for step in group),
        waited=waited,
        reason=line.reason,
        waits=tuple(_wait(step, scale, starts) for step in group if _waited(step, starts)),
        calls=tuple(_call(call, scale) for step in group for call in step.calls),
    )


def _weight(state: str) -> int:
    return ("done", "running", "wait", "blocked", "error").index(state)


def _bar(start: int, end: int, scale: axis.Axis, step: life.HistoryStep) -> Bar:
    left, right = scale.at(start), scale.at(end)
    ended = " ".join(filter(None, (step.line.result or step.error, step.line.reason)))
    return Bar(
        x=BARS_LEFT + left,
        width=max(right - left, LEAST_BAR),
        title=f"{step.line.verb} {step.line.plugin}: {duration(end - start)}, {ended}",
        state=state_of(step),
    )


def _wait(step: life.HistoryStep, scale: axis.Axis, starts: Sequence[int]) -> Bar:
    end = _end(step.line)
    waited = _waited(step, starts)
    left, right = scale.at(end), scale.at(end + waited)
    return Bar(
        x=BARS_LEFT + left,
        width=max(right - left, LEAST_BAR),
        title=f"waited {duration(waited)} {step.line.reason}".rstrip(),
        state="waiting",
    )


def _waited(step: life.HistoryStep, starts: Sequence[int]) -> int:
    """Microseconds from the end of a step that did not finish to the next step of anything."""
    if state_of(step) in ("done", "running"):
        return 0
    end = _end(step.line)
    following = bisect.bisect_right(starts, end)
    return starts[following] - end if following < len(starts) else 0


def _call(call: life.JaegerSpan, scale: axis.Axis) -> Bar:
    left, right = scale.at(call.start), scale.at(call.start + call.duration)
    error = call.tags.get("error.type")
    ended = f", {error}" if error else ""
    return Bar(
        x=BARS_LEFT + left,
        width=max(right - left, 1.0),
        title=f"{call.name}: {duration(call.duration)}{ended}",
        state="error" if error else "call",
    )


def _links(spans: Iterable[life.JaegerSpan], rows: Sequence[Row]) -> tuple[Link, ...]:
    """Links from the last row of the trace that caused another to the first row of that one."""
    first: dict[str, Row] = {}
    last: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.trace, row)
        last[row.trace] = row
    caused = {
        (cause, span.trace)
        for span in spans
        for cause in span.links
        if cause != span.trace and cause in last and span.trace in first
    }
    drawn = sorted(
        (last[cause].y, first[effect].y)
        for cause, effect in caused
        if _before(last, first, cause, effect)
    )
    links: list[Link] = []
    free = [0.0] * LANES
    for top, bottom in drawn:
        lane = next((lane for lane in range(LANES) if free[lane] <= top), LANES - 1)
        free[lane] = bottom
        links.append(Link(x=22.0 - 3.5 * lane, top=top + ROW / 2, bottom=bottom + ROW / 2))
    return tuple(links)


def _before(last: dict[str, Row], first: dict[str, Row], cause: str, effect: str) -> bool:
    return last[cause].y < first[effect].y


def _ticks(scale: axis.Axis) -> tuple[Tick, ...]:
    """Round times of busy stretches, and the lengths of those that are cut short."""
    ticks: list[Tick] = []
    for stretch in scale.stretches:
        if stretch.cut:
            x, text = (stretch.left + stretch.right) / 2, duration(stretch.end - stretch.start)
            ticks.append(Tick(x=BARS_LEFT + x, text=f"+{text}", cut=True))
            continue
        for time in _round_times(stretch):
            text = f"{life.time_of(time):%H:%M:%S}"
            ticks.append(Tick(x=BARS_LEFT + scale.at(time), text=text, cut=False))
    return _apart(ticks)


def _round_times(stretch: axis.Stretch) -> Iterator[int]:
    """The start, and the multiples of a round length that are far enough from each other."""
    yield stretch.start
    most = (stretch.right - stretch.left) / TICK_WIDTH
    needed = (stretch.end - stretch.start) / max(most, 1)
    step = next((s * 1_000_000 for s in TICK_SECONDS if s * 1_000_000 >= needed), 0)
    if step and most >= 1:
        yield from range((stretch.start // step + 1) * step, stretch.end, step)


def _apart(ticks: Iterable[Tick]) -> tuple[Tick, ...]:
    """The ticks, without the texts that would cover others."""
    shown: list[Tick] = []
    right = float("-inf")
    for tick in ticks:
        covers = tick.x - right < TEXT_WIDTH
        shown.append(structs.replace(tick, text="") if covers else tick)
        right = right if covers else tick.x
    return tuple(shown)


def _end(line: life.Line) -> int:
    return line.start + line.duration
