"""Controllers of plugins inside the operator: their means, the Secrets they wait for, and what
the verbs of their plugin read."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from akoo_core import structs, testing
from akoo_core.kube import client
from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from akoo_core.testing import builders, virtual_time

NAMESPACE = "akoo-system"


def _needs(obj: client.Object) -> tuple[tuple[str, str], ...]:
    secret = (obj.get("data") or {}).get("secret")
    return ((NAMESPACE, secret),) if secret else ()


class Pools(api.Plugin):
    """Pools are ConfigMaps here. A pool that names a Secret is good when its key can be read."""

    name = "pools"
    rbac: ClassVar[tuple[api.RbacRule, ...]] = (
        api.RbacRule(
            groups=("",), resources=("configmaps",), verbs=("get", "list", "watch", "patch")
        ),
    )

    def __init__(self, seen: list[tuple[str, str]]) -> None:
        super().__init__()
        self.seen = seen

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (
            api.ControllerRegistration(
                name="pools",
                watches=(resources.CONFIG_MAPS,),
                keys=lambda kind, obj: (obj["metadata"]["name"],),
                reconcile=self.reconcile,
                writes=(resources.CONFIG_MAPS,),
                secrets=_needs,
            ),
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        pool = await ctx.kube.get(resources.CONFIG_MAPS, request.key, NAMESPACE)
        key = ""
        for namespace, name in _needs(pool):
            source = api.SecretSource(namespace=namespace, name=name, key="key", optional=True)
            value = await ctx.secrets.read(source)
            key = value.decode() if value is not None else "none"
        self.seen.append((request.key, key))
        return api.Done()

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        assert ctx.shared is not None
        pool = await ctx.shared.get(resources.CONFIG_MAPS, "plain", NAMESPACE)
        return api.Done(message=f"pool {pool['metadata']['name']}")


def _pool(name: str, **data: str) -> client.Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": data,
    }


@virtual_time.test
async def test_a_secret_that_comes_changes_or_goes_is_seen_at_once(
    clock: virtual_time.LoopClock,
) -> None:
    seen: list[tuple[str, str]] = []
    async with testing.Fleet(clock, lambda: [Pools(seen)]) as fleet:
        fleet.management.seed(_pool("plain"), _pool("needs", secret="transfer"))
        await asyncio.sleep(5)
        assert sorted(seen) == [("needs", "none"), ("plain", "")]
        seen.clear()
        made = builders.secret(NAMESPACE, "transfer", key="one")
        await fleet.user.create(resources.SECRETS, made, NAMESPACE)
        await asyncio.sleep(2)
        assert seen == [("needs", "one")]
        patch = {"data": {"key": "dHdv"}}
        await fleet.user.merge_patch(resources.SECRETS, "transfer", patch, NAMESPACE)
        await asyncio.sleep(2)
        await fleet.user.create(resources.SECRETS, builders.secret(NAMESPACE, "another"), NAMESPACE)
        await fleet.user.delete(resources.SECRETS, "transfer", NAMESPACE)
        await asyncio.sleep(2)
        assert seen == [("needs", "one"), ("needs", "two"), ("needs", "none")]


@virtual_time.test
async def test_verbs_read_what_the_controllers_of_their_plugin_watch(
    clock: virtual_time.LoopClock,
) -> None:
    async with testing.Fleet(clock, lambda: [Pools([])]) as fleet:
        fleet.management.seed(_pool("plain"))
        await fleet.create_config()
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running")


@virtual_time.test
async def test_in_memory_threads_take_no_time(clock: virtual_time.LoopClock) -> None:
    class Blocking(api.Plugin):
        name = "blocking"

        @api.hookimpl
        async def prepare(self, ctx: api.VerbContext) -> api.Result:
            before = ctx.clock.monotonic()
            async with ctx.external.call("shelf", "GET card", write=False):
                value = await ctx.threads.run(str.upper, "called")
            assert (value, ctx.clock.monotonic()) == ("CALLED", before)
            return api.Done()

    async with testing.Fleet(clock, lambda: [Blocking()]) as fleet:
        await fleet.create_config()
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running", seconds=60)


@virtual_time.test
async def test_a_record_is_looked_at_when_a_secret_it_depends_on_changes(
    clock: virtual_time.LoopClock,
) -> None:
    asked: list[float] = []

    class Depends(api.Plugin):
        name = "depends"

        @api.hookimpl
        def secret_references(self, view: api.View) -> tuple[tuple[str, str], ...]:
            return ((NAMESPACE, view.spec.config_ref.name),)

        @api.hookimpl
        async def prepare(self, ctx: api.VerbContext) -> api.Result:
            asked.append(ctx.clock.monotonic())
            return api.Done()

    async with testing.Fleet(clock, lambda: [Depends()]) as fleet:
        await fleet.create_config()
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running")
        await asyncio.sleep(5)
        before = len(asked)
        other, own = builders.secret(NAMESPACE, "other"), builders.secret(NAMESPACE, "default")
        await fleet.user.create(resources.SECRETS, other, NAMESPACE)
        await asyncio.sleep(5)
        assert len(asked) == before
        await fleet.user.create(resources.SECRETS, own, NAMESPACE)
        await asyncio.sleep(5)
        assert len(asked) > before


@virtual_time.test
async def test_each_leader_runs_the_sources_and_ends_them_at_its_stop(
    clock: virtual_time.LoopClock,
) -> None:
    running: list[str] = []
    seen: list[str] = []

    class Follows(Pools):
        @api.hookimpl
        def controllers(self) -> tuple[api.ControllerRegistration, ...]:
            (pools,) = super().controllers()
            return (structs.replace(pools, reconcile=self.note, sources=(self.follow,)),)

        async def note(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
            seen.append(request.key)
            return api.Done()

        async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
            running.append("started")
            try:
                await asyncio.sleep(30)
                add("news")
                await asyncio.Event().wait()
            finally:
                running.append("ended")

    async with testing.Fleet(clock, lambda: [Follows([])]) as fleet:
        await asyncio.sleep(60)
        assert (running, seen) == (["started"], ["news"])
        await fleet.stop()
        assert running == ["started", "ended"]
        await fleet.restart()
        await asyncio.sleep(60)
        assert seen == ["news", "news"]
    assert running == ["started", "ended"] * 2
