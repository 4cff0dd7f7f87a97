"""What has to be true before this process counts as ready: named checks with reasons."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

Check = Callable[[], str]
"""Says what is missing, in words for people; "" when nothing is."""

_log = logging.getLogger(__name__)


class CheckState(NamedTuple):
    """One check as it is now."""

    name: str
    reason: str

    @property
    def ready(self) -> bool:
        return not self.reason


class Readiness:
    """The checks of one process, in the order in which they were added."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._given: dict[str, str] = {}

    def add(self, name: str, check: Check) -> None:
        """Ask ``check`` at every probe; it must not block. Replaces one of the same name."""
        self._checks[name] = check

    def set(self, name: str, reason: str = "") -> None:
        """Keep ``reason`` under ``name`` until it is set again; "" is ready."""
        self._given[name] = reason
        self._checks[name] = lambda: self._given[name]

    def remove(self, name: str) -> None:
        """Ask no more. Unknown names are ignored."""
        self._checks.pop(name, None)

    def states(self) -> tuple[CheckState, ...]:
        """All checks, asked now. One that raises is not ready, and its traceback is logged."""
        return tuple(CheckState(name, _asked(name, check)) for name, check in self._checks.items())


def _asked(name: str, check: Check) -> str:
    try:
        return check()
    except Exception:  # noqa: BLE001 a probe must answer whatever a check does
        _log.exception("a readiness check failed", extra={"check": name})
        return "the check itself failed, see the log"
