from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from akoo_core import clock as clock_
from akoo_core import external
from akoo_core.kube import client
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.plugin.errors import OutOfScopeError
from akoo_core.plugin_host import context, controller_runner, controllers, secret_changes
from akoo_core.reconcile.read import secret_reader
from akoo_core.telemetry import metrics
from akoo_core.testing import builders, spans, virtual_time
from akoo_core.testing.memory import MemoryServer

Reconcile = Callable[[api.Request, api.ControllerContext], Awaitable[api.Result]]


class Demo(api.Plugin):
    name = "demo"


def _object(name: str) -> client.Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
        "data": {"for": name},
    }


def _keys(resource: Resource, obj: client.Object) -> tuple[str, ...]:
    if obj["metadata"]["name"] == "odd":
        raise ValueError("token=c4nary")
    answers: dict[str, Any] = {"none": None, "text": "abc", "numbers": (1, 2)}
    if obj["metadata"]["name"] in answers:
        answer: tuple[str, ...] = answers[obj["metadata"]["name"]]
        return answer
    return (obj["data"]["for"],)


def _needed(obj: client.Object) -> tuple[tuple[str, str], ...]:
    if obj["metadata"]["name"] == "odd":
        raise ValueError("token=c4nary")
    needs = obj["data"].get("needs")
    return (("ops", needs),) if needs else ()


class _Threads:
    async def run(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)


@contextlib.asynccontextmanager
async def _running(
    server: MemoryServer,
    clock: clock_.Clock,
    reconcile: Reconcile,
    changes: secret_changes.SecretChanges | None = None,
    goes_by: Callable[[Resource, client.Object], object] | None = None,
    subject: Resource | None = None,
) -> AsyncIterator[asyncio.Event]:
    """The controller at work while the body runs; it must end when stopped."""
    seam, pools = external.External(), {"demo": _Threads()}
    means = context.Means(
        clock=clock,
        external=seam,
        secrets=secret_reader.ManagementSecretReader(
            server.client(), allowed_namespaces=["ops"]
        ).once,
        threads=pools.__getitem__,
        management_id="mgmt",
        secret_changes=changes,
    )
    registration = api.ControllerRegistration(
        name="maps",
        watches=(resources.CONFIG_MAPS,),
        keys=_keys,
        reconcile=reconcile,
        writes=(resources.CONFIG_MAPS,),
        workers=2,
        secrets=_needed if changes else None,
        goes_by=goes_by,
        subject=subject,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(
        controller_runner.run_controller(
            controllers.Controller(Demo(), registration),
            client=server.client(),
            means=means,
            stop=stop,
        )
    )
    yield stop
    stop.set()
    await task


@virtual_time.test
async def test_keys_of_old_and_new_state_are_reconciled(clock: virtual_time.LoopClock) -> None:
    server, seen = MemoryServer(), []
    server.seed(*map(_object, ("a", "odd", "none", "text", "numbers")))

    async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
        seen.append(request.key)
        return api.Done()

    async with _running(server, clock, reconcile):
        await virtual_time.settle()
        assert seen == ["a"]
        await asyncio.sleep(2)
        kube = server.client()
        await kube.merge_patch(resources.CONFIG_MAPS, "a", {"data": {"for": "b"}}, "default")
        await asyncio.sleep(2)
        assert sorted(seen) == ["a", "a", "b"]
        await kube.delete(resources.CONFIG_MAPS, "a", "default")
        await asyncio.sleep(2)
        assert sorted(seen) == ["a", "a", "b", "b"]


@virtual_time.test
async def test_what_a_controller_does_not_go_by_starts_nothing(
    clock: virtual_time.LoopClock,
) -> None:
    server, seen = MemoryServer(), []
    server.seed(_object("a"))

    async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
        seen.append(request.key)
        return api.Done()

    def goes_by(resource: Resource, obj: client.Object) -> object:
        if obj["data"].get("note") == "odd":
            raise ValueError("token=c4nary")
        return obj["data"]["for"]

    async with _running(server, clock, reconcile, goes_by=goes_by):
        kube = server.client()
        for data, expected in (
            ({"note": "even"}, ["a"]),
            ({"note": "odd"}, ["a", "a"]),  # it cannot tell: looking costs less than missing it
            ({"note": "even", "for": "b"}, ["a", "a", "a", "b"]),
        ):
            await asyncio.sleep(2)
            await kube.merge_patch(resources.CONFIG_MAPS, "a", {"data": data}, "default")
            await asyncio.sleep(2)
            assert sorted(seen) == expected


@virtual_time.test
async def test_an_attempt_at_an_object_is_found_by_its_name(clock: virtual_time.LoopClock) -> None:
    server = MemoryServer()
    server.seed(_object("a"))
    answers: list[api.Result] = []

    async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
        return answers.pop(0)

    keys = ("akoo.object", "akoo.verb", "akoo.key", "akoo.result", "akoo.reason")
    cases = (
        (None, (None, None, "a")),
        (resources.CONFIG_MAPS, ("ConfigMap/a", "maps", "a")),
    )
    for subject, named in cases:
        answers += (api.Wait(reason="Slow", message="", after=10.0), api.Done())
        with spans.recorded() as recording:
            async with _running(server, clock, reconcile, subject=subject):
                await asyncio.sleep(20)
        attempts = [span for span in recording.spans if span.name == "reconcile demo-maps"]
        assert [tuple(span.attributes.get(key) for key in keys) for span in attempts] == [
            (*named, "wait", "Slow"),
            (*named, "done", None),
        ]


@virtual_time.test
async def test_answers_say_when_to_look_again(clock: virtual_time.LoopClock) -> None:
    server = MemoryServer()
    server.seed(_object("a"))
    at: list[float] = []
    answers: list[api.Result] = [
        api.Wait(reason="Slow", message="", after=10.0),
        api.Blocked(reason="Full", message="", after=20.0),
        api.Done(recheck_seconds=40.0),
        api.Done(),
    ]

    async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
        at.append(clock.monotonic())
        return answers[len(at) - 1]

    async with _running(server, clock, reconcile):
        await asyncio.sleep(1000)
    waits = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert len(at) == len(answers)
    for wait, wanted in zip(waits, (10.0, 20.0, 40.0), strict=True):
        assert wanted <= wait <= wanted * 1.1


async def _hang(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    await asyncio.Event().wait()
    return api.Done()


async def _raise(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    raise ValueError("password=c4nary")


async def _wrong(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    return True  # type: ignore[return-value]


async def _trespass(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    await ctx.kube.get(resources.SECRETS, "a", "default")
    return api.Done()


@pytest.mark.parametrize(
    ("reconcile", "problem"),
    [
        (_hang, "controller maps of plugin demo: cancelled, it took longer than 120 s"),
        (_raise, "controller maps of plugin demo: ValueError: password=***"),
        (_wrong, "it returned bool, but may return Done, Wait or Blocked"),
        (_trespass, f"{OutOfScopeError.__name__}: controller maps of plugin demo may not read"),
    ],
)
def test_what_goes_wrong_is_retried_and_says_no_secret(
    reconcile: Reconcile, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    attempts: list[int] = []
    twice = asyncio.Event()

    async def counted(request: api.Request, ctx: api.ControllerContext) -> api.Result:
        attempts.append(request.attempt)
        if len(attempts) == 2:
            twice.set()
        return await reconcile(request, ctx)

    async def main(clock: virtual_time.LoopClock) -> None:
        server = MemoryServer()
        server.seed(_object("a"))
        async with _running(server, clock, counted) as stop:
            await twice.wait()
            stop.set()

    virtual_time.run(main)
    assert attempts[:2] == [1, 2]
    assert problem in caplog.text
    assert "c4nary" not in caplog.text


@virtual_time.test
async def test_it_stops_while_a_kind_cannot_be_listed(clock: virtual_time.LoopClock) -> None:
    server = MemoryServer(resources=(resources.NAMESPACES,))

    async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
        raise AssertionError("nothing was listed")

    async with _running(server, clock, reconcile):
        await asyncio.sleep(30)


@virtual_time.test
async def test_it_is_seen_under_its_name(clock: virtual_time.LoopClock) -> None:
    server = MemoryServer()
    server.seed(_object("a"))
    labels = {"controller": "demo-maps", "result": "success"}
    name = "controller_runtime_reconcile_total"
    before = metrics.REGISTRY.get_sample_value(name, labels) or 0.0

    async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
        return api.Done()

    async with _running(server, clock, reconcile):
        await asyncio.sleep(1)
    assert metrics.REGISTRY.get_sample_value(name, labels) == before + 1


@virtual_time.test
async def test_reconcile_gets_the_means_of_its_plugin(clock: virtual_time.LoopClock) -> None:
    server = MemoryServer()
    server.seed(_object("a"), builders.secret("ops", "credential", password="pw"))
    seen: list[api.ControllerContext] = []

    async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
        source = api.SecretSource(namespace="ops", name="credential", key="password")
        assert await ctx.secrets.read(source) == b"pw"
        assert await ctx.threads.run(sum, (1, 2)) == 3
        async with ctx.external.call("demo", "GET thing", write=False):
            seen.append(ctx)
        return api.Done()

    async with _running(server, clock, reconcile):
        await asyncio.sleep(1)
    (ctx,) = seen
    assert (ctx.management_id, ctx.clock) == ("mgmt", clock)


def test_its_log_lines_name_plugin_controller_and_key(caplog: pytest.LogCaptureFixture) -> None:
    async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
        ctx.log.info("judged", extra={"ready": True})
        return api.Done()

    async def main(clock: virtual_time.LoopClock) -> None:
        server = MemoryServer()
        server.seed(_object("a"))
        async with _running(server, clock, reconcile):
            await asyncio.sleep(1)

    with caplog.at_level(logging.INFO, logger="akoo_core.plugin.demo"):
        virtual_time.run(main)
    (line,) = (record for record in caplog.records if record.name == "akoo_core.plugin.demo")
    fields = {key: vars(line)[key] for key in ("plugin", "controller", "key", "ready")}
    assert fields == {"plugin": "demo", "controller": "maps", "key": "a", "ready": True}


@virtual_time.test
async def test_a_secret_that_changes_requeues_the_objects_that_name_it(
    clock: virtual_time.LoopClock,
) -> None:
    server, seen = MemoryServer(), []
    changes = secret_changes.SecretChanges()
    needing = _object("a")
    needing["data"]["needs"] = "credential"
    server.seed(needing, _object("b"), _object("odd"))

    async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
        seen.append(request.key)
        return api.Done()

    async with _running(server, clock, reconcile, changes):
        changes.changed("ops", "credential")
        await asyncio.sleep(2)
        assert sorted(seen) == ["a", "b"], "before the first list there is nothing to add"
        changes.changed("ops", "credential")
        changes.changed("ops", "another")
        changes.changed("elsewhere", "credential")
        await asyncio.sleep(2)
        assert sorted(seen) == ["a", "a", "b"]
        patch = {"data": {"needs": "another"}}
        await server.client().merge_patch(resources.CONFIG_MAPS, "a", patch, "default")
        await asyncio.sleep(2)
        changes.changed("ops", "credential")
        await asyncio.sleep(2)
        assert sorted(seen) == ["a", "a", "a", "b"], "it names another one now"
        changes.changed("ops", "another")
        await asyncio.sleep(2)
        assert sorted(seen) == ["a", "a", "a", "a", "b"]
    changes.changed("ops", "another")
    assert sorted(seen) == ["a", "a", "a", "a", "b"], "a controller that stopped hears nothing"


@virtual_time.test
async def test_its_attempts_and_workers_are_counted(clock: virtual_time.LoopClock) -> None:
    server = MemoryServer()
    server.seed(_object("a"))
    gate = asyncio.Event()

    def sample(name: str) -> float:
        labels = {"controller": "demo-maps"}
        sample = metrics.REGISTRY.get_sample_value(f"controller_runtime_{name}", labels)
        return sample or 0.0

    errors, seconds = sample("reconcile_errors_total"), sample("reconcile_time_seconds_count")

    async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
        await gate.wait()
        if request.attempt == 1:
            raise ValueError("the first time")
        return api.Done()

    async with _running(server, clock, reconcile):
        await asyncio.sleep(1)
        assert (sample("active_workers"), sample("max_concurrent_reconciles")) == (1.0, 2.0)
        gate.set()
        await asyncio.sleep(60)
        assert sample("active_workers") == 0.0
    assert sample("reconcile_errors_total") == errors + 1
    assert sample("reconcile_time_seconds_count") == seconds + 2


def test_a_listener_that_fails_does_not_keep_the_news_from_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    changes, heard = secret_changes.SecretChanges(), list[tuple[str, str]]()

    def broken(namespace: str, name: str) -> None:
        raise ValueError("token=c4nary")

    with changes.listening(broken), changes.listening(lambda *name: heard.append(name)):
        changes.changed("ops", "credential")
    assert heard == [("ops", "credential")]
    assert "c4nary" not in str([vars(line) for line in caplog.records])
