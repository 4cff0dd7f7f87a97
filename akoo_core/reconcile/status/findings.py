"""What one attempt found out, collected on the way; ``conditions`` makes a status of it."""

from __future__ import annotations

import dataclasses
import math

from akoo_core.objects import conditions, record


@dataclasses.dataclass
class Report:
    """Mutable, for one attempt."""

    plugins: dict[str, conditions.Condition] = dataclasses.field(default_factory=dict)
    """By plugin, those about which this attempt found out something."""
    ready: tuple[str, str] | None = None
    """Reason and message of Ready=False whatever the plugins say."""
    keep_ready: bool = False
    held: tuple[str, str] | None = None
    endless: bool = False
    """No deadline ends what ``held`` says."""
    unverified: tuple[str, str] | None = None
    """Reason and message of verify's inability to see."""
    phase: record.Phase | None = None
    """Of a living record; while leaving it follows from the record."""
    version: str | None = None
    left: int | None = None
    lived: bool = False
    """Lives verbs were called: plugins without a condition of this attempt have nothing to say."""
    moves: dict[str, str] = dataclasses.field(default_factory=dict)
    """By plugin, what is to move to another place, as intend said last."""
    waits: dict[str, str] = dataclasses.field(default_factory=dict)
    """The same, while other plugins may not know their place yet."""
    after: list[float] = dataclasses.field(default_factory=list)
    expected: dict[str, float] = dataclasses.field(default_factory=dict)
    """By reason of a Wait, the seconds that it usually takes at most."""

    def requeue(self, seconds: float | None) -> None:
        """Look again after so long; the shortest wish wins. NaN is no wish."""
        if seconds is not None and not math.isnan(seconds):
            self.after.append(max(0.0, seconds))

    def plugin(self, name: str, status: conditions.Status, reason: str, message: str) -> None:
        """What there is to say about one plugin; the last word counts."""
        self.plugins[name] = conditions.Condition(
            type=conditions.type_for_plugin(name), status=status, reason=reason, message=message
        )
