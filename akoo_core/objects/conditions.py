"""Conditions of Kubernetes: a list keyed by type, merged without needless change."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Literal

from akoo_core import structs

Status = Literal["True", "False", "Unknown"]

MESSAGE_LIMIT = 1024
"""Characters; longer messages are cut. The API allows 32768, readers do not."""

_REASON = re.compile(r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")


class Condition(structs.Struct, frozen=True, kw_only=True):
    """metav1.Condition. ``reason`` is a CamelCase noun for the state."""

    type: str
    status: Status
    reason: str
    message: str = ""
    last_transition_time: datetime.datetime | None = None
    observed_generation: int | None = None

    def __post_init__(self) -> None:
        if not _REASON.match(self.reason):
            raise ValueError(f"condition {self.type}: {self.reason!r} is not a CamelCase reason")


def find(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of that type, or None."""
    return next((condition for condition in conditions if condition.type == kind), None)


def merge(
    current: Iterable[Condition], wanted: Iterable[Condition], *, now: datetime.datetime
) -> tuple[Condition, ...]:
    """The ``wanted`` conditions with transition times carried over from ``current``.

    ``lastTransitionTime`` changes only with the status. Types that are no longer wanted are
    dropped. Sorted by type with Ready first, so that equal sets are equal values.
    """
    before = {condition.type: condition for condition in current}
    merged: list[Condition] = []
    for condition in {condition.type: condition for condition in wanted}.values():
        old = before.get(condition.type)
        kept = old is not None and old.status == condition.status and old.last_transition_time
        merged.append(
            structs.replace(
                condition,
                message=condition.message[:MESSAGE_LIMIT],
                last_transition_time=old.last_transition_time if old and kept else now,
            )
        )
    return tuple(sorted(merged, key=lambda condition: (condition.type != "Ready", condition.type)))


def type_for_plugin(plugin: str) -> str:
    """``acme-dns`` -> ``AcmeDnsReady``: the condition a plugin has on each record."""
    return "".join(part.capitalize() for part in re.split(r"[-_.]+", plugin)) + "Ready"
