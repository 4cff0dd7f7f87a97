"""Places and records change hands: a move is cancelled or ends, a record is handed over. Thin.

Each is one write, which also takes away the word that asked for it: no word acts twice.
"""

from __future__ import annotations

from akoo_core import structs
from akoo_core.objects import names, record
from akoo_core.reconcile.act import status
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import decisions, placements

Decision = decisions.CancelRelocation | decisions.EndRelocation | decisions.HandOver


async def act(work: Attempt, decision: Decision) -> None:
    """The decisions of this module; afterwards it is decided again."""
    match decision:
        case decisions.CancelRelocation():
            spec = structs.replace(work.one.spec, leaving=None)
            await _store(work, spec, names.ABANDON_PLACEMENT_ANNOTATION)
            work.report.moves = {}
            work.done.clear()
        case decisions.EndRelocation():
            await _end(work, decision)
        case decisions.HandOver():
            spec = handed_over(work.one.spec, work.services.management_id)
            await _store(work, spec, names.ADOPT_ANNOTATION)


def handed_over(spec: record.RecordSpec, management_id: str) -> record.RecordSpec:
    """The record as ours, one epoch later, with the name of who had it before. Pure."""
    former = record.Handover(management_id=spec.management_id, epoch=spec.epoch)
    return structs.replace(spec, handover=former, management_id=management_id, epoch=spec.epoch + 1)


async def _end(work: Attempt, decision: decisions.EndRelocation) -> None:
    now = work.services.clock.now()
    before = work.one.spec.ended_placements
    spec = placements.ended(work.one.spec, how=decision.how, at=now, message=decision.message)
    await _store(work, spec, names.ABANDON_PLACEMENT_ANNOTATION)
    work.services.deployer.forget(work.name)
    work.report.moves = {}
    work.done.clear()
    for placement in spec.ended_placements:
        if placement.at == now and placement not in before:
            left = f'Plugin "{placement.plugin}" left {placement.placement[:200]}'
            note = f"{left}: {placement.how}, {placement.message}."
            status.event(work, "PlacementLeft", note, warning=placement.how == "Abandoned")


async def _store(work: Attempt, spec: record.RecordSpec, word: str) -> None:
    work.record = await work.services.records.change(work.one, spec, consumed=(word,))
