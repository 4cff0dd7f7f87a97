"""Asks the plugins for their plans for one cluster, and puts them into rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from akoo_core import errors, external, structs
from akoo_core.cli import columns, fleet, operating
from akoo_core.cli.annotate import write
from akoo_core.cli.plan import adopting
from akoo_core.kube import client
from akoo_core.objects.config import Config
from akoo_core.objects.record import Record
from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError, VerbError
from akoo_core.reconcile.act import attempt
from akoo_core.reconcile.decide import facts

HEADS = ("ACTION", "KIND", "NAME", "WHERE", "WHY")


class PluginPlan(structs.Struct, frozen=True, kw_only=True):
    """The plan of one plugin; ``problem`` instead, when it has none."""

    plugin: str
    actions: tuple[api.PlannedAction, ...] = ()
    problem: str = ""


class Plan(structs.Struct, frozen=True, kw_only=True):
    """The answers of all plugins."""

    cluster: str
    record: str
    verb: api.PlannedVerb
    answers: tuple[PluginPlan, ...]
    silent: tuple[str, ...] = ()
    """Plugins without the hook."""

    @property
    def complete(self) -> bool:
        """Every plugin with the hook answered without a problem."""
        return not any(answer.problem for answer in self.answers)


async def ask(
    kube: client.KubeClient,
    loaded: operating.OperatorParts,
    seam: external.External,
    cluster: str,
    verb: api.PlannedVerb | None,
    remembered: api.LoginMemory | None = None,
) -> Plan:
    """Ask every plugin. ``cluster`` is NAMESPACE/NAME, or the name of a record; ``remembered``
    holds refused logins.

    Raises InputError for a missing or finished record, and when no plugin has the hook.
    """
    record = await _record(kube, cluster)
    if record.spec.finished_at is not None:
        raise errors.InputError(
            f"{record.name} of {fleet.key_of(record)} is finished; nothing is planned"
        )
    ref = record.spec.cluster_ref
    existing = await fleet.cluster_at(kube, ref.namespace, ref.name)
    verb = verb or ("prepare" if record.spec.leaving is None else "sweep")
    async with operating.services(kube, loaded, seam, remembered) as services:
        implements = services.caller.implements
        asked = [plugin for plugin in loaded.plugins.ordered if implements(plugin, "plan")]
        if record.spec.observed:
            asked = [plugin for plugin in asked if adopting.is_ahead(record.spec, plugin.name)]
        if not asked:
            names = ", ".join(loaded.plugins.names) or "none is selected"
            text = f"no plugin has a plan ({names})"
            if record.spec.observed:
                text = f"{record.name} is observed only, and its AKO is not adopted"
            raise errors.InputError(text)
        looking = attempt.Attempt(
            services=services,
            name=record.name,
            number=0,
            record=record,
            cluster=existing if existing is not None and existing.uid == ref.uid else None,
            config=await _config(kube, record),
        )
        answers = [await _answer(looking, plugin, verb) for plugin in asked]
    silent = tuple(name for name in loaded.plugins.names if name not in {a.plugin for a in answers})
    return Plan(
        cluster=fleet.key_of(record),
        record=record.name,
        verb=verb,
        answers=tuple(answers),
        silent=silent,
    )


async def _record(kube: client.KubeClient, cluster: str) -> Record:
    records = await fleet.records(kube)
    if "/" not in cluster:
        for record in records.known:
            if record.name == cluster:
                return record
        near = fleet.near(cluster, [record.name for record in records.known])
        raise errors.InputError(
            f"there is no record {cluster}; name a Cluster as NAMESPACE/NAME, or a record.{near}"
        )
    fleet.split(cluster)
    mine = fleet.of_cluster(records, cluster)
    living = [record for record in mine if record.spec.finished_at is None]
    if len(living) > 1:
        names = ", ".join(record.name for record in living)
        raise errors.InputError(f"{cluster} has several records, name one of them instead: {names}")
    return living[0] if living else (await write.find(kube, cluster, None)).record


async def _config(kube: client.KubeClient, record: Record) -> Config | None:
    """The config that the record names; None when it was deleted or created again."""
    ref, known = record.spec.config_ref, (await fleet.configs(kube)).known
    return next(
        (config for config in known if (config.name, config.uid) == (ref.name, ref.uid)), None
    )


async def _answer(
    looking: attempt.Attempt, plugin: api.Plugin, verb: api.PlannedVerb
) -> PluginPlan:
    if verb == "prepare" and (problem := _unprepared(looking, plugin)):
        return PluginPlan(plugin=plugin.name, problem=problem)
    if verb == "prepare" and adopting.is_ahead(looking.spec, plugin.name):
        try:
            return PluginPlan(plugin=plugin.name, actions=await adopting.preview(looking, plugin))
        except errors.AkooError as error:
            return PluginPlan(plugin=plugin.name, problem=str(error))
    # As in the operator: prepare runs before there is a workload cluster.
    reached = await looking.workload() if verb == "sweep" else None
    ctx = looking.context(plugin, reached.client if reached is not None else None)
    try:
        actions = await looking.services.caller.plan(plugin, ctx, verb)
    except VerbError as error:
        return PluginPlan(plugin=plugin.name, problem=problem_of(error))
    return PluginPlan(plugin=plugin.name, actions=actions or ())


def problem_of(error: VerbError) -> str:
    """Reason and message, as in a condition, for a BlockedError; else the problem."""
    cause = error.__cause__
    return f"{cause.reason}: {cause}" if isinstance(cause, BlockedError) else error.problem


def _unprepared(looking: attempt.Attempt, plugin: api.Plugin) -> str:
    """The reason why the operator would not call prepare, or ""."""
    try:
        looking.view(plugin)
    except structs.DecodeError as error:
        return f"AKODeploymentConfig {looking.spec.config_ref.name}: {error}"
    obstacle = facts.lacking(looking.spec, plugin, after=0.0)
    return f"{obstacle.reason}: {obstacle.message}" if obstacle is not None else ""


def lines(plan: Plan) -> Iterator[str]:
    """A table for each plugin with actions. Pure."""
    yield f"{plan.cluster} (record {plan.record}): {plan.verb} would do this now"
    for answer in plan.answers:
        yield from answer_lines(answer.plugin, answer.actions, answer.problem)
    if plan.silent:
        yield f"without a plan: {', '.join(plan.silent)}"


def answer_lines(who: str, actions: tuple[api.PlannedAction, ...], problem: str) -> Iterator[str]:
    """A table for one answer. Pure."""
    if problem:
        yield f"{who}: no plan: {problem}"
    elif not actions:
        yield f"{who}: nothing to do"
    else:
        yield f"{who}: {_counted(actions)}"
        rows = [(a.action, a.kind, a.name, a.where, a.why) for a in actions]
        yield from (f"  {line}" for line in columns.lines([HEADS, *rows]))


def _counted(actions: tuple[api.PlannedAction, ...]) -> str:
    """``2 to delete, 1 to keep``."""
    kinds = [action.action for action in actions]
    return ", ".join(f"{kinds.count(kind)} to {kind}" for kind in sorted(set(kinds)))


def plain(plan: Plan) -> dict[str, Any]:
    """The JSON output. Pure."""
    return {
        "cluster": plan.cluster,
        "record": plan.record,
        "verb": plan.verb,
        "plugins": [structs.to_object(answer) for answer in plan.answers],
        "withoutPlan": list(plan.silent),
    }
