"""The values of one cluster, and the time at which they may restart its AKO. Pure.

A change of a label, a variable or a ConfigMap may come at any time, and each may restart AKO. So a
change that restarts it waits until the last restart is ten minutes old. A change of the config
itself does not wait, and takes the values with it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from akoo_ako.chart.values import Setting, text
from akoo_ako.refusals.refusal import Refusal
from akoo_core.plugin import api, structs

PAUSE: Final = datetime.timedelta(minutes=10)
"""Between two restarts by values of a cluster."""
_NOTES: Final = 40
_NOTE_LENGTH: Final = 200


class Held(structs.Struct, frozen=True, kw_only=True):
    """A change that waits."""

    paths: tuple[str, ...]
    until: datetime.datetime


class AkoValues(api.Fact, frozen=True, kw_only=True):
    """The values of the chart that count in this cluster."""

    fact_name: ClassVar[str] = "AkoValues"

    values: dict[str, Any] = {}
    """Those of ``valuesFrom``, by path."""
    template: str = ""
    """Digest of the Pod template that they lead to; "" while nothing is deployed."""
    restarted_at: datetime.datetime | None = None
    """The time at which the template changed last."""
    held: Held | None = None
    notes: tuple[str, ...] = ()
    """Each value of the chart with its source, for ``akoo-core explain``."""


def step(
    previous: AkoValues,
    wanted: Mapping[str, Any],
    template_of: Callable[[Mapping[str, Any]], str],
    now: datetime.datetime,
) -> AkoValues:
    """The values from now on, without notes. ``template_of`` gives the digest of the template for
    values, "" while AKO is not deployed; it raises Refusal for values that AKO cannot have."""
    after = template_of(wanted)
    taken = AkoValues(values=dict(wanted), template=after, restarted_at=previous.restarted_at)
    if not after or after == previous.template:
        return taken
    restarted = structs.replace(taken, restarted_at=now)
    last = previous.restarted_at
    if not previous.template or last is None or not datetime.timedelta() <= now - last < PAUSE:
        return restarted
    changed = _changed(previous.values, wanted)
    if not changed or previous.values.keys() != wanted.keys():
        return restarted
    if _template(template_of, previous.values) != previous.template:
        return restarted  # The config changed as well.
    return structs.replace(previous, held=Held(paths=changed, until=last + PAUSE), notes=())


def _template(template_of: Callable[[Mapping[str, Any]], str], values: Mapping[str, Any]) -> str:
    try:
        return template_of(values)
    except Refusal:
        return ""


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(path for path, value in after.items() if before.get(path) != value))


def noted(
    values: AkoValues, fixed: tuple[Setting, ...], resolved: tuple[Setting, ...]
) -> AkoValues:
    """The values, with a note for each that counts, and for each that waits."""
    notes = [f"{each.row.path} = {text(each.value)} ({each.source})" for each in fixed]
    for each in resolved:
        path, value = each.row.path, each.value
        if values.values.get(path) == value:
            notes.append(f"{path} = {text(value)} ({each.source})")
        else:
            now = text(values.values.get(path))
            notes.append(
                f"{path} = {now} until {_until(values)}, then {text(value)} ({each.source})"
            )
    shown = tuple(note[:_NOTE_LENGTH] for note in sorted(notes)[:_NOTES])
    return structs.replace(values, notes=shown)


def _until(values: AkoValues) -> str:
    return f"{values.held.until:%H:%M:%S} UTC" if values.held is not None else "the next attempt"


def waiting(values: AkoValues | None, now: datetime.datetime) -> api.Wait | None:
    """The Wait for a change that is held, or None."""
    if values is None or values.held is None:
        return None
    held = values.held
    return api.Wait(
        reason="RestartHeld",
        message=(
            f"{', '.join(held.paths)} changed. That restarts AKO, and its last restart is less "
            f"than {int(PAUSE.total_seconds() // 60)} minutes old: it waits until "
            f"{held.until:%H:%M:%S} UTC. A change of the config does not wait."
        ),
        after=max((held.until - now).total_seconds(), 1.0),
        expected_seconds=PAUSE.total_seconds() + 60.0,
    )
