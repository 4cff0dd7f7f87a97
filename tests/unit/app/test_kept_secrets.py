"""A plugin that keeps passwords in ctx.keep, in the whole operator and in virtual time."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from akoo_core import testing
from akoo_core.kube import resource as resources
from akoo_core.objects import conditions
from akoo_core.plugin import api
from akoo_core.plugin.errors import KeptConflictError
from akoo_core.testing import virtual_time


class Store:
    """The behaviour of the way to the store, and a count of the values that were opened."""

    def __init__(self) -> None:
        self.failure: BaseException | None = None
        self.hangs = False
        self.opened = 0

    async def pass_through(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure


class Safe(api.Plugin):
    """Makes a password for each record, and contributes it."""

    name = "safe"
    keeps = True

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        assert ctx.keep is not None
        if await ctx.keep.get(ctx.view.record_name) is None:
            try:
                value = f"canary-{ctx.view.record_name}".encode()
                await ctx.keep.create(ctx.view.record_name, {"1": value})
            except KeptConflictError:
                return api.Wait(reason="Busy", message="Another process was first.", after=1.0)
        return api.Done()

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        source = api.SecretSource(plugin="safe", key="1", single_line=True)
        secret = api.SecretObject(namespace="default", name="login", data={"password": source})
        return api.Contribution(secrets=(secret,))

    async def open_secret(self, source: api.SecretSource, ctx: api.SecretContext) -> bytes | None:
        self.store.opened += 1
        await self.store.pass_through()
        assert ctx.keep is not None
        kept = await ctx.keep.get(ctx.record_name)
        return kept.data[source.key] if kept is not None else None

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result:
        assert ctx.keep is not None
        kept = await ctx.keep.get(ctx.view.record_name)
        if kept is not None:
            await ctx.keep.delete(ctx.view.record_name, version=kept.version)
        return api.Done()


def password(fleet: testing.Fleet) -> bytes | None:
    server = fleet.workload("shop")
    assert server is not None
    (secret,) = server.objects(resources.SECRETS, "default")
    return base64.b64decode(secret["data"]["password"])


async def edit(fleet: testing.Fleet, value: str = "edited") -> None:
    """A person changes the password in the workload cluster."""
    server = fleet.workload("shop")
    assert server is not None
    data = {"password": base64.b64encode(value.encode()).decode()}
    user = server.client(field_manager="kubectl")
    await user.merge_patch(resources.SECRETS, "login", {"data": data}, "default")


def condition(fleet: testing.Fleet, name: str) -> Any:
    record = fleet.record("shop")
    assert record is not None
    return conditions.find(record.status.conditions, name)


@virtual_time.test
async def test_a_day_of_a_kept_password(clock: virtual_time.LoopClock) -> None:
    store = Store()
    async with testing.Fleet(clock, lambda: [Safe(store)]) as fleet:
        await fleet.create_config()
        await fleet.create_cluster("shop")
        record = await fleet.until_phase("shop", "Running")
        right = f"canary-{record.name}".encode()
        assert (password(fleet), store.opened) == (right, 1)

        await asyncio.sleep(4 * 3600.0)
        assert store.opened == 1, "at rest"
        await fleet.restart()
        await asyncio.sleep(3600.0)
        assert store.opened == 1, "after a restart, and at the looks for drift"

        await fleet.stop()
        await edit(fleet)
        await fleet.restart()
        await fleet.until(lambda: password(fleet) == right, seconds=120.0)
        assert store.opened == 2

        store.failure = RuntimeError("sealed")
        await edit(fleet)
        await fleet.restart()
        await fleet.until(lambda: condition(fleet, "SecretsCompared") is not None, seconds=120.0)
        assert condition(fleet, "SafeReady").status == "True"
        assert condition(fleet, "Ready").status == "True"
        assert "sealed" in condition(fleet, "SecretsCompared").message
        await asyncio.sleep(3600.0)
        assert password(fleet) == b"edited"
        store.failure = None
        await fleet.until(lambda: password(fleet) == right, seconds=60.0)
        await fleet.until(lambda: condition(fleet, "SecretsCompared") is None, seconds=60.0)
        opened = store.opened
        await asyncio.sleep(3600.0)
        assert store.opened == opened

        assert len(fleet.management.objects(resources.SECRETS, "akoo-system")) == 1
        await fleet.delete_cluster("shop")
        await fleet.until_gone("shop")
        await fleet.until(lambda: not fleet.management.objects(resources.SECRETS, "akoo-system"))


@virtual_time.test
async def test_an_open_that_hangs_is_bounded_and_holds_nobody(
    clock: virtual_time.LoopClock,
) -> None:
    store = Store()
    store.hangs = True
    async with testing.Fleet(clock, lambda: [Safe(store)]) as fleet:
        await fleet.create_config()
        await fleet.create_cluster("shop")
        await fleet.until(
            lambda: (
                fleet.record("shop") is not None
                and getattr(condition(fleet, "SafeReady"), "reason", "") == "VerbFailed"
            ),
            seconds=60.0,
        )
        assert "took longer than 30 s" in condition(fleet, "SafeReady").message
        store.hangs = False
        await fleet.until_phase("shop", "Running", seconds=120.0)
        store.hangs = True
        await edit(fleet)
        await fleet.restart()
        await fleet.until(lambda: condition(fleet, "SecretsCompared") is not None, seconds=90.0)
        assert condition(fleet, "SafeReady").status == "True"
        await fleet.delete_cluster("shop")
        await fleet.until_gone("shop", seconds=900.0)
