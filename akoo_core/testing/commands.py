"""Calls of a plugin on a World as commands make them: plan, check, audit, remove_stray."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from akoo_core import structs
from akoo_core.objects.record import Record
from akoo_core.plugin import api
from akoo_core.plugin_host import caller, context, controllers
from akoo_core.testing import builders, verbs
from akoo_core.testing.verbs import VerbRun
from akoo_core.testing.world import World

Ask = Callable[[caller.VerbCaller], Awaitable[Any]]


def run_plan(plugin: api.Plugin, verb: api.PlannedVerb, world: World | None = None) -> VerbRun:
    """Call plan, as ``akoo-core plan --verb`` does. Raises VerbError when it raises, or writes."""
    where = world or World()
    return where.run(_raising(try_plan(plugin, verb, where)))


def run_key_plan(
    plugin: api.Plugin, controller: str, key: str, world: World | None = None
) -> VerbRun:
    """Ask a controller for its plan for a key, as ``akoo-core plan --kind`` does. Raises VerbError
    when it raises, or writes."""
    where = world or World()
    return where.run(_raising(try_key_plan(plugin, controller, key, where)))


def run_check(plugin: api.Plugin, world: World | None = None) -> VerbRun:
    """Call check, as ``akoo-core check`` does. Raises VerbError when it raises, or writes."""
    where = world or World()
    return where.run(_raising(try_check(plugin, where)))


def run_audit(
    plugin: api.Plugin,
    world: World | None = None,
    *,
    records: Iterable[Record] | None = None,
) -> VerbRun:
    """Call audit, as ``akoo-core audit`` does. ``records`` None: the World's, unless finished.

    Raises VerbError when it raises, or writes.
    """
    where = world or World()
    return where.run(_raising(try_audit(plugin, where, records=records)))


def run_remove_stray(
    plugin: api.Plugin,
    owner: str,
    world: World | None = None,
    *,
    records: Iterable[Record] | None = None,
) -> VerbRun:
    """One call of ``akoo-core audit --sweep OWNER``. Raises VerbError when it raises."""
    where = world or World()

    async def ask(calling: caller.VerbCaller) -> Any:
        ctx = audit_context_of(plugin, where, records)
        return await calling.remove_stray(plugin, ctx, owner)

    return where.run(_raising(_asked(plugin, where, ask, looking=False)))


async def try_plan(plugin: api.Plugin, verb: api.PlannedVerb, world: World) -> VerbRun:
    """``run_plan`` inside a running loop, whose error is part of the answer."""

    async def ask(calling: caller.VerbCaller) -> Any:
        return await calling.plan(plugin, verbs.context_of(plugin, verb, world), verb)

    return await _asked(plugin, world, ask, looking=True)


async def try_key_plan(plugin: api.Plugin, controller: str, key: str, world: World) -> VerbRun:
    """``run_key_plan`` inside a running loop, whose error is part of the answer."""
    (match,) = (own for own in verbs.registered(plugin) if own.registration.name == controller)

    async def ask(calling: caller.VerbCaller) -> Any:
        client = world.management.client(external=world.calls)
        means = verbs.means_of(world)
        ctx = context.build_controller_context(match, means, client, key=key)
        return await calling.plan_key(match, api.Request(key=key, attempt=1), ctx)

    return await _asked(plugin, world, ask, looking=True)


async def try_check(plugin: api.Plugin, world: World) -> VerbRun:
    """``run_check`` inside a running loop, whose error is part of the answer."""

    async def ask(calling: caller.VerbCaller) -> Any:
        return await calling.check(plugin, check_context_of(plugin, world))

    return await _asked(plugin, world, ask, looking=True)


async def try_audit(
    plugin: api.Plugin, world: World, *, records: Iterable[Record] | None = None
) -> VerbRun:
    """``run_audit`` inside a running loop, whose error is part of the answer."""

    async def ask(calling: caller.VerbCaller) -> Any:
        return await calling.audit(plugin, audit_context_of(plugin, world, records))

    return await _asked(plugin, world, ask, looking=True)


def audit_context_of(
    plugin: api.Plugin, world: World, records: Iterable[Record] | None
) -> api.AuditContext:
    """The context of audit and remove_stray."""
    there = own_records(world) if records is None else tuple(records)
    client = world.management.client(external=world.calls)
    return context.build_audit_context(
        plugin, verbs.means_of(world), client, _belongings(plugin, world, there)
    )


def check_context_of(plugin: api.Plugin, world: World) -> api.CheckContext:
    """The context of check."""
    client = world.management.client(external=world.calls)
    there = own_records(world)
    return context.build_check_context(
        plugin, verbs.means_of(world), client, _belongings(plugin, world, there)
    )


def _belongings(
    plugin: api.Plugin, world: World, records: tuple[Record, ...]
) -> context.Belongings:
    return context.Belongings(
        registered=controllers.collect(verbs.plugin_set(plugin)),
        records=records,
        configs=(world.config,) if world.config else (),
    )


def own_records(world: World) -> tuple[Record, ...]:
    """The World's record, while it is not finished."""
    if world.spec.finished_at is not None:
        return ()
    return (structs.replace(builders.record(), name=world.record_name, spec=world.spec),)


async def _asked(plugin: api.Plugin, world: World, ask: Ask, *, looking: bool) -> VerbRun:
    calling = caller.VerbCaller(verbs.plugin_set(plugin))
    with world.calls.reading() if looking else contextlib.nullcontext():
        return await verbs.observed(lambda: ask(calling), world)


async def _raising(running: Awaitable[VerbRun]) -> VerbRun:
    run = await running
    if run.error is not None:
        raise run.error
    return run
