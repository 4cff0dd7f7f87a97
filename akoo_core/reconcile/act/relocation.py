"""A relocation is cancelled or ends; a record is handed over. Thin.

Each is one write, which also removes the annotation that asked for it, so that it acts once.
"""

from __future__ import annotations

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.objects.record import Handover, RecordSpec
from akoo_core.reconcile.act import status
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import decisions, placements


async def cancel(attempt: Attempt) -> None:
    """Live on at the old place; nothing was done yet."""
    spec = structs.replace(attempt.spec, leaving=None)
    await attempt.change(spec, consumed=(names.ABANDON_PLACEMENT_ANNOTATION,))
    attempt.advance(relocations={}, done=frozenset())


async def end(attempt: Attempt, decision: decisions.EndRelocation) -> None:
    """Store how the old place ended, and live again."""
    now = attempt.services.clock.now()
    before = attempt.spec.ended_placements
    spec = placements.ended(attempt.spec, how=decision.how, at=now, message=decision.message)
    await attempt.change(spec, consumed=(names.ABANDON_PLACEMENT_ANNOTATION,))
    attempt.services.deployer.forget(attempt.name)
    attempt.advance(relocations={}, done=frozenset())
    for placement in spec.ended_placements:
        if placement.at == now and placement not in before:
            left = f'Plugin "{placement.plugin}" left {placement.placement[:200]}'
            note = f"{left}: {placement.how}, {placement.message}."
            status.event(attempt, "PlacementLeft", note, warning=placement.how == "Abandoned")


async def hand_over(attempt: Attempt) -> None:
    """Take the record over from another management cluster."""
    spec = handed_over(attempt.spec, attempt.services.management_id)
    await attempt.change(spec, consumed=(names.ADOPT_ANNOTATION,))


def handed_over(spec: RecordSpec, management_id: str) -> RecordSpec:
    """The record as ours, one epoch later, with the name of its former owner. Pure."""
    former = Handover(management_id=spec.management_id, epoch=spec.epoch)
    return structs.replace(spec, handover=former, management_id=management_id, epoch=spec.epoch + 1)
