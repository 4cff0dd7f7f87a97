"""Runs a source of a plugin's controller on a World for a while, as the operator's leader would."""

from __future__ import annotations

import asyncio
import dataclasses

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin_host import bounded, controllers, sources
from akoo_core.testing import verbs
from akoo_core.testing.verbs import VerbRun
from akoo_core.testing.world import World


@dataclasses.dataclass(frozen=True)
class SourceRun:
    """The keys that a source added, and everything else that was observed of it."""

    keys: tuple[str, ...]
    """In order, with repetitions."""
    observed: VerbRun
    ended: bool
    """It ended, or raised ``observed.error``, before it was cancelled."""


def run_source(
    plugin: api.Plugin, controller: str, world: World, *, source: str = "", seconds: float = 60.0
) -> SourceRun:
    """Run a source for ``seconds`` of virtual time, then cancel it.

    ``source`` is the name of the function; "" for the only one. Raises what the source raised.
    """
    run = world.run(try_source(plugin, controller, world, source=source, seconds=seconds))
    if run.observed.error is not None:
        raise run.observed.error
    return run


async def try_source(
    plugin: api.Plugin, controller: str, world: World, *, source: str = "", seconds: float = 60.0
) -> SourceRun:
    """``run_source`` inside a running loop, whose error is part of the answer."""
    match, follow = chosen(plugin, controller, source)
    inner = world.management.client(external=world.calls)
    ctx = sources.source_context(match, verbs.means_of(world), inner, name=sources.name_of(follow))
    keys: list[str] = []
    call = bounded.PluginCall(plugin.name, f"source {controller}", sources.name_of(follow))

    async def main() -> bool:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                await bounded.PluginCalls().run(
                    call, lambda: follow(ctx, sources.checked(keys.append)), seconds=None
                )
        except TimeoutError:
            if not limit.expired():
                raise
            return False
        return True

    observed = await verbs.observed(main, world)
    return SourceRun(tuple(keys), observed, observed.error is not None or bool(observed.result))


def chosen(
    plugin: api.Plugin, controller: str, source: str
) -> tuple[controllers.Controller, api.Source]:
    """The controller of that name and its source. Raises InputError where there is none."""
    for own in verbs.registered(plugin):
        if own.plugin is plugin and own.registration.name == controller:
            follows = own.registration.sources
            if not source and len(follows) == 1:
                return own, follows[0]
            for follow in follows:
                if sources.name_of(follow) == source:
                    return own, follow
    raise errors.InputError(
        f'controller "{controller}" of plugin {plugin.name} has no source "{source}"'
    )
