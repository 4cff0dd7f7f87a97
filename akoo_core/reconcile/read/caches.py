"""Protocols that reconcile reads through: caches, plugins, workload clusters."""

from __future__ import annotations

from typing import Protocol

from akoo_core import structs
from akoo_core.kube import client
from akoo_core.objects import cluster, config
from akoo_core.objects.record import Record
from akoo_core.plugin import api
from akoo_core.reconcile.decide import adoption_limit, removal_limit, selection
from akoo_core.reconcile.status import config_status


class RecordWorld(Protocol):
    """The caches of the management cluster, read without I/O and without waiting.

    Every answer may be a little old. Writes are guarded by preconditions, and objects are read from
    the API server before anything that cannot be undone.
    """

    def record(self, name: str) -> Record | None:
        """The AKODeployment. Raises structs.DecodeError when it cannot be decoded."""
        ...

    def cluster_of(self, name: str) -> cluster.Cluster | None:
        """The Cluster of a record name: by the UID in the record, else by the name's hash."""
        ...

    def cluster_at(self, namespace: str, name: str) -> cluster.Cluster | None: ...

    def moved_away(self, cluster_uid: str) -> bool:
        """True if the Cluster is gone and was last seen during a ``clusterctl move`` (in this
        process)."""
        ...

    def follows(self, namespace: str) -> bool:
        """True if Clusters of that namespace are followed. One elsewhere that is not in the caches
        is not gone: its record is left alone."""
        ...

    def configs(self) -> tuple[config.Config, ...]: ...

    def unreadable_configs(self) -> tuple[selection.Unreadable, ...]:
        """Configs that exist and cannot be decoded: they are present, but match nothing."""
        ...

    def names_at(self, namespace: str, name: str) -> tuple[str, ...]:
        """The names of the records whose clusterRef has that namespace and name."""
        ...

    def records_of_cluster(self, namespace: str, name: str) -> tuple[Record, ...]:
        """All records whose clusterRef has that namespace and name, whatever the UID."""
        ...

    def adoptions(self, of: config.Config) -> adoption_limit.Shown:
        """The adoptions of a config. Every waiting record asks: only failed ones are decoded."""
        ...

    def removals(self) -> removal_limit.Ledger:
        """Counts of removals, read before a removal begins; they cost the same in any fleet."""
        ...


class ConfigWorld(Protocol):
    """Caches that the controller of AKODeploymentConfigs reads."""

    def config_object(self, name: str) -> structs.JSON | None:
        """The AKODeploymentConfig as the API sent it, also one that cannot be decoded."""
        ...

    def served_by(self, config_uid: str) -> config_status.ServedCounts:
        """Number of records that live by that config. Read often: counted, not listed."""
        ...

    def records_of_config(self, name: str) -> tuple[Record, ...]:
        """All records whose configRef has that name."""
        ...


class WorkloadAccess(Protocol):
    """Clients of workload clusters."""

    async def client_for(self, namespace: str, name: str, cluster_uid: str) -> client.KubeClient:
        """Raises KubeError: NotFoundError without a kubeconfig, UnreachableError, ..."""
        ...

    def silent_seconds(self, cluster_uid: str) -> float:
        """Seconds since the API last answered; 0.0 while it answers, and before the first call."""
        ...

    async def forget(self, cluster_uid: str) -> None:
        """Close the connections to that cluster."""
        ...


class Plugins(Protocol):
    """The selected plugins, in order (:class:`akoo_core.plugin_host.registry.PluginSet`)."""

    @property
    def ordered(self) -> tuple[api.Plugin, ...]:
        """Providers of facts first."""
        ...

    @property
    def reverse(self) -> tuple[api.Plugin, ...]: ...

    def get(self, name: str) -> api.Plugin | None: ...
