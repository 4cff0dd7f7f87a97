"""``akoo-core migrate-akoo back``: the steps of a switch undone, in reverse order."""

from __future__ import annotations

import asyncio
from typing import Final

from akoo_ako.migration.estate import Estate, has_finalizer, named
from akoo_ako.migration.steps import stop
from akoo_ako.migration.switch import answer, order, refusals
from akoo_ako.migration.switch.change import Change
from akoo_ako.migration.switch.journal import Journal
from akoo_ako.migration.switch.order import SwitchStep
from akoo_ako.migration.switch.progress import Plan, Progress, Sleep
from akoo_core.plugin import commands, errors, names

NOTHING: Final = "There is no switch to undo."
DONE: Final = "The ancestor manages its configs and Clusters again."


async def preview(ctx: commands.CommandContext) -> commands.CommandAnswer:
    """The changes, or the refusals. It only reads."""
    progress = Progress(ctx)
    await progress.look()
    if not progress.journal.phase:
        return answer.done((), NOTHING)
    blockers = tuple(
        refusals.of_back(progress.estate, progress.journal, ctx.operator.holder, ctx.records)
    )
    if blockers:
        return answer.refused(blockers)
    return answer.done(order.undoing(progress.estate, progress.journal))


async def back(
    ctx: commands.CommandContext, sleep: Sleep = asyncio.sleep
) -> commands.CommandAnswer:
    """The way back. Exit code 1 where it was refused."""
    progress = Progress(ctx, sleep)
    await progress.look()
    if not progress.journal.phase:
        return answer.done((), NOTHING)
    blockers = tuple(
        refusals.of_back(progress.estate, progress.journal, ctx.operator.holder, ctx.records)
    )
    if blockers:
        return answer.refused(blockers)
    for step in reversed(order.STEPS):
        if step.name == stop.NAME:
            progress.journal = await progress.store.mark(progress.journal, None)
        await progress.carry(_undoing(step), keeps=False, stopped=False)
    await progress.store.remove(progress.journal)
    return answer.done(progress.made, DONE)


def _undoing(step: SwitchStep) -> Plan:
    def plan(estate: Estate, journal: Journal) -> tuple[Change, ...]:
        if step.name == stop.NAME:
            _check_no_owner(estate)
        return tuple(step.backward(journal.of(step.name), estate))

    return plan


def _check_no_owner(estate: Estate) -> None:
    """The ancestor must not start while an object is akoo-core's. Raises AkooError."""
    for obj in (*estate.configs, *estate.clusters):
        if has_finalizer(obj, names.FINALIZER):
            raise errors.AkooError(
                f"{named(obj)} still has the finalizer {names.FINALIZER}, so that the ancestor was "
                "not started. It is being deleted, or akoo-core runs. Let akoo-core finish it, "
                "stop akoo-core, and run this again"
            )
