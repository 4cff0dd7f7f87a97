"""Sources of a controller: what they add is reconciled, and what goes wrong in them is theirs."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

import pytest

from akoo_core import errors
from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from akoo_core.plugin_host import controllers, registry, sources
from akoo_core.telemetry import metrics
from akoo_core.testing import builders, calls, spans, virtual_time
from akoo_core.testing.memory import MemoryServer
from tests.unit.plugin_host.controller_world import ControllerWorld, config_map


def restarts(reason: str) -> float:
    labels = {"controller": "demo-maps", "reason": reason}
    return metrics.REGISTRY.get_sample_value("akoo_source_restarts_total", labels) or 0.0


@virtual_time.test
async def test_a_key_that_a_source_adds_is_reconciled_at_once(
    clock: virtual_time.LoopClock,
) -> None:
    async def follow(ctx: api.ControllerContext, add: api.AddKey) -> None:
        await asyncio.sleep(100)
        add("vlan")
        await asyncio.Event().wait()

    world = ControllerWorld(clock, [follow])
    async with world.running():
        await asyncio.sleep(99)
        assert world.seen == []
        await asyncio.sleep(1)
        await virtual_time.settle()
        assert world.seen == ["vlan"]


@virtual_time.test
async def test_the_same_key_a_thousand_times_is_one_reconcile(
    clock: virtual_time.LoopClock,
) -> None:
    async def follow(ctx: api.ControllerContext, add: api.AddKey) -> None:
        for _ in range(1000):
            add("vlan")
        await asyncio.Event().wait()

    world = ControllerWorld(clock, [follow])
    async with world.running():
        await asyncio.sleep(60)
        assert world.seen == ["vlan"]


@virtual_time.test
async def test_a_source_starts_when_every_kind_was_listed(clock: virtual_time.LoopClock) -> None:
    started: list[float] = []

    async def follow(ctx: api.ControllerContext, add: api.AddKey) -> None:
        started.append(ctx.clock.monotonic())
        await asyncio.Event().wait()

    world = ControllerWorld(clock, [follow])
    world.server = MemoryServer(resources=(resources.NAMESPACES,))
    async with world.running():
        await asyncio.sleep(3600)
        assert started == []
        world.server.served.serve(resources.CONFIG_MAPS)
        await asyncio.sleep(120)
        assert len(started) == 1


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("failed", RuntimeError("password=c4nary")),
        ("failed", errors.LeadershipLostError("the lease")),
        ("failed", SystemExit(1)),
        ("ended", None),
    ],
)
def test_a_source_that_ends_or_raises_is_started_anew_with_backoff(
    reason: str, error: BaseException | None, caplog: pytest.LogCaptureFixture
) -> None:
    started: list[float] = []

    async def follow(ctx: api.ControllerContext, add: api.AddKey) -> None:
        started.append(ctx.clock.monotonic())
        add(f"run-{len(started)}")
        if len(started) == 9:  # a long run: the failures before it are forgotten
            await asyncio.sleep(sources.STEADY_SECONDS)
        if error is not None:
            raise error

    async def main(clock: virtual_time.LoopClock) -> None:
        world = ControllerWorld(clock, [follow])
        world.server.seed(config_map("other"))
        async with world.running():
            await asyncio.sleep(400)
        assert world.seen.count("other") == 1, "the controller goes on"
        assert [key for key in world.seen if key != "other"][:9] == [
            f"run-{number}" for number in range(1, 10)
        ]

    before = restarts(reason)
    virtual_time.run(main)
    pauses = [later - sooner for sooner, later in itertools.pairwise(started)]
    for pause, wanted in zip(pauses, (1, 2, 4, 8, 16, 32, 60, 60, 61, 2), strict=False):
        assert wanted <= pause <= wanted * 1.1
    assert restarts(reason) == before + len(started)
    assert f"a source of a controller {reason}" in caplog.text
    assert "c4nary" not in str([vars(line) for line in caplog.records])


@virtual_time.test
async def test_a_source_that_hangs_delays_nothing_and_ends_at_the_stop(
    clock: virtual_time.LoopClock,
) -> None:
    ended: list[str] = []

    async def follow(ctx: api.ControllerContext, add: api.AddKey) -> None:
        add("first")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    world = ControllerWorld(clock, [follow])
    world.server.seed(config_map("other"))
    async with world.running() as task:
        await asyncio.sleep(3600)
        assert sorted(world.seen) == ["first", "other"]
        assert ended == []
        before = clock.monotonic()
        world.stop.set()
        await task
        assert ended == ["cancelled"]
        assert clock.monotonic() == before


@virtual_time.test
async def test_at_the_stop_sources_end_before_reconciles_in_flight(
    clock: virtual_time.LoopClock,
) -> None:
    ended: list[float] = []

    async def follow(ctx: api.ControllerContext, add: api.AddKey) -> None:
        add("slow")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(ctx.clock.monotonic())

    class Slow(ControllerWorld):
        async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
            await asyncio.sleep(10)
            return api.Done()

    world = Slow(clock, [follow])
    async with world.running() as task:
        await asyncio.sleep(1)
        stopped = clock.monotonic()
        world.stop.set()
        await task
        assert ended == [stopped]
        assert clock.monotonic() > stopped


@virtual_time.test
async def test_with_the_lease_a_source_is_cancelled_and_abandoned_if_it_goes_on(
    clock: virtual_time.LoopClock,
) -> None:
    refused: list[type[BaseException]] = []

    async def follow(ctx: api.ControllerContext, add: api.AddKey) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(30)
        try:
            async with ctx.external.call("vcenter", "GET networks", write=False):
                pass
        except errors.CallRefusedError as error:
            refused.append(type(error))

    world = ControllerWorld(clock, [follow])
    async with world.running() as task:
        await asyncio.sleep(5)
        before = clock.monotonic()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert clock.monotonic() - before <= 2.0
        await asyncio.sleep(60)
        assert refused == [errors.CallRefusedError]
        world.stop.set()


@virtual_time.test
async def test_the_end_of_the_process_is_not_caught(clock: virtual_time.LoopClock) -> None:
    async def follow(ctx: api.ControllerContext, add: api.AddKey) -> None:
        raise calls.Crash

    world = ControllerWorld(clock, [follow])
    world.check = False
    async with world.running() as task:
        await asyncio.wait([task], timeout=10)
        error = task.exception()
    assert isinstance(error, BaseExceptionGroup)
    assert error.subgroup(calls.Crash) is not None


@virtual_time.test
async def test_a_key_that_is_no_text_is_the_failure_of_its_source(
    clock: virtual_time.LoopClock,
) -> None:
    async def follow(ctx: api.ControllerContext, add: api.AddKey) -> None:
        add(7)  # type: ignore[arg-type]

    world, before = ControllerWorld(clock, [follow]), restarts("failed")
    async with world.running():
        await asyncio.sleep(0.5)
    assert restarts("failed") == before + 1
    assert world.seen == []


@virtual_time.test
async def test_a_source_reads_a_secret_as_it_is_now(clock: virtual_time.LoopClock) -> None:
    source = api.SecretSource(namespace="ops", name="credential", key="password")
    values: list[bytes | None] = []
    versions: set[str] = set()

    async def follow(ctx: api.ControllerContext, add: api.AddKey) -> None:
        for _ in range(2):
            values.append(await ctx.secrets.read(source))
            versions.add(await ctx.secrets.version("ops", "credential"))
            await asyncio.sleep(10)
        await asyncio.Event().wait()

    world = ControllerWorld(clock, [follow])
    world.server.seed(builders.secret("ops", "credential", password="old"))
    async with world.running():
        await asyncio.sleep(5)
        patch = {"data": {"password": "bmV3"}}
        await world.server.client().merge_patch(resources.SECRETS, "credential", patch, "ops")
        await asyncio.sleep(10)
    assert values == [b"old", b"new"]
    assert len(versions) == 2


@virtual_time.test
async def test_waits_for_news_last_30_seconds_and_make_a_span_only_of_news(
    clock: virtual_time.LoopClock,
) -> None:
    news = asyncio.Event()

    async def follow(ctx: api.ControllerContext, add: api.AddKey) -> None:
        while True:
            async with ctx.external.call(
                "vcenter", "wait for updates", write=False, deadline_seconds=60.0, waiting=True
            ) as span:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(25):
                        await news.wait()
                if news.is_set():
                    news.clear()
                    span.add_event("changed", {"objects": 1})
                    add("vlan")

    world = ControllerWorld(clock, [follow])
    seam = world.seam = calls.Calls()
    with spans.recorded() as recording:
        async with world.running():
            await asyncio.sleep(3600)
            names = [span.name for span in recording.spans]
            assert "vcenter wait for updates" not in names
            news.set()
            await virtual_time.settle()
            (span,) = (span for span in recording.spans if span.name.startswith("vcenter"))
            assert span.events == ("changed {'objects': 1}",)
            assert world.seen == ["vlan"]
    waits = [call for call in seam.made if call.system == "vcenter"]
    assert len(waits) == pytest.approx(3600 / 25, abs=2)


def test_a_source_must_be_a_coroutine_function() -> None:
    class Wrong(api.Plugin):
        name = "wrong"
        rbac = (api.RbacRule(groups=("",), resources=("configmaps",), verbs=("*",)),)

        @api.hookimpl
        def controllers(self) -> tuple[api.ControllerRegistration, ...]:
            async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
                return api.Done()

            return (
                api.ControllerRegistration(
                    name="maps",
                    watches=(resources.CONFIG_MAPS,),
                    keys=lambda _, obj: (obj["metadata"]["name"],),
                    reconcile=reconcile,
                    sources=(lambda ctx, add: None,),  # type: ignore[arg-type, return-value]
                ),
            )

    with pytest.raises(errors.InputError, match='each of its sources must be "async def"'):
        controllers.collect(registry.PluginSet([Wrong()]))
