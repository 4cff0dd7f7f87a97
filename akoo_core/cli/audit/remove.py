"""Removes the strays of one owner that has no living record."""

from __future__ import annotations

import asyncio
import datetime
import re
import sys
from collections.abc import Callable, Iterator, Sequence

import click

from akoo_core import errors
from akoo_core.cli import columns, fleet, operating
from akoo_core.cli.audit import find
from akoo_core.kube import client
from akoo_core.plugin import api
from akoo_core.reconcile.act.services import Services

Say = Callable[[str], None]


def refusal(there: find.Living, owner: str) -> str:
    """The reason why no object of ``owner`` may be removed, or "". Pure."""
    mine = there.names.get(owner)
    if mine is None:
        return ""
    return (
        f"{owner} belongs to record {mine}, which is not finished: its objects are swept when its "
        "cluster leaves (akoo-core leave)"
    )


def chosen(
    results: Sequence[find.Result], owner: str, management_id: str, *, claimed_elsewhere: bool
) -> tuple[find.Result, ...]:
    """The strays of ``owner``. Raises InputError for none, and for a foreign claim. Pure."""
    mine = tuple(
        find.Result(plugin=result.plugin, strays=strays, unseen=result.unseen)
        for result in results
        if (strays := tuple(stray for stray in result.strays if stray.owner == owner))
    )
    if not mine:
        near = fleet.near(owner, {stray.owner for result in results for stray in result.strays})
        raise errors.InputError(f"nothing without a living record carries the name {owner}.{near}")
    claims = sorted({stray.claim for result in mine for stray in result.strays if stray.claim})
    foreign = [claim for claim in claims if not _is_ours(claim, management_id)]
    if foreign and not claimed_elsewhere:
        raise errors.InputError(
            f"{owner} is claimed by {', '.join(foreign)}, not by this management cluster "
            f"({management_id}): a record there may manage it. Add --claimed-elsewhere only "
            "if that management cluster is gone for good"
        )
    return mine


def _is_ours(claim: str, management_id: str) -> bool:
    """The claim names this management cluster: "prod" is not in "prod-2, epoch 1"."""
    whole = rf"(?<![\w.-]){re.escape(management_id)}(?![\w.-])"
    return bool(management_id) and re.search(whole, claim) is not None


def effects(
    mine: Sequence[find.Result],
    owner: str,
    now: datetime.datetime,
    *,
    tenants: Sequence[str] = (),
) -> Iterator[str]:
    """The objects that will be removed, in lines. Pure."""
    for result in mine:
        yield f"{result.plugin}: {len(result.strays)} objects of {owner} will be removed:"
        yield from (f"  {line}" for line in columns.lines(find.rows(result.strays, now)))
        yield from (f"  not seen, and not touched: {sentence}" for sentence in result.unseen)
    if tenants:
        yield f"Only objects in tenant {', '.join(tenants)} are removed; the rest stays."
    yield (
        "No record here manages them. An AKO that akoo-core does not manage may use them: make "
        f"sure that no running AKO is called {owner}."
    )


def confirm(owner: str, *, yes: bool) -> None:
    """Return when ``owner`` was typed again, or with ``yes``. Raises as write.confirm does."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise errors.InputError("there is no terminal to ask on: give --yes if you mean it")
    if click.prompt(f"Type {owner} to remove them", default="", show_default=False) != owner:
        raise errors.AkooError("not confirmed; nothing was changed")


async def remove(
    auditor: find.Auditor,
    kube: client.KubeClient,
    services: Services,
    owner: str,
    say: Say,
    *,
    within: datetime.timedelta,
) -> None:
    """Ask each plugin until it is done, then audit again.

    Raises AkooError when a plugin is blocked or fails, when a record of that name came meanwhile,
    when time is over, or when something is left.
    """
    deadline = services.clock.monotonic() + within.total_seconds()
    for plugin in auditor.plugins:
        while True:
            there = await find.living(kube)
            if why := refusal(there, owner):
                raise errors.AkooError(why)
            ctx = await auditor.context(plugin, there)
            answer = await services.caller.remove_stray(plugin, ctx, owner)
            if isinstance(answer, api.Blocked):
                raise errors.AkooError(f"{plugin.name}: {answer.reason}: {answer.message}")
            if not isinstance(answer, api.Wait):
                break
            say(f"{plugin.name}: {_progress(answer)}")
            if services.clock.monotonic() + answer.after > deadline:
                raise errors.AkooError(
                    f"{plugin.name} is not done with {owner} within {within}; the rest stays. "
                    "Run it again, or give --timeout"
                )
            await asyncio.sleep(answer.after)
        say(f"{plugin.name}: {_progress(answer)}")
    _prove(await auditor.results(), owner)
    say(f"nothing of {owner} is left")


def _progress(answer: api.Result | None) -> str:
    if isinstance(answer, api.Wait) and answer.left is not None:
        return f"{answer.message} ({answer.left} left)"
    return (answer.message if answer is not None else "") or "done"


def _prove(results: Sequence[find.Result], owner: str) -> None:
    left = [stray for result in results for stray in result.strays if stray.owner == owner]
    if left:
        shown = ", ".join(f"{stray.kind} {stray.name}" for stray in left[:3])
        raise errors.AkooError(
            f"{len(left)} objects of {owner} are still there ({shown}). Run it again, unless "
            "the lines above say why they stay"
        )
    unseen = [sentence for result in results for sentence in result.unseen]
    if unseen:
        raise errors.AkooError(
            f"no object of {owner} is left in what could be read, but not all could: {unseen[0]}"
        )


def able(loaded: operating.OperatorParts, services: Services, names: Sequence[str]) -> None:
    """Return when these plugins can remove their strays. Raises InputError."""
    for name in names:
        plugin = loaded.plugins.get(name)
        if plugin is None or not services.caller.implements(plugin, "remove_stray"):
            raise errors.InputError(f"plugin {name} cannot remove strays")
