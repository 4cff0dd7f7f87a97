"""Plugins with one mistake each: in the sources of their controllers."""

from __future__ import annotations

import asyncio
import contextlib

from akoo_core.plugin import api
from tests.unit.testing import conformance_cloud as cloud
from tests.unit.testing.conformance_cloud import GoodPlugin as Good


async def look(ctx: api.ControllerContext) -> None:
    async with ctx.external.call("cloud", "GET volumes", write=False):
        await asyncio.sleep(0)


class Writes(Good):
    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        async with ctx.external.call("cloud", "POST volume", write=True):
            await asyncio.sleep(0)
        await asyncio.Event().wait()


class WritesInSilence(Good):
    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        self.cloud.volumes.append("followed")
        await asyncio.Event().wait()


class Raises(Good):
    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        raise KeyError("updates")


class AddsNoText(Good):
    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        add(7)  # type: ignore[arg-type]


class ShowsASecret(Good):
    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        value = (await ctx.secrets.read(cloud.TOKEN) or b"").decode()
        try:
            await look(ctx)
        except OSError as error:
            ctx.log.info("refused", extra={"with": value})
            raise RuntimeError("refused") from error
        await asyncio.Event().wait()


class Ends(Good):
    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        await look(ctx)


class NeverWaits(Good):
    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        while True:
            with contextlib.suppress(OSError):
                await look(ctx)


class GoesOn(Good):
    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.sleep(3600)


class LeavesATask(Good):
    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        self.task = asyncio.create_task(asyncio.Event().wait())
        await asyncio.Event().wait()


class RemembersTooSoon(Good):
    """Its next run believes that the keys were added."""

    known = False

    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        if not self.known:
            self.known = True
            await look(ctx)
            add("shared")
        await asyncio.Event().wait()


class CatchesACrash(Good):
    async def follow(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        try:
            await look(ctx)
        except asyncio.CancelledError:
            raise
        except BaseException:  # noqa: BLE001
            pass
        await asyncio.Event().wait()
