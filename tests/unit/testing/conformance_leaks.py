"""Plugins with one mistake each: in what they show, and in what they are allowed to do."""

from __future__ import annotations

import contextlib
import logging
from typing import ClassVar, Literal

from akoo_core import structs
from akoo_core.kube import resource
from akoo_core.plugin import api
from tests.unit.testing import conformance_cloud as cloud
from tests.unit.testing.conformance_cloud import GoodPlugin as Good


async def token(ctx: api.VerbContext) -> str:
    return (await ctx.secrets.read(cloud.TOKEN) or b"").decode()


class LogsASecret(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        ctx.log.debug("logging in with %s", await token(ctx))
        return api.Done()


class LogsASecretElsewhere(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        logging.getLogger("vendor").debug("login", extra={"with": await token(ctx)})
        return api.Done()


class TracesASecret(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        with ctx.tracer.start_as_current_span("login") as span:
            span.set_attribute("with", await token(ctx))
        return api.Done()


class TellsASecret(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        return api.Done(message=f"logged in with {await token(ctx)}")


class SaysASecretWhenRefused(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        value = await token(ctx)
        try:
            await self.exists(ctx, "any")
        except OSError as error:
            raise RuntimeError(f"refused {value}") from error
        return api.Done()


class StoresASecret(Good):
    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        return api.Done(facts=(cloud.Volume(name=await token(ctx)),))


class WritesASecretInTheOpen(Good):
    @api.hookimpl
    async def drain(self, ctx: api.VerbContext) -> api.Result:
        value = await token(ctx)
        if ctx.workload is not None:
            config_map = await ctx.workload.get(resource.CONFIG_MAPS, "volume", "kube-system")
            if config_map["data"].get("token") != value:
                patch = {"data": {"token": value}}
                await ctx.workload.merge_patch(resource.CONFIG_MAPS, "volume", patch, "kube-system")
        return api.Done()


class UsesWithoutRights(Good):
    rbac: ClassVar[tuple[api.RbacRule, ...]] = (
        api.RbacRule(
            groups=("cloud.example",),
            resources=("volumes", "volumes/status"),
            verbs=("list", "watch", "patch"),
        ),
    )

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return ()


class ReconcilesWithoutRights(Good):
    rbac: ClassVar[tuple[api.RbacRule, ...]] = (
        api.RbacRule(
            groups=("cloud.example",),
            resources=("volumes",),
            verbs=("get", "list", "watch", "patch"),
        ),
    )


class AppliesWithoutTheRightToCreate(Good):
    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        if request.key == "copy":
            return api.Done()
        copy = {
            "apiVersion": "cloud.example/v1",
            "kind": "Volume",
            "metadata": {"name": "copy"},
        }
        await ctx.kube.apply(cloud.VOLUMES, copy)
        return api.Done()


class ReconcilesAgain(Good):
    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        patch = {"status": {"ready": True}}
        await ctx.kube.merge_patch(cloud.VOLUMES, request.key, patch, subresource="status")
        return api.Done()


class ReconcilesOutOfScope(Good):
    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        await ctx.kube.get(resource.SECRETS, "cloud", "ops")
        return api.Done()


class PlansByDoing(Good):
    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: Literal["prepare", "sweep"]
    ) -> tuple[api.PlannedAction, ...] | None:
        await self.prepare(ctx)
        return ()


class PlansByDoingInSilence(Good):
    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: Literal["prepare", "sweep"]
    ) -> tuple[api.PlannedAction, ...] | None:
        self.cloud.volumes.append("planned")
        return ()


class PlansAKeyByDoing(Good):
    async def plan_volume(
        self, request: api.Request, ctx: api.ControllerContext
    ) -> tuple[api.PlannedAction, ...]:
        await self.reconcile(request, ctx)
        return ()


class PlansAKeyForEver(Good):
    async def plan_volume(
        self, request: api.Request, ctx: api.ControllerContext
    ) -> tuple[api.PlannedAction, ...]:
        return (api.PlannedAction(action="change", kind="Volume", name=request.key),)


class ChecksByDoing(Good):
    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...] | None:
        async with ctx.external.call("cloud", "POST volume", write=True):
            self.cloud.volumes.append("probe")
        return ()


class ChecksByDoingInSilence(Good):
    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...] | None:
        self.cloud.volumes.append("probe")
        return ()


class ChecksInVain(Good):
    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...] | None:
        with contextlib.suppress(ConnectionError):
            async with ctx.external.call("cloud", "GET volumes", write=False):
                pass
        return (cloud.finding("good", "It answers."),)


class ShowsASecretInAFinding(Good):
    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...] | None:
        value = (await ctx.secrets.read(cloud.TOKEN) or b"").decode()
        return (structs.replace(cloud.finding("good", ""), data={"token": value}),)


class ShowsTheLiving(Good):
    @api.hookimpl
    async def audit(self, ctx: api.AuditContext) -> api.Audit | None:
        owners = [volume.removeprefix("vol-") for volume in self.cloud.volumes]
        strays = tuple(api.Stray(owner=owner, kind="Volume", name=owner) for owner in owners)
        return api.Audit(strays=strays)
