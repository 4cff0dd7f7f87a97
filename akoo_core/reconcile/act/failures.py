"""Failures that nobody foresaw: logged once, and reported on the record."""

from __future__ import annotations

import logging
import traceback

from akoo_core import errors
from akoo_core.plugin.errors import describe
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.telemetry import metrics

_log = logging.getLogger(__name__)

NOT_THE_RECORD = (errors.LeadershipLostError, errors.ReadOnlyError, errors.PrerequisiteError)
"""No fault of the record: the attempt is made again, and nothing is reported."""


def broken(attempt: Attempt, error: Exception) -> Stop:
    """Log the failure and return the Stop that reports it."""
    attempt.broken = True
    metrics.RECONCILE_ERRORS.labels("record").inc()
    seconds = attempt.backoff()
    _log.error(
        "record %s: an attempt failed unexpectedly, next in %.0f s: %s",
        attempt.name,
        seconds,
        describe(error),
        # The stack without the text of the exception, which may quote anything.
        extra={"record": attempt.name, "stack": "".join(traceback.format_tb(error.__traceback__))},
    )
    message = (
        f"An attempt failed unexpectedly: {describe(error)}. It is tried again. If this stays, "
        "report it with the operator's log."
    )
    return Stop("AttemptFailed", message, seconds, complete=False)
