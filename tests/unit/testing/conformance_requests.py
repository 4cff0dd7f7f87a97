"""A plugin that handles an annotation, and plugins with one mistake each in that."""

from __future__ import annotations

from typing import ClassVar

from akoo_core.plugin import api
from tests.unit.testing import conformance_cloud as cloud
from tests.unit.testing.conformance_cloud import GoodPlugin as Good
from tests.unit.testing.conformance_mistakes import post

SNAPSHOT = api.PluginAnnotation(
    name="snapshot",
    help="Keep the volume as it is now.",
    effects=("The volume of {key} is copied.",),
    flags=(api.AnnotationFlag(name="cold", help="Where it is cheap."),),
)


class Snapshots(Good):
    """Copies the volume when it is asked to: by a name, which a second call finds."""

    annotations: ClassVar[tuple[api.PluginAnnotation, ...]] = (SNAPSHOT,)

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        name = cloud.volume(ctx)
        if not await self.exists(ctx, name):
            await post(ctx, self, name)
        asked = ctx.view.annotations.get("snapshot", "")
        if asked and not await self.exists(ctx, f"{name}-{asked}"):
            await post(ctx, self, f"{name}-{asked}")
        handled = ("snapshot",) if asked else ()
        return api.Done(facts=(cloud.Volume(name=name),), consumed=handled)


class CopiesTwice(Snapshots):
    """Copies as often as it sees the annotation."""

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        name = cloud.volume(ctx)
        if not await self.exists(ctx, name):
            await post(ctx, self, name)
        asked = ctx.view.annotations.get("snapshot", "")
        if asked:
            await post(ctx, self, f"{name}-{asked}")
        handled = ("snapshot",) if asked else ()
        return api.Done(facts=(cloud.Volume(name=name),), consumed=handled)


class CountsThem(Snapshots):
    """Gives a fact that counts how often it saw the annotation."""

    seen = 0

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        name = cloud.volume(ctx)
        if not await self.exists(ctx, name):
            await post(ctx, self, name)
        if "snapshot" not in ctx.view.annotations:
            return api.Done(facts=(ctx.view.fact(cloud.Volume) or cloud.Volume(name=name),))
        copies = f"{name}-copies"
        async with ctx.external.call("cloud", "GET volume", write=False, subject=copies):
            count = self.cloud.volumes.count(copies)
        await post(ctx, self, copies)
        fact = cloud.Volume(name=f"{name}-{count}")
        return api.Done(facts=(fact,), consumed=("snapshot",))
