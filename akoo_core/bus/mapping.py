"""Which keys a change concerns. Keys are names of records, and of configs for their controller.

Both the old and the new state count: who was concerned until now must look again too. The work for
one change does not grow with the number of clusters, but for a change of an AKODeploymentConfig,
whose selector has to be tried on each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from akoo_core.cache import store
from akoo_core.kube import client
from akoo_core.objects import cluster, config, names, record

Matches = Callable[[config.Config, cluster.Cluster], bool]
"""Whether a config may serve a Cluster. Selection belongs to reconcile; here it is an argument."""


class ObjectLookups(Protocol):
    """What is asked of the caches: each by an index, none of them waits.

    Nothing is answered before the first list of a kind: what is in it comes as changes of its own.
    """

    def records_at(self, namespace: str, cluster_name: str) -> Iterable[str]:
        """Names of the records whose clusterRef has that namespace and name."""
        ...

    def records_naming(self, config_name: str) -> Iterable[str]:
        """Names of the records whose configRef is that AKODeploymentConfig."""
        ...

    def records_using_secret(self, namespace: str, name: str) -> Iterable[str]:
        """Names of the records that depend on that Secret."""
        ...

    def cluster_uid(self, namespace: str, name: str) -> str | None:
        """The UID of the Cluster of that name, or None."""
        ...

    def clusters(self) -> Iterable[cluster.Cluster]:
        """All Clusters. Asked only for a change of a config."""
        ...


def records_of_cluster(
    change: store.Change, lookups: ObjectLookups, *, management_id: str
) -> tuple[str, ...]:
    """The record that old and new UID give a name to, and those that name this Cluster."""
    derived = [names.record_name(management_id, obj["metadata"]["uid"]) for obj in _states(change)]
    return _unique(derived, lookups.records_at(change.key.namespace, change.key.name))


def records_of_config(
    change: store.Change, lookups: ObjectLookups, *, management_id: str, matches: Matches
) -> tuple[str, ...]:
    """The records that name this config, and those of Clusters it matches or used to match."""
    states = [one for one in map(_config, _states(change)) if one is not None]
    matched = (
        names.record_name(management_id, target.uid)
        for target in (lookups.clusters() if states else ())
        if any(matches(state, target) for state in states)
    )
    return _unique(lookups.records_naming(change.key.name), matched)


def records_of_record(
    change: store.Change, lookups: ObjectLookups, *, management_id: str
) -> tuple[str, ...]:
    """The record, the name its Cluster's UID gives, and other records of that Cluster's name.

    They are the same but after a move or when a Cluster was created anew: there one record waits
    for the other.
    """
    related: list[str] = []
    for ref in _references(change, "clusterRef"):
        related.append(names.record_name(management_id, str(ref.get("uid", ""))))
        related += lookups.records_at(str(ref.get("namespace", "")), str(ref.get("name", "")))
    return _unique([change.key.name], related)


def records_of_secret(
    change: store.Change, lookups: ObjectLookups, *, management_id: str
) -> tuple[str, ...]:
    """The records that depend on this Secret; for a kubeconfig, those of its Cluster."""
    namespace = change.key.namespace
    found = list(lookups.records_using_secret(namespace, change.key.name))
    for obj in _states(change):
        owner = (obj["metadata"].get("labels") or {}).get(names.CAPI_CLUSTER_NAME_LABEL)
        if not owner or change.key.name != names.kubeconfig_secret_name(owner):
            continue
        found += lookups.records_at(namespace, owner)
        uid = lookups.cluster_uid(namespace, owner)
        if uid is not None:
            found.append(names.record_name(management_id, uid))
    return _unique(found)


def configs_of_record(change: store.Change) -> tuple[str, ...]:
    """The configs a record names or named: one of them may be waiting to go."""
    return _unique(str(ref["name"]) for ref in _references(change, "configRef") if "name" in ref)


def configs_that_count(change: store.Change) -> tuple[str, ...]:
    """The config of a record that became Ready or is no longer: it counts those that are."""
    states = _states(change)
    if len({record.says_ready(obj) for obj in states}) < 2:
        return ()
    return configs_of_record(change)


def _states(change: store.Change) -> list[client.Object]:
    return [obj for obj in (change.old, change.new) if obj is not None]


def _references(change: store.Change, field: str) -> list[dict[str, Any]]:
    found = [(obj.get("spec") or {}).get(field) for obj in _states(change)]
    return [ref for ref in found if isinstance(ref, dict)]


def _config(obj: client.Object) -> config.Config | None:
    """None for a config that cannot be read: it matches nothing."""
    try:
        return config.from_object(obj)
    except Exception:  # noqa: BLE001 - selection says what is wrong with it; here it costs no event
        return None


def _unique(*groups: Iterable[str]) -> tuple[str, ...]:
    """In the order given, each once."""
    return tuple(dict.fromkeys(key for group in groups for key in group))
