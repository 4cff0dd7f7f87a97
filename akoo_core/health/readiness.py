"""Readiness of this process: named checks with reasons."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

Check = Callable[[], str]
"""Returns the reason of not-ready, for people; "" when ready."""

_log = logging.getLogger(__name__)


class CheckState(NamedTuple):
    """Result of one check now."""

    name: str
    reason: str

    @property
    def ready(self) -> bool:
        return not self.reason


class Readiness:
    """The checks of one process, in the order in which they were added."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._reasons: dict[str, str] = {}

    def add(self, name: str, check: Check) -> None:
        """Call ``check`` at every probe; it must not block. Replaces a check of the same name."""
        self._checks[name] = check

    def set(self, name: str, reason: str = "") -> None:
        """Keep ``reason`` under ``name`` until it is set again; "" is ready."""
        self._reasons[name] = reason
        self._checks[name] = lambda: self._reasons[name]

    def remove(self, name: str) -> None:
        """Remove a check. Unknown names are ignored."""
        self._checks.pop(name, None)

    def states(self) -> tuple[CheckState, ...]:
        """Results of all checks now. A check that raises is not ready; its traceback is logged."""
        return tuple(CheckState(name, _result(name, check)) for name, check in self._checks.items())


def _result(name: str, check: Check) -> str:
    try:
        return check()
    except Exception:  # noqa: BLE001 a probe must answer whatever a check does
        _log.exception("a readiness check failed", extra={"check": name})
        return "the check itself failed, see the log"
