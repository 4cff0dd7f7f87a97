"""One deployment under way: look at everything, apply by kind order, prune backwards.

Everything that may be written is looked at before the first write: what is in the way of a plugin
is told whole, and nothing of that plugin is written then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from akoo_core import structs
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError, VerbError
from akoo_core.reconcile.deploy import definitions, drift, kind_order
from akoo_core.reconcile.deploy import inventory as inv
from akoo_core.reconcile.deploy.objects import WorkloadObjects, foreign_error, unusable_error
from akoo_core.reconcile.deploy.secrets import Seals, SecretOpener, filled

ANNOUNCED = "DefinitionChanges"
"""The reason under which stored objects are counted before the schema of their kind is replaced."""
ANNOUNCED_SECONDS = 30.0

Inventory = tuple[record.InventoryItem, ...]
Store = Callable[[Inventory], Awaitable[None]]
Verdict = api.Wait | api.Blocked
KEPT_AGAIN_SECONDS = 30.0
"""How soon a plugin that could not open one of its secrets is asked again."""


class Job(structs.Struct, frozen=True, kw_only=True):
    """What to do in one workload cluster. Plugins that are in neither keep their objects."""

    record_name: str
    inventory: Inventory
    contributions: dict[str, api.Contribution]
    kept: dict[str, api.Contribution] = {}
    """Of plugins that cannot say now what they want: applied, and nothing of theirs is pruned."""
    announced: frozenset[str] = frozenset()
    """Plugins whose stored condition has the reason ANNOUNCED."""


class DeployReport(structs.Struct, frozen=True, kw_only=True):
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


class Tools(NamedTuple):
    """What a run borrows from the Deployer."""

    opener: SecretOpener
    seals: Seals
    pause: Callable[[float], Awaitable[None]]


class Deployment:
    """One run. ``look`` first, then ``keep``, ``apply``, ``prune``, and ``keep`` again."""

    def __init__(
        self,
        tools: Tools,
        job: Job,
        wanted: list[inv.WantedObject],
        objects: WorkloadObjects,
        drift_due: bool,
    ) -> None:
        self._tools, self._job, self._wanted = tools, job, wanted
        self._objects, self._drift_due = objects, drift_due
        self._stored = job.inventory
        self._items = {inv.key_of(one): one for one in job.inventory}
        for one in wanted:
            known = self._items.get(one.key)
            self._items[one.key] = one.item(*((known.digest, known.note) if known else ()))
        self._verdicts: dict[str, Verdict] = {}
        self._seen: dict[inv.ObjectKey, structs.JSON | None] = {}
        """What was looked at, until it is settled."""
        self._notes: dict[inv.ObjectKey, str] = {}
        self._fresh: list[inv.WantedObject] = []
        """CRDs that were put there in this run and are not known to be Established yet."""
        self._applied = self._pruned = 0
        self._drifted: list[str] = []
        self._left: list[str] = []

    def report(self) -> DeployReport:
        return DeployReport(
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

    async def look(self) -> None:
        """See all that may be written, and end the plugins that something is in the way of."""
        busy = {one.plugin for one in self._wanted if self._is_due(one)}
        due = [
            one
            for one in self._wanted
            if self._is_due(one) or (one.secret is not None and one.plugin in busy)
        ]
        defined = await self._definition_names(due)
        foreign: dict[str, list[str]] = {}
        for one in due:
            if one.definition and defined is not None and one.key.name not in defined:
                live = None
            else:
                live = await self._look_at(one)
            self._seen[one.key] = live
            if reason := self._objects.in_the_way(one, live):
                foreign.setdefault(one.plugin, []).append(reason)
        for plugin, reasons in foreign.items():
            self._end(plugin, foreign_error(reasons))
        await self._look_at_definitions([one for one in due if one.definition])

    def _is_due(self, one: inv.WantedObject) -> bool:
        return self._drift_due or self._items[one.key].digest != one.digest

    async def _look_at(self, one: inv.WantedObject) -> structs.JSON | None:
        try:
            return await self._objects.live(one.api_version, one.key)
        except BlockedError:
            return None  # Its kind is not served (yet): there is none.

    def _end(self, plugin: str, error: BlockedError) -> None:
        """Nothing of this plugin is written; what is not there is not in the inventory either."""
        self._verdicts[plugin] = api.Blocked(reason=error.reason, message=str(error))
        stored = {inv.key_of(item) for item in self._stored}
        for one in self._wanted:
            if one.plugin == plugin and one.key not in stored:
                del self._items[one.key]

    async def _definition_names(self, due: list[inv.WantedObject]) -> set[str] | None:
        """Where several CRDs are due, one list says which of them are there already."""
        new = [one for one in due if one.definition and not self._items[one.key].digest]
        return await self._objects.definition_names() if len(new) > 1 else None

    async def _look_at_definitions(self, due: list[inv.WantedObject]) -> None:
        """Decide about those that exist: usable as they are, and what a new schema does."""
        unusable: dict[str, list[str]] = {}
        unfit: dict[str, list[str]] = {}
        for one in due:
            live = self._seen[one.key]
            if live is None or one.plugin in self._verdicts:
                continue
            decision = definitions.decide(one.manifest, live, self._job.record_name)
            self._notes[one.key] = decision.note
            if decision.problem:
                unusable.setdefault(one.plugin, []).append(f"{one.key}: {decision.problem}")
            elif decision.apply and (found := await self._unfit(one, live)):
                text, name = definitions.unfit_text, one.key.name
                unfit.setdefault(one.plugin, []).append(text(name, found, before=True))
                self._notes[one.key] = text(name, found, before=False)
        for plugin, problems in unusable.items():
            self._end(plugin, unusable_error(problems))
        for plugin, texts in unfit.items():
            if plugin not in self._job.announced:
                self._verdicts.setdefault(plugin, _announcement(texts))

    async def _unfit(self, one: inv.WantedObject, live: structs.JSON) -> definitions.Unfit:
        """Stored objects that do not fit; asked only where the schema changes, or some did not."""
        item = self._items[one.key]
        if item.note or definitions.changes_schema(one.manifest, live):
            return await self._objects.unfit(one, live)
        return definitions.Unfit()

    async def apply(self) -> None:
        for one in self._wanted:
            if self._fresh and kind_order.needs_definitions(one.api_version, one.key.kind):
                await self._await_definitions()
            if one.plugin in self._verdicts:
                continue
            try:
                await self._settle(one)
            except BlockedError as error:
                self._verdicts[one.plugin] = api.Blocked(reason=error.reason, message=str(error))
            except VerbError as error:
                wait = api.Wait(reason="VerbFailed", message=str(error), after=KEPT_AGAIN_SECONDS)
                self._verdicts[one.plugin] = wait
        await self._await_definitions()

    async def _await_definitions(self) -> None:
        """Only what is served counts as applied. Asked for late: meanwhile the server does it."""
        fresh, self._fresh = self._fresh, []
        if not fresh:
            return
        served = await self._objects.established([one.key.name for one in fresh], self._tools.pause)
        for one in fresh:
            if one.key.name in served:
                self._items[one.key] = one.item(one.digest, self._notes.get(one.key, ""))
            elif one.plugin not in self._verdicts:
                self._verdicts[one.plugin] = api.Wait(
                    reason="CRDNotEstablished",
                    message=f"{one.key} is not served yet.",
                    after=1.0,
                )

    async def _settle(self, one: inv.WantedObject) -> None:
        known = self._items[one.key].digest
        if one.secret is not None:
            await self._settle_secret(one, one.secret, known)
        elif one.definition:
            await self._settle_definition(one, known)
        elif known != one.digest:
            await self._put(one, one.manifest, await self._live(one))
        elif self._drift_due:
            await self._mend(one, await self._live(one))

    async def _mend(self, one: inv.WantedObject, live: structs.JSON | None) -> None:
        """Put right what somebody changed."""
        if live is None or await self._objects.differs(one, one.manifest, live):
            self._drifted.append(str(one.key))
            await self._put(one, one.manifest, live)

    async def _settle_definition(self, one: inv.WantedObject, known: str) -> None:
        if not self._is_due(one):
            return
        live = await self._live(one)
        if live is not None:
            decision = definitions.decide(one.manifest, live, self._job.record_name)
            if not decision.apply:
                self._items[one.key] = one.item(one.digest, decision.note)
                return
        if known != one.digest:
            await self._put(one, one.manifest, live)
            return
        self._items[one.key] = one.item(known, self._notes.get(one.key, ""))
        await self._mend(one, live)

    async def _settle_secret(
        self, one: inv.WantedObject, secret: api.SecretObject, known: str
    ) -> None:
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
            live = await self._live(one)
            if not current or live is None or _secret_differs(manifest, live):
                await self._put(one, manifest, live)
        seals.remember(name, one.key, opened)

    async def _live(self, one: inv.WantedObject) -> structs.JSON | None:
        if one.key in self._seen:
            return self._seen.pop(one.key)
        return await self._objects.live(one.api_version, one.key)

    async def _put(
        self, one: inv.WantedObject, manifest: structs.JSON, live: structs.JSON | None
    ) -> None:
        await self._objects.put(one, manifest, live)
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
            why = await self._objects.remove(item.api_version, key)
            self._left += [why] if why else []
            self._pruned += not why
            del self._items[key]


def _announcement(texts: list[str]) -> api.Wait:
    message = f"Schemas are about to be replaced. {' '.join(texts)}"
    return api.Wait(reason=ANNOUNCED, message=message, after=ANNOUNCED_SECONDS)


def _secret_differs(manifest: structs.JSON, live: structs.JSON) -> bool:
    """Any difference counts, keys too many among them: applying a Secret again does no harm."""
    more = set(live.get("data") or {}) - set(manifest["data"])
    return bool(more or drift.differences(manifest, live))
