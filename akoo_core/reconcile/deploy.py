"""The deploy executor: the contributions of all plugins become the objects in a workload cluster.

One inventory, stored before it is acted on (it may list more than there is, never less); applied by
kind order with server-side apply; pruned backwards. What is known to be applied costs no call; once
per resync interval it is looked at, and put right when somebody changed it.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from akoo_core import clock as clock_
from akoo_core import structs
from akoo_core.api import record
from akoo_core.kube import client as client_
from akoo_core.plugins import api
from akoo_core.plugins.errors import BlockedError
from akoo_core.reconcile import drift, kindorder
from akoo_core.reconcile import inventory as inv
from akoo_core.reconcile.place import Place
from akoo_core.reconcile.secrets import Seals, SecretOpener, filled

DRIFT_SECONDS = 600.0

Inventory = tuple[record.InventoryItem, ...]
Store = Callable[[Inventory], Awaitable[None]]
Verdict = api.Wait | api.Blocked


class Job(structs.Struct, frozen=True, kw_only=True):
    """What to do in one workload cluster. Plugins that are not in ``contributions`` keep theirs."""

    record_name: str
    inventory: Inventory
    contributions: dict[str, api.Contribution]


class Report(structs.Struct, frozen=True, kw_only=True):
    """What came of it."""

    verdicts: dict[str, Verdict] = {}
    """Plugins whose objects are not all in place, and why."""
    applied: int = 0
    pruned: int = 0
    drifted: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """Objects that were given up but not deleted, with the reason."""

    @property
    def summary(self) -> str:
        """``applied 14, pruned 1``; "none" when there was nothing to do."""
        counts = {"applied": self.applied, "pruned": self.pruned, "left": len(self.left)}
        return ", ".join(f"{what} {count}" for what, count in counts.items() if count) or "none"


class _Tools(NamedTuple):
    """What a run borrows from the Deployer."""

    opener: SecretOpener
    seals: Seals
    pause: Callable[[float], Awaitable[None]]


class Deployer:
    """One per process. Remembers what it has looked at, and when."""

    def __init__(
        self,
        *,
        clock: clock_.Clock,
        opener: SecretOpener,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        drift_seconds: float = DRIFT_SECONDS,
    ) -> None:
        self._clock = clock
        self._tools = _Tools(opener, Seals(), pause)
        self._drift_seconds = drift_seconds
        self._look_at: dict[str, float] = {}

    async def deploy(self, job: Job, client: client_.KubeClient, store: Store) -> Report:
        """Bring the cluster to what is contributed. Raises KubeError when it does not answer.

        ``store`` writes the inventory into the record. What was reached is stored even when an
        error ends the work.
        """
        try:
            wanted = inv.wanted(job.record_name, job.contributions)
        except inv.DuplicateError as error:
            blocked = api.Blocked(reason="ObjectConflict", message=str(error))
            return Report(verdicts={error.plugin: blocked})
        run = _Run(self._tools, job, wanted, Place(job.record_name, client), self._drift_due(job))
        await run.keep(store)
        try:
            await run.apply()
            await run.prune()
        finally:
            await run.keep(store, final=True)
        self._looked(job)
        return run.report()

    async def undeploy(
        self, record_name: str, inventory: Inventory, client: client_.KubeClient, store: Store
    ) -> Report:
        """Delete everything in the inventory that carries our label, last kind first."""
        place = Place(record_name, client)
        remaining = {inv.key_of(one): one for one in inventory}
        left: list[str] = []
        try:
            for item in reversed(inv.in_order(inventory)):
                why = await place.remove(item.api_version, inv.key_of(item))
                left += [why] if why else []
                del remaining[inv.key_of(item)]
        finally:
            if len(remaining) != len(inventory):
                await store(tuple(remaining.values()))
        self.forget(record_name)
        return Report(pruned=len(inventory) - len(left), left=tuple(left))

    def forget(self, record_name: str) -> None:
        """Drop what is remembered of a record."""
        self._tools.seals.forget(record_name)
        self._look_at.pop(record_name, None)

    def _drift_due(self, job: Job) -> bool:
        now = self._clock.monotonic()
        if job.record_name not in self._look_at:
            # After a restart the first looks are spread over one interval, by the name.
            share = (zlib.crc32(job.record_name.encode()) % 1000) / 1000
            self._look_at[job.record_name] = now + share * self._drift_seconds
        return now >= self._look_at[job.record_name]

    def _looked(self, job: Job) -> None:
        now = self._clock.monotonic()
        if now >= self._look_at[job.record_name]:
            self._look_at[job.record_name] = now + self._drift_seconds


class _Run:
    """One deployment under way."""

    def __init__(
        self,
        tools: _Tools,
        job: Job,
        wanted: list[inv.Wanted],
        place: Place,
        drift_due: bool,
    ) -> None:
        self._tools, self._job, self._wanted = tools, job, wanted
        self._place, self._drift_due = place, drift_due
        self._stored = job.inventory
        self._items = {inv.key_of(one): one for one in job.inventory}
        for one in wanted:
            known = self._items.get(one.key)
            self._items[one.key] = one.item(known.digest if known else "")
        self._verdicts: dict[str, Verdict] = {}
        self._definitions: dict[str, structs.JSON] | None = None
        self._fresh: list[inv.Wanted] = []
        """CRDs that were put there in this run and are not known to be Established yet."""
        self._applied = self._pruned = 0
        self._drifted: list[str] = []
        self._left: list[str] = []

    def report(self) -> Report:
        return Report(
            verdicts=self._verdicts,
            applied=self._applied,
            pruned=self._pruned,
            drifted=tuple(self._drifted),
            left=tuple(self._left),
        )

    async def keep(self, store: Store, *, final: bool = False) -> None:
        """Store the inventory if it says something new."""
        items = tuple(self._items[key] for key in sorted(self._items))
        if final and items == self._stored:
            return
        if not final and set(self._items) <= {inv.key_of(one) for one in self._stored}:
            return
        await store(items)
        self._stored = items

    async def apply(self) -> None:
        await self._look_at_definitions()
        for one in self._wanted:
            if self._fresh and kindorder.needs_definitions(one.api_version, one.key.kind):
                await self._await_definitions()
            if one.plugin in self._verdicts:
                continue
            try:
                await self._settle(one)
            except BlockedError as error:
                self._verdicts[one.plugin] = api.Blocked(reason=error.reason, message=str(error))
        await self._await_definitions()

    async def _look_at_definitions(self) -> None:
        """Where several CRDs are to be applied, one list says which of them are there already."""
        due = [one for one in self._wanted if one.definition and not self._is_known(one)]
        if len(due) > 1:
            self._definitions = await self._place.definitions()

    async def _await_definitions(self) -> None:
        """Only what is served counts as applied. Asked for late: meanwhile the server does it."""
        fresh, self._fresh = self._fresh, []
        if not fresh:
            return
        served = await self._place.established([one.key.name for one in fresh], self._tools.pause)
        for one in fresh:
            if one.key.name in served:
                self._items[one.key] = one.item(one.digest)
            elif one.plugin not in self._verdicts:
                self._verdicts[one.plugin] = api.Wait(
                    reason="CRDNotEstablished",
                    message=f"{one.key} is not served yet.",
                    after=1.0,
                )

    def _is_known(self, one: inv.Wanted) -> bool:
        return self._items[one.key].digest == one.digest

    async def _settle(self, one: inv.Wanted) -> None:
        known = self._items[one.key].digest
        if one.secret is not None:
            await self._settle_secret(one, one.secret, known)
        elif known != one.digest:
            await self._put(one, one.manifest, await self._found(one))
        elif self._drift_due:
            live = await self._place.live(one.api_version, one.key)
            if live is None or await self._place.differs(one, one.manifest, live):
                self._drifted.append(str(one.key))
                await self._put(one, one.manifest, live)

    async def _settle_secret(self, one: inv.Wanted, secret: api.SecretObject, known: str) -> None:
        seals, name = self._tools.seals, self._job.record_name
        same = known == one.digest and not self._drift_due
        if same and not self._tools.opener.changed(seals.versions(name, one.key)):
            return
        opened = await self._tools.opener.open(secret)
        manifest = filled(one.manifest, opened.values)
        current = known == one.digest and (
            seals.unchanged(name, one.key, opened.values) or not seals.known(name, one.key)
        )
        if not current or not seals.known(name, one.key) or self._drift_due:
            live = await self._place.live(one.api_version, one.key)
            if not current or live is None or _secret_differs(manifest, live):
                await self._put(one, manifest, live)
        seals.remember(name, one.key, opened)

    async def _found(self, one: inv.Wanted) -> structs.JSON | None:
        """What is there; of a CRD perhaps its metadata only."""
        if one.definition and self._definitions is not None:
            return self._definitions.get(one.key.name)
        return await self._place.live(one.api_version, one.key)

    async def _put(
        self, one: inv.Wanted, manifest: structs.JSON, live: structs.JSON | None
    ) -> None:
        await self._place.put(one, manifest, live)
        self._applied += 1
        if one.definition:
            self._items[one.key] = one.item()
            self._fresh.append(one)
        else:
            self._items[one.key] = one.item(one.digest)

    async def prune(self) -> None:
        """Delete what acting plugins do not want any more; one in trouble keeps everything."""
        keys = {one.key for one in self._wanted}
        acting = set(self._job.contributions) - set(self._verdicts)
        stale = [
            item for key, item in self._items.items() if key not in keys and item.plugin in acting
        ]
        for item in reversed(inv.in_order(stale)):
            key = inv.key_of(item)
            why = await self._place.remove(item.api_version, key)
            self._left += [why] if why else []
            self._pruned += not why
            del self._items[key]


def _secret_differs(manifest: structs.JSON, live: structs.JSON) -> bool:
    """Any difference counts, keys too many among them: applying a Secret again does no harm."""
    more = set(live.get("data") or {}) - set(manifest["data"])
    return bool(more or drift.differences(manifest, live))
