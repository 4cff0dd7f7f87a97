from __future__ import annotations

import asyncio
import contextvars
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from prometheus_client import exposition

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin.api import hookimpl
from akoo_core.plugin.errors import SecretMissingError, VerbError
from akoo_core.plugin_host import caller, registry
from akoo_core.telemetry import metrics


class Demo(api.Plugin):
    """Does in drain, intend and secret_references what the test says."""

    name = "demo"

    def __init__(self, act: Callable[..., Any]) -> None:
        super().__init__()
        self.act = act

    @hookimpl
    async def drain(self, ctx: api.VerbContext) -> Any:
        answer = self.act(ctx)
        return await answer if asyncio.iscoroutine(answer) else answer

    @hookimpl
    def intend(self, view: api.View) -> Any:
        return self.act(view)

    @hookimpl
    def secret_references(self) -> Any:
        return self.act(None)

    @hookimpl
    def on_event(self, event: api.LifecycleEvent) -> None:
        self.act(event)


class Quiet(api.Plugin):
    name = "quiet"


def _made(act: Callable[..., Any], timeout: float = 5.0) -> tuple[caller.VerbCaller, api.Plugin]:
    plugin = Demo(act)
    plugins = registry.PluginSet([plugin, Quiet()])
    return caller.VerbCaller(plugins, timeouts={"drain": timeout}), plugin


def _raise(error: BaseException) -> Callable[[object], Any]:
    def act(_: object) -> Any:
        raise error

    return act


def _observations(result: str) -> float:
    value = metrics.REGISTRY.get_sample_value(
        "akoo_verb_seconds_count", {"verb": "drain", "plugin": "demo", "result": result}
    )
    return value or 0.0


async def test_the_answer_comes_back_and_is_seen(
    ctx: api.VerbContext, spans: InMemorySpanExporter
) -> None:
    before = _observations("wait")
    wait = api.Wait(reason="StillDraining", message="9 objects left", after=5.0)
    calls, plugin = _made(lambda got: wait if got is ctx else None)
    assert await calls.call("drain", plugin, ctx) == wait
    (span,) = spans.get_finished_spans()
    assert span.name == "drain demo"
    assert dict(span.attributes or {}) == {
        "akoo.verb": "drain",
        "akoo.plugin": "demo",
        "akoo.record": "akoo-000000000001",
        "akoo.result": "wait",
        "akoo.reason": "StillDraining",
    }
    assert span.status.status_code is StatusCode.UNSET
    assert _observations("wait") == before + 1


def _trace_ids(result: str) -> set[str]:
    """Trace ids of the exemplars of calls with this result."""
    labels = {"verb": "drain", "plugin": "demo", "result": result}
    return {
        sample.exemplar.labels["trace_id"]
        for family in metrics.VERB_SECONDS.collect()
        for sample in family.samples
        if sample.exemplar and labels.items() <= sample.labels.items()
    }


async def test_a_notable_call_leads_from_the_metric_to_its_trace(
    ctx: api.VerbContext, spans: InMemorySpanExporter
) -> None:
    calls, plugin = _made(lambda _: api.Blocked(reason="NotMine", message="m"))
    await calls.call("drain", plugin, ctx)
    (span,) = spans.get_finished_spans()
    assert span.context is not None
    trace_id = trace.format_trace_id(span.context.trace_id)
    assert trace_id in _trace_ids("blocked")
    encode, _ = exposition.choose_encoder("application/openmetrics-text; version=1.0.0")
    text = encode(metrics.REGISTRY).decode()
    assert f'# {{trace_id="{trace_id}"}}' in text


async def test_a_quick_call_that_is_done_names_no_trace(
    ctx: api.VerbContext, spans: InMemorySpanExporter
) -> None:
    before = _observations("done")
    calls, plugin = _made(lambda _: api.Done())
    await calls.call("drain", plugin, ctx)
    (span,) = spans.get_finished_spans()
    assert span.context is not None
    assert _observations("done") == before + 1
    assert trace.format_trace_id(span.context.trace_id) not in _trace_ids("done")


async def test_a_plugin_without_the_verb_answers_none_and_is_not_seen(
    ctx: api.VerbContext, spans: InMemorySpanExporter
) -> None:
    calls, plugin = _made(lambda _: api.Done())
    assert await calls.call("sweep", plugin, ctx) is None
    assert not calls.implements(plugin, "sweep")
    assert calls.implements(plugin, "drain")
    assert spans.get_finished_spans() == ()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("bad\nsecond line"), "drain of plugin demo: ValueError: bad"),
        (KeyError(), "drain of plugin demo: KeyError"),
        (
            ExceptionGroup("g", [OSError("a"), ExceptionGroup("h", [ValueError("b")])]),
            "drain of plugin demo: OSError: a (and 1 more)",
        ),
        (TimeoutError("slow vCenter"), "drain of plugin demo: TimeoutError: slow vCenter"),
    ],
)
async def test_what_a_verb_raises_is_a_verb_error_with_its_cause(
    ctx: api.VerbContext, spans: InMemorySpanExporter, error: Exception, text: str
) -> None:
    calls, plugin = _made(_raise(error))
    with pytest.raises(VerbError) as caught:
        await calls.call("drain", plugin, ctx)
    assert str(caught.value) == text
    assert caught.value.__cause__ is error
    assert (caught.value.plugin, caught.value.verb) == ("demo", "drain")
    assert not caught.value.timed_out
    (span,) = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == type(error).__name__
    assert (span.attributes or {})["akoo.result"] == "error"
    assert span.events == ()


async def test_no_secret_leaves_with_an_error(
    ctx: api.VerbContext, spans: InMemorySpanExporter
) -> None:
    calls, plugin = _made(_raise(RuntimeError("login password=c4nary at https://u:c4nary@avi")))
    with pytest.raises(VerbError) as caught:
        await calls.call("drain", plugin, ctx)
    assert "c4nary" not in str(caught.value)
    (span,) = spans.get_finished_spans()
    assert "c4nary" not in span.to_json()


async def test_a_verb_past_its_timeout_is_cancelled(
    ctx: api.VerbContext, spans: InMemorySpanExporter
) -> None:
    calls, plugin = _made(lambda _: asyncio.Event().wait(), timeout=0.01)
    with pytest.raises(VerbError, match=r"took longer than 0\.01 s") as caught:
        await calls.call("drain", plugin, ctx)
    assert caught.value.timed_out
    assert (spans.get_finished_spans()[0].attributes or {})["akoo.result"] == "timeout"


async def test_cancelling_the_caller_is_no_verb_error(
    ctx: api.VerbContext, spans: InMemorySpanExporter
) -> None:
    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        await asyncio.Event().wait()

    calls, plugin = _made(lambda _: hang())
    task = asyncio.create_task(calls.call("drain", plugin, ctx))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (spans.get_finished_spans()[0].attributes or {})["akoo.result"] == "cancelled"


async def test_a_cancellation_that_nobody_asked_for_does_not_end_the_worker(
    ctx: api.VerbContext,
) -> None:
    calls, plugin = _made(_raise(asyncio.CancelledError()))
    with pytest.raises(VerbError, match="cancelled"):
        await calls.call("drain", plugin, ctx)


async def test_lost_leadership_and_the_end_of_the_process_pass_through(
    ctx: api.VerbContext,
) -> None:
    class Crash(errors.ProcessEnd):
        pass

    group = BaseExceptionGroup("tasks", [Crash()])
    for error in (errors.LeadershipLostError("not leader"), Crash(), KeyboardInterrupt(), group):
        calls, plugin = _made(_raise(error))
        with pytest.raises(type(error)):
            await calls.call("drain", plugin, ctx)
        with pytest.raises(type(error)):
            calls.call_pure("intend", plugin, ctx.view)


class PanicError(BaseException):
    """As libraries written in Rust raise it."""


@pytest.mark.parametrize(
    "error",
    [
        PanicError("unwrap on None"),
        SystemExit(3),
        GeneratorExit(),
        BaseExceptionGroup("tasks", [PanicError("inner")]),
        MemoryError(),
        RecursionError("too deep"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_else_a_plugin_raises_is_its_own_failure(
    ctx: api.VerbContext, error: BaseException
) -> None:
    calls, plugin = _made(_raise(error))
    with pytest.raises(VerbError, match="drain of plugin demo"):
        await calls.call("drain", plugin, ctx)
    with pytest.raises(VerbError, match="intend of plugin demo"):
        calls.call_pure("intend", plugin, ctx.view)
    event = api.LifecycleEvent(kind="ClusterLetGo", record_name="a", namespace="b", name="c")
    calls.notify(event)


async def test_a_verb_that_cancels_its_own_task_hurts_nobody(ctx: api.VerbContext) -> None:
    async def drain(seconds: float) -> api.Done:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_later(0.01, task.cancel)
        await asyncio.sleep(seconds)
        return api.Done()

    calls, plugin = _made(lambda _: drain(0.0))
    assert await calls.call("drain", plugin, ctx) == api.Done()
    await asyncio.sleep(0.02)  # The timer fires when the verb is long over.
    calls, plugin = _made(lambda _: drain(5.0))
    with pytest.raises(VerbError, match="cancelled"):
        await calls.call("drain", plugin, ctx)
    here = asyncio.current_task()
    assert here is not None
    assert here.cancelling() == 0


async def test_a_blocked_error_is_the_answer_blocked(ctx: api.VerbContext) -> None:
    calls, plugin = _made(_raise(SecretMissingError("make Secret a/b")))
    blocked = api.Blocked(reason="SecretMissing", message="make Secret a/b")
    assert await calls.call("drain", plugin, ctx) == blocked
    assert calls.call_pure("intend", plugin, ctx.view) == blocked
    with pytest.raises(VerbError, match="SecretMissingError: make Secret a/b"):
        calls.call_pure("secret_references", plugin, ctx.view)


async def test_a_wrong_answer_names_what_came_and_what_may(ctx: api.VerbContext) -> None:
    calls, plugin = _made(lambda _: True)
    with pytest.raises(
        VerbError, match="returned bool, but may return Done, Wait, Blocked or None"
    ):
        await calls.call("drain", plugin, ctx)
    with pytest.raises(VerbError, match="returned bool, but may return Intent, Blocked or None"):
        calls.call_pure("intend", plugin, ctx.view)
    calls, plugin = _made(lambda _: (("a", "b"), "ab"))
    with pytest.raises(VerbError, match=r"\(namespace, name\) pairs"):
        calls.call_pure("secret_references", plugin, ctx.view)


class Color(api.Fact, frozen=True, kw_only=True):
    fact_name = "Color"

    rgb: str


class Taste(Color, frozen=True, kw_only=True):
    fact_name = "Taste"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (api.Wait(reason="not ready", message="", after=1.0), "reason 'not ready' is not a Camel"),
        (api.Blocked(reason="", message=""), "its reason '' is not a CamelCase noun"),
        (api.Done(facts=(Taste(rgb="1"),)), "gave the fact Taste, but the plugin provides Color"),
        (api.Done(facts=(Color(rgb="1"), Color(rgb="2"))), "it gave a fact twice (Color, Color)"),
        (api.Done(facts=(Color(rgb="1"),)), None),
        (
            api.Done(declines=("Taste",)),
            "it declines the fact Taste, but the plugin provides Color",
        ),
        (
            api.Done(facts=(Color(rgb="1"),), declines=("Color",)),
            "it gives and declines the fact Color",
        ),
        (api.Done(declines=("Color",)), None),
    ],
)
async def test_an_answer_that_nobody_could_use_is_refused_here(
    ctx: api.VerbContext, monkeypatch: pytest.MonkeyPatch, answer: Any, problem: str | None
) -> None:
    monkeypatch.setattr(Demo, "provides", (Color,))
    calls, plugin = _made(lambda _: answer)
    if problem is None:
        assert await calls.call("drain", plugin, ctx) == answer
        return
    with pytest.raises(VerbError, match=re.escape(problem)):
        await calls.call("drain", plugin, ctx)


async def test_tasks_that_a_verb_leaves_running_are_stopped_and_named(
    ctx: api.VerbContext, caplog: pytest.LogCaptureFixture
) -> None:
    cancelled = asyncio.Event()
    bystander = asyncio.create_task(asyncio.Event().wait())

    async def forgotten() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def drain() -> api.Done:
        nested = asyncio.Event()

        async def parent() -> None:
            asyncio.create_task(forgotten(), name="grandchild")  # noqa: RUF006
            nested.set()

        await asyncio.create_task(parent())
        await nested.wait()
        loop = asyncio.get_running_loop()
        self_standing.append(
            loop.create_task(asyncio.Event().wait(), context=contextvars.Context())
        )
        return api.Done()

    self_standing: list[asyncio.Task[Any]] = []
    labels = {"verb": "drain", "plugin": "demo"}
    name = "akoo_verb_leaked_tasks_total"
    before = metrics.REGISTRY.get_sample_value(name, labels) or 0.0
    calls, plugin = _made(lambda _: drain())
    with caplog.at_level(logging.WARNING, "akoo_core.plugin_host.bounded"):
        assert await calls.call("drain", plugin, ctx) == api.Done()
    assert cancelled.is_set()
    (line,) = [
        record for record in caplog.records if record.name == "akoo_core.plugin_host.bounded"
    ]
    assert "grandchild" in vars(line)["tasks"]
    assert "forgotten" in vars(line)["tasks"]
    assert metrics.REGISTRY.get_sample_value(name, labels) == before + 1
    for task in (bystander, *self_standing):
        assert not task.done()
        task.cancel()
    await asyncio.wait([bystander, *self_standing])


async def test_a_verb_that_ends_its_tasks_is_not_blamed(
    ctx: api.VerbContext, caplog: pytest.LogCaptureFixture
) -> None:
    async def drain() -> api.Done:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
        return api.Done()

    calls, plugin = _made(lambda _: drain())
    assert await calls.call("drain", plugin, ctx) == api.Done()
    assert caplog.records == []


def test_arguments_are_passed_by_name_and_events_are_isolated(
    view: api.View, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[object] = []
    calls, plugin = _made(seen.append)
    assert calls.call_pure("intend", plugin, view) is None
    event = api.LifecycleEvent(kind="ClusterLetGo", record_name="a", namespace="b", name="c")
    calls.notify(event)
    assert seen == [view, event]
    calls, _ = _made(_raise(ValueError("no")))
    calls.notify(event)
    (line,) = caplog.records
    assert vars(line)["error"] == "on_event of plugin demo: ValueError: no"
