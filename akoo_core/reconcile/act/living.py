"""The round of a cluster that lives: intend, prepare, contribute, deploy, observe.

Observes records, config and Cluster; writes intents, uses, facts and inventory into the record, and
objects into the workload cluster. A plugin that waits does not stop the others.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Literal

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube.client import KubeClient
from akoo_core.objects.record import Phase, RecordSpec
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.act import intents, status
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.act.observed import adoptions
from akoo_core.reconcile.act.round_deployment import Contributions, RoundDeployment
from akoo_core.reconcile.decide import facts, plugin_annotations
from akoo_core.reconcile.deploy.last_contributions import Last

RoundAnswer = api.Done | api.Wait | api.Blocked | VerbError


async def live(attempt: Attempt) -> Contributions:
    """Make one round of the lives verbs; its findings are in the report. Return what the plugins
    contributed, without those in trouble. Raises KubeError.

    A relocation ends it early: ``progress.relocations`` is not empty then.
    """
    return await _Round(attempt).run()


class _Round:
    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._plugins = attempt.services.plugins.ordered
        self._caller = attempt.services.caller
        self._resync_seconds = attempt.services.resync_seconds
        self._trouble: set[str] = set()
        """Plugins that have no more verbs called in this round."""
        self._answered: dict[str, facts.Answered] = {}
        """Facts that the plugins gave and declined in this round, by plugin."""
        self._seen: Mapping[str, str] = {}
        """The annotations of the record at the last call of a verb."""
        self._held: set[str] = set()
        """Plugins of whose contributions nothing is written but for ``held``."""
        self._prepared = True
        self._deployment = RoundDeployment(attempt, self._report_all)

    async def run(self) -> Contributions:
        self._attempt.report.lived = True
        await self._prepare()
        if not self._attempt.progress.relocations:
            await self._read_kubernetes_version()
        if self._attempt.progress.relocations:
            self._attempt.report.lived = False  # Plugins that were not asked keep their conditions.
            return {}
        contributions = self._contributions()
        client = await self._deployment.run(contributions, self._kept())
        self._held = {
            name
            for name, contribution in contributions.items()
            if contribution.held is not None and self._reason(name) == contribution.held.reason
        }
        await self._observe(client)
        await adoptions.note(self._attempt)
        self._attempt.report.phase = self._phase()
        self._attempt.report.requeue(self._resync_seconds)
        return contributions

    async def _prepare(self) -> None:
        blocked = await intents.store(self._attempt)
        for plugin in self._plugins:
            if self._attempt.progress.relocations:
                return
            obstacle = blocked.get(plugin.name) or self._lacking(plugin)
            answer = obstacle or await self._call("prepare", plugin, None)
            if await self._take_prepared(plugin, answer):
                blocked |= await intents.store(self._attempt)
            if answer is not None:
                self._prepared = self._prepared and isinstance(answer, api.Done)
                self._report(plugin, answer)

        waiting = self._attempt.report.relocations_waiting
        if waiting and self._trouble <= waiting.keys():
            self._attempt.advance(relocations=waiting)  # The others look for no placement.

    def _lacking(self, plugin: api.Plugin) -> api.Wait | None:
        return facts.lacking(self._attempt.spec, plugin, after=self._resync_seconds)

    async def _take_prepared(self, plugin: api.Plugin, answer: RoundAnswer | None) -> bool:
        """Store the facts of an answer of prepare, or of its obstacle. True if the plugins after it
        have to be asked for their intents anew, and this one, since it consumed an annotation."""
        before = spec = self._attempt.spec
        if isinstance(answer, api.Wait | api.Blocked):
            spec = facts.undecided(spec, plugin)
        if isinstance(answer, api.Wait | api.Done):
            spec = facts.added(spec, plugin.name, self._note(plugin, answer))
        consumed = self._consumed(plugin, answer)
        changed = await self._store_facts(spec, consumed, answer)
        decided = isinstance(answer, api.Done) or spec.declined != before.declined
        return bool(consumed) or (changed and decided)

    def _note(self, plugin: api.Plugin, answer: api.Done | api.Wait) -> facts.Answered:
        """The answers of the plugin in this round, with this one."""
        answered = self._answered.get(plugin.name, facts.Answered()).then(plugin.name, answer)
        self._answered[plugin.name] = answered
        return answered

    async def _store_facts(
        self, after: RecordSpec, consumed: tuple[str, ...], answer: RoundAnswer | None
    ) -> bool:
        before = self._attempt.spec
        notices = answer.notices if isinstance(answer, api.Done) else ()
        with status.announced(self._attempt, notices):
            await self._attempt.store(consumed=consumed, facts=after.facts, declined=after.declined)
        return after != before

    def _consumed(self, plugin: api.Plugin, answer: RoundAnswer | None) -> tuple[str, ...]:
        """The annotations to remove in the write that stores the facts of the answer."""
        if not isinstance(answer, api.Done | api.Wait):
            return ()
        now = self._attempt.existing.annotations
        return plugin_annotations.consumed(plugin.name, answer.consumed, self._seen, now)

    async def _read_kubernetes_version(self) -> None:
        """Read the version of the workload cluster for the plugins that judge it. Where it is
        another than before, they are asked for their intents anew. One that is not known stops
        them. A cluster that cannot be reached is left to the deployment."""
        judges = [plugin for plugin in self._plugins if plugin.needs_kubernetes_version]
        cluster, versions = self._attempt.cluster, self._attempt.services.versions
        if not judges or cluster is None or not cluster.connectable:
            return
        client = (await self._attempt.workload()).client
        if client is None:
            return
        before = self._attempt.kubernetes_version
        try:
            if await versions.read(client, cluster.uid) == before:
                return
        except (errors.KubeError, TimeoutError) as error:
            if not before:
                unread = self._deployment.interrupted(error)
                self._report_all({plugin.name for plugin in judges} - self._trouble, unread)
            return
        blocked = await intents.store(self._attempt)
        for plugin in judges:
            if plugin.name in blocked and plugin.name not in self._trouble:
                self._prepared = False
                self._report(plugin, blocked[plugin.name])
        if before:
            self._attempt.report.requeue(0.0)  # for those that the version before stopped

    def _contributions(self) -> Contributions:
        contributions: Contributions = {}
        for plugin in self._plugins:
            if plugin.name in self._trouble:
                continue
            try:
                view = self._attempt.view(plugin)
                answer = self._caller.call_pure("contribute", plugin, view)
            except VerbError as error:
                self._report(plugin, error)
                continue
            if isinstance(answer, api.Wait | api.Blocked):
                self._report(plugin, answer)
                self._prepared = False
            else:
                contributions[plugin.name] = answer or api.Contribution()
        return contributions

    def _kept(self) -> dict[str, Last]:
        """The last contributions of plugins in trouble. They stay wanted, their Secrets too."""
        spec, deployer = self._attempt.spec, self._attempt.services.deployer
        last = {
            plugin.name: deployer.last(self._attempt.name, plugin.name, spec.inventory)
            for plugin in self._plugins
            if plugin.name in self._trouble
            and not adoptions.contested(self._attempt.spec, plugin.name)
        }
        return {name: kept for name, kept in last.items() if kept is not None}

    async def _observe(self, client: KubeClient | None) -> None:
        for plugin in self._plugins:
            spec = self._attempt.spec
            adopting = adoptions.unwritten(spec, plugin.name)
            adopting = adopting or adoptions.contested(spec, plugin.name)
            if plugin.name in self._trouble and not adopting:
                continue
            if adopting and client is None:
                client = (await self._attempt.workload()).client
            answer = await self._call("observe", plugin, client)
            consumed = self._consumed(plugin, answer)
            if isinstance(answer, api.Done | None):
                done = answer or api.Done()
                self._attempt.report.requeue(done.recheck_seconds)
                # Facts that neither prepare nor observe gave are not true any more.
                answered = self._note(plugin, done)
                spec = facts.replaced(self._attempt.spec, plugin.name, answered)
                if await self._store_facts(spec, consumed, done):
                    self._attempt.report.requeue(0.0)  # for those that depend on them
            elif isinstance(answer, api.Wait):
                answered = self._note(plugin, answer)
                spec = facts.added(self._attempt.spec, plugin.name, answered)
                await self._store_facts(spec, consumed, answer)
            if consumed:
                self._attempt.report.requeue(0.0)  # for the pure verbs, which saw it
            if isinstance(answer, api.Done | api.Wait) and answer.version:
                self._attempt.report.version = answer.version
            if plugin.name not in self._trouble:
                self._report(plugin, answer or api.Done())

    async def _call(
        self,
        verb: Literal["prepare", "observe"],
        plugin: api.Plugin,
        client: KubeClient | None,
    ) -> RoundAnswer | None:
        if not self._caller.implements(plugin, verb):
            return None
        context = self._attempt.context(plugin, client)
        if plugin.name in self._held:
            held = structs.replace(context.view, held=True)
            context = structs.replace(context, view=held)
        self._seen = self._attempt.existing.annotations
        try:
            return await self._caller.call(verb, plugin, context)
        except VerbError as error:
            return error

    def _report_all(self, names: Container[str], answer: RoundAnswer) -> None:
        for plugin in self._plugins:
            if plugin.name in names:
                self._report(plugin, answer)

    def _report(self, plugin: api.Plugin, answer: RoundAnswer) -> None:
        report = self._attempt.report
        if isinstance(answer, api.Done):
            report.plugin(plugin.name, "True", "Ready", answer.message)
            return
        self._trouble.add(plugin.name)
        if isinstance(answer, VerbError):
            report.plugin(plugin.name, "False", "VerbFailed", str(answer))
            report.requeue(self._attempt.backoff())
        else:
            if isinstance(answer, api.Wait):
                report.expected[answer.reason] = answer.expected_seconds
            report.plugin(plugin.name, "False", answer.reason, answer.message)
            report.requeue(answer.after)

    def _reason(self, plugin: str) -> str:
        condition = self._attempt.report.plugins.get(plugin)
        return condition.reason if condition is not None else ""

    def _phase(self) -> Phase:
        """The phase. A cluster that runs stays Running, whatever its plugins answer now."""
        if self._attempt.existing.status.phase == "Running":
            return "Running"
        if not self._prepared:
            return "Preparing"
        return "Deploying" if self._trouble or not self._deployment.complete else "Running"
