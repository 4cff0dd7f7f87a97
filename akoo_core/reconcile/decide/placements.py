"""Where a cluster's things are outside, when that has changed, and how it ends there. Pure.

A takes-away plugin is in at most one place that has not ended: the one of its stored intent. A new
place is stored only after that one was proved clean or abandoned, so verify need look nowhere else.
"""

from __future__ import annotations

import datetime
from typing import Literal

from akoo_core import structs
from akoo_core.objects import record
from akoo_core.plugin import api

TAKES_AWAY = ("sweep", "verify", "release")
"""A plugin with one of these has things outside that its intent alone finds again."""
KEPT = 20
"""So many ended placements a record remembers, the newest: they are told, nothing is decided by
them."""
_SHOWN = 200
"""Characters of a place that are shown."""

How = Literal["Proved", "Abandoned"]


def place_of(intent: record.StoredIntent | api.Intent) -> str:
    """One text that is equal exactly if it is the same place."""
    return intent.placement or structs.encode_json(intent.data).decode()


def moved(stored: record.StoredIntent | None, answer: api.Intent, version: int) -> str:
    """What a takes-away plugin's new answer moves, in words; "" when it stays where it is.

    An answer without data and place is one of a plugin that does not know yet: it moves nothing.
    So does the same intent in the words of another version, unless both say the place.
    """
    if stored is None or undecided(answer):
        return ""
    comparable = stored.version == version or bool(stored.placement and answer.placement)
    before, after = place_of(stored), place_of(answer)
    if not comparable or before == after:
        return ""
    return f"from {_short(before)} to {_short(after)}"


def undecided(answer: api.Intent | record.StoredIntent) -> bool:
    """Whether the answer says nothing of where: what is stored is kept."""
    return not answer.data and not answer.placement


def told(moves: dict[str, str]) -> str:
    """What moves, by plugin, as one sentence without its full stop; "" when nothing does."""
    return "; ".join(f'plugin "{name}" moves {what}' for name, what in sorted(moves.items()))


def ended(
    spec: record.RecordSpec, *, how: How, at: datetime.datetime, message: str
) -> record.RecordSpec:
    """The spec of a record that lives again once the places it moved away from have ended.

    The intents and uses of what moved are dropped, so that the new ones are stored before anything
    is touched. All facts are: fencing and releasing may have made any of them untrue; each is given
    again by the next prepare. Digests are emptied, so that every object is applied again: drain and
    fence have changed some.
    """
    names = spec.leaving.moved if spec.leaving is not None else ()
    left = tuple(
        record.EndedPlacement(
            plugin=name, placement=place_of(spec.intents[name]), how=how, at=at, message=message
        )
        for name in names
        if name in spec.intents
    )
    return structs.replace(
        spec,
        leaving=None,
        ended_placements=(*spec.ended_placements, *left)[-KEPT:],
        intents={name: one for name, one in spec.intents.items() if name not in names},
        uses=tuple(use for use in spec.uses if use.plugin not in names),
        facts={},
        inventory=tuple(structs.replace(one, digest="") for one in spec.inventory),
    )


def started(
    before: record.Leaving | None,
    cause: record.Cause,
    at: datetime.datetime,
    moving: tuple[str, ...] = (),
) -> record.Leaving:
    """Leaving as it begins. What was moving away goes on from where it is, for a new cause: the
    deadline counts anew, and it is released again, since more is to be given back now."""
    if before is None:
        return record.Leaving(cause=cause, started_at=at, moved=moving)
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


def _short(place: str) -> str:
    return place if len(place) <= _SHOWN else f"{place[: _SHOWN - 3]}..."
