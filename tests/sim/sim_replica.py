"""A process of the operator without its shell: caches and attempts move when they are told to.

The reconcilers, their services and the caches are the real ones. What is left out are the watches,
the queue, the workers and the election, which the simulation of whole processes has: here a cache
shows any state that lies between what it showed and what is, each kind for itself, and any record
is worked on at any moment.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from typing import Any

from akoo_core import errors as core_errors
from akoo_core.app import assembly
from akoo_core.app import world as world_
from akoo_core.cache import store
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin_host import registry
from akoo_core.reconcile import config_controller, record_controller
from akoo_core.reconcile.read import leader_change
from akoo_core.testing.calls import Crash
from akoo_core.testing.memory import workloads
from akoo_core.testing.memory.store import Key
from tests.sim.sim_faults import Seam, Weather
from tests.sim.sim_fleet import CONFIG, SETTINGS, SimFleet
from tests.sim.sim_outside import AkoPlugin, CloudPlugin, LoneAko, Outside

RETRY_SECONDS = 5.0
NOBODY = -1


class Lead:
    """The leadership of replicas; ``check`` of its guard is the election's answer."""

    def __init__(self) -> None:
        self.number = 0

    def guard(self, number: int) -> Guard:
        return Guard(self, number)


class Guard:
    """The guard of one replica."""

    def __init__(self, lead: Lead, number: int) -> None:
        self._lead, self._number = lead, number

    def check(self) -> None:
        if self._lead.number != self._number:
            raise core_errors.LeadershipLostError("another replica leads")


class Replica:
    """One process. When it dies, nothing of it is left but what it has written."""

    def __init__(self, fleet: SimFleet, weather: Weather, lead: Lead, number: int) -> None:
        self._fleet = fleet
        self.seam = Seam(weather, fleet.laws, f"replica-{number}", lead.guard(number))
        self.seam.leads = lambda: lead.number == number
        client = fleet.management.client(external=self.seam)
        uid = fleet.management_id
        self.world = world_.CachedWorld(uid, resources.CLUSTERS)
        self._parts = assembly.assemble(
            SETTINGS,
            _plugins(fleet.outside, lone=fleet.lone),
            management=client,
            world=self.world,
            management_id=uid,
            external=self.seam,
            clock=fleet.clock,
            identity=f"replica-{number}",
            clients=workloads.MemoryWorkloads(
                client,
                fleet.workloads,
                external=self.seam,
                clock=fleet.clock,
                on_write=fleet.laws.workload_write,
            ),
        )
        services = self._parts.services
        self._records = record_controller.RecordReconciler(services)
        self._configs = config_controller.ConfigReconciler(
            client, self.world, services.finalizers, fleet.clock, ancestor=services.ancestor
        )
        self.lost = False
        """It has learned that it does not lead: the process ends."""
        self.due: dict[str, float] = {}
        """The time when each record wants its next attempt."""
        self._failures: dict[str, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.stores = (self.world.clusters, self.world.config_objects, self.world.record_objects)
        self._shown = dict.fromkeys(self.stores, fleet.management.store.version)
        for cached in self.stores:
            rows = fleet.management.store.select(cached.resource, None)
            cached.replace([cached.item(obj) for _, obj in rows])

    def begins(self) -> None:
        """It leads from now on: a process works from its election to its end, and once."""
        self._records._takeover = leader_change.Takeover(self._parts.services.management)

    # Caches.

    def behind(self, cache: store.Store) -> int:
        """By how many changes of anything the cache is old."""
        return self._fleet.management.store.version - self._shown[cache]

    def catch_up(self, cache: store.Store, changes: int) -> None:
        """Show what happened in the next so many changes."""
        until = self._shown[cache] + changes
        for change in self._fleet.management.store.since(self._shown[cache]):
            if change.version > until:
                break
            if change.key[:2] == (cache.resource.group, cache.resource.plural):
                item = cache.item(change.object)
                _ = cache.remove(item) if change.type == "DELETED" else cache.put(item)
        self._shown[cache] = until

    def catch_up_all(self) -> None:
        for cached in self.stores:
            self.catch_up(cached, self.behind(cached))

    # Attempts.

    def names(self) -> list[str]:
        """Records that there are or would be, as the caches have it."""
        known = self.world.record_objects.keys()
        record_names = {key.name for key in known}
        for obj in self.world.clusters.objects():
            record_names.add(names.record_name(self._fleet.management_id, obj["metadata"]["uid"]))
        return sorted(record_names)

    def start(self, name: str) -> asyncio.Task[None]:
        """Begin an attempt, unless one is under way: the queue gives no key out twice."""
        task = self._tasks.get(name)
        if task is None or task.done():
            task = self._tasks[name] = asyncio.create_task(self._attempt(name))
        return task

    async def _attempt(self, name: str) -> None:
        work = self._configs if name == CONFIG else self._records
        now = self._fleet.clock.monotonic
        try:
            outcome = await work.reconcile(name, self._failures.get(name, 0))
        except core_errors.LeadershipLostError:
            self.lost = True
        except (errors.KubeError, TimeoutError, ConnectionError):
            self._failures[name] = self._failures.get(name, 0) + 1
            self.due[name] = now() + RETRY_SECONDS
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a mistake
            self._fleet.laws.require(False, f"{name}: {type(error).__name__}: {error}")
        else:
            self._require_foreseen(name)
            self._failures.pop(name, None)
            self.due.pop(name, None)
            if outcome.requeue_after is not None:
                self.due[name] = now() + outcome.requeue_after

    def _require_foreseen(self, name: str) -> None:
        """Require that no attempt failed unexpectedly: in production the record shows it, here it
        is a mistake."""
        kind = resources.AKO_DEPLOYMENTS
        stored = self._fleet.management.store.rows.get(Key(kind.group, kind.plural, "", name), {})
        for condition in (stored.get("status") or {}).get("conditions") or ():
            failed = condition.get("reason") == "AttemptFailed"
            self._fleet.laws.require(not failed, f"{name}: {condition.get('message', '')}")

    def running(self) -> Iterator[asyncio.Task[None]]:
        return (task for task in self._tasks.values() if not task.done())

    async def kill(self) -> None:
        """Kill the process. Calls under way are lost, and later ones have no effect."""
        self.seam.dead = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, BaseException) and not _expected(result):
                raise result
        await self._parts.close()


def _expected(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(map(_expected, error.exceptions))
    return isinstance(error, asyncio.CancelledError | Crash)


@functools.cache
def _registered() -> tuple[registry.PluginSet, CloudPlugin, registry.PluginSet]:
    """Checked and registered once: the plugins keep nothing but where the outside is. The last is
    the set without the one that cleans up."""
    unset: Any = None
    cloud = CloudPlugin(unset)
    return registry.PluginSet([cloud, AkoPlugin()]), cloud, registry.PluginSet([LoneAko()])


def _plugins(outside: Outside, *, lone: bool) -> registry.PluginSet:
    both, cloud, ako = _registered()
    cloud.outside = outside
    return ako if lone else both
