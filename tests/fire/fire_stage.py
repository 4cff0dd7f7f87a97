"""What a story does with clusters, and how it ends: everything gone and every law kept."""

from __future__ import annotations

from typing import Any

from akoo_testbed import kubeapi, running
from akoo_testbed.provider import manifests

from tests.e2e import conftest as e2e
from tests.fire import fire_gate, fire_laws

Object = dict[str, Any]


class Stage(e2e.Fleet):
    """A namespace with Clusters, and the gate through which operators reach them."""

    def __init__(
        self,
        bed: running.RunningBed,
        api: kubeapi.KubeApi,
        namespace: str,
        gate: fire_gate.Gate,
    ) -> None:
        super().__init__(bed, api, namespace)
        self.gate = gate

    async def config(self, name: str = "", **spec: Any) -> str:
        """As in other tests on a bed, with a quiet period of a second."""
        return await super().config(name, **{"quietPeriod": "1s", **spec})

    async def cluster_parts(self, name: str = "shop", *, node_seconds: float = 5.0) -> None:
        """Create a Cluster with one Node in a pool; does not wait for anything."""
        made = manifests.cluster(self.namespace, name, labels=self.labels, workers=0)
        pool = manifests.machine_pool(self.namespace, name, 1, machine_delete_seconds=node_seconds)
        for obj in (*made, *pool):
            await self.api.create(obj)

    async def records(self) -> list[Object]:
        """Of the Clusters of this namespace, those that are gone too."""
        found = await self.api.list(e2e.RECORD)
        return [one for one in found if one["spec"]["clusterRef"]["namespace"] == self.namespace]

    async def finished(self, count: int = 1) -> list[Object]:
        """The records, once there are ``count`` that have all ended."""
        for one in await self.records():
            await self.until_record(one["metadata"]["name"], phase="Finished")
        found = await self.records()
        assert len(found) == count, [one["spec"]["clusterRef"] for one in found]
        return found

    async def ended(self, count: int = 1) -> list[Object]:
        """The records of a story in which all Clusters were deleted: what must hold then."""
        records = await self.finished(count)
        assert not fire_laws.unfinished(records)
        assert not await self.api.list(e2e.CLUSTER, self.namespace)
        configs = [
            one
            for one in await self.api.list(e2e.CONFIG)
            if one["metadata"]["name"].startswith(self.namespace)
        ]
        assert self.gate.outside.empty, vars(self.gate.outside)
        broken = fire_laws.broken(self.gate)
        assert not broken, "\n".join(broken)
        for one in configs:
            await self.api.delete(e2e.CONFIG, None, one["metadata"]["name"])
            await self.until(e2e.CONFIG, None, one["metadata"]["name"], lambda obj: obj is None)
        return records
