"""Plugins with one mistake each: in how they reach what is outside."""

from __future__ import annotations

import pathlib
import tempfile
import threading
import time

from akoo_core.plugin import api
from tests.unit.testing import conformance_cloud as cloud
from tests.unit.testing.conformance_cloud import GoodPlugin as Good


class Sleeps(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        time.sleep(0.3)  # noqa: ASYNC251 - the mistake
        return api.Done()


class WaitsForALock(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        threading.Event().wait(0.3)
        return api.Done()


class Computes(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        until = time.thread_time() + 0.3
        while time.thread_time() < until:
            pass
        return api.Done()


class WritesRoundTheSeam(Good):
    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        name = cloud.volume(ctx)
        if name not in self.cloud.volumes:
            self.cloud.volumes.append(name)
        return api.Done()


class WritesAFile(Good):
    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "volume").write_text("x")  # noqa: ASYNC240 - the mistake
        return api.Done()


class AlwaysClean(Good):
    @api.hookimpl
    async def verify(self, ctx: api.VerbContext) -> api.Proof:
        return api.Proof(own=0)
