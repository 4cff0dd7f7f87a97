"""All questions of a check: each controller once, then the things that are named on it."""

from __future__ import annotations

import functools

from akoo_avi.check import controllers, named
from akoo_avi.check.controllers import Way
from akoo_avi.client import Controllers
from akoo_avi.client.access.reach import Reach
from akoo_avi.connect import bounded, known
from akoo_avi.place.catalog import Catalogs
from akoo_avi.pools import planned
from akoo_avi.pools.applying import PoolContext
from akoo_core.plugin import api

WIDTH = 4


async def ask(
    ctx: api.CheckContext, clients: Controllers, catalogs: Catalogs
) -> tuple[api.Finding, ...]:
    """Objects that lead nowhere first, then controllers, then configs and pools.

    Nothing is asked of a controller that failed: nobody waits for it again, and no login is tried
    twice.
    """
    context = PoolContext(
        ctx=planned.controller_context(ctx, ctx.kube, ctx.management_id),
        clients=clients,
        catalogs=catalogs,
    )
    pools, wrong = await named.pools(ctx)
    pool_names = frozenset(pool.name for pool in pools if not pool.config)
    of_configs, wrong_configs = await named.of_configs(context, ctx.configs, pool_names)
    of_pools, wrong_pools = await named.of_pools(context, pools)
    objects = (*of_configs, *of_pools)
    ways, unread = await _ways(ctx, objects)
    looks = [
        functools.partial(controllers.look, ctx, clients, way, pools=bool(pools)) for way in ways
    ]
    looked = await bounded.run(looks, width=WIDTH)
    usable = {way.reach for way, answer in zip(ways, looked, strict=True) if answer.usable}
    titles = {way.reach: way.title for way in ways}
    questions = [
        question.look if question.reach in usable else _unasked(question, titles[question.reach])
        for question in objects
    ]
    findings = await bounded.run(questions, width=WIDTH)
    nowhere = (*unread, *wrong, *wrong_configs, *wrong_pools)
    once = {finding.subject: finding for finding in nowhere}
    return (
        *once.values(),
        *(finding for answer in looked for finding in answer.findings),
        *findings,
    )


async def _ways(
    ctx: api.CheckContext, objects: tuple[named.Named, ...]
) -> tuple[list[Way], list[api.Finding]]:
    """The ways to controllers, and the AviControllers that cannot be read."""
    ways = await known.ways(ctx)
    titles: dict[Reach, tuple[str, ...]] = dict(ways.named_by)
    for question in objects:
        titles.setdefault(question.reach, (question.title,))
    unread = [named.finding(named.HERE, title, "wrong", problem) for title, problem in ways.unread]
    return [Way(reach, by) for reach, by in titles.items()], unread


def _unasked(question: named.Named, title: str) -> named.Question:
    async def look() -> api.Finding:
        message = f"Not asked, since the controller of {title} is not usable."
        return named.finding(question.reach.address, question.title, "unknown", message)

    return look
