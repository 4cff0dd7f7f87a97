"""The time axis of a picture: busy times to scale, quiet times cut short. Pure."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import NamedTuple

QUIET_MICROSECONDS = 2_000_000
"""A longer time without anything is cut short."""
CUT_WIDTH = 26.0
"""Width of a time that is cut short, unless there are many."""
CUTS_SHARE = 0.4
"""Greatest share of the width for all times that are cut short."""
LEAST_SHARE = 0.2
"""Share of the busy width that is divided evenly, so that no busy time vanishes."""


class Stretch(NamedTuple):
    """A part of the axis. Times in microseconds, places in units of the picture."""

    start: int
    end: int
    left: float
    right: float
    cut: bool
    """Nothing happened; it is not to scale."""


class Axis(NamedTuple):
    """Places of times. Earlier times are never to the right of later ones."""

    stretches: tuple[Stretch, ...]

    def at(self, time: int) -> float:
        """The place of a time; times outside are at the ends."""
        if not self.stretches:
            return 0.0
        index = bisect.bisect_right(self.stretches, time, key=lambda stretch: stretch.start) - 1
        stretch = self.stretches[max(index, 0)]
        share = (time - stretch.start) / max(stretch.end - stretch.start, 1)
        return stretch.left + min(max(share, 0.0), 1.0) * (stretch.right - stretch.left)


def axis(times: Iterable[tuple[int, int]], *, width: float) -> Axis:
    """The axis for activities with start and end, over ``width`` units."""
    busy = _busy(times)
    if not busy:
        return Axis(())
    cuts = len(busy) - 1
    cut = min(CUT_WIDTH, CUTS_SHARE * width / cuts) if cuts else 0.0
    room = width - cut * cuts
    total = sum(end - start for start, end in busy)
    even = LEAST_SHARE if total else 1.0
    stretches: list[Stretch] = []
    left = 0.0
    for start, end in busy:
        if stretches:
            before = stretches[-1].end
            stretches.append(Stretch(before, start, left, left + cut, cut=True))
            left += cut
        share = even / len(busy) + (1 - even) * (end - start) / max(total, 1)
        right = left + room * share
        stretches.append(Stretch(start, end, left, right, cut=False))
        left = right
    return Axis(tuple(stretches))


def _busy(times: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The times in which something happened, joined over short breaks."""
    busy: list[tuple[int, int]] = []
    for start, end in sorted(times):
        if busy and start - busy[-1][1] <= QUIET_MICROSECONDS:
            busy[-1] = (busy[-1][0], max(busy[-1][1], end))
        else:
            busy.append((start, end))
    return busy
