"""``akoo-core migrate-akoo run``: the switch, step by step. A rerun continues."""

from __future__ import annotations

import asyncio
from typing import Final

from akoo_ako.migration import ancestor
from akoo_ako.migration.estate import Estate, has_finalizer, is_deleting, named
from akoo_ako.migration.steps import stop
from akoo_ako.migration.switch import answer, order, refusals
from akoo_ako.migration.switch.progress import (
    DELETIONS_SECONDS,
    PODS_SECONDS,
    Progress,
    Sleep,
)
from akoo_core.plugin import commands

NEXT: Final = (
    "Next: install akoo-core (akoo-core manifests), and look at the adoptions: akoo-core status. "
    "Look again after 20 minutes: run must still answer that nothing is left to switch."
)
DONE: Final = "Nothing is left to switch."


async def preview(ctx: commands.CommandContext) -> commands.CommandAnswer:
    """The changes that can be planned now, or the refusals. It only reads."""
    progress = Progress(ctx)
    await progress.look(reach=True)
    missing = order.missing(progress.estate, progress.journal)
    if not missing and _is_marked(progress):
        return answer.done((), DONE, *map(_finished_by_us, _held(progress.estate)))
    blockers = tuple(refusals.of_run(progress.estate, progress.journal, ctx.operator.holder))
    return answer.refused(blockers) if blockers else answer.done(missing)


async def run(ctx: commands.CommandContext, sleep: Sleep = asyncio.sleep) -> commands.CommandAnswer:
    """The switch. Exit code 1 where it waits for something, or was refused."""
    progress = Progress(ctx, sleep)
    await progress.look(reach=True)
    if not order.missing(progress.estate, progress.journal) and _is_marked(progress):
        return answer.done((), DONE, *map(_finished_by_us, _held(progress.estate)))
    blockers = tuple(refusals.of_run(progress.estate, progress.journal, ctx.operator.holder))
    if blockers:
        return answer.refused(blockers)
    if reason := await progress.wait(_in_deletion, DELETIONS_SECONDS):
        return answer.done(progress.made, f"Waiting: {reason}. Run this again.", exit_code=1)
    for step in order.STEPS:
        await progress.carry(
            lambda estate, journal, step=step: tuple(step.forward(estate, journal)),  # type: ignore[misc]
            keeps=True,
            stopped=step.name != stop.NAME,
        )
        if step.name == stop.NAME:
            if reason := await progress.wait(stop.running, PODS_SECONDS):
                sentence = f"Waiting: {reason}. Run this again."
                return answer.done(progress.made, sentence, exit_code=1)
            await progress.mark_stopped()
    await progress.carry(lambda _estate, _journal: (), keeps=False, stopped=True)
    return answer.done(progress.made, *map(_finished_by_us, _held(progress.estate)), NEXT)


def _is_marked(progress: Progress) -> bool:
    """akoo-core can see that the ancestor is stopped, wherever that matters to it."""
    return progress.journal.stopped is not None or not _held(progress.estate)


def _in_deletion(estate: Estate) -> str:
    """The reason to wait before the ancestor is stopped."""
    held = _held(estate) if estate.operates else ()
    return f"the ancestor has to finish {', '.join(held)}, which is being deleted" if held else ""


def _held(estate: Estate) -> tuple[str, ...]:
    """Objects in deletion that the finalizer of the ancestor holds."""
    return tuple(
        named(obj)
        for obj in (*estate.configs, *estate.clusters)
        if is_deleting(obj) and has_finalizer(obj, ancestor.FINALIZER)
    )


def _finished_by_us(thing: str) -> str:
    return (
        f"AncestorFinalizer: {thing} is being deleted, and the finalizer of the ancestor holds it. "
        "akoo-core takes that off as it would its own, after its clean-up."
    )
