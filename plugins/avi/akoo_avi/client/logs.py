"""What avisdk logs: it prints tokens, session ids and the bodies of requests.

Its logger never says anything below WARNING, and masks the rest. What a caller needs to know is in
our errors; so in our own calls it says nothing.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
from collections.abc import Iterator

from akoo_core.plugin import redaction

LOGGERS = ("avi", "avi.sdk", "avi.sdk.avi_api")
"""Each: a filter of a logger does not see what its children log."""

_ours: contextvars.ContextVar[bool] = contextvars.ContextVar("in_our_call", default=False)


@contextlib.contextmanager
def masked() -> Iterator[None]:
    """While the body runs, avisdk logs nothing in this thread."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


class Masking(logging.Filter):
    """Drops what our own calls log and what is below WARNING; masks secrets in the rest."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING or _ours.get():
            return False
        record.msg = redaction.redact(record.getMessage())
        record.args = None
        record.exc_info = record.exc_text = None
        return True


def install() -> None:
    """Once per process; again is fine."""
    logging.getLogger(LOGGERS[0]).setLevel(logging.WARNING)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, Masking) for one in logger.filters):
            logger.addFilter(Masking())
