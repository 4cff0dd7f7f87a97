"""Mistakes that somebody could make in the product, planted one at a time.

Each has the law that finds it: a simulation that finds none of them proves nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest

from akoo_core import structs
from akoo_core.kube import errors, finalizers
from akoo_core.objects import names
from akoo_core.objects import record as record_
from akoo_core.reconcile import record_controller
from akoo_core.reconcile.act import attempt, fencing, intents, letting_go, record_writes
from akoo_core.reconcile.act import leaving as act_leaving
from akoo_core.reconcile.decide import (
    decisions,
    facts,
    fences,
    leaving,
    living,
    proofs,
    situation,
    state_machine,
)
from tests.sim import sim_replica


class Bug(NamedTuple):
    """``plant`` changes the product; ``law`` is part of what is told of the breach."""

    plant: Callable[[pytest.MonkeyPatch], None]
    law: str


def _replaced(where: Any, name: str, wrong: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(where, name, wrong)


def _always(*arguments: Any, **named: Any) -> bool:
    return True


def _nothing(*arguments: Any) -> list[Any]:
    return []


def _none(*arguments: Any) -> None:
    return None


async def _not_stored(*arguments: Any) -> dict[str, Any]:
    return {}


_added = living._finalizers_missing


def _not_on_records(*arguments: Any) -> tuple[decisions.On, ...]:
    return tuple(watched for watched in _added(*arguments) if watched != "Record")


_made = record_.to_object


def _without_finalizers(patch: pytest.MonkeyPatch) -> None:
    def made(*arguments: Any, **named: Any) -> structs.JSON:
        obj = _made(*arguments, **named)
        kept = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
        return {**obj, "metadata": kept}

    patch.setattr(record_, "to_object", made)
    patch.setattr(living, "_finalizers_missing", _not_on_records)


def _all_of_them(obj: structs.JSON, finalizer: str) -> finalizers.JsonPatch:
    """Takes off what others hold, too."""
    present = finalizer in (obj["metadata"].get("finalizers") or ())
    return [{"op": "remove", "path": "/metadata/finalizers"}] if present else []


_in_order = leaving.take_away


def _sweep_first(s: situation.Situation, record: record_.Record, state: record_.Leaving) -> Any:
    early = state.drained_at is not None and state.fence is None and "sweep" not in s.progress.done
    return decisions.Leave(step="sweep") if early else _in_order(s, record, state)


def _at_once(*arguments: Any) -> datetime.datetime:
    return datetime.datetime.min.replace(tzinfo=datetime.UTC)


def _absence_is_deletion(*arguments: Any) -> decisions.StartLeaving:
    return decisions.StartLeaving(cause="ClusterDeleted", message="it is not there")


_change = record_writes.RecordWriter.change


async def _conflicts_ignored(
    self: record_writes.RecordWriter, record: record_.Record, spec: record_.RecordSpec, **more: Any
) -> record_.Record:
    try:
        return await _change(self, record, spec, **more)
    except errors.ConflictError:
        return structs.replace(record, spec=spec)


async def _words_stay(
    self: record_writes.RecordWriter, record: record_.Record, spec: record_.RecordSpec, **more: Any
) -> record_.Record:
    return await _change(self, record, spec)


_fresh = record_writes.fresh


def _as_if_new(**fields: Any) -> record_.RecordSpec:
    return _fresh(**{**fields, "history_unknown": False})


_decide = state_machine.decide


def _a_mark_is_a_move(s: situation.Situation) -> decisions.Decision:
    if s.record is not None and s.cluster is not None and s.cluster.moving:
        return decisions.DropForMove()
    return _decide(s)


def _never(*arguments: Any) -> bool:
    return False


async def _not_released(work: attempt.Attempt) -> None:
    state = structs.replace(work.leaving, released_at=work.services.clock.now())
    await work.store(leaving=state, uses=())


async def _believed(work: attempt.Attempt) -> None:
    """A fence that nobody was asked for."""
    now = work.services.clock.now()
    await work.store_leaving(fence=record_.FenceState(grade="Revoked", evidence="", at=now))


def _first_is_enough(*arguments: Any) -> tuple[str, ...]:
    """The plugins that have not finished are not asked again once something is fenced."""
    return ()


def _not_waited_for(*arguments: Any) -> None:
    """The plugins that have not finished are asked again, and hold nothing."""


async def _only_where_the_core_does_not_know(*arguments: Any) -> dict[str, Any]:
    work, known = arguments
    alone = known is not None and known.grade in ("Gone", "Stopped")
    return {} if alone else await _answers(work, known)


_answers = fencing._answers


async def _taken_off_first(work: attempt.Attempt, decision: decisions.LetGo) -> None:
    """The finalizer goes before it is stored that it may."""
    if work.cluster is not None:
        cluster = work.cluster
        await work.services.finalizers.remove(
            work.services.clusters,
            names.FINALIZER,
            cluster.name,
            cluster.namespace,
            uid=cluster.uid,
        )
    await _let_go(work, decision)


_let_go = letting_go.let_go

_added_facts = facts.added


def _kept_when_declined(
    spec: record_.RecordSpec, plugin: str, answered: facts.Answered
) -> record_.RecordSpec:
    after = _added_facts(spec, plugin, answered)
    return structs.replace(after, facts=spec.facts | after.facts)


def _declines_unheard(
    spec: record_.RecordSpec, plugin: str, answered: facts.Answered
) -> record_.RecordSpec:
    return _added_facts(spec, plugin, structs.replace(answered, declined=()))


BUGS: Final[dict[str, Bug]] = {
    "proof is not waited for": Bug(
        _replaced(leaving, "settled", _always), "let go without a proof"
    ),
    "the quiet period is not waited for": Bug(
        _replaced(leaving, "settled_at", _at_once), "before the quiet period was over"
    ),
    "the deadline acts at once": Bug(
        _replaced(leaving, "deadline_acts", _always), "before its deadline"
    ),
    "no finalizer is added": Bug(
        _replaced(finalizers, "adding", _nothing), "is gone before it was let go"
    ),
    "records get no finalizer": Bug(_without_finalizers, "without the finalizer of the"),
    "all finalizers are taken off": Bug(
        _replaced(finalizers, "removing", _all_of_them), "lost the finalizer of Cluster API"
    ),
    "the finalizer goes before let go is stored": Bug(
        _replaced(letting_go, "let_go", _taken_off_first), "lost the finalizer on its Cluster"
    ),
    "intents are not stored": Bug(
        _replaced(intents, "store", _not_stored), "outside write before its intent"
    ),
    "the guard is not asked": Bug(
        _replaced(sim_replica.Guard, "check", _none), "writes and does not lead"
    ),
    "sweep comes before the fence": Bug(
        _replaced(leaving, "take_away", _sweep_first), "swept before its fence was stored"
    ),
    "a fence is believed": Bug(
        _replaced(fencing, "fence", _believed), "Revoked, but its account lives"
    ),
    "one fence is enough": Bug(
        _replaced(fences, "open_plugins", _first_is_enough), "before a fence has finished"
    ),
    "a fence is not waited for": Bug(
        _replaced(fencing, "_note_unfinished", _not_waited_for), "before a fence has finished"
    ),
    "the fence of the core is enough": Bug(
        _replaced(fencing, "_answers", _only_where_the_core_does_not_know),
        "before a fence has finished",
    ),
    "pauses are ignored": Bug(_replaced(state_machine, "_paused", _none), "while it is paused"),
    "absence is deletion": Bug(
        _replaced(state_machine, "_vanished", _absence_is_deletion), "a deletion that nobody saw"
    ),
    "a lost record is made again as if new": Bug(
        _replaced(record_writes, "fresh", _as_if_new), "are left"
    ),
    "a plugin that came too late is believed": Bug(
        _replaced(proofs, "never_worked", _never), "are left"
    ),
    "a mark is a move": Bug(
        _replaced(record_controller, "decide", _a_mark_is_a_move), "is deleted unfinished"
    ),
    "words stay": Bug(
        _replaced(record_writes.RecordWriter, "change", _words_stay), "and the word stands"
    ),
    "conflicts are ignored": Bug(
        _replaced(record_writes.RecordWriter, "change", _conflicts_ignored),
        "outside write before its intent",
    ),
    "a declined fact is kept": Bug(
        _replaced(facts, "added", _kept_when_declined), "is given and declined"
    ),
    "a declined fact is waited for": Bug(
        _replaced(facts, "added", _declines_unheard), "has the log level"
    ),
    "no finalizer is taken off": Bug(_replaced(finalizers, "removing", _nothing), "is still there"),
    "nothing is given back": Bug(
        _replaced(act_leaving, "_release", _not_released), "ends and keeps its claim"
    ),
}
