"""Decisions about made-up situations."""

from __future__ import annotations

from typing import Any

from akoo_core.objects.record import Cause, Orphaned
from akoo_core.reconcile.decide import decisions
from akoo_core.reconcile.decide.state_machine import decide
from tests.unit.reconcile import reconcile_builders as builders


def at(**changes: Any) -> decisions.Decision:
    """The decision about :func:`builders.make_situation` with these changes."""
    return decide(builders.make_situation(**changes))


def held(reason: str, **changes: Any) -> decisions.Hold:
    decision = at(**changes)
    assert isinstance(decision, decisions.Hold), decision
    assert decision.reason == reason
    return decision


def orphaned(cause: Cause = "Unmatched") -> Orphaned:
    return Orphaned(cause=cause, at=builders.NOW)
