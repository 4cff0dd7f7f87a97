"""A history as a picture: one row a line of the text, bars, waits, calls and links in place."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from akoo_core.traces import life, picture

SECOND = 1_000_000


def span(
    trace: str,
    number: int,
    start: int,
    duration: int = SECOND,
    *,
    parent: str = "",
    links: tuple[str, ...] = (),
    **tags: str,
) -> life.JaegerSpan:
    return life.JaegerSpan(
        trace=trace,
        id=f"{trace}-{number}",
        parent=parent,
        name=tags.get("name", "avi GET pool"),
        start=start,
        duration=duration,
        tags={key.replace("__", "."): value for key, value in tags.items()},
        links=links,
    )


def verb(trace: str, number: int, start: int, verb: str = "verify", **tags: str) -> life.JaegerSpan:
    tags = {"akoo__verb": verb, "akoo__plugin": "avi", **tags}
    return span(trace, number, start, SECOND, parent="", links=(), **tags)


def test_a_row_is_a_line_of_the_text() -> None:
    spans = [
        verb("a", 1, 0, "prepare", akoo__result="done"),
        verb("b", 1, 5 * SECOND, akoo__result="wait", akoo__reason="QuietPeriod"),
        verb("c", 1, 9 * SECOND, akoo__result="wait", akoo__reason="QuietPeriod"),
        verb("d", 1, 20 * SECOND, akoo__result="done"),
    ]
    made = picture.picture(spans)
    assert [(row.verb, row.state, len(row.bars)) for row in made.rows] == [
        ("prepare", "done", 1),
        ("verify", "wait", 2),
        ("verify", "done", 1),
    ]
    assert [row.note for row in made.rows] == ["done", "wait QuietPeriod x2, waited 13 s", "done"]
    assert len(list(life.page(life.lines(spans)))) == len(made.rows) + 1  # and the day


def test_the_wait_ends_where_the_next_step_begins() -> None:
    made = picture.picture(
        [verb("a", 1, 0, akoo__result="wait"), verb("b", 1, 6 * SECOND, akoo__result="done")]
    )
    (wait,), (bar,) = made.rows[0].waits, made.rows[1].bars
    assert wait.title == "waited 5.0 s"
    assert abs(wait.x + wait.width - bar.x) < 0.01


def test_what_ended_well_waits_for_nothing() -> None:
    made = picture.picture([verb("a", 1, 0, akoo__result="done"), verb("b", 1, 60 * SECOND)])
    assert made.rows[0].waits == ()
    assert made.longest is None


def test_the_step_that_waited_longest_is_named() -> None:
    made = picture.picture(
        [
            verb("a", 1, 0, "prepare", akoo__result="wait"),
            verb("b", 1, 3 * SECOND, "drain", akoo__result="wait", akoo__reason="AkoDeleting"),
            verb("c", 1, 20 * SECOND, "fence", akoo__result="wait"),
            verb("d", 1, 25 * SECOND, "sweep", akoo__result="done"),
        ]
    )
    assert made.longest is made.rows[1]
    assert (made.longest.waited, made.longest.reason) == (16 * SECOND, "AkoDeleting")


def test_calls_are_drawn_within_their_step_and_errors_show() -> None:
    step = verb("a", 1, 0, akoo__result="done")
    call = span("a", 2, 100, 500_000, parent=step.id, akoo__system="avi")
    lost = span(
        "a", 3, 700_000, 200_000, parent=step.id, akoo__system="avi", error__type="LostError"
    )
    (row,) = picture.picture([step, call, lost]).rows
    (bar,) = row.bars
    assert [drawn.state for drawn in row.calls] == ["call", "error"]
    assert all(
        bar.x <= drawn.x and drawn.x + drawn.width <= bar.x + bar.width for drawn in row.calls
    )
    assert row.calls[1].title == "avi GET pool: 200 ms, LostError"
    assert row.note == "done, 2 calls"
    assert row.title.endswith("verify avi: 1.0 s, done, 2 calls: GET pool 2")


def test_a_step_that_raised_is_an_error_with_its_type() -> None:
    (row,) = picture.picture([verb("a", 1, 0, error__type="TimeoutError")]).rows
    assert (row.state, row.note) == ("error", "TimeoutError")


def test_a_cause_is_linked_to_its_effect() -> None:
    spans = [
        verb("a", 1, 0, akoo__result="done"),
        verb("b", 1, 3 * SECOND, "deploy", akoo__result="done"),
        span("b", 0, 2 * SECOND, links=("a", "unknown", "b")),
    ]
    made = picture.picture(spans)
    (link,) = made.links
    assert (link.top, link.bottom) == (made.rows[0].y + 12, made.rows[1].y + 12)


def test_older_rows_are_left_out_and_counted() -> None:
    spans = [
        verb(f"t{number}", 1, number * SECOND, akoo__result="done", akoo__reason=f"R{number}")
        for number in range(picture.LARGEST_ROWS + 3)
    ]
    made = picture.picture(spans)
    assert (len(made.rows), made.left_out) == (picture.LARGEST_ROWS, 3)
    assert made.rows[-1].note.endswith(str(picture.LARGEST_ROWS + 2))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**12),
            st.integers(0, 10**9),
            st.sampled_from(["done", "wait", "blocked", "running", "stopped", "", "applied 14"]),
        ),
        max_size=30,
    )
)
def test_everything_is_inside_of_the_picture(steps: list[tuple[int, int, str]]) -> None:
    spans = sorted(
        (
            span(f"t{number}", 1, start, length, akoo__verb="verify", akoo__result=result)
            for number, (start, length, result) in enumerate(steps)
        ),
        key=lambda drawn: drawn.start,
    )
    made = picture.picture(spans)
    right = picture.BARS_LEFT + picture.BARS_WIDTH + picture.LEAST_BAR
    for row in made.rows:
        assert 0 < row.y < made.height
        for bar in (*row.bars, *row.waits, *row.calls):
            assert bar.x >= picture.BARS_LEFT
            assert bar.x + bar.width <= right + 1e-6
    assert sum(len(row.bars) for row in made.rows) == len(spans)


def test_durations_in_their_greatest_unit() -> None:
    texts = {300: "0 ms", 3_000: "3 ms", 1_200_000: "1.2 s", 61 * SECOND: "61 s"}
    texts |= {240 * SECOND: "4 min", 9000 * SECOND: "2 h", 3 * 86400 * SECOND: "3 d"}
    assert {length: picture.duration(length) for length in texts} == texts


def test_times_on_the_axis_are_round_and_apart() -> None:
    spans = [verb("a", 1, 500_000, akoo__result="done"), verb("b", 1, 3600 * SECOND)]
    spans += [verb(f"c{n}", 1, 3600 * SECOND + n * SECOND) for n in range(1, 60)]
    made = picture.picture(spans)
    texts = [tick.text for tick in made.ticks if tick.text]
    assert texts[:2] == ["00:00:00", "+60 min"]
    assert texts[2:] == ["01:00:20", "01:00:40"]
    places = [tick.x for tick in made.ticks if tick.text]
    assert all(b - a >= picture.TEXT_WIDTH for a, b in itertools.pairwise(places))
