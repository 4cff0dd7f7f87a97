"""Progress: redrawn on a terminal, a line a minute elsewhere."""

import io

import pytest
from akoo_testbed import progress


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def ten_minutes(stream: io.StringIO, *, every: float = 1.0) -> None:
    """A build of ten minutes that reports as often as gobuild does."""
    clock = Clock()
    report = progress.Progress(stream, clock=clock)
    report.note("etcd", "building etcd")
    while clock.now < 600:
        clock.now += every
        report.passing("etcd", f"{clock.now:.0f} s")
    report.note("etcd", "built")


def test_without_a_terminal_it_is_a_line_a_minute() -> None:
    stream = io.StringIO()
    ten_minutes(stream)
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["etcd         building etcd", "etcd         60 s"]
    assert len(lines) == 12
    assert "\x1b" not in stream.getvalue()


def test_on_a_terminal_the_last_line_is_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    ten_minutes(stream)
    assert stream.getvalue().count("\n") == 2, "the two notes"
    assert stream.getvalue().endswith("\r\x1b[Ketcd         built\n")
    assert stream.getvalue().count("\r\x1b[K") == 600


def test_a_line_is_not_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    clock = Clock()
    stream = Terminal()
    report = progress.Progress(stream, clock=clock)
    clock.now = 1.0
    report.passing("etcd", "x" * 100)
    assert len(stream.getvalue()) == 39
