"""From the caches to a situation. No I/O but what the caches answer."""

from __future__ import annotations

from akoo_core.objects import cluster, config, names, record
from akoo_core.plugin import api
from akoo_core.plugin_host import caller, registry
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import placements, selection
from akoo_core.reconcile.decide.situation import Loaded, Situation
from akoo_core.reconcile.read.caches import RecordWorld


def loaded(plugins: registry.PluginSet, calls: caller.VerbCaller) -> dict[str, Loaded]:
    """What decisions must know of the plugins of this process."""
    return {plugin.name: _loaded(plugin, calls) for plugin in plugins.ordered}


def _loaded(plugin: api.Plugin, calls: caller.VerbCaller) -> Loaded:
    kind = type(plugin)
    return Loaded(
        intent_version=kind.intent_version,
        facts={fact.fact_name: fact.fact_version for fact in kind.provides},
        sweeps=calls.implements(plugin, "sweep"),
        verifies=calls.implements(plugin, "verify"),
    )


def situation(attempt: Attempt, known: dict[str, Loaded]) -> Situation:
    """What is known now, this attempt's own writes included."""
    services, one, target = attempt.services, attempt.record, attempt.cluster
    choice = chosen(services.world, target, one) if target is not None else selection.Choice()
    return Situation(
        now=services.clock.now(),
        management_id=services.management_id,
        name=attempt.name,
        record=one,
        cluster=target,
        moved_away=target is None
        and one is not None
        and services.world.moved_away(one.spec.cluster_ref.uid),
        namesake=_namesake(services.world, one, target),
        served_by=_served_by(services.world, attempt.name, one, target),
        rivals=_rivals(services.world, one, target),
        workload_uid=attempt.compared,
        choice=choice,
        loaded=known,
        relocating=placements.told(attempt.report.moves),
        shared_with=_shared_with(services.world, attempt.name, target),
        ensured=frozenset(attempt.ensured),
        tried=attempt.tried,
        done=frozenset(attempt.done),
        finished_kept=services.finished_kept,
    )


def cluster_of(world: RecordWorld, name: str, one: record.Record | None) -> cluster.Cluster | None:
    """The Cluster of ``one`` (which may be newer than the record in the caches), or of the name."""
    found = world.cluster_of(name)
    if one is None:
        return found
    ref = one.spec.cluster_ref
    if found is None or found.uid != ref.uid:
        found = world.cluster_at(ref.namespace, ref.name)
    return found if found is not None and found.uid == ref.uid else None


def chosen(
    world: RecordWorld, target: cluster.Cluster, one: record.Record | None
) -> selection.Choice:
    """Selection for a Cluster."""
    return selection.choose(
        target,
        world.configs(),
        unreadable=world.unreadable_configs(),
        current=one.spec.config_ref.name if one is not None else "",
    )


def config_of(world: RecordWorld, one: record.Record) -> config.Config | None:
    """The config that the record names; None when it is gone or was made again."""
    ref = one.spec.config_ref
    return next((c for c in world.configs() if c.name == ref.name and c.uid == ref.uid), None)


def _namesake(
    world: RecordWorld, one: record.Record | None, target: cluster.Cluster | None
) -> cluster.Cluster | None:
    if one is None or target is not None:
        return None
    ref = one.spec.cluster_ref
    found = world.cluster_at(ref.namespace, ref.name)
    return found if found is not None and found.uid != ref.uid else None


def _served_by(
    world: RecordWorld, name: str, one: record.Record | None, target: cluster.Cluster | None
) -> str:
    if one is not None or target is None:
        return ""
    return next((other.name for other in _same(world, target) if other.name != name), "")


def _same(world: RecordWorld, target: cluster.Cluster) -> list[record.Record]:
    """Records of this very Cluster and of the default instance that are not finished."""
    return [
        one
        for one in world.records_of_cluster(target.namespace, target.name)
        if one.spec.cluster_ref.uid == target.uid
        and one.spec.instance == names.DEFAULT_INSTANCE
        and one.spec.finished_at is None
    ]


def _rivals(
    world: RecordWorld, one: record.Record | None, target: cluster.Cluster | None
) -> tuple[record.Record, ...]:
    if one is not None or target is None:
        return ()
    return tuple(
        other
        for other in world.records_of_cluster(target.namespace, target.name)
        if other.spec.cluster_ref.uid != target.uid
        and other.spec.instance == names.DEFAULT_INSTANCE
        and other.spec.workload is not None
        and other.spec.finished_at is None
        and not (other.spec.leaving and other.spec.leaving.let_go)
    )


def _shared_with(world: RecordWorld, name: str, target: cluster.Cluster | None) -> tuple[str, ...]:
    if target is None or len(world.names_at(target.namespace, target.name)) < 2:
        return ()  # Nearly always: its own record, which need not be read again.
    return tuple(
        other.name
        for other in world.records_of_cluster(target.namespace, target.name)
        if other.name != name
        and other.spec.cluster_ref.uid == target.uid
        and other.spec.finished_at is None
        and not (other.spec.leaving and other.spec.leaving.let_go)
    )
