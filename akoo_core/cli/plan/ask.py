"""What the plugins would do for one cluster: asks them, and puts it into rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from akoo_core import errors, external, structs
from akoo_core.cli import columns, fleet, operating
from akoo_core.cli.annotate import write
from akoo_core.kube import client
from akoo_core.objects import config as config_
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError, VerbError
from akoo_core.plugin_host import caller
from akoo_core.reconcile.act import attempt
from akoo_core.reconcile.decide import facts

HEADS = ("ACTION", "KIND", "NAME", "WHERE", "WHY")


class Answer(structs.Struct, frozen=True, kw_only=True):
    """What one plugin said; ``problem`` instead, when it could not."""

    plugin: str
    actions: tuple[api.PlannedAction, ...] = ()
    problem: str = ""


class Plan(structs.Struct, frozen=True, kw_only=True):
    """What all of them said."""

    cluster: str
    record: str
    verb: caller.Planned
    answers: tuple[Answer, ...]
    silent: tuple[str, ...] = ()
    """Plugins without the hook."""

    @property
    def complete(self) -> bool:
        """Whether every plugin that has a plan could say it."""
        return not any(answer.problem for answer in self.answers)


async def ask(
    kube: client.KubeClient,
    loaded: operating.Loaded,
    seam: external.External,
    cluster: str,
    verb: caller.Planned | None,
    remembered: api.LoginMemory | None = None,
) -> Plan:
    """Ask every plugin. ``cluster`` is NAMESPACE/NAME, or the name of a record; ``remembered`` are
    refused logins.

    Raises InputError when there is no such record, when it is finished, or when nobody has a plan.
    """
    one = await _record(kube, cluster)
    if one.spec.finished_at is not None:
        raise errors.InputError(f"{one.name} of {fleet.key_of(one)} is finished: nothing is done")
    ref = one.spec.cluster_ref
    target = await fleet.cluster_at(kube, ref.namespace, ref.name)
    verb = verb or ("prepare" if one.spec.leaving is None else "sweep")
    async with operating.services(kube, loaded, seam, remembered) as services:
        asked = [one for one in loaded.plugins.ordered if services.caller.implements(one, "plan")]
        if not asked:
            names = ", ".join(loaded.plugins.names) or "none is selected"
            raise errors.InputError(f"no plugin can say what it would do ({names})")
        looking = attempt.Attempt(
            services=services,
            name=one.name,
            number=0,
            record=one,
            cluster=target if target is not None and target.uid == ref.uid else None,
            config=await _config(kube, one),
        )
        answers = [await _answer(looking, plugin, verb) for plugin in asked]
    silent = tuple(name for name in loaded.plugins.names if name not in {a.plugin for a in answers})
    return Plan(
        cluster=fleet.key_of(one),
        record=one.name,
        verb=verb,
        answers=tuple(answers),
        silent=silent,
    )


async def _record(kube: client.KubeClient, cluster: str) -> record.Record:
    found = await fleet.records(kube)
    if "/" not in cluster:
        for one in found.known:
            if one.name == cluster:
                return one
        near = fleet.near(cluster, [one.name for one in found.known])
        raise errors.InputError(
            f"there is no record {cluster}; say NAMESPACE/NAME of a Cluster, or a record.{near}"
        )
    fleet.split(cluster)
    mine = fleet.of_cluster(found, cluster)
    living = [one for one in mine if one.spec.finished_at is None]
    if len(living) > 1:
        names = ", ".join(one.name for one in living)
        raise errors.InputError(f"{cluster} has several records, say which instead: {names}")
    return living[0] if living else (await write.find(kube, cluster, None)).record


async def _config(kube: client.KubeClient, one: record.Record) -> config_.Config | None:
    """The config that the record names; None when it is gone or was made again."""
    ref, known = one.spec.config_ref, (await fleet.configs(kube)).known
    return next((each for each in known if (each.name, each.uid) == (ref.name, ref.uid)), None)


async def _answer(looking: attempt.Attempt, plugin: api.Plugin, verb: caller.Planned) -> Answer:
    if verb == "prepare" and (problem := _unprepared(looking, plugin)):
        return Answer(plugin=plugin.name, problem=problem)
    # As the engine has it: prepare comes before there is a workload cluster.
    reached = await looking.workload() if verb == "sweep" else None
    ctx = looking.context(plugin, reached.client if reached is not None else None)
    try:
        actions = await looking.services.caller.plan(plugin, ctx, verb)
    except VerbError as error:
        return Answer(plugin=plugin.name, problem=_problem(error))
    return Answer(plugin=plugin.name, actions=actions or ())


def _problem(error: VerbError) -> str:
    """As a condition would say it, where the plugin said what somebody must do: whole."""
    cause = error.__cause__
    return f"{cause.reason}: {cause}" if isinstance(cause, BlockedError) else error.problem


def _unprepared(looking: attempt.Attempt, plugin: api.Plugin) -> str:
    """Why the engine would not call prepare, or ""."""
    try:
        looking.view(plugin)
    except structs.DecodeError as error:
        return f"AKODeploymentConfig {looking.one.spec.config_ref.name}: {error}"
    missing = facts.missing(looking.one.spec.facts, plugin)
    return f"it waits for the fact {', '.join(missing)}" if missing else ""


def lines(plan: Plan) -> Iterator[str]:
    """A table for each plugin that would do something. Pure."""
    yield f"{plan.cluster} (record {plan.record}): what {plan.verb} would do now"
    for answer in plan.answers:
        if answer.problem:
            yield f"{answer.plugin}: cannot say: {answer.problem}"
        elif not answer.actions:
            yield f"{answer.plugin}: nothing to do"
        else:
            yield f"{answer.plugin}: {_counted(answer.actions)}"
            rows = [(a.action, a.kind, a.name, a.where, a.why) for a in answer.actions]
            yield from (f"  {line}" for line in columns.lines([HEADS, *rows]))
    if plan.silent:
        yield f"without a plan: {', '.join(plan.silent)}"


def _counted(actions: tuple[api.PlannedAction, ...]) -> str:
    """``2 to delete, 1 to keep``."""
    found = [action.action for action in actions]
    return ", ".join(f"{found.count(one)} to {one}" for one in sorted(set(found)))


def plain(plan: Plan) -> dict[str, Any]:
    """As JSON shows it. Pure."""
    return {
        "cluster": plan.cluster,
        "record": plan.record,
        "verb": plan.verb,
        "plugins": [structs.to_object(answer) for answer in plan.answers],
        "withoutPlan": list(plan.silent),
    }
