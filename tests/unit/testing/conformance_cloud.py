"""A small system outside, and a plugin that uses it as every plugin should."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Literal

from akoo_core import testing
from akoo_core.kube import resource
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.testing import builders

VOLUMES = Resource("cloud.example", "v1", "volumes", "Volume", namespaced=False)
TOKEN = api.SecretSource(namespace="ops", name="cloud", key="token")


class Region(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Region"
    name: str


class Zone(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Zone"
    name: str = "a"


class Volume(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Volume"
    name: str


class Cloud:
    """Keeps volumes by name. A name can be used twice: the cloud does not mind."""

    def __init__(self) -> None:
        self.volumes: list[str] = []


class CloudWorld(testing.World):
    """A cluster, and a cloud beside it."""

    def __init__(self) -> None:
        volume = {
            "apiVersion": "cloud.example/v1",
            "kind": "Volume",
            "metadata": {"name": "shared"},
            "spec": {},
        }
        super().__init__(
            secrets=[builders.secret("ops", "cloud", "token", user="shop")],
            management=[volume],
            resources=[VOLUMES],
            facts=[Region(name="north"), Zone(name="b")],
        )
        self.cloud = Cloud()

    def outside(self) -> object:
        return list(self.cloud.volumes)


class GoodPlugin(api.Plugin):
    """One volume for each cluster, and a ConfigMap that names it."""

    name = "good"
    provides: ClassVar[tuple[type[api.Fact], ...]] = (Volume,)
    requires: ClassVar[tuple[type[api.Fact], ...]] = (Region,)
    accepts: ClassVar[tuple[type[api.Fact], ...]] = (Zone,)
    rbac: ClassVar[tuple[api.RbacRule, ...]] = (
        api.RbacRule(
            groups=("cloud.example",),
            resources=("volumes", "volumes/status"),
            verbs=("get", "list", "watch", "patch"),
        ),
    )

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self.cloud = cloud

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent:
        use = api.Use(resource=VOLUMES, name="shared", uid="u-1")
        return api.Intent(data={"volume": f"vol-{view.record_name}"}, uses=(use,))

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        await ctx.secrets.read(TOKEN)
        name = volume(ctx)
        if not await self.exists(ctx, name):
            async with ctx.external.call("cloud", "POST volume", write=True, subject=name):
                await asyncio.sleep(0)
                self.cloud.volumes.append(name)
        return api.Done(facts=(Volume(name=name),))

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        region, zone = view.fact(Region), view.fact(Zone)
        config_map = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"namespace": "kube-system", "name": "volume"},
            "data": {"region": region.name if region else "", "zone": zone.name if zone else ""},
        }
        secret = api.SecretObject(namespace="kube-system", name="cloud", data={"token": TOKEN})
        return api.Contribution(objects=(config_map,), secrets=(secret,))

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        if ctx.workload is None:
            return api.Wait(reason="WorkloadUnreachable", message="no answer", after=1.0)
        await ctx.workload.get(resource.CONFIG_MAPS, "volume", "kube-system")
        return api.Done(facts=(Volume(name=volume(ctx)),))

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result:
        name = volume(ctx)
        if await self.exists(ctx, name):
            async with ctx.external.call("cloud", "DELETE volume", write=True, subject=name):
                await asyncio.sleep(0)
                self.cloud.volumes.remove(name)
        return api.Done()

    @api.hookimpl
    async def verify(self, ctx: api.VerbContext) -> api.Proof:
        return api.Proof(own=int(await self.exists(ctx, volume(ctx))))

    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: Literal["prepare", "sweep"]
    ) -> tuple[api.PlannedAction, ...] | None:
        name = volume(ctx)
        there = await self.exists(ctx, name)
        if there is (verb == "prepare"):
            return ()
        action: Literal["create", "delete"] = "create" if verb == "prepare" else "delete"
        return (api.PlannedAction(action=action, kind="Volume", name=name, why="named by intent"),)

    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...] | None:
        await ctx.secrets.read(TOKEN)
        try:
            async with ctx.external.call("cloud", "GET volumes", write=False):
                count = len(self.cloud.volumes)
        except ConnectionError as error:
            message = f"It does not answer: {error}. Check its address."
            return (finding("wrong", message),)
        return (finding("good", f"It answers, and has {count} volumes."),)

    @api.hookimpl
    async def audit(self, ctx: api.AuditContext) -> api.Audit | None:
        living = {f"vol-{record.spec.ako_cluster_name}" for record in ctx.records}
        return api.Audit(
            strays=tuple(
                api.Stray(owner=volume.removeprefix("vol-"), kind="Volume", name=volume)
                for volume in self.cloud.volumes
                if volume not in living
            )
        )

    @api.hookimpl
    async def remove_stray(self, ctx: api.AuditContext, owner: str) -> api.Result | None:
        async with ctx.external.call("cloud", "DELETE volume", write=True, subject=f"vol-{owner}"):
            self.cloud.volumes[:] = [
                volume for volume in self.cloud.volumes if volume != f"vol-{owner}"
            ]
        return api.Done()

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (
            api.ControllerRegistration(
                name="volumes",
                watches=(VOLUMES,),
                writes=(VOLUMES,),
                keys=lambda _, obj: (obj["metadata"]["name"],),
                reconcile=self.reconcile,
                plan=self.plan_volume,
                sources=(self.follow,),
            ),
        )

    async def plan_volume(
        self, request: api.Request, ctx: api.ControllerContext
    ) -> tuple[api.PlannedAction, ...]:
        volume = await ctx.kube.get(VOLUMES, request.key)
        if volume.get("status") == {"ready": True}:
            return ()
        return (api.PlannedAction(action="change", kind="Volume", name=request.key),)

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        volume = await ctx.kube.get(VOLUMES, request.key)
        if not (volume.get("status") or {}).get("ready"):
            patch = {"status": {"ready": True}}
            await ctx.kube.merge_patch(VOLUMES, request.key, patch, subresource="status")
        return api.Done()

    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        known: set[str] = set()
        while True:
            async with ctx.external.call(
                "cloud", "wait for volumes", write=False, deadline_seconds=30.0, waiting=True
            ) as span:
                names = {"shared", *self.cloud.volumes}
                if names == known:
                    await asyncio.sleep(25.0)
                else:
                    span.add_event("changed")
            for name in sorted(names - known):
                add(name)
            known = names

    async def exists(self, ctx: api.VerbContext, name: str) -> bool:
        async with ctx.external.call("cloud", "GET volume", write=False, subject=name):
            await asyncio.sleep(0)
            return name in self.cloud.volumes


def finding(state: api.FindingState, message: str) -> api.Finding:
    """The cloud in that state."""
    return api.Finding(system="cloud", subject="volumes", state=state, message=message)


def volume(ctx: api.VerbContext) -> str:
    """The volume's name: as intended, which is from the record."""
    stored = ctx.view.intent(ctx.plugin)
    return str(stored.data["volume"]) if stored else f"vol-{ctx.view.record_name}"
