"""Log lines: JSON for machines, one short line for people, the trace in both, secrets in none."""

from __future__ import annotations

import contextlib
import datetime
import logging
import sys
import traceback
from typing import Any, Literal, TextIO

from opentelemetry import trace

from akoo_core import structs
from akoo_core.telemetry import redaction

Style = Literal["auto", "json", "text"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_QUIET = {
    # Logs whole bodies at DEBUG, Secrets included.
    "kubernetes_asyncio.client.rest": logging.INFO,
    "aiohttp.access": logging.WARNING,
}


class SafeFormatter(logging.Formatter):
    """Formats any record, and never raises: logging would print its arguments as they are."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            return self.line(record)
        except Exception as error:  # noqa: BLE001 - objects of others are made to text here
            return self.line(_replacement(record, error))

    def line(self, record: logging.LogRecord) -> str:
        """The line of ``record``. May raise what the objects in it raise."""
        raise NotImplementedError


class JsonFormatter(SafeFormatter):
    """One JSON object per line: time, level and message first, then logger, trace, span, extras.

    Extras keep their types where JSON has them; a key that we use ourselves gets a ``_`` at its
    end.
    """

    def line(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _when(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
        } | _trace()
        for name, value in _extras(record).items():
            line[f"{name}_" if name in line else name] = _plain(value)
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        return structs.encode_as_is(_redacted(line)).decode()


class TextFormatter(SafeFormatter):
    """``15:04:05 WARNING message key=value``: for a terminal."""

    def line(self, record: logging.LogRecord) -> str:
        extras = {**_extras(record), **_trace()}
        extras.pop("span_id", None)
        fields = "".join(f"  {name}={value}" for name, value in extras.items())
        line = f"{_when(record):%H:%M:%S} {record.levelname:<7} {record.getMessage()}{fields}"
        if record.exc_info and record.exc_info[0] is not None:
            line += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        return redaction.redact(redaction.printable(line))


class SafeHandler(logging.StreamHandler[TextIO]):
    """Writes lines; for a line that cannot be written, it writes only that fact."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name of logging
        kind = sys.exc_info()[0]
        with contextlib.suppress(Exception):
            why = kind.__name__ if kind else "unknown"
            sys.stderr.write(f"a log line of {record.name!a} could not be written ({why})\n")


def set_up(
    *,
    level: str = "info",
    style: Style = "auto",
    stream: TextIO | None = None,
) -> logging.Handler:
    """Send all logs of this process to ``stream`` (default: stderr), and nowhere else.

    ``auto`` is text on a terminal, JSON elsewhere. Called again, it replaces what it did before.
    Returns the handler.
    """
    output = stream or sys.stderr
    text = style == "text" or (style == "auto" and output.isatty())
    handler = SafeHandler(output)
    handler.setFormatter(TextFormatter() if text else JsonFormatter())
    handler.set_name("akoo-core")
    root = logging.getLogger()
    for old in tuple(root.handlers):
        if old.get_name() == "akoo-core":
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    return handler


def _replacement(record: logging.LogRecord, error: Exception) -> logging.LogRecord:
    """The record to log in place of ``record``: its origin, and the error that it raised."""
    return logging.makeLogRecord(
        {
            "name": record.name,
            "levelno": record.levelno,
            "levelname": record.levelname,
            "created": record.created,
            "msg": "a log line of %s:%s could not be formatted (%s)",
            "args": (record.module, record.lineno, type(error).__name__),
        }
    )


def _when(record: logging.LogRecord) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(record.created, datetime.UTC)


def _trace() -> dict[str, str]:
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {
        "trace_id": trace.format_trace_id(context.trace_id),
        "span_id": trace.format_span_id(context.span_id),
    }


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _redacted(line: dict[str, Any]) -> dict[str, Any]:
    return {
        redaction.printable(name): redaction.redact(redaction.printable(value))
        if isinstance(value, str)
        else value
        for name, value in line.items()
    }
