"""Log lines: what is in them, and what never is."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from akoo_core.telemetry import logs, redaction, tracing
from akoo_core.testing import spans

CANARY = "c4n4ry-of-the-log-tests"


@pytest.fixture
def lines() -> Iterator[Callable[..., io.StringIO]]:
    root = logging.getLogger()
    level = root.level
    made: list[logging.Handler] = []

    def set_up(**options: Any) -> io.StringIO:
        stream = io.StringIO()
        made.append(logs.set_up(stream=stream, **options))
        return stream

    yield set_up
    for handler in made:
        root.removeHandler(handler)
    root.setLevel(level)


def test_a_json_line(lines: Callable[..., io.StringIO]) -> None:
    stream = lines(style="json")
    logging.getLogger("akoo_core.x").info(
        "%s done", "it", extra={"record_name": "akoo-1", "left": 3, "name_": object, "level": "x"}
    )
    line = json.loads(stream.getvalue())
    assert line["message"] == "it done"
    assert (line["level"], line["logger"]) == ("info", "akoo_core.x")
    assert line["level_"] == "x"
    assert (line["record_name"], line["left"]) == ("akoo-1", 3)
    assert line["time"].endswith("Z")
    assert "trace_id" not in line


def test_time_level_and_message_come_first_in_a_json_line(
    lines: Callable[..., io.StringIO],
) -> None:
    """A person reads the beginning of a line; json.loads keeps the order of the keys."""
    stream = lines(style="json")
    with spans.recorded(), tracing.attempt("test"):
        logging.getLogger("akoo_core.x").info("done", extra={"a": 1, "cluster": "default/shop"})
    keys = list(json.loads(stream.getvalue()))
    assert keys[:4] == ["time", "level", "message", "logger"]
    assert keys[-2:] == ["a", "cluster"]


def test_lines_carry_the_trace(lines: Callable[..., io.StringIO]) -> None:
    stream = lines(style="json")
    with spans.recorded(), tracing.attempt("test"):
        logging.getLogger("akoo_core.x").info("inside")
        expected = tracing.current_trace_id()
    line = json.loads(stream.getvalue())
    assert line["trace_id"] == expected
    assert len(line["span_id"]) == 16


@pytest.mark.parametrize("style", ["json", "text"])
def test_no_secret_in_message_extra_or_traceback(
    lines: Callable[..., io.StringIO], style: str
) -> None:
    redaction.register(CANARY)
    stream = lines(style=style)
    log = logging.getLogger("akoo_core.x")
    log.warning("got %s", CANARY, extra={"body": {"password": CANARY}})
    try:
        raise ValueError(f"wrong: {CANARY}")
    except ValueError:
        log.exception("failed")
    assert CANARY not in stream.getvalue()
    assert "ValueError" in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 2 or style == "text"


def test_a_text_line(lines: Callable[..., io.StringIO]) -> None:
    stream = lines(style="text")
    logging.getLogger("akoo_core.x").warning("careful", extra={"left": 3})
    assert stream.getvalue().rstrip().endswith("WARNING careful  left=3")


def test_auto_is_json_where_nobody_looks(lines: Callable[..., io.StringIO]) -> None:
    stream = lines(style="auto")
    logging.getLogger("akoo_core.x").info("hello")
    assert json.loads(stream.getvalue())["message"] == "hello"


def test_set_up_twice_is_one_line(lines: Callable[..., io.StringIO]) -> None:
    first, second = lines(style="json"), lines(style="json", level="warning")
    logging.getLogger("akoo_core.x").info("not seen")
    logging.getLogger("akoo_core.x").warning("seen")
    assert first.getvalue() == ""
    assert len(second.getvalue().splitlines()) == 1


def test_bodies_of_the_rest_client_are_never_logged(lines: Callable[..., io.StringIO]) -> None:
    stream = lines(style="json", level="debug")
    logging.getLogger("kubernetes_asyncio.client.rest").debug("response body: x")
    assert stream.getvalue() == ""


def handler() -> logging.StreamHandler[Any]:
    """The one that set_up made last."""
    made = next(each for each in logging.getLogger().handlers if each.get_name() == "akoo-core")
    assert isinstance(made, logging.StreamHandler)
    return made


class Unprintable:
    def __str__(self) -> str:
        raise ValueError(f"no text for {CANARY}")


class Closed(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(f"disk full: {CANARY}")


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_line_that_cannot_be_encoded_is_masked_and_written(
    lines: Callable[..., io.StringIO], style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    redaction.register(CANARY)
    stream = lines(style=style)
    # Handled here alone: pytest would keep the line, and its workers cannot send it.
    message, arguments = "login with %s failed for caf\udce9", (CANARY,)
    record = logging.LogRecord("akoo_core.x", logging.WARNING, "x.py", 7, message, arguments, None)
    vars(record)["caf\udce9"] = "\ud800"
    handler().handle(record)
    written = stream.getvalue()
    assert "login with [redacted] failed for caf" in written
    written.encode()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("style", ["json", "text"])
@pytest.mark.parametrize(
    ("message", "arguments", "extra"),
    [
        ("%s and %s", (CANARY,), {}),
        ("nothing", (CANARY,), {}),
        ("%d", (CANARY,), {}),
        ("%s", (Unprintable(),), {}),
        ("extra", (), {"body": Unprintable()}),
    ],
)
def test_a_line_that_cannot_be_formatted_names_its_place_and_no_argument(
    lines: Callable[..., io.StringIO],
    style: str,
    message: str,
    arguments: tuple[Any, ...],
    extra: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = lines(style=style)
    record = logging.LogRecord("akoo_core.x", logging.WARNING, "x.py", 7, message, arguments, None)
    vars(record).update(extra)
    handler().handle(record)
    assert capsys.readouterr().err == ""
    assert CANARY not in stream.getvalue()
    assert "a log line of x:7 could not be formatted (" in stream.getvalue()


def test_a_line_that_cannot_be_written_is_told_without_it(
    lines: Callable[..., io.StringIO], capsys: pytest.CaptureFixture[str]
) -> None:
    lines(style="json")
    handler().setStream(Closed())
    logging.getLogger("akoo_core.x").warning("with %s", CANARY)
    assert capsys.readouterr().err == (
        "a log line of 'akoo_core.x' could not be written (OSError)\n"
    )
