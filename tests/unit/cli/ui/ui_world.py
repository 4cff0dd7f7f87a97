"""A fleet page over a management cluster in memory, and requests to it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp

from akoo_core import structs
from akoo_core.cli.ui import histories, outside, server
from akoo_core.cli.ui import sight as sights
from akoo_core.clock import Clock, ManualClock
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import resource
from akoo_core.objects import record
from akoo_core.testing import builders
from akoo_core.testing.memory import MemoryServer
from tests.unit.cli.commands_world import condition

SECONDS = 10.0
"""Time limit for an answer that comes at once."""
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


class UiWorld:
    """The API server behind the page, and the page."""

    def __init__(self, kube: MemoryServer, sight: sights.Sight, pages: server.UiServer) -> None:
        self.kube = kube
        self.sight = sight
        self.pages = pages

    @property
    def base(self) -> str:
        """The address of the page without the token."""
        return self.pages.address.partition("/?")[0]

    @contextlib.asynccontextmanager
    async def visitor(self) -> AsyncGenerator[aiohttp.ClientSession, None]:
        """A browser that has opened the address with the token."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar, trust_env=False) as session:
            async with session.get(self.pages.address) as answer:
                assert answer.status == 200
            yield session

    async def die(self) -> None:
        """The API server refuses every connection, until the page has noticed."""
        dead = kube_errors.UnreachableError("connection refused")
        self.kube.faults.before("*", dead, times=1000)
        self.kube.watches.end(dead)
        version = self.sight.version
        while not self.sight.problem:
            version = await asyncio.wait_for(self.sight.after(version), SECONDS)

    async def recover(self) -> None:
        """The API server answers again, until the page has noticed. Its watches are not quiet."""
        self.kube.faults.clear()
        version = self.sight.version
        while self.sight.problem:
            self.kube.watches.bookmark()
            with contextlib.suppress(TimeoutError):
                version = await asyncio.wait_for(self.sight.after(version), 0.2)

    async def set_status(self, number: int, **fields: Any) -> None:
        """Change the status of a record."""
        status = structs.to_object(record.RecordStatus(**fields))
        await self.kube.client().merge_patch(
            resource.AKO_DEPLOYMENTS, name_of(number), {"status": status}, subresource="status"
        )


def name_of(number: int) -> str:
    """The name of a record."""
    return f"akoo-{number}"


def seed(
    kube: MemoryServer, number: int, *, reason: str = "", message: str = "", **spec: Any
) -> None:
    """A Cluster ``team-a/shop-N`` and its record; ``reason``: the reason why it is not Ready."""
    cluster = builders.cluster_object(f"shop-{number}", "team-a", uid=f"uid-{number}")
    del cluster["metadata"]["resourceVersion"]
    kube.seed(cluster)
    reference = record.ClusterRef(namespace="team-a", name=f"shop-{number}", uid=f"uid-{number}")
    obj = record.to_object(name_of(number), builders.record_spec(cluster_ref=reference, **spec))
    ready = condition("Ready", "False" if reason else "True", reason or "Running", message)
    status = record.RecordStatus(phase="Running", version="2.1.1", conditions=(ready,))
    obj["status"] = structs.to_object(status)
    kube.seed(obj)


def seed_story(kube: MemoryServer) -> None:
    """Ten clusters in several states, for a picture."""
    names = ("blog", "edge", "lab", "mail", "pay", "search", "shop", "stage", "video", "wiki")
    states: dict[str, tuple[record.Phase, str, int | None]] = {
        "lab": ("Preparing", "NetworkNotFound", None),
        "pay": ("Sweeping", "Leaving", 7),
        "video": ("Verifying", "QuietPeriod", 0),
        "mail": ("Running", "CredentialRefused", None),
        "wiki": ("Deploying", "AkoNotReady", None),
    }
    for number, name in enumerate(names):
        phase, reason, left = states.get(name, ("Running", "", None))
        reference = record.ClusterRef(namespace=f"team-{'abc'[number % 3]}", name=name, uid=name)
        config = record.ConfigRef(name="edge" if number % 4 == 1 else "default", uid="config")
        spec = builders.record_spec(cluster_ref=reference, config_ref=config)
        obj = record.to_object(name_of(number), spec)
        ready = condition("Ready", "False" if reason else "True", reason or "Running")
        status = record.RecordStatus(phase=phase, version="2.1.1", left=left, conditions=(ready,))
        obj["status"] = structs.to_object(status)
        kube.seed(obj)


@contextlib.asynccontextmanager
async def opened(
    records: int = 3,
    source: histories.Source | None = None,
    asker: outside.Asker | None = None,
    clock: Clock | None = None,
) -> AsyncGenerator[UiWorld, None]:
    """A page of so many clusters; every fourth has a hostile message. ``asker`` asks plugins."""
    kube = MemoryServer()
    for number in range(records):
        wrong = number % 4 == 1
        seed(kube, number, reason="NoSight" if wrong else "", message=HOSTILE if wrong else "")
    client = kube.client()
    async with sights.opened(client) as sight:
        asked = outside.Outside(asker, sight.publish, clock or ManualClock()) if asker else None
        pages = server.UiServer(sight, source, port=0, outside=asked)
        await pages.start()
        try:
            yield UiWorld(kube, sight, pages)
        finally:
            await pages.stop()
            if asked is not None:
                await asked.close()
    await client.close()


def source(url: str, pages: str = "") -> histories.Source:
    """A Jaeger at ``url``."""
    day = datetime.timedelta(days=1)
    return histories.Source(url=url, service="akoo-core", since=day, pages=pages)
