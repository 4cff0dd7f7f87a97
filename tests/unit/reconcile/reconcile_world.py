"""The surroundings of the reconciler in its tests: caches that are never behind, one workload
server."""

from __future__ import annotations

import datetime
from typing import Any

from akoo_core import external, structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.objects import cluster as clusters
from akoo_core.objects import config as configs
from akoo_core.objects import names
from akoo_core.objects import record as records
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.config import Config
from akoo_core.objects.record import Record
from akoo_core.reconcile.decide import adoption_limit, removal_limit, selection
from akoo_core.reconcile.status import config_status
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_builders as builders


class CurrentWorld:
    """The caches, here the server's state itself."""

    def __init__(self, server: memory.MemoryServer) -> None:
        self._server = server
        self.moved: set[str] = set()

    def record(self, name: str) -> Record | None:
        return next((record for record in self.records() if record.name == name), None)

    def removals(self) -> removal_limit.Ledger:
        return Ledger(self.records())

    def records(self) -> tuple[Record, ...]:
        objects = self._server.objects(resources.AKO_DEPLOYMENTS)
        return tuple(records.from_object(obj) for obj in objects)

    def _clusters(self) -> list[Cluster]:
        return [clusters.from_object(obj) for obj in self._server.objects(resources.CLUSTERS)]

    def cluster_of(self, name: str) -> Cluster | None:
        record = self.record(name)
        for cluster in self._clusters():
            if record is not None:
                if cluster.uid == record.spec.cluster_ref.uid:
                    return cluster
            elif names.record_name(builders.MANAGEMENT, cluster.uid) == name:
                return cluster
        return None

    def cluster_at(self, namespace: str, name: str) -> Cluster | None:
        key = f"{namespace}/{name}"
        return next((cluster for cluster in self._clusters() if cluster.key == key), None)

    def follows(self, namespace: str) -> bool:
        return True

    def moved_away(self, cluster_uid: str) -> bool:
        return cluster_uid in self.moved

    def configs(self) -> tuple[Config, ...]:
        objects = self._server.objects(resources.AKO_DEPLOYMENT_CONFIGS)
        return tuple(configs.from_object(obj) for obj in objects)

    def config_object(self, name: str) -> structs.JSON | None:
        objects = self._server.objects(resources.AKO_DEPLOYMENT_CONFIGS)
        return next((obj for obj in objects if obj["metadata"]["name"] == name), None)

    def served_by(self, config_uid: str) -> config_status.ServedCounts:
        served = [
            records.says_ready(obj)
            for obj in self._server.objects(resources.AKO_DEPLOYMENTS)
            if config_status.config_needed(obj["spec"]) == config_uid
        ]
        return config_status.ServedCounts(clusters=len(served), ready=sum(served))

    def unreadable_configs(self) -> tuple[selection.Unreadable, ...]:
        return ()

    def names_at(self, namespace: str, name: str) -> tuple[str, ...]:
        return tuple(record.name for record in self.records_of_cluster(namespace, name))

    def records_of_cluster(self, namespace: str, name: str) -> tuple[Record, ...]:
        return tuple(
            record
            for record in self.records()
            if (record.spec.cluster_ref.namespace, record.spec.cluster_ref.name)
            == (namespace, name)
        )

    def records_of_config(self, name: str) -> tuple[Record, ...]:
        return tuple(record for record in self.records() if record.spec.config_ref.name == name)

    def adoptions(self, of: Config) -> adoption_limit.Shown:
        def marked(value: str) -> tuple[Record, ...]:
            return tuple(
                records.from_object(obj)
                for obj in self._server.objects(resources.AKO_DEPLOYMENTS)
                if value in adoption_limit.marks(obj["spec"])
            )

        return adoption_limit.Shown(
            begun=frozenset(record.name for record in marked(adoption_limit.begun(of.name))),
            under_way=frozenset(record.name for record in marked(adoption_limit.under_way(of.uid))),
            failed=marked(adoption_limit.failed(of.uid)),
        )


class Ledger:
    """The removals that records show."""

    def __init__(self, records: tuple[Record, ...]) -> None:
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

    async def client_for(self, namespace: str, name: str, cluster_uid: str) -> KubeClient:
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
