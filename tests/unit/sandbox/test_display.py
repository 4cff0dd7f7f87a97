"""The sandbox's lines: plain where there is no terminal, as wide as the terminal where there is."""

from __future__ import annotations

import io
import re

import pytest

from akoo_core.sandbox import display

RESULT = "10.70.0.10, 10.70.0.11 (8 objects on Avi: l4policyset, pool, poolgroup, virtualservice)"


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[str]:
    """The lines as a person sees them: without the step in progress, and without colours."""
    shown = stream.getvalue().split("\033[K")[-1]
    return re.sub(r"\033\[[0-9;]*m", "", shown).splitlines()


def show(stream: io.StringIO) -> list[str]:
    shown = display.Display(stream)
    with shown.step("two Services get addresses") as step:
        step.result = RESULT
    return lines(stream)


@pytest.mark.parametrize("columns", [60, 80, 100, 400])
def test_no_line_is_wider_than_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    made = show(Terminal())
    assert max(map(len, made)) <= min(columns, display.WIDEST)
    words = " ".join(" ".join(made).split())
    for word in ("two Services", "10.70.0.11", "l4policyset", "0.0 s"):
        assert word in words
    assert made[0].rstrip().endswith(" s"), "the seconds are in their column"


def test_without_a_terminal_a_step_is_one_plain_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    (made,) = show(io.StringIO())
    assert re.fullmatch(rf"  1  two Services get addresses +{re.escape(RESULT)} +0\.0 s", made)


def test_no_colour_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    display.Display(stream).heading("test bed", "etcd  kube-apiserver", 1.0)
    assert "\033[3" not in stream.getvalue()
    assert "test bed" in stream.getvalue()


def test_a_step_that_fails_says_so() -> None:
    stream = io.StringIO()
    with pytest.raises(RuntimeError), display.Display(stream).step("create cluster"):
        raise RuntimeError
    assert re.search(r"create cluster +failed", stream.getvalue())
    assert "\033" not in stream.getvalue()


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_long_line_goes_on_below_its_indent(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = Terminal()
    words = [f"DELETE-{number} 1," for number in range(30)]
    display.Display(stream).long(f"    sweep  {' '.join(words)}", indent=20)
    made = lines(stream)
    assert max(map(len, made)) <= columns
    assert all(line[:20].isspace() for line in made[1:])
    assert " ".join(" ".join(made).split()) == f"sweep {' '.join(words)}"


def test_without_a_terminal_a_long_line_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = io.StringIO()
    display.Display(stream).long(RESULT, indent=20)
    assert stream.getvalue() == f"{RESULT}\n"
