"""Conditions of Kubernetes: a list keyed by type, merged without needless change."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from akoo_core import structs

Status = Literal["True", "False", "Unknown"]

MESSAGE_LIMIT = 1024
"""Characters; longer messages are cut. The API allows 32768, readers do not."""

OF_THE_CORE: Mapping[str, Status] = {
    "Ready": "True",
    "ConfigSelected": "True",
    "DefinitionsFit": "True",
    "SecretsCompared": "True",
    "AnnotationsAccepted": "True",
    "CleanupProven": "True",
    "AncestorFinalizer": "True",
    "Held": "False",
    "Leaked": "False",
}
"""The types that the core sets on records, each with the status that is good."""

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


def good(kind: str) -> Status:
    """The status of a condition of a record that needs nobody. Those that plugins give, beside
    the one of their name, are about something that people should know: absent is good."""
    return OF_THE_CORE.get(kind, "True" if kind.endswith("Ready") else "False")


def find(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of that type, or None."""
    return next((condition for condition in conditions if condition.type == kind), None)


def merge(
    current: Iterable[Condition], wanted: Iterable[Condition], *, now: datetime.datetime
) -> tuple[Condition, ...]:
    """The ``wanted`` conditions with transition times carried over from ``current``.

    ``lastTransitionTime`` changes only with the status. Types that are no longer wanted are
    dropped. One that is wanted as it is in ``current`` stays so, however long its message is, and
    without a time where it has none.
    Sorted by type with Ready first, so that equal sets are equal values.
    """
    before = {condition.type: condition for condition in current}
    merged: list[Condition] = []
    for condition in {condition.type: condition for condition in wanted}.values():
        old = before.get(condition.type)
        if condition is old or (condition == old and old.last_transition_time):
            merged.append(old)
            continue
        kept = old is not None and old.status == condition.status and old.last_transition_time
        merged.append(
            structs.replace(
                condition,
                message=condition.message[:MESSAGE_LIMIT],
                last_transition_time=old.last_transition_time if old and kept else now,
            )
        )
    return tuple(sorted(merged, key=lambda condition: _rank(condition.type)))


def replaced(
    listed: Sequence[structs.JSON],
    wanted: Iterable[Condition],
    *,
    owns: Collection[str],
    now: datetime.datetime,
) -> list[structs.JSON] | None:
    """``status.conditions`` as read, with ``wanted`` for the types in ``owns``; None: no change.

    Conditions of other types belong to others, and stay as they are in every field.
    Raises ValueError for a wanted type that is not in ``owns``.
    """
    new = tuple(wanted)
    foreign = sorted({condition.type for condition in new} - set(owns))
    if foreign:
        raise ValueError(f"conditions of others are not written: {', '.join(foreign)}")
    others = [row for row in listed if row.get("type") not in owns]
    mine = [row for row in listed if row.get("type") in owns]
    before = tuple(condition for condition in map(_readable, mine) if condition is not None)
    merged = merge(before, new, now=now)
    if len(mine) == len(before) and merged == tuple(sorted(before, key=lambda c: _rank(c.type))):
        return None
    rows = [*map(structs.to_object, merged), *others]
    return sorted(rows, key=lambda row: _rank(str(row.get("type"))))


def _rank(kind: str) -> tuple[bool, str]:
    return (kind != "Ready", kind)


def _readable(row: structs.JSON) -> Condition | None:
    try:
        return structs.convert(row, Condition)
    except structs.DecodeError:
        return None


def type_for_plugin(plugin: str) -> str:
    """``acme-dns`` -> ``AcmeDnsReady``: the condition a plugin has on each record."""
    return "".join(part.capitalize() for part in re.split(r"[-_.]+", plugin)) + "Ready"
