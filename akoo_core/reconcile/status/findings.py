"""Findings of one attempt, collected on the way; ``conditions`` makes a status of them."""

from __future__ import annotations

import dataclasses
import math

from akoo_core.objects import conditions, record


@dataclasses.dataclass
class AttemptReport:
    """Mutable, for one attempt."""

    plugins: dict[str, conditions.Condition] = dataclasses.field(default_factory=dict)
    """Conditions of this attempt, by plugin."""
    of_intents: dict[str, tuple[conditions.Condition, ...]] = dataclasses.field(
        default_factory=dict
    )
    """Conditions that the intents of this attempt give, by plugin. Those of the others stay."""
    ready: tuple[str, str] | None = None
    """Reason and message of Ready=False, whatever the conditions of plugins are."""
    keep_ready: bool = False
    ancestor: str = ""
    """Sentence on the finalizer of the Go ancestor, which stands for ours; "" where none does."""
    held: tuple[str, str] | None = None
    endless: bool = False
    """No deadline ends the hold in ``held``."""
    unverified: tuple[str, str] | None = None
    """Reason and message of a verify that could not look."""
    phase: record.Phase | None = None
    """Phase of a living record; the phase of a leaving one follows from the record."""
    version: str | None = None
    left: int | None = None
    lived: bool = False
    """Lives verbs were called: a plugin without a condition of this attempt has none."""
    relocations_waiting: dict[str, str] = dataclasses.field(default_factory=dict)
    """Relocations by plugin that wait until all other plugins know their placement."""
    after: list[float] = dataclasses.field(default_factory=list)
    expected: dict[str, float] = dataclasses.field(default_factory=dict)
    """Seconds that a Wait usually takes at most, by its reason."""

    def requeue(self, seconds: float | None) -> None:
        """Look again after ``seconds``; the shortest time wins. NaN is ignored."""
        if seconds is not None and not math.isnan(seconds):
            self.after.append(max(0.0, seconds))

    def plugin(self, name: str, status: conditions.Status, reason: str, message: str) -> None:
        """Set the condition of one plugin; the last call counts."""
        self.plugins[name] = conditions.Condition(
            type=conditions.type_for_plugin(name), status=status, reason=reason, message=message
        )
