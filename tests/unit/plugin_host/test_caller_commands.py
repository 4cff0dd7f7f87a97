"""The hooks that commands ask for: plan, check, audit, remove_stray."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Literal

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from akoo_core import external, structs, testing
from akoo_core.plugin import api
from akoo_core.plugin.api import hookimpl
from akoo_core.plugin.errors import VerbError
from akoo_core.plugin_host import caller, context, controllers, registry, scoped_client
from akoo_core.testing import verbs
from akoo_core.testing.memory import MemoryServer

ACTION = api.PlannedAction(action="delete", kind="Pool", name="shop-web", why="carries the mark")
FINDING = api.Finding(system="avi.example.com", subject="account", state="good")
AUDIT = api.Audit(strays=(api.Stray(owner="akoo-x", kind="Pool", name="web"),))


class Demo(api.Plugin):
    name = "demo"

    def __init__(self, act: Callable[..., Any]) -> None:
        super().__init__()
        self.act = act

    @hookimpl
    async def plan(self, verb: Literal["prepare", "sweep"], ctx: api.VerbContext) -> Any:
        return await self.act(ctx, verb)

    @hookimpl
    async def check(self, ctx: api.CheckContext) -> Any:
        return await self.act(ctx, "")

    @hookimpl
    async def audit(self, ctx: api.AuditContext) -> Any:
        return await self.act(ctx, "")

    @hookimpl
    async def remove_stray(self, ctx: api.AuditContext, owner: str) -> Any:
        return await self.act(ctx, owner)


class Quiet(api.Plugin):
    name = "quiet"


def answering(value: object) -> Callable[..., Any]:
    async def act(ctx: object, argument: str) -> object:
        return value

    return act


def calling(act: Callable[..., Any], **timeouts: float) -> tuple[caller.VerbCaller, api.Plugin]:
    plugin = Demo(act)
    plugins = registry.PluginSet([plugin, Quiet()])
    return caller.VerbCaller(plugins, timeouts={**api.TIMEOUT_SECONDS, **timeouts}), plugin


@pytest.fixture
def audit_ctx(ctx: api.VerbContext) -> api.AuditContext:
    return api.AuditContext(
        records=(),
        configs=(),
        management_id="m",
        kube=scoped_client.for_reading(MemoryServer().client(), "demo", ()),
        clock=ctx.clock,
        external=ctx.external,
        secrets=ctx.secrets,
        threads=ctx.threads,
        tracer=trace.get_tracer("test"),
        log=logging.LoggerAdapter(logging.getLogger("test")),
    )


async def test_each_gets_what_it_names_and_is_seen(
    ctx: api.VerbContext, audit_ctx: api.AuditContext, spans: InMemorySpanExporter
) -> None:
    got: list[tuple[object, str]] = []
    answers: list[object] = [(ACTION,), (FINDING,), AUDIT, api.Done()]

    async def act(ctx: object, argument: str) -> object:
        got.append((ctx, argument))
        return answers[len(got) - 1]

    calls, plugin = calling(act)
    assert await calls.plan(plugin, ctx, "sweep") == (ACTION,)
    assert await calls.check(plugin, audit_ctx) == (FINDING,)
    assert await calls.audit(plugin, audit_ctx) == AUDIT
    assert await calls.remove_stray(plugin, audit_ctx, "akoo-x") == api.Done()
    assert got == [(ctx, "sweep"), (audit_ctx, ""), (audit_ctx, ""), (audit_ctx, "akoo-x")]
    names = [span.name for span in spans.get_finished_spans()]
    assert names == ["plan demo", "check demo", "audit demo", "remove_stray demo"]


async def test_a_plugin_without_them_has_nothing_to_say(
    ctx: api.VerbContext, audit_ctx: api.AuditContext
) -> None:
    calls, _ = calling(answering(None))
    quiet = Quiet()
    assert await calls.plan(quiet, ctx, "prepare") is None
    assert await calls.check(quiet, audit_ctx) is None
    assert await calls.audit(quiet, audit_ctx) is None
    assert await calls.remove_stray(quiet, audit_ctx, "x") is None


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ([ACTION], "plan of plugin demo: it returned list, but may return tuple or None"),
        ((ACTION, "x"), "plan of plugin demo: it must return a tuple of PlannedAction"),
    ],
)
async def test_a_wrong_plan_is_refused(ctx: api.VerbContext, answer: object, problem: str) -> None:
    calls, plugin = calling(answering(answer))
    with pytest.raises(VerbError) as caught:
        await calls.plan(plugin, ctx, "sweep")
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ([FINDING], "check of plugin demo: it returned list, but may return tuple or None"),
        ((ACTION,), "check of plugin demo: it must return a tuple of Finding"),
        (
            (structs.replace(FINDING, state="fine"),),
            "check of plugin demo: it returned a Finding with a wrong value: state: Invalid enum",
        ),
    ],
)
async def test_a_wrong_check_is_refused(
    audit_ctx: api.AuditContext, answer: object, problem: str
) -> None:
    calls, plugin = calling(answering(answer))
    with pytest.raises(VerbError) as caught:
        await calls.check(plugin, audit_ctx)
    assert str(caught.value).startswith(problem)


async def test_they_end_in_time(audit_ctx: api.AuditContext) -> None:
    async def hang(ctx: object, argument: str) -> None:
        await asyncio.Event().wait()

    calls, plugin = calling(hang, audit=0.01)
    with pytest.raises(VerbError, match=r"cancelled, it took longer than 0\.01 s"):
        await calls.audit(plugin, audit_ctx)


def registered(
    plan: Callable[..., Any] | None,
) -> tuple[caller.VerbCaller, controllers.Controller, api.ControllerContext]:
    """A controller with that plan, and the context of a key."""
    plugin = Demo(answering(None))
    plugin_calls = caller.VerbCaller(registry.PluginSet([plugin]))
    registration = api.ControllerRegistration(
        name="things", watches=(), keys=lambda kind, obj: (), reconcile=answering(None), plan=plan
    )
    controller = controllers.Controller(plugin, registration)
    world = testing.World()
    means, client = verbs.means_of(world), world.management.client(external=world.calls)
    return (
        plugin_calls,
        controller,
        context.build_controller_context(controller, means, client, key="a"),
    )


async def test_a_controller_plans_for_a_key(spans: InMemorySpanExporter) -> None:
    request = api.Request(key="a", attempt=1)
    calls, controller, ctx = registered(answering((ACTION,)))
    assert await calls.plan_key(controller, request, ctx) == (ACTION,)
    assert [span.name for span in spans.get_finished_spans()] == ["plan demo"]
    calls, controller, ctx = registered(None)
    assert await calls.plan_key(controller, request, ctx) == ()


async def test_a_wrong_plan_of_a_controller_is_refused() -> None:
    calls, controller, ctx = registered(answering(AUDIT))
    with pytest.raises(VerbError, match="plan of plugin demo: it returned Audit, but may return"):
        await calls.plan_key(controller, api.Request(key="a", attempt=1), ctx)


async def test_who_is_asked_to_look_cannot_write(ctx: api.VerbContext) -> None:
    wrote = False

    async def writes(ctx: api.VerbContext, verb: str) -> tuple[()]:
        nonlocal wrote
        async with ctx.external.call("avi", "GET pool", write=False):
            pass
        async with ctx.external.call("avi", "DELETE pool", write=True):
            wrote = True
        return ()

    calls, plugin = calling(writes)
    looking = structs.replace(ctx, external=external.External(guard=external.ReadOnly()))
    with pytest.raises(VerbError, match="ReadOnlyError: it tried to write in a read-only call"):
        await calls.plan(plugin, looking, "sweep")
    assert not wrote
