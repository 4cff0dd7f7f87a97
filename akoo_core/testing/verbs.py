"""Calls one verb of a plugin on a World, as the engine would, and returns all that it did."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Awaitable, Callable, Coroutine
from importlib import metadata
from typing import Any, ClassVar

from akoo_core import errors, structs
from akoo_core.kube.client import KubeClient
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin_host import bounded, caller, context, controllers, registry, scoped_client
from akoo_core.reconcile.decide import facts as decided_facts
from akoo_core.reconcile.decide import fences, placements, plugin_annotations
from akoo_core.testing import calls, spans
from akoo_core.testing.observing import observing
from akoo_core.testing.world import World

Plan = tuple[api.PlannedAction, ...]
Findings = tuple[api.Finding, ...]
Answer = caller.VerbResult | caller.PureAnswer | api.Audit | Plan | Findings | None
Wrap = Callable[[Awaitable[Any]], Coroutine[Any, Any, Any]]


@dataclasses.dataclass(frozen=True)
class VerbRun:
    """The result of one call, with everything that was observed of it."""

    result: Answer
    calls: tuple[calls.Call, ...]
    """Every external call, in order."""
    logs: tuple[str, ...]
    """Every log line, its fields included."""
    recording: spans.Recording
    error: BaseException | None = None
    """The exception that it raised instead of answering; run_verb raises that."""

    @property
    def facts(self) -> tuple[api.Fact, ...]:
        """The facts that it gave."""
        return self.result.facts if isinstance(self.result, api.Done | api.Wait) else ()

    @property
    def declines(self) -> tuple[str, ...]:
        """The names of the facts that it declined."""
        return self.result.declines if isinstance(self.result, api.Done) else ()

    @property
    def consumed(self) -> tuple[str, ...]:
        """The names of the annotations that it handled."""
        return self.result.consumed if isinstance(self.result, api.Done | api.Wait) else ()

    @property
    def contribution(self) -> api.Contribution | None:
        """The answer of contribute."""
        return self.result if isinstance(self.result, api.Contribution) else None

    @property
    def actions(self) -> Plan:
        """The answer of plan."""
        answer = self.result if isinstance(self.result, tuple) else ()
        return tuple(action for action in answer if isinstance(action, api.PlannedAction))

    @property
    def findings(self) -> Findings:
        """The answer of check."""
        answer = self.result if isinstance(self.result, tuple) else ()
        return tuple(finding for finding in answer if isinstance(finding, api.Finding))

    @property
    def strays(self) -> tuple[api.Stray, ...]:
        """The strays in the answer of audit."""
        return self.result.strays if isinstance(self.result, api.Audit) else ()

    @property
    def writes(self) -> tuple[str, ...]:
        """The external calls that write: ``workload patch configmaps avi-system/avi-k8s-config``.
        Server-side apply is one, whether it changes anything or not."""
        return tuple(str(call) for call in self.calls if call.write)

    @property
    def spans(self) -> tuple[spans.Span, ...]:
        """Every span. Raises InputError where the OpenTelemetry SDK is missing."""
        return self.recording.spans


def run_verb(plugin: api.Plugin, verb: str, world: World | None = None) -> VerbRun:
    """Call ``verb`` on ``world`` (default: an unremarkable one) in virtual time.

    Before a lives verb what intend says is stored; after each verb facts and progress are stored,
    so that verbs can be called one after the other on one World. Raises VerbError when the verb
    raises, and InputError when the plugin breaks the contract.
    """
    where = world or World()
    return where.run(call_verb(plugin, verb, where))


async def call_verb(plugin: api.Plugin, verb: str, world: World) -> VerbRun:
    """``run_verb`` inside a running loop; time passes as it does there."""
    run = await try_verb(plugin, verb, world)
    if run.error is not None:
        raise run.error
    return run


async def try_verb(
    plugin: api.Plugin, verb: str, world: World, *, wrap: Wrap | None = None
) -> VerbRun:
    """``call_verb`` whose error is part of the answer. ``wrap`` is put around the plugin's
    coroutine, in the task that runs it."""
    calling = caller.VerbCaller(plugin_set(plugin), calls=_WrappedCalls(wrap) if wrap else None)

    async def answer() -> Answer:
        if verb in api.verbs_of("lives") and world.spec.leaving is None:
            store_intent(calling, plugin, world)
        if verb in api.PURE_VERBS:
            return calling.call_pure(verb, plugin, view_of(plugin, world))
        return await calling.call(verb, plugin, context_of(plugin, verb, world))

    run = await observed(answer, world)
    if run.error is None:
        remember(plugin, verb, run.result, world)
    return run


class _WrappedCalls(bounded.PluginCalls):
    """Makes calls with ``wrap`` around each coroutine."""

    def __init__(self, wrap: Wrap) -> None:
        super().__init__()
        self._wrap = wrap

    async def run(
        self,
        call: bounded.PluginCall,
        function: Callable[[], Awaitable[Any]],
        *,
        seconds: float | None,
    ) -> Any:
        return await super().run(call, lambda: self._wrap(function()), seconds=seconds)


async def observed(answer: Callable[[], Awaitable[Any]], world: World) -> VerbRun:
    """Await ``answer`` in a task of its own, and return everything that was observed of it."""

    async def main() -> Any:
        return await answer()

    before = len(world.calls.made)
    with observing() as (recording, logs):
        task = asyncio.ensure_future(main())
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
    result = task.result() if error is None else None
    made = tuple(world.calls.made[before:])
    return VerbRun(result, made, tuple(logs), recording, error)


def run_reconcile(plugin: api.Plugin, controller: str, key: str, world: World) -> VerbRun:
    """Reconcile one key by a controller of the plugin, limited to its kinds as in the operator."""

    async def reconcile() -> VerbRun:
        run = await try_reconcile(plugin, controller, key, world)
        if run.error is not None:
            raise run.error
        return run

    return world.run(reconcile())


async def try_reconcile(plugin: api.Plugin, controller: str, key: str, world: World) -> VerbRun:
    """``run_reconcile`` inside a running loop, whose error is part of the answer."""
    (match,) = (own for own in registered(plugin) if own.registration.name == controller)
    inner = world.management.client(external=world.calls)
    ctx = context.build_controller_context(match, means_of(world), inner, key=key)
    request = api.Request(key=key, attempt=1)
    return await observed(lambda: match.registration.reconcile(request, ctx), world)


def means_of(world: World) -> context.Means:
    """The means of controllers and commands."""
    return context.Means(
        clock=world.clock,
        external=world.calls,
        secrets=world.secret_reader.once,
        threads=lambda _: world.threads,
        management_id=world.spec.management_id,
        keep=world.kept_secrets,
    )


def named(plugin: api.Plugin) -> api.Plugin:
    """The plugin with its name: that of the entry point its class is registered at."""
    if plugin.name:
        return plugin
    kind = type(plugin)
    plugin.name = _installed_name(f"{kind.__module__}:{kind.__qualname__}")
    return plugin


@functools.cache
def _installed_name(value: str) -> str:
    for point in metadata.entry_points(group=api.ENTRY_POINT_GROUP):
        if point.value == value:
            return point.name
    raise errors.InputError(
        f"{value} is no installed plugin, so its name is not known: set plugin.name"
    )


@functools.lru_cache(maxsize=8)
def plugin_set(plugin: api.Plugin) -> registry.PluginSet:
    """The plugin with stand-ins for the providers of what it requires. Raises InputError."""
    own = type(plugin)
    missing = tuple(require for require in own.requires if require not in own.provides)
    others = [_provider(missing)()] if missing else []
    return registry.PluginSet([*others, named(plugin)])


@functools.lru_cache(maxsize=8)
def registered(plugin: api.Plugin) -> tuple[controllers.Controller, ...]:
    """The controllers of ``plugin_set``, collected once as in the operator. Raises InputError."""
    return controllers.collect(plugin_set(plugin))


@functools.lru_cache(maxsize=8)
def _provider(facts: tuple[type[api.Fact], ...]) -> type[api.Plugin]:
    """One class for the same facts: to look up where a class is takes longer than most verbs."""

    class Provider(api.Plugin):
        name = "another"
        provides: ClassVar[tuple[type[api.Fact], ...]] = facts

    return Provider


def view_of(plugin: api.Plugin, world: World) -> api.View:
    """The view of pure verbs."""
    return context.build_view(
        record_name=world.record_name,
        spec=world.spec,
        cluster=world.cluster,
        config=world.config,
        plugin=plugin,
        awaited=tuple(name for name in world.awaited if name not in world.spec.facts),
        sweep_tenants=world.sweep_tenants,
        annotations=plugin_annotations.of_plugin(world.annotations, plugin),
    )


def context_of(plugin: api.Plugin, verb: str, world: World) -> api.VerbContext:
    """The context of async verbs. prepare and release get no client of the workload cluster: it
    may not be there yet, or not be ours any more."""
    client = world.workload.client(external=world.calls, system="workload")
    reached = world.reachable and world.cluster is not None and verb not in ("prepare", "release")
    return context.build_context(
        view=view_of(plugin, world),
        plugin=plugin,
        clock=world.clock,
        external=world.calls,
        workload=client if reached else None,
        workload_silent_seconds=0.0 if world.reachable else 60.0,
        secrets=world.secret_reader.once(),
        threads=world.threads,
        shared=shared_of(plugin, world),
        keep=world.kept_secrets(plugin),
        config_maps=world.config_maps(plugin),
    )


def shared_of(plugin: api.Plugin, world: World) -> KubeClient | None:
    """A client of the management cluster, to read the kinds that own controllers watch."""
    inner = world.management.client(external=world.calls)
    return scoped_client.for_verbs(
        inner,
        plugin.name,
        (
            controller.registration
            for controller in registered(plugin)
            if controller.plugin is plugin
        ),
        type(plugin).reads,
    )


def store_intent(calling: caller.VerbCaller, plugin: api.Plugin, world: World) -> None:
    """Store the answer of intend in the record, as the engine does before anything else.

    A plugin that still looks for its placement keeps the one that it has to clean up.
    """
    answer = calling.call_pure("intend", plugin, view_of(plugin, world))
    takes_away = any(calling.implements(plugin, verb) for verb in placements.TAKES_AWAY)
    known = plugin.name in world.spec.intents
    if isinstance(answer, api.Intent) and not (
        placements.undecided(answer) and (takes_away or not known)
    ):
        stored = record.StoredIntent(
            version=type(plugin).intent_version, data=answer.data, placement=answer.placement
        )
        intents = {**world.spec.intents, plugin.name: stored}
        world.spec = structs.replace(world.spec, intents=intents)
    touched = tuple(sorted({*world.spec.plugins, plugin.name}))
    world.spec = structs.replace(world.spec, plugins=touched)


def remember(plugin: api.Plugin, verb: str, result: Answer, world: World) -> None:
    """Store facts and progress in the record, as the engine does after a verb."""
    if isinstance(result, api.Done | api.Wait):
        answered = decided_facts.Answered().then(plugin.name, result)
        world.spec = decided_facts.added(world.spec, plugin.name, answered)
        for name in result.consumed:
            world.annotations.pop(plugin_annotations.key_of(plugin.name, name), None)
    state, now = world.spec.leaving, world.clock.now()
    if state is None:
        return
    ends = {"confirm": "confirmed_at", "drain": "drained_at", "sweep": "swept_at"}
    if verb in ends and isinstance(result, api.Done | None):
        state = structs.replace(state, **{ends[verb]: now})
    if isinstance(result, api.Fenced):
        answer = record.FenceState(
            grade=result.grade,
            evidence=result.evidence,
            at=now,
            settle_seconds=result.settle_seconds,
        )
        stored = fences.added(state.fences, {plugin.name: answer})
        fence = fences.counting(state.fence, stored.values())
        state = structs.replace(state, fence=fence, fences=stored)
    world.spec = structs.replace(world.spec, leaving=state)
