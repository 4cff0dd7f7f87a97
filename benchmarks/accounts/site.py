"""A fleet in virtual time: everything is the product's but HTTP, TLS and the servers."""

from __future__ import annotations

import asyncio
import collections
import time
from collections.abc import Awaitable, Callable, Sequence

from akoo_tenancy.spec import settings
from akoo_tenancy.store.calls import Route

from akoo_core.kube import resource
from akoo_core.testing import fleet as fleets
from akoo_core.testing import virtual_time
from tests.tenancy.tenancy_fleet import TenancyFleet

LOOK_SECONDS = 5.0
LIMIT_SECONDS = 4 * 3600.0
DATA = (Route.READ, Route.METADATA, Route.WRITE, Route.DESTROY, Route.LIST)
"""Calls of Vault but those about the token."""
OWN = ("user", "role", "useractivity")
"""Kinds of Avi that only this plugin asks for."""


class Site:
    """A fleet, and what is counted of it."""

    def __init__(self, clock: virtual_time.LoopClock, at_once: int) -> None:
        chosen = settings.Settings(store="Vault", rotations_at_once=at_once)
        self.clock = clock
        self.bed = TenancyFleet(clock, chosen=chosen)
        self.names: list[str] = []
        self.requests: collections.Counter[str] = collections.Counter()
        """Requests at the Avi Controller since ``clear``, by method and kind; those about all
        objects of a kind are ``pages``."""
        self._last = 0

    async def grow(self, count: int, **labels: str) -> list[str]:
        """Create so many Clusters more; their names."""
        made = [f"c{number}" for number in range(len(self.names), len(self.names) + count)]
        for name in made:
            await self.bed.fleet.create_cluster(name, labels=labels or None)
        self.names += made
        return made

    async def until(self, happened: Callable[[], bool]) -> float:
        """Let time pass until it happened; the virtual seconds. Raises TimeoutError."""
        started = self.clock.monotonic()
        async with asyncio.timeout(LIMIT_SECONDS):
            while not happened():
                await asyncio.sleep(LOOK_SECONDS)
                self.collect()
        return self.clock.monotonic() - started

    def active(self, names: Sequence[str], sequence: int) -> bool:
        """AKO works with that account in each of these clusters."""
        return all(self.bed.is_active(name, sequence) for name in names)

    def running(self, names: Sequence[str]) -> bool:
        """The records of these clusters are Running."""
        records = [self.bed.fleet.record(name) for name in names]
        return all(each is not None and each.status.phase == "Running" for each in records)

    async def annotate(self, name: str) -> None:
        """Ask for a rotation."""
        patch = {"metadata": {"annotations": {"tenancy.akoo.io/rotate": "requested"}}}
        record = self.bed.record(name).name
        await self.bed.fleet.user.merge_patch(resource.AKO_DEPLOYMENTS, record, patch)

    def clear(self) -> None:
        """Count anew."""
        self.collect()
        self.requests.clear()
        self.bed.vault.calls.clear()

    def collect(self) -> None:
        """Take the requests that the controller noted: it keeps a limited number of them."""
        for entry in self.bed.avi.journal.entries(since=self._last):
            subject = entry.subject
            if subject.user != "admin":
                continue
            own = subject.kind in OWN and subject.name.startswith("akoo-")
            pages = "" if own or subject.method != "GET" else " pages"
            self.requests[f"{subject.method} {subject.kind}{pages}"] += 1
        self._last = self.bed.avi.journal.last

    def of_clusters(self) -> collections.Counter[str]:
        """The requests about users and roles of clusters."""
        own = {f"{method} {kind}" for method in METHODS for kind in OWN}
        return collections.Counter({k: n for k, n in self.requests.items() if k in own})

    def vault_calls(self) -> int:
        return sum(self.bed.vault.calls[route] for route in DATA)

    def starts(self) -> int:
        """Starts of all AKOs so far."""
        return sum(ako.starts.total() for ako in self.bed.akos.values())

    def versions(self) -> dict[str, int]:
        """Versions of the management cluster and of the workload clusters: each write is one."""
        loads = self.bed.fleet.capi.workloads
        workload = sum(load.server.store.version for load in loads.values())
        return {"management": self.bed.fleet.management.store.version, "workload": workload}


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


async def play(main: Callable[[virtual_time.LoopClock], Awaitable[None]]) -> float:
    """Run ``main`` in virtual time, in a thread; the CPU seconds of it."""

    async def played(clock: virtual_time.LoopClock) -> None:
        await main(clock)

    def run() -> float:
        virtual_time.run(played)
        return time.thread_time()

    return await asyncio.to_thread(run)


def slow_world(seconds: float) -> None:
    """Kubelets and AKOs of the fleet look around that often: nothing happens at rest."""
    fleets.TICK_SECONDS = seconds
