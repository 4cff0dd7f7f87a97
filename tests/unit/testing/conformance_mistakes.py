"""Plugins with one mistake each: in what verbs do when they are called again, late or early."""

from __future__ import annotations

import asyncio
import itertools

from akoo_core.plugin import api
from tests.unit.testing import conformance_cloud as cloud
from tests.unit.testing.conformance_cloud import GoodPlugin as Good

COUNT = itertools.count()


async def post(ctx: api.VerbContext, plugin: Good, name: str) -> None:
    async with ctx.external.call("cloud", "POST volume", write=True, subject=name):
        await asyncio.sleep(0)
        plugin.cloud.volumes.append(name)


class WritesAgain(Good):
    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        await post(ctx, self, cloud.volume(ctx))
        return api.Done()


class NeverStopsWriting(Good):
    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        await post(ctx, self, cloud.volume(ctx))
        return api.Wait(reason="VolumeMissing", message="soon", after=1.0)


class RemembersInTheProcess(Good):
    made = False

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        if not self.made:
            await post(ctx, self, cloud.volume(ctx))
        self.made = True
        return api.Done()


class AnswersAnotherWay(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        return api.Done(version=str(next(COUNT)))


class IsNotPure(Good):
    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        name = f"volume-{next(COUNT)}"
        metadata = {"namespace": "kube-system", "name": name}
        return api.Contribution(
            objects=({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata},)
        )


class ChangesItsConfig(Good):
    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent:
        view.config["spec"]["seen"] = True
        return api.Intent(data={"volume": f"vol-{view.record_name}"})


class Raises(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        raise KeyError("status")


class LeavesATask(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        self.task = asyncio.create_task(asyncio.sleep(3600))
        return api.Done()


class SwallowsCancellation(Good):
    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            return api.Wait(reason="Interrupted", message="later", after=1.0)
        return api.Done()


class MakesHalves(Good):
    """Two volumes that belong together; the second is forgotten when the first is there."""

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        name = cloud.volume(ctx)
        if not await self.exists(ctx, name):
            await post(ctx, self, name)
            await post(ctx, self, f"{name}-index")
        return api.Done()

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result:
        self.cloud.volumes.clear()
        return api.Done()


class NamesByChance(Good):
    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        if not any(volume.endswith("-known") for volume in self.cloud.volumes):
            name = f"{cloud.volume(ctx)}-{next(COUNT)}"
            await post(ctx, self, name)
            async with ctx.external.call("cloud", "PUT volume", write=True, subject=name):
                self.cloud.volumes[:] = [
                    f"{cloud.volume(ctx)}-known" if volume == name else volume
                    for volume in self.cloud.volumes
                ]
        return api.Done()


class CallsFailureSuccess(Good):
    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        try:
            if not await self.exists(ctx, cloud.volume(ctx)):
                await post(ctx, self, cloud.volume(ctx))
        except OSError:
            ctx.log.info("never mind")
        return api.Done()


class CatchesEverything(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        try:
            await self.exists(ctx, "any")
        except asyncio.CancelledError:
            raise
        except BaseException:  # noqa: BLE001
            return api.Wait(reason="Failed", message="later", after=1.0)
        return api.Done()


class SweepsWhatItRemembers(Good):
    """The fact is stored after prepare ended, so a crash before leaves a volume for ever."""

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result:
        fact = ctx.view.fact(cloud.Volume)
        if fact is None or not await self.exists(ctx, fact.name):
            return api.Done()
        async with ctx.external.call("cloud", "DELETE volume", write=True):
            self.cloud.volumes.remove(fact.name)
        return api.Done()

    @api.hookimpl
    async def verify(self, ctx: api.VerbContext) -> api.Proof:
        return api.Proof(own=0)


class NeedsAPastToLeave(Good):
    @api.hookimpl
    async def verify(self, ctx: api.VerbContext) -> api.Proof:
        name = str(ctx.view.spec.intents["good"].data["volume"])
        return api.Proof(own=int(await self.exists(ctx, name)))


class NeedsTheConfigToLeave(Good):
    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result:
        ctx.log.debug("sweeping %s", ctx.view.config["spec"])
        return api.Done()


class NeedsTheClusterToLeave(Good):
    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result:
        assert ctx.view.cluster is not None
        return api.Done()


class NeedsTheWorkloadToLeave(Good):
    @api.hookimpl
    async def drain(self, ctx: api.VerbContext) -> api.Result:
        assert ctx.workload is not None
        return api.Done()


class WaitsForTheWorkload(Good):
    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait:
        if ctx.workload is None:
            return api.Wait(reason="WorkloadUnreachable", message="no answer", after=1.0)
        return api.Fenced(grade="Stopped", evidence="nothing runs")


class FencesWhatItDidNotDo(Good):
    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Blocked:
        if ctx.view.intent("good") is None:
            return api.Blocked(reason="VolumeUnknown", message="no intent names one")
        return api.Fenced(grade="Revoked", evidence="no account")


class ReadsFactsByHand(Good):
    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent:
        return api.Intent(data={"volume": view.spec.facts["Zone"].data["name"]})


class WaitsForDeclined(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        if ctx.view.awaited or ctx.view.spec.declined:
            return api.Wait(reason="ZoneAwaited", message="soon", after=1.0)
        return api.Done()


class NeedsAwaited(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        assert not ctx.view.awaited
        return api.Done()


class CountsFacts(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        return api.Done(version=str(len(ctx.view.spec.facts)))
