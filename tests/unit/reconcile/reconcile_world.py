"""What surrounds the reconciler in its tests: caches that are never behind, one workload server."""

from __future__ import annotations

import datetime
from typing import Any

from akoo_core import external, structs
from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import cluster, config, names
from akoo_core.objects import record as record_
from akoo_core.reconcile.decide import removal_limit, selection
from akoo_core.reconcile.status import config_status
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_builders as builders


class World:
    """The caches, here the server's state itself."""

    def __init__(self, server: memory.MemoryServer) -> None:
        self._server = server
        self.moved: set[str] = set()

    def record(self, name: str) -> record_.Record | None:
        return next((one for one in self.records() if one.name == name), None)

    def removals(self) -> removal_limit.Ledger:
        return Ledger(self.records())

    def records(self) -> tuple[record_.Record, ...]:
        found = self._server.objects(resources.AKO_DEPLOYMENTS)
        return tuple(record_.from_object(one) for one in found)

    def _clusters(self) -> list[cluster.Cluster]:
        return [cluster.from_object(one) for one in self._server.objects(resources.CLUSTERS)]

    def cluster_of(self, name: str) -> cluster.Cluster | None:
        one = self.record(name)
        for found in self._clusters():
            if one is not None:
                if found.uid == one.spec.cluster_ref.uid:
                    return found
            elif names.record_name(builders.MANAGEMENT, found.uid) == name:
                return found
        return None

    def cluster_at(self, namespace: str, name: str) -> cluster.Cluster | None:
        key = f"{namespace}/{name}"
        return next((one for one in self._clusters() if one.key == key), None)

    def moved_away(self, cluster_uid: str) -> bool:
        return cluster_uid in self.moved

    def configs(self) -> tuple[config.Config, ...]:
        found = self._server.objects(resources.AKO_DEPLOYMENT_CONFIGS)
        return tuple(config.from_object(one) for one in found)

    def config_object(self, name: str) -> structs.JSON | None:
        found = self._server.objects(resources.AKO_DEPLOYMENT_CONFIGS)
        return next((one for one in found if one["metadata"]["name"] == name), None)

    def served_by(self, config_uid: str) -> config_status.ServedCounts:
        served = [
            record_.says_ready(one)
            for one in self._server.objects(resources.AKO_DEPLOYMENTS)
            if config_status.config_needed(one["spec"]) == config_uid
        ]
        return config_status.ServedCounts(clusters=len(served), ready=sum(served))

    def unreadable_configs(self) -> tuple[selection.Unreadable, ...]:
        return ()

    def names_at(self, namespace: str, name: str) -> tuple[str, ...]:
        return tuple(one.name for one in self.records_of_cluster(namespace, name))

    def records_of_cluster(self, namespace: str, name: str) -> tuple[record_.Record, ...]:
        return tuple(
            record
            for record in self.records()
            if (record.spec.cluster_ref.namespace, record.spec.cluster_ref.name)
            == (namespace, name)
        )

    def records_of_config(self, name: str) -> tuple[record_.Record, ...]:
        return tuple(record for record in self.records() if record.spec.config_ref.name == name)


class Ledger:
    """What records show of removals."""

    def __init__(self, records: tuple[record_.Record, ...]) -> None:
        self._records = records

    def fleet(self) -> int:
        return sum(record.spec.finished_at is None for record in self._records)

    def begun(self, now: datetime.datetime) -> removal_limit.Begun:
        return {
            record.name: removal_limit.moments(structs.to_object(record.spec))
            for record in self._records
        }

    def leaves(self, name: str) -> bool:
        return any(
            record.spec.leaving is not None for record in self._records if record.name == name
        )


class Workloads:
    """One workload server, reachable or not."""

    def __init__(self, server: memory.MemoryServer, ext: external.External) -> None:
        self.server: memory.MemoryServer = server
        self.others: dict[str, memory.MemoryServer] = {}
        self.silent = 0.0
        self.error: errors.KubeError | None = None
        self.forgotten: list[str] = []
        self._external = ext

    async def client_for(self, namespace: str, name: str, cluster_uid: str) -> client_.KubeClient:
        if self.error is not None:
            raise self.error
        server = self.others.get(name, self.server)
        return server.client(external=self._external, system="workload")

    def silent_seconds(self, cluster_uid: str) -> float:
        return self.silent

    async def forget(self, cluster_uid: str) -> None:
        self.forgotten.append(cluster_uid)


class Threads:
    async def run(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)
