"""Progress: redrawn on a terminal, a line a minute elsewhere."""

import contextlib
import io
import re

import pytest
from akoo_testbed.building import progress


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


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def ten_minutes(stream: io.StringIO, *, every: float = 1.0) -> None:
    """A build of ten minutes that reports as often as gobuild does."""
    clock = Clock()
    report = progress.Progress(stream, clock=clock)
    report.note("etcd", "building etcd")
    with report.work("etcd") as show:
        while clock.now < 600:
            clock.now += every
            show(f"{clock.now:.0f} s")
    report.note("etcd", "built")


def test_without_a_terminal_it_is_a_line_a_minute() -> None:
    stream = io.StringIO()
    ten_minutes(stream)
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["etcd         building etcd", "etcd         60 s"]
    assert len(lines) == 12
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_a_log_has_no_escapes_whatever_the_environment(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    test_without_a_terminal_it_is_a_line_a_minute()


def test_on_a_terminal_the_last_line_is_redrawn_and_goes(terminal: Terminal) -> None:
    ten_minutes(terminal)
    text = terminal.getvalue()
    assert text.startswith("etcd         building etcd\n")
    assert text.endswith("\x1b[2Ketcd         built\n")
    assert "etcd         600 s" in text
    assert text.count("\n") == 3, "the two notes, and the end of the line that goes"


def test_the_line_goes_when_the_work_fails(terminal: Terminal) -> None:
    report = progress.Progress(terminal)
    with contextlib.suppress(RuntimeError), report.work("etcd") as show:
        show("1 s")
        raise RuntimeError
    assert terminal.getvalue().endswith("\x1b[2K")


def test_a_line_is_not_wider_than_the_terminal(terminal: Terminal) -> None:
    with progress.Progress(terminal).work("etcd") as show:
        show("x" * 100)
    assert re.findall("x+", terminal.getvalue())[-1] == "x" * (40 - len("etcd         "))
