"""Plugins with one mistake each: in the Secrets that they keep."""

from __future__ import annotations

from akoo_core.plugin import api
from akoo_core.plugin.errors import KeptConflictError
from tests.unit.testing.conformance_cloud import GoodPlugin as Good

DATA = {"value": b"kept-volume"}


def keep_of(ctx: api.VerbContext) -> api.Keep:
    assert ctx.keep is not None
    return ctx.keep


class LosesAWrite(Good):
    """Another process was first, and it does not look at what that one wrote."""

    keeps = True

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        keep = keep_of(ctx)
        if await keep.get("volume") is None:
            try:
                await keep.create("volume", DATA)
            except KeptConflictError:
                return api.Done()
        return api.Done()


class WritesWhatItRead(Good):
    """Counts its calls in two Secrets, so that an end between them is seen for ever."""

    keeps = True

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        keep = keep_of(ctx)
        if await keep.get("done") is not None:
            return api.Done()
        seen = await keep.get("calls")
        if seen is None:
            await keep.create("calls", {"n": b"1"})
        else:
            calls = int(seen.data["n"]) + 1
            await keep.replace("calls", {"n": b"%d" % calls}, version=seen.version)
        await keep.create("done", {})
        return api.Done()


class ShowsAKeptValue(Good):
    keeps = True

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        keep = keep_of(ctx)
        kept = await keep.get("volume") or await keep.create("volume", DATA)
        return api.Done(message=f"The password is {kept.data['value'].decode()}.")


class KeepsUndeclared(Good):
    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        await keep_of(ctx).get("volume")
        return api.Done()
