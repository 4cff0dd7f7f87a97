"""The situation of a record, from the caches and the attempt so far. No I/O but cache reads."""

from __future__ import annotations

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.config import Config
from akoo_core.objects.record import Record
from akoo_core.plugin import api
from akoo_core.plugin_host.caller import VerbCaller
from akoo_core.plugin_host.registry import PluginSet
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import selection
from akoo_core.reconcile.decide.situation import LoadedPlugin, Situation
from akoo_core.reconcile.read.caches import RecordWorld


def loaded(plugins: PluginSet, calls: VerbCaller) -> dict[str, LoadedPlugin]:
    """Facts about the plugins of this process that decisions need, by plugin."""
    return {plugin.name: _loaded(plugin, calls) for plugin in plugins.ordered}


def _loaded(plugin: api.Plugin, calls: VerbCaller) -> LoadedPlugin:
    kind = type(plugin)
    return LoadedPlugin(
        intent_version=kind.intent_version,
        facts={fact.fact_name: fact.fact_version for fact in kind.provides},
        intends=calls.implements(plugin, "intend"),
        fences=calls.implements(plugin, "fence"),
        sweeps=calls.implements(plugin, "sweep"),
        verifies=calls.implements(plugin, "verify"),
    )


def situation(attempt: Attempt, plugins: dict[str, LoadedPlugin]) -> Situation:
    """The situation now, this attempt's own writes included."""
    services, record, cluster = attempt.services, attempt.record, attempt.cluster
    choice = chosen(services.world, cluster, record) if cluster else selection.Choice()
    observing = observers(services.plugins, choice.config) if choice.config is not None else ()
    return Situation(
        now=services.clock.now(),
        management_id=services.management_id,
        name=attempt.name,
        record=record,
        cluster=cluster,
        moved_away=cluster is None
        and record is not None
        and services.world.moved_away(record.spec.cluster_ref.uid),
        namesake=_namesake(services.world, record, cluster),
        served_by=_served_by(services.world, attempt.name, record, cluster),
        rivals=_rivals(services.world, record, cluster),
        choice=choice,
        observes=bool(observing),
        adopts=choice.config is not None and _adopts(observing, choice.config),
        labelled=_labelled(services.world, cluster),
        loaded=plugins,
        shared_with=_shared_with(services.world, attempt.name, cluster),
        progress=attempt.progress,
        finished_kept=services.finished_kept,
    )


def cluster_of(world: RecordWorld, name: str, record: Record | None) -> Cluster | None:
    """The Cluster of the record (which may be newer than the caches), or of the record name."""
    cluster = world.cluster_of(name)
    if record is None:
        return cluster
    ref = record.spec.cluster_ref
    if cluster is None or cluster.uid != ref.uid:
        cluster = world.cluster_at(ref.namespace, ref.name)
    return cluster if cluster is not None and cluster.uid == ref.uid else None


def chosen(world: RecordWorld, cluster: Cluster, record: Record | None) -> selection.Choice:
    """Selection for a Cluster."""
    return selection.choose(
        cluster,
        world.configs(),
        unreadable=world.unreadable_configs(),
        current=record.spec.config_ref.name if record is not None else "",
    )


def observers(plugins: PluginSet, config: Config) -> tuple[api.Plugin, ...]:
    """The plugins that a config asks to observe only."""
    sections = _sections(config)
    return tuple(
        plugin
        for plugin in plugins.ordered
        if isinstance(sections.get(plugin.name), dict)
        and plugin.only_observes(sections[plugin.name])
    )


def _sections(config: Config) -> structs.JSON:
    spec = config.raw.get("spec")
    sections = spec.get("plugins") if isinstance(spec, dict) else None
    return sections if isinstance(sections, dict) else {}


def _adopts(observing: tuple[api.Plugin, ...], config: Config) -> bool:
    sections = _sections(config)
    return any(plugin.adopts(sections[plugin.name]) for plugin in observing)


def _labelled(world: RecordWorld, cluster: Cluster | None) -> Config | None:
    """Only a Cluster in deletion has a use for it."""
    if cluster is None or not cluster.deleting:
        return None
    label = cluster.labels.get(names.ANCESTOR_LABEL)
    return next((config for config in world.configs() if config.name == label), None)


def config_of(world: RecordWorld, record: Record) -> Config | None:
    """The config that the record names; None when it is gone or was made again."""
    ref = record.spec.config_ref
    named = (config for config in world.configs() if config.name == ref.name)
    return next((config for config in named if config.uid == ref.uid), None)


def _namesake(world: RecordWorld, record: Record | None, cluster: Cluster | None) -> Cluster | None:
    if record is None or cluster is not None:
        return None
    ref = record.spec.cluster_ref
    namesake = world.cluster_at(ref.namespace, ref.name)
    return namesake if namesake is not None and namesake.uid != ref.uid else None


def _served_by(
    world: RecordWorld, name: str, record: Record | None, cluster: Cluster | None
) -> str:
    if record is not None or cluster is None:
        return ""
    return next((other.name for other in _same(world, cluster) if other.name != name), "")


def _same(world: RecordWorld, cluster: Cluster) -> list[Record]:
    """Records of this very Cluster and of the default instance that are not finished."""
    return [
        record
        for record in world.records_of_cluster(cluster.namespace, cluster.name)
        if record.spec.cluster_ref.uid == cluster.uid
        and record.spec.instance == names.DEFAULT_INSTANCE
        and record.spec.finished_at is None
    ]


def _rivals(
    world: RecordWorld, record: Record | None, cluster: Cluster | None
) -> tuple[Record, ...]:
    if record is not None or cluster is None:
        return ()
    return tuple(
        other
        for other in world.records_of_cluster(cluster.namespace, cluster.name)
        if other.spec.cluster_ref.uid != cluster.uid
        and other.spec.instance == names.DEFAULT_INSTANCE
        and other.spec.workload is not None
        and other.spec.finished_at is None
        and not (other.spec.leaving and other.spec.leaving.let_go)
    )


def _shared_with(world: RecordWorld, name: str, cluster: Cluster | None) -> tuple[str, ...]:
    if cluster is None or len(world.names_at(cluster.namespace, cluster.name)) < 2:
        return ()  # Nearly always: its own record, which need not be read again.
    return tuple(
        other.name
        for other in world.records_of_cluster(cluster.namespace, cluster.name)
        if other.name != name
        and other.spec.cluster_ref.uid == cluster.uid
        and other.spec.finished_at is None
        and not (other.spec.leaving and other.spec.leaving.let_go)
    )
