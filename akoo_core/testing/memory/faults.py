"""Faults on order: raise before or after the nth call of a kind."""

from __future__ import annotations

import dataclasses
import fnmatch
from typing import Literal

from akoo_core.kube.request import ServerRequest


@dataclasses.dataclass
class _Rule:
    moment: Literal["before", "after"]
    operation: str
    subject: str
    error: BaseException
    skip: int
    times: int


class Faults:
    """The rules of one server. Calls are counted in the order in which they arrive."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self.calls: list[ServerRequest] = []
        """Every call that reached the server, watches included."""

    def before(
        self,
        operation: str,
        error: BaseException,
        *,
        subject: str = "*",
        nth: int = 1,
        times: int = 1,
    ) -> None:
        """Raise ``error`` instead of the nth call (and the ``times`` - 1 that follow).

        ``operation`` and ``subject`` are patterns: ``patch akodeployments/status``, ``* clusters``,
        ``team-a/*``. The call has no effect.
        """
        self._rules.append(_Rule("before", operation, subject, error, nth - 1, times))

    def after(
        self,
        operation: str,
        error: BaseException,
        *,
        subject: str = "*",
        nth: int = 1,
        times: int = 1,
    ) -> None:
        """As ``before``, but the call takes effect and its answer is lost."""
        self._rules.append(_Rule("after", operation, subject, error, nth - 1, times))

    def clear(self) -> None:
        """Drop all rules."""
        self._rules.clear()

    def check(self, moment: Literal["before", "after"], request: ServerRequest) -> None:
        """Count one call and raise what a rule wants."""
        for rule in self._rules:
            if rule.moment != moment or rule.times == 0 or not _matches(rule, request):
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            rule.times -= 1
            raise rule.error


def _matches(rule: _Rule, request: ServerRequest) -> bool:
    return fnmatch.fnmatchcase(request.operation, rule.operation) and fnmatch.fnmatchcase(
        request.target, rule.subject
    )
