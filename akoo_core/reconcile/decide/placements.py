"""Placements of a cluster's objects outside: relocation and the end of a placement. Pure.

A takes-away plugin has at most one placement that has not ended: that of its stored intent. A new
one is stored only after that was proved clean or abandoned, so verify need look nowhere else.
"""

from __future__ import annotations

import datetime
from typing import Literal

from akoo_core import structs
from akoo_core.objects.record import Cause, EndedPlacement, Leaving, RecordSpec, StoredIntent
from akoo_core.plugin import api

TAKES_AWAY = ("sweep", "verify", "release")
"""A plugin with one of these has objects outside that only its intent finds again."""
KEPT = 20
"""Ended placements that a record keeps, the newest: shown only; no decision depends on them."""
_SHOWN = 200
"""Characters of a placement that are shown."""

How = Literal["Proved", "Abandoned"]


def placement_of(intent: StoredIntent | api.Intent) -> str:
    """A text that is equal exactly if the placement is the same."""
    return intent.placement or structs.encode_json(intent.data).decode()


def relocation(stored: StoredIntent | None, answer: api.Intent, version: int) -> str:
    """The relocation that a takes-away plugin's new answer asks for, in words; "" for none.

    An answer without data and placement is one of a plugin that does not know yet: it asks for
    none. Nor does the same intent in another version, unless both name the placement.
    """
    if stored is None or undecided(answer):
        return ""
    comparable = stored.version == version or bool(stored.placement and answer.placement)
    before, after = placement_of(stored), placement_of(answer)
    if not comparable or before == after:
        return ""
    return f"from {_short(before)} to {_short(after)}"


def undecided(answer: api.Intent | StoredIntent) -> bool:
    """True if the answer names no placement: the stored one is kept."""
    return not answer.data and not answer.placement


def described(relocations: dict[str, str]) -> str:
    """The relocations by plugin, as one sentence without its full stop; "" for none."""
    ordered = sorted(relocations.items())
    return "; ".join(f'plugin "{name}" relocates {change}' for name, change in ordered)


def ended(spec: RecordSpec, *, how: How, at: datetime.datetime, message: str) -> RecordSpec:
    """The spec of a record that lives again after its old placements have ended.

    The intents and uses of the plugins that relocate are dropped, so that the new ones are stored
    before anything is touched. All facts are dropped: fencing and releasing may have made any of
    them untrue, and the next prepare gives or declines each again. Digests are emptied, so that
    every object is applied again: drain and fence have changed some.
    """
    names = spec.leaving.moved if spec.leaving is not None else ()
    left = tuple(
        EndedPlacement(
            plugin=name, placement=placement_of(spec.intents[name]), how=how, at=at, message=message
        )
        for name in names
        if name in spec.intents
    )
    return structs.replace(
        spec,
        leaving=None,
        ended_placements=(*spec.ended_placements, *left)[-KEPT:],
        intents={name: intent for name, intent in spec.intents.items() if name not in names},
        uses=tuple(use for use in spec.uses if use.plugin not in names),
        facts={},
        declined={},
        inventory=tuple(structs.replace(item, digest="") for item in spec.inventory),
    )


def started(
    before: Leaving | None,
    cause: Cause,
    at: datetime.datetime,
    relocating: tuple[str, ...] = (),
) -> Leaving:
    """Leaving as it begins.

    ``before``, a relocation, goes on at its step for the new cause: the deadline counts anew, and
    it is released again, since more is to be given back now. ``relocating``: names of plugins.
    """
    if before is None:
        return Leaving(cause=cause, started_at=at, moved=relocating)
    return structs.replace(
        before,
        cause=cause,
        started_at=at,
        moved=(),
        attempted_at=None,
        released_at=None,
        paused_at=None,
        paused_seconds=0,
    )


def _short(placement: str) -> str:
    return placement if len(placement) <= _SHOWN else f"{placement[: _SHOWN - 3]}..."
