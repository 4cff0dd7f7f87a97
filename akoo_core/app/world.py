"""The caches of the management cluster, as reconcile reads them: lookups without I/O."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import TypeVar

from akoo_core import structs
from akoo_core.cache import indexes, store
from akoo_core.kube import client, resource
from akoo_core.objects import cluster, names
from akoo_core.objects.config import Config
from akoo_core.objects.record import Record, from_object, says_ready
from akoo_core.reconcile.decide import adoption_limit, removal_limit, selection
from akoo_core.reconcile.status import config_status

UID = "uid"
RECORD_NAME = "record-name"
CLUSTER = "cluster"
CLUSTER_UID = "cluster-uid"
CONFIG = "config"
SERVED = "served-by"
"""Index by the UID of the config that a record lives by; counted without decoding anything."""
SERVED_READY = "served-by-ready"
REMOVED = "removed"
"""Index by the hour in which a removal began; its other values are the times, and LEAVES."""
LEAVES = "leaves"
ADOPTION = "adoption"
"""Index of the records with an adoption, by the marks of decide.adoption_limit."""
UNFINISHED = "unfinished"
"""Index of the records that are not finished, by the namespace of their Cluster and by ALL."""
ALL = ""
MOVED_KEPT = 4096
"""Limit of remembered Clusters that ``clusterctl move`` took away; the oldest are dropped."""

T = TypeVar("T")


def _cluster_indexes(management_id: str) -> dict[str, indexes.IndexFunction]:
    def uid(obj: client.Object) -> list[str]:
        return [obj["metadata"]["uid"]]

    def record_name(obj: client.Object) -> list[str]:
        return [names.record_name(management_id, obj["metadata"]["uid"])]

    return {UID: uid, RECORD_NAME: record_name}


def _cluster_key(obj: client.Object) -> list[str]:
    ref = obj["spec"]["clusterRef"]
    return [f"{ref['namespace']}/{ref['name']}"]


def _served_by(obj: client.Object) -> list[str]:
    uid = config_status.config_needed(obj["spec"])
    return [uid] if uid else []


def _removed(obj: client.Object) -> list[str]:
    spec = obj["spec"]
    moments = removal_limit.moments(spec)
    values = {value for at in moments for value in (_hour(at), at.isoformat())}
    return [*values, *([LEAVES] if spec.get("leaving") else [])]


def _hour(at: datetime.datetime) -> str:
    return f"{at:%Y-%m-%dT%H}"


def _unfinished(obj: client.Object) -> list[str]:
    spec = obj["spec"]
    return [] if spec.get("finishedAt") else [ALL, spec["clusterRef"]["namespace"]]


_RECORD_INDEXES: dict[str, indexes.IndexFunction] = {
    CLUSTER: _cluster_key,
    CLUSTER_UID: lambda obj: [obj["spec"]["clusterRef"]["uid"]],
    CONFIG: lambda obj: [obj["spec"]["configRef"]["name"]],
    SERVED: _served_by,
    SERVED_READY: lambda obj: _served_by(obj) if says_ready(obj) else [],
    REMOVED: _removed,
    UNFINISHED: _unfinished,
    ADOPTION: lambda obj: adoption_limit.marks(obj["spec"]),
}


class CachedWorld:
    """Three stores and their queries; a :class:`akoo_core.reconcile.read.caches.RecordWorld`.

    ``clusters`` is the Cluster kind at the version the API server serves; ``namespace`` the only
    one whose Clusters are followed, "" for all.
    """

    def __init__(
        self, management_id: str, clusters: resource.Resource, *, namespace: str = ALL
    ) -> None:
        self.namespace = namespace
        self.clusters = store.Store(clusters, indexes=_cluster_indexes(management_id))
        self.config_objects = store.Store(resource.AKO_DEPLOYMENT_CONFIGS)
        self.record_objects = store.Store(resource.AKO_DEPLOYMENTS, indexes=_RECORD_INDEXES)
        self._configs: dict[str, tuple[str | None, Config | selection.Unreadable]] = {}
        self._moved: dict[str, None] = {}
        self._kubeconfigs = store.Store(resource.SECRETS)
        self._secrets: dict[str, store.Store] = {}

    def kubeconfig_secrets(self) -> store.Store:
        """Store for the metadata of the Secrets that carry Cluster API's label, in all
        namespaces."""
        return self._kubeconfigs

    def secrets_of(self, namespace: str) -> store.Store:
        """Store for the metadata of all Secrets of one namespace."""
        return self._secrets.setdefault(namespace, store.Store(resource.SECRETS))

    def secret_version(self, namespace: str, name: str) -> str | None:
        """Last seen version of a Secret (``uid/resourceVersion``), "" if it does not exist.

        None where it is not followed (yet): then it has to be read.
        """
        followed = self._secrets.get(namespace)
        if followed is not None:
            return (followed.version(name, namespace) or "") if followed.filled else None
        return self._kubeconfigs.version(name, namespace) if self._kubeconfigs.filled else None

    def record(self, name: str) -> Record | None:
        obj = self.record_objects.get(name)
        return from_object(obj) if obj is not None else None

    def cluster_of(self, name: str) -> cluster.Cluster | None:
        named = self.record_objects.indexed(CLUSTER_UID, name)
        if named is None:
            clusters = self.clusters.lookup(RECORD_NAME, name)
        else:
            clusters = [obj for uid in named for obj in self.clusters.lookup(UID, uid)]
        return cluster.from_object(clusters[0]) if clusters else None

    def cluster_at(self, namespace: str, name: str) -> cluster.Cluster | None:
        obj = self.clusters.get(name, namespace)
        return cluster.from_object(obj) if obj is not None else None

    def cluster_changed(self, change: store.Change) -> None:
        """Remember a Cluster that was deleted during ``clusterctl move``.

        clusterctl first pauses the Cluster. Then it marks the Cluster, deletes it and takes all
        finalizers off within milliseconds: the Cluster is gone before any attempt can see it. A
        mark on a Cluster that was not paused, or not being deleted, is no move.
        """
        old = change.old if change.new_item is None else None
        if old is None:
            return
        last = cluster.from_object(old)
        if not (last.moving and last.paused and last.deleting):
            return
        self._moved[old["metadata"]["uid"]] = None
        while len(self._moved) > MOVED_KEPT:
            del self._moved[next(iter(self._moved))]

    def moved_away(self, cluster_uid: str) -> bool:
        return cluster_uid in self._moved

    def configs(self) -> tuple[Config, ...]:
        return tuple(config for config in self._decoded() if isinstance(config, Config))

    def unreadable_configs(self) -> tuple[selection.Unreadable, ...]:
        return tuple(
            config for config in self._decoded() if isinstance(config, selection.Unreadable)
        )

    def config_object(self, name: str) -> structs.JSON | None:
        return self.config_objects.get(name)

    def served_by(self, config_uid: str) -> config_status.ServedCounts:
        return config_status.ServedCounts(
            clusters=self.record_objects.count_by(SERVED, config_uid),
            ready=self.record_objects.count_by(SERVED_READY, config_uid),
        )

    def names_at(self, namespace: str, name: str) -> tuple[str, ...]:
        keys = self.record_objects.keys_by(CLUSTER, f"{namespace}/{name}")
        return tuple(key.name for key in keys)

    def records_of_cluster(self, namespace: str, name: str) -> tuple[Record, ...]:
        return _records(self.record_objects.lookup(CLUSTER, f"{namespace}/{name}"))

    def records_of_config(self, name: str) -> tuple[Record, ...]:
        return _records(self.record_objects.lookup(CONFIG, name))

    def adoptions(self, of: Config) -> adoption_limit.Shown:
        def marked(value: str) -> frozenset[str]:
            return frozenset(key.name for key in self.record_objects.keys_by(ADOPTION, value))

        return adoption_limit.Shown(
            begun=marked(adoption_limit.begun(of.name)),
            under_way=marked(adoption_limit.under_way(of.uid)),
            failed=_records(self.record_objects.lookup(ADOPTION, adoption_limit.failed(of.uid))),
        )

    def removals(self) -> removal_limit.Ledger:
        return _Ledger(self.record_objects, self.namespace)

    def follows(self, namespace: str) -> bool:
        """True if Clusters of that namespace are followed."""
        return self.namespace in (ALL, namespace)

    def left_alone(self) -> int:
        """Number of records that are not finished, and whose Clusters are not followed."""
        count = self.record_objects.count_by
        return count(UNFINISHED, ALL) - count(UNFINISHED, self.namespace)

    def _decoded(self) -> list[Config | selection.Unreadable]:
        """Each config, decoded once per version: every attempt reads all of them."""
        names_ = [key.name for key in self.config_objects.keys()]  # noqa: SIM118 - no mapping
        self._configs = {name: self._decode(name) for name in names_}
        return [config for _, config in self._configs.values()]

    def _decode(self, name: str) -> tuple[str | None, Config | selection.Unreadable]:
        version, known = self.config_objects.version(name), self._configs.get(name)
        if known is not None and known[0] == version:
            return known
        obj = self.config_objects.get(name)
        if obj is None:
            return version, selection.Unreadable(name=name, problem="it is gone")
        return version, selection.read(obj)


class _Ledger:
    """Removals by the indexes of the records; nothing is decoded."""

    def __init__(self, records: store.Store, namespace: str) -> None:
        self._records = records
        self._namespace = namespace

    def fleet(self) -> int:
        return self._records.count_by(UNFINISHED, self._namespace)

    def begun(self, now: datetime.datetime) -> removal_limit.Begun:
        hours = {_hour(at.astimezone(datetime.UTC)) for at in (now - removal_limit.WINDOW, now)}
        names_ = {key.name for hour in hours for key in self._records.keys_by(REMOVED, hour)}
        return {name: tuple(self._moments(name)) for name in names_}

    def leaves(self, name: str) -> bool:
        return LEAVES in (self._records.indexed(REMOVED, name) or ())

    def _moments(self, name: str) -> Iterator[datetime.datetime]:
        for value in self._records.indexed(REMOVED, name) or ():
            if "+" in value:  # A moment, not an hour: it has an offset from UTC.
                yield datetime.datetime.fromisoformat(value)


def _records(objects: list[client.Object]) -> tuple[Record, ...]:
    """Readable records only; unreadable ones are reported by their own reconcile."""
    records = (_or_none(from_object, obj) for obj in objects)
    return tuple(record for record in records if record is not None)


def _or_none(decode: Callable[[client.Object], T], obj: client.Object) -> T | None:
    try:
        return decode(obj)
    except structs.DecodeError:
        return None
