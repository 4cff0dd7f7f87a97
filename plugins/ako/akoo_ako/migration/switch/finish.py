"""``akoo-core migrate-akoo finish``: delete what is inert, and the journal. No way back then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from akoo_ako.installs import kinds
from akoo_ako.installs.seen import metadata_of, name_of, namespace_of
from akoo_ako.migration.estate import Estate, key_of, named
from akoo_ako.migration.steps import finalizers
from akoo_ako.migration.switch import answer, change, order, refusals
from akoo_ako.migration.switch.change import Change
from akoo_ako.migration.switch.journal import Journal
from akoo_ako.migration.switch.progress import Progress, Sleep
from akoo_core.plugin import commands

NAME: Final = "finish"
NOTHING: Final = "There is no switch to finish."
LEFT: Final = (
    "The Deployment and the PackageInstall of the ancestor stay as they are: kapp would delete the "
    "definition of AKODeploymentConfig, and all configs, with the package."
)


async def preview(ctx: commands.CommandContext) -> commands.CommandAnswer:
    """The deletions, or the refusals. It only reads."""
    progress = Progress(ctx)
    return await _look(ctx, progress) or answer.done(
        tuple(_deletions(progress.estate, progress.journal)), *_kept(progress)
    )


async def finish(
    ctx: commands.CommandContext, sleep: Sleep = asyncio.sleep
) -> commands.CommandAnswer:
    """The end. Exit code 1 where it was refused."""
    progress = Progress(ctx, sleep)
    if answered := await _look(ctx, progress):
        return answered
    kept = _kept(progress)
    await progress.store.enter(progress.journal, "Finishing")
    await progress.carry(
        lambda estate, journal: tuple(_deletions(estate, journal)), keeps=False, stopped=False
    )
    await progress.store.remove(progress.journal)
    return answer.done(progress.made, *kept)


async def _look(ctx: commands.CommandContext, progress: Progress) -> commands.CommandAnswer | None:
    """The answer where there is nothing to do, or it is refused."""
    await progress.look()
    estate, journal = progress.estate, progress.journal
    if not journal.phase:
        return answer.done((), NOTHING)
    left = [each.object for each in order.missing(estate, journal)]
    blockers = tuple(refusals.of_finish(estate, journal, left, ctx.records))
    return answer.refused(blockers) if blockers else None


def _deletions(estate: Estate, journal: Journal) -> Iterator[Change]:
    for secret in estate.addons:
        if _owner(secret) in _switched(journal) and not _why_kept(secret, estate):
            yield change.deleted(NAME, secret, "deleted: nothing reads it")


def _kept(progress: Progress) -> tuple[str, ...]:
    """Sentences on what stays."""
    estate, journal = progress.estate, progress.journal
    return (
        *(
            f"{named(secret)} stays: {why}."
            for secret in estate.addons
            if _owner(secret) in _switched(journal) and (why := _why_kept(secret, estate))
        ),
        LEFT,
    )


def _why_kept(secret: dict[str, object], estate: Estate) -> str:
    """The reason not to delete it: whoever deployed AKO from it might remove AKO."""
    if finalizers_of := metadata_of(secret).get("finalizers"):
        return f"it has the finalizer {', '.join(finalizers_of)}, so that somebody acts on its end"
    if _owner(secret) in {key_of(each) for each in estate.bootstraps}:
        return "the ClusterBootstrap of its Cluster reads it"
    return ""


def _owner(secret: dict[str, object]) -> str:
    """The key of the Cluster of an add-on Secret, by its name."""
    suffix = kinds.ADDON_SECRET.format("")
    return f"{namespace_of(secret)}/{name_of(secret).removesuffix(suffix)}"


def _switched(journal: Journal) -> set[str]:
    """The keys of the Clusters that were switched."""
    return {
        f"{entry.namespace}/{entry.name}"
        for entry in journal.of(finalizers.NAME)
        if entry.kind == "Cluster"
    }
