"""One operator in this process, and what can be waited for of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from akoo_core import clock as clock_
from akoo_core import external, settings
from akoo_core.app import assembly
from akoo_core.app import world as world_
from akoo_core.app.parts import Workloads
from akoo_core.kube import client as client_
from akoo_core.kube import resource, workloads
from akoo_core.plugin_host import controllers, loader
from akoo_core.telemetry import metrics

_RESULTS = ("success", "error", "requeue", "requeue_after")


@contextlib.asynccontextmanager
async def operator(
    management: client_.KubeClient,
    clients: Workloads,
    seam: external.External,
    *,
    workers: int = 10,
) -> AsyncIterator[world_.CachedWorld]:
    """An operator with the ako plugin in this process, working; the caches are filled."""
    loaded = settings.load(overrides={"enabledPlugins": "ako", "workers": workers})
    loaded_settings, plugins = loaded.settings, loader.load(loaded)
    stop, now = asyncio.Event(), clock_.SystemClock()
    management_id = await workloads.kube_system_uid(management)
    world = world_.CachedWorld(management_id, resource.CLUSTERS)
    parts = assembly.assemble(
        loaded_settings,
        plugins,
        management=management,
        world=world,
        management_id=management_id,
        external=seam,
        clock=now,
        identity="benchmark",
        clients=clients,
    )
    following = parts.watches()
    registered = controllers.collect(plugins)
    async with following.running():
        await following.synced()
        working = asyncio.create_task(
            parts.work(registered, management, stop=stop, grace_seconds=2)
        )
        try:
            yield world
        finally:
            stop.set()
            await working
            await parts.close()
            await plugins.close()


def reconciles() -> float:
    """Attempts at records in this process so far."""
    return sum(metrics.RECONCILE_TOTAL.labels("record", result).value for result in _RESULTS)


def cpu_seconds(pid: int) -> float:
    """The CPU that a process on this machine has used so far (Linux: its own CPU clock)."""
    return time.clock_gettime((~pid << 3) | 2)


async def until(happened: Callable[[], Any], *, seconds: float) -> float:
    """Wait for it; the time it happened (monotonic). Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.02)
    return time.monotonic()


async def quiet(of: Callable[[], float], *, for_seconds: float, seconds: float) -> float:
    """Wait until ``of`` has not changed for a while; when it changed last (monotonic)."""
    last, since = of(), time.monotonic()
    async with asyncio.timeout(seconds):
        while time.monotonic() - since < for_seconds:
            await asyncio.sleep(0.05)
            if (now := of()) != last:
                last, since = now, time.monotonic()
    return since
