"""The logging of avisdk: it prints tokens, session ids and the bodies of requests.

Its logger drops everything below WARNING, and masks the rest. Our errors hold everything that a
caller needs, so within our own calls it logs nothing.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
from collections.abc import Iterator

from akoo_core.plugin import redaction

LOGGERS = ("avi", "avi.sdk", "avi.sdk.avi_api")
"""All three: a filter of a logger does not see the records of its children."""

_ours: contextvars.ContextVar[bool] = contextvars.ContextVar("in_our_call", default=False)


@contextlib.contextmanager
def masked() -> Iterator[None]:
    """Silence avisdk in this thread while the body runs."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


class Masking(logging.Filter):
    """Drops records of our own calls and below WARNING; masks secrets in the rest."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING or _ours.get():
            return False
        record.msg = redaction.redact(record.getMessage())
        record.args = None
        record.exc_info = record.exc_text = None
        return True


def install() -> None:
    """Install the filters once per process; again is fine."""
    logging.getLogger(LOGGERS[0]).setLevel(logging.WARNING)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(existing, Masking) for existing in logger.filters):
            logger.addFilter(Masking())
