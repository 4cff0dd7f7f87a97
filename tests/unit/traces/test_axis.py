"""The time axis of a picture: in order, within its width, quiet times cut short."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.traces import axis

TIMES = st.lists(
    st.tuples(st.integers(0, 10**13), st.integers(0, 10**10)).map(lambda t: (t[0], t[0] + t[1])),
    min_size=1,
    max_size=40,
)


@given(TIMES, st.lists(st.integers(-10, 10**13 + 10**10), min_size=2, max_size=20))
def test_places_are_in_the_order_of_times_and_within_the_width(
    times: list[tuple[int, int]], asked: list[int]
) -> None:
    scale = axis.axis(times, width=500.0)
    places = [scale.at(time) for time in sorted(asked)]
    assert places == sorted(places)
    assert all(-1e-6 <= place <= 500.0 + 1e-6 for place in places)


@given(TIMES)
def test_stretches_cover_the_width_without_gaps(times: list[tuple[int, int]]) -> None:
    stretches = axis.axis(times, width=500.0).stretches
    assert stretches[0].left == 0.0
    assert stretches[-1].right == pytest.approx(500.0)
    for left, right in itertools.pairwise(stretches):
        assert (left.end, left.right) == (right.start, right.left)
        assert left.cut != right.cut
    assert min(start for start, _ in times) == stretches[0].start
    assert max(end for _, end in times) == stretches[-1].end


@given(TIMES)
def test_only_quiet_times_are_cut(times: list[tuple[int, int]]) -> None:
    for stretch in axis.axis(times, width=500.0).stretches:
        inside = [time for time in times if time[0] < stretch.end and time[1] > stretch.start]
        if stretch.cut:
            assert inside == []
            assert stretch.end - stretch.start > axis.QUIET_MICROSECONDS


def test_a_night_is_narrow_and_busy_times_are_to_scale() -> None:
    second, night = 1_000_000, 8 * 3600 * 1_000_000
    scale = axis.axis([(0, 4 * second), (night, night + 2 * second)], width=500.0)
    busy, cut, later = scale.stretches
    assert cut.right - cut.left == axis.CUT_WIDTH
    widths = [busy.right - busy.left, later.right - later.left]
    assert widths[0] - widths[1] == pytest.approx((500 - axis.CUT_WIDTH) * 0.8 / 3)
    assert scale.at(2 * second) == pytest.approx(widths[0] / 2)


def test_nothing_has_no_places() -> None:
    assert axis.axis([], width=500.0).at(5) == 0.0
