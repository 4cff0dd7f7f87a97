"""One deployment under way: look at everything, apply by kind order, prune backwards.

Everything that may be written is read before the first write. If anything is in the way of a
plugin, all of it is reported, and nothing of that plugin is written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple

from akoo_core import structs
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError, VerbError
from akoo_core.reconcile.deploy import adoption, definitions, drift, kind_order, secrets
from akoo_core.reconcile.deploy import inventory as inv
from akoo_core.reconcile.deploy.objects import (
    WorkloadObjects,
    foreign_error,
    missing_error,
    unusable_error,
)
from akoo_core.reconcile.deploy.secrets import Seals, SecretOpener

ANNOUNCED = "DefinitionChanges"
"""The reason under which stored objects are counted before the schema of their kind is replaced."""
ANNOUNCED_SECONDS = 30.0

Inventory = tuple[record.InventoryItem, ...]
Store = Callable[[Inventory], Awaitable[None]]
Verdict = api.Wait | api.Blocked
KEPT_AGAIN_SECONDS = 30.0
"""Seconds until a plugin that could not open one of its secrets is asked again."""


class Job(structs.Struct, frozen=True, kw_only=True):
    """Contributions to one workload cluster. Plugins in neither map keep their objects."""

    record_name: str
    inventory: Inventory
    contributions: dict[str, api.Contribution]
    kept: dict[str, api.Contribution] = {}
    """Last contributions of plugins that cannot answer now: applied, but nothing is pruned."""
    announced: frozenset[str] = frozenset()
    """Plugins whose stored condition has the reason ANNOUNCED."""


class DeployReport(structs.Struct, frozen=True, kw_only=True):
    """Result of one run."""

    verdicts: dict[str, Verdict] = {}
    """Result of each plugin whose objects are not all in place."""
    applied: int = 0
    pruned: int = 0
    drifted: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """Objects dropped from the inventory but not deleted, each with the reason."""
    uncompared: tuple[str, ...] = ()
    """Secrets that somebody may have changed and whose values could not be opened."""

    @property
    def summary(self) -> str:
        """``applied 14, pruned 1``; "none" when there was nothing to do."""
        counts = {"applied": self.applied, "pruned": self.pruned, "left": len(self.left)}
        return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"


class Tools(NamedTuple):
    """Services of the Deployer that a run uses."""

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
        self._adopts = adoption.uids(job.contributions.values())
        self._items = {inv.key_of(item): item for item in job.inventory}
        for obj in wanted:
            before = self._items.get(obj.key)
            state = (before.digest, before.note, before.applied) if before else ()
            self._items[obj.key] = obj.item(*state)
        self._verdicts: dict[str, Verdict] = {}
        self._seen: dict[inv.ObjectKey, structs.JSON | None] = {}
        """Objects as read, until they are settled."""
        self._notes: dict[inv.ObjectKey, str] = {}
        self._fresh: list[inv.WantedObject] = []
        """CRDs that were put there in this run and are not known to be Established yet."""
        self._applied = self._pruned = 0
        self._drifted: list[str] = []
        self._left: list[str] = []
        self._uncompared: list[str] = []

    def report(self) -> DeployReport:
        return DeployReport(
            verdicts=self._verdicts,
            applied=self._applied,
            pruned=self._pruned,
            drifted=tuple(self._drifted),
            left=tuple(self._left),
            uncompared=tuple(self._uncompared),
        )

    async def keep(self, store: Store, *, final: bool = False) -> None:
        """Store the inventory if it changed."""
        items = tuple(self._items[key] for key in sorted(self._items))
        if final and items == self._stored:
            return
        if not final and set(self._items) <= {inv.key_of(item) for item in self._stored}:
            return
        await store(items)
        self._stored = items

    async def look(self) -> None:
        """Read all objects that may be written, and block plugins that something is in the way
        of."""
        busy = {obj.plugin for obj in self._wanted if self._is_due(obj)}
        due = [
            obj
            for obj in self._wanted
            if self._is_due(obj) or (obj.secret is not None and obj.plugin in busy)
        ]
        defined = await self._definition_names(due)
        foreign: dict[str, list[str]] = {}
        await self._look_for_definitions(busy)
        for obj in due:
            if obj.definition and defined is not None and obj.key.name not in defined:
                existing = None
            else:
                existing = await self._look_at(obj)
            self._seen[obj.key] = existing
            if reason := self._objects.in_the_way(obj, existing):
                foreign.setdefault(obj.plugin, []).append(reason)
        for plugin, reasons in foreign.items():
            self._end(plugin, foreign_error(reasons))
        await self._look_at_definitions([obj for obj in due if obj.definition])
        await self._look_at_adopted([obj for obj in due if self._adopting(obj)])
        for plugin, contribution in self._job.contributions.items():
            if contribution.held is not None and plugin not in self._verdicts:
                self._hold(plugin, contribution.held)

    def _adopting(self, obj: inv.WantedObject) -> bool:
        """The object is to be taken over, and was never applied by us."""
        item = self._items.get(obj.key)
        return obj.key in self._adopts and item is not None and not item.digest

    async def _look_at_adopted(self, due: list[inv.WantedObject]) -> None:
        """Block the plugins whose adoption would change something, before anything is written."""
        differing: dict[str, dict[inv.ObjectKey, list[str]]] = {}
        for obj in due:
            existing = self._seen[obj.key]
            if existing is None or obj.plugin in self._verdicts:
                continue
            manifest = obj.manifest
            if obj.secret is not None:
                try:
                    opened = await self._tools.opener.open(
                        obj.secret, record_name=self._job.record_name
                    )
                except (BlockedError, VerbError) as error:
                    reason = error.reason if isinstance(error, BlockedError) else "VerbFailed"
                    self._end(obj.plugin, BlockedError(str(error), reason=reason))
                    continue
                manifest = secrets.filled(manifest, opened.values)
            if paths := await self._objects.changes(obj, manifest, existing):
                differing.setdefault(obj.plugin, {})[obj.key] = paths
        for plugin, of_plugin in differing.items():
            self._end(plugin, adoption.refusal(of_plugin))

    async def _look_for_definitions(self, busy: Collection[str]) -> None:
        """Block the plugins whose definitions others have not put there (yet)."""
        needed = {
            plugin: contribution.definitions
            for plugin, contribution in self._job.contributions.items()
            if contribution.definitions and plugin in busy
        }
        if not needed:
            return
        every = {name for names in needed.values() for name in names}
        present = await self._objects.present_definitions(every)
        for plugin, names in needed.items():
            if missing := sorted(set(names) - present):
                self._end(plugin, missing_error(missing))

    def _is_due(self, obj: inv.WantedObject) -> bool:
        return self._drift_due or self._items[obj.key].digest != obj.digest

    async def _look_at(self, obj: inv.WantedObject) -> structs.JSON | None:
        try:
            return await self._objects.read(obj.api_version, obj.key)
        except BlockedError:
            return None  # Its kind is not served (yet): there is none.

    def _end(self, plugin: str, error: BlockedError) -> None:
        """Block the plugin."""
        self._hold(plugin, api.Blocked(reason=error.reason, message=str(error)))

    def _hold(self, plugin: str, verdict: Verdict) -> None:
        """None of the plugin's objects is written, and new ones leave the inventory."""
        self._verdicts[plugin] = verdict
        stored = {inv.key_of(item) for item in self._stored}
        for obj in self._wanted:
            if obj.plugin == plugin and obj.key not in stored:
                del self._items[obj.key]

    async def _definition_names(self, due: list[inv.WantedObject]) -> set[str] | None:
        """Names of the existing CRDs, by one list, where several CRDs are due; else None."""
        new = [obj for obj in due if obj.definition and not self._items[obj.key].digest]
        return await self._objects.definition_names() if len(new) > 1 else None

    async def _look_at_definitions(self, due: list[inv.WantedObject]) -> None:
        """Check the definitions that exist: usable as they are, and the effects of a new schema."""
        unusable: dict[str, list[str]] = {}
        unfit: dict[str, list[str]] = {}
        for obj in due:
            existing = self._seen[obj.key]
            if existing is None or obj.plugin in self._verdicts:
                continue
            decision = definitions.decide(obj.manifest, existing, self._job.record_name)
            self._notes[obj.key] = decision.note
            if decision.problem:
                unusable.setdefault(obj.plugin, []).append(f"{obj.key}: {decision.problem}")
            elif decision.apply and (misfits := await self._unfit(obj, existing)):
                text, name = definitions.unfit_text, obj.key.name
                unfit.setdefault(obj.plugin, []).append(text(name, misfits, before=True))
                self._notes[obj.key] = text(name, misfits, before=False)
        for plugin, problems in unusable.items():
            self._end(plugin, unusable_error(problems))
        for plugin, texts in unfit.items():
            if plugin not in self._job.announced:
                self._verdicts.setdefault(plugin, _announcement(texts))

    async def _unfit(self, obj: inv.WantedObject, existing: structs.JSON) -> definitions.Unfit:
        """Stored objects that do not fit; read only where the schema changes, or some did not fit
        before."""
        item = self._items[obj.key]
        if item.note or definitions.changes_schema(obj.manifest, existing):
            return await self._objects.unfit(obj, existing)
        return definitions.Unfit()

    async def apply(self) -> None:
        for obj in self._wanted:
            if self._fresh and kind_order.needs_definitions(obj.api_version, obj.key.kind):
                await self._await_definitions()
            if obj.plugin in self._verdicts:
                continue
            try:
                await self._settle(obj)
            except BlockedError as error:
                self._verdicts[obj.plugin] = api.Blocked(reason=error.reason, message=str(error))
            except VerbError as error:
                wait = api.Wait(reason="VerbFailed", message=str(error), after=KEPT_AGAIN_SECONDS)
                self._verdicts[obj.plugin] = wait
        await self._await_definitions()

    async def _await_definitions(self) -> None:
        """Wait for new CRDs: only a served one counts as applied. Called late, to give the server
        time."""
        fresh, self._fresh = self._fresh, []
        if not fresh:
            return
        served = await self._objects.established([obj.key.name for obj in fresh], self._tools.pause)
        for obj in fresh:
            if obj.key.name in served:
                self._items[obj.key] = obj.item(obj.digest, self._notes.get(obj.key, ""))
            elif obj.plugin not in self._verdicts:
                self._verdicts[obj.plugin] = api.Wait(
                    reason="CRDNotEstablished",
                    message=f"{obj.key} is not served yet.",
                    after=1.0,
                )

    async def _settle(self, obj: inv.WantedObject) -> None:
        known = self._items[obj.key].digest
        if obj.secret is not None:
            await self._settle_secret(obj, obj.secret, known)
        elif obj.definition:
            await self._settle_definition(obj, known)
        elif known != obj.digest:
            await self._put(obj, obj.manifest, await self._existing(obj))
        elif self._drift_due:
            await self._mend(obj, await self._existing(obj))

    async def _mend(self, obj: inv.WantedObject, existing: structs.JSON | None) -> None:
        """Apply the object again if somebody changed it."""
        if existing is None or await self._objects.differs(obj, obj.manifest, existing):
            self._drifted.append(str(obj.key))
            await self._put(obj, obj.manifest, existing)

    async def _settle_definition(self, obj: inv.WantedObject, known: str) -> None:
        if not self._is_due(obj):
            return
        existing = await self._existing(obj)
        if existing is not None:
            decision = definitions.decide(obj.manifest, existing, self._job.record_name)
            if not decision.apply:
                self._items[obj.key] = obj.item(obj.digest, decision.note)
                return
        if known != obj.digest:
            await self._put(obj, obj.manifest, existing)
            return
        self._items[obj.key] = obj.item(known, self._notes.get(obj.key, ""))
        await self._mend(obj, existing)

    async def _settle_secret(
        self, obj: inv.WantedObject, secret: api.SecretObject, known: str
    ) -> None:
        """Put a Secret in place. Its values are opened only where its recipe or a source changed,
        or where the one in the cluster is not as it was left."""
        seals, opener, name = self._tools.seals, self._tools.opener, self._job.record_name
        item = self._items[obj.key]
        looked = seals.versions(name, obj.key)
        versions = secrets.versions_of(item.applied) if looked is None else looked
        same = known == obj.digest and not opener.changed(secret, versions)
        look = looked is None or self._drift_due or bool(item.note)
        if same and not look:
            return
        live = await self._existing(obj) if same else None
        if same and secrets.untouched(live, item.applied):
            seals.remember_untouched(name, obj.key, versions)
            self._items[obj.key] = obj.item(known, applied=item.applied)
            return
        try:
            opened = await opener.open(secret, record_name=name)
        except (BlockedError, VerbError) as error:
            if live is None or not await self._mend_unopened(obj, secret, live, error):
                raise
            return
        if known == obj.digest and not look and seals.unchanged(name, obj.key, opened.values):
            seals.remember(name, obj.key, opened)
            return
        manifest = secrets.filled(obj.manifest, opened.values)
        live = live if same else await self._existing(obj)
        if known != obj.digest or live is None or _secret_differs(manifest, live):
            live = await self._put(obj, manifest, live)
        self._items[obj.key] = obj.item(obj.digest, applied=secrets.applied_of(live, opened))
        seals.remember(name, obj.key, opened)

    async def _mend_unopened(
        self,
        obj: inv.WantedObject,
        secret: api.SecretObject,
        live: structs.JSON,
        error: BlockedError | VerbError,
    ) -> bool:
        """Compare all but the values of a Secret that cannot be opened, keep the values that it
        has, and note that. False if it lacks one."""
        data = live.get("data") or {}
        if any(key not in data for key, source in secret.data.items() if not source.optional):
            return False
        rest = {**obj.manifest, "data": {key: data[key] for key in secret.data if key in data}}
        if drift.differences(rest, live):
            await self._put(obj, rest, live)
        item = self._items[obj.key]
        note = item.note or f"The values of {obj.key} cannot be compared: {error}"
        self._items[obj.key] = obj.item(obj.digest, note, item.applied)
        self._uncompared.append(str(obj.key))
        return True

    async def _existing(self, obj: inv.WantedObject) -> structs.JSON | None:
        if obj.key in self._seen:
            return self._seen.pop(obj.key)
        return await self._objects.read(obj.api_version, obj.key)

    async def _put(
        self, obj: inv.WantedObject, manifest: structs.JSON, existing: structs.JSON | None
    ) -> structs.JSON:
        """Apply the object; its new state. The line of a Secret, whose values may not be all
        right, is written by the caller."""
        put = await self._objects.put(obj, manifest, existing, adopting=self._adopting(obj))
        self._applied += 1
        if obj.definition:
            self._items[obj.key] = obj.item()
            self._fresh.append(obj)
        elif obj.secret is None:
            self._items[obj.key] = obj.item(obj.digest)
        return put

    async def prune(self) -> None:
        """Delete objects that plugins no longer want; a plugin with a verdict keeps all of its
        own."""
        keys = {obj.key for obj in self._wanted}
        needed = {
            name
            for contribution in self._job.contributions.values()
            for name in contribution.definitions
        }
        acting = set(self._job.contributions) - set(self._verdicts)
        stale = [
            item
            for key, item in self._items.items()
            if key not in keys
            and item.plugin in acting
            and not (key.kind == "CustomResourceDefinition" and key.name in needed)
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


def _secret_differs(manifest: structs.JSON, existing: structs.JSON) -> bool:
    """Any difference counts, keys too many among them: applying a Secret again does no harm."""
    more = set(existing.get("data") or {}) - set(manifest["data"])
    return bool(more or drift.differences(manifest, existing))
