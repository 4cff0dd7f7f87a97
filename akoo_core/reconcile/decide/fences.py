"""Fences: the plugins that are asked, the answers that are final, and the one that counts. Pure.

Each plugin with a fence is asked until it has finished: it answered ``Fenced``, of any grade. Until
the deadline the Cluster is not let go before all have finished. ``Unfenced`` is asked again with
each attempt, since a later answer may prove more, but nothing waits for it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping

from akoo_core import structs
from akoo_core.objects.record import FenceGrade, FenceState, Leaving, RecordSpec
from akoo_core.reconcile.decide import placements
from akoo_core.reconcile.decide.situation import LoadedPlugin

REASON = "FencePending"
"""Reason of the hold while everything but a fence is done."""
FENCE_SECONDS = 120.0
"""Longest time to the first fence after the drain; then the record goes on as Unfenced."""
FENCE_AGAIN_SECONDS = 10.0
"""Interval at which an Unfenced record is fenced again."""
PENDING_SECONDS = 5.0
"""Shortest time between two attempts for a fence after the first: each attempt also counts the
objects that are left."""
EVIDENCE_LIMIT = 512

_STRENGTH: dict[FenceGrade, int] = {"Unfenced": 0, "Stopped": 1, "Gone": 2, "Revoked": 3}


def asked(spec: RecordSpec, plugin: str, *, intends: bool) -> bool:
    """True if a plugin that has a fence is asked.

    A plugin that intends nothing has nothing that writes. Without a stored intent, a plugin is
    asked if it never intends, if AKO was adopted, or if a time that this record does not know may
    have left something.
    """
    intent = spec.intents.get(plugin)
    if intent is not None:
        return not placements.undecided(intent)
    if spec.history_unknown or spec.adoption is not None:
        return True
    return not intends if plugin in spec.plugins else not spec.never_deployed


def final(fence: FenceState | None) -> bool:
    """True if a plugin with this stored fence is not asked again."""
    return fence is not None and fence.grade != "Unfenced"


def open_plugins(
    loaded: Mapping[str, LoadedPlugin], spec: RecordSpec, leaving: Leaving
) -> tuple[str, ...]:
    """The plugins that are asked in each attempt."""
    return tuple(
        name
        for name, plugin in loaded.items()
        if plugin.fences
        and not final(leaving.fences.get(name))
        and asked(spec, name, intends=plugin.intends)
    )


def added(
    stored: Mapping[str, FenceState], answers: Mapping[str, FenceState]
) -> dict[str, FenceState]:
    """The stored fences by plugin, with the answers that prove more or settle later."""
    fences = dict(stored)
    for name, answer in answers.items():
        before = fences.get(name)
        if before is None or stronger(answer, before) or _settles_later(answer, before):
            fences[name] = answer
    return fences


def counting(before: FenceState | None, fences: Iterable[FenceState]) -> FenceState | None:
    """The fence that counts: the strongest, and of those the earliest. ``before`` is the one that
    counted so far.

    While all are Unfenced, nothing is settled before the AKO that may sleep the longest.
    """
    every = (*([before] if before is not None else []), *fences)
    best = strongest(every)
    if best is None or best.grade != "Unfenced":
        return best
    longest = max(every, key=lambda fence: fence.settle_seconds)
    if longest.settle_seconds <= best.settle_seconds:
        return best
    return structs.replace(longest, at=best.at)


def unfenced(
    fences: Iterable[FenceState], reasons: Iterable[str], now: datetime.datetime
) -> FenceState:
    """The fence of a record that nothing fences, with all evidence in one sentence."""
    every = tuple(fences)
    evidence = "; ".join((*(fence.evidence for fence in every), *reasons)) or "no plugin can fence"
    settle = max((fence.settle_seconds for fence in every), default=0)
    return FenceState(
        grade="Unfenced", evidence=evidence[:EVIDENCE_LIMIT], at=now, settle_seconds=settle
    )


def pending_message(unfinished: Mapping[str, str]) -> str:
    """The plugins that have not finished, each with its reason, in words."""
    sentences = (
        f'Plugin "{name}" has not finished its fence: {message.rstrip(".")}.'
        for name, message in sorted(unfinished.items())
    )
    return " ".join(sentences)


def over(leaving: Leaving, now: datetime.datetime) -> bool:
    """True if the time for the first fence has passed."""
    since = leaving.drained_at or leaving.started_at
    return now >= since + datetime.timedelta(seconds=FENCE_SECONDS)


def strongest(fences: Iterable[FenceState]) -> FenceState | None:
    """The strongest of the fences, and of those the earliest; None if there is none."""
    return min(fences, key=lambda fence: (-_STRENGTH[fence.grade], fence.at), default=None)


def stronger(fence: FenceState, than: FenceState) -> bool:
    """True if a fence proves more than another."""
    return _STRENGTH[fence.grade] > _STRENGTH[than.grade]


def _settles_later(fence: FenceState, than: FenceState) -> bool:
    return fence.grade == than.grade and fence.settle_seconds > than.settle_seconds
