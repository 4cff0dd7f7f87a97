"""The actions of a story on clusters, and its end: everything gone and every law kept."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import Any

from akoo_testbed import kubeapi, running
from akoo_testbed.provider import DELETE_SECONDS_ANNOTATION, manifests

from tests.e2e import conftest as e2e
from tests.fire import fire_gate, fire_laws
from tests.fire.fire_journal import PATIENCE_SECONDS

Object = dict[str, Any]
FAKE_POOL = "infrastructure.cluster.x-k8s.io/v1/FakeMachinePool"


class FireBed(e2e.BedScene):
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

    async def until(self, kind: str, namespace: str | None, name: str, accept: Any) -> Object:
        """As in other tests on a bed, with more patience: here things are retried with pauses."""
        return await self.api.wait_for(kind, namespace, name, accept, PATIENCE_SECONDS) or {}

    async def config(self, name: str = "", **spec: Any) -> str:
        """As in other tests on a bed, with a quiet period of a second."""
        return await super().config(name, **{"quietPeriod": "1s", **spec})

    async def cluster_parts(self, name: str = "shop", *, node_seconds: float = 5.0) -> None:
        """Create a Cluster with one Node in a pool; does not wait for anything."""
        made = manifests.cluster(self.namespace, name, labels=self.labels, workers=0)
        pool = manifests.machine_pool(self.namespace, name, 1, machine_delete_seconds=node_seconds)
        for obj in (*made, *pool):
            await self.api.create(obj)

    async def end_nodes(self, name: str = "shop") -> None:
        """Let the Nodes of a Cluster that is being deleted end now, however long they had."""
        patch = {"metadata": {"annotations": {DELETE_SECONDS_ANNOTATION: "0"}}}
        await self.api.patch(FAKE_POOL, self.namespace, f"{name}-pool", patch)

    async def bare_cluster(self, name: str) -> Object:
        """Create a Cluster whose workload never comes up, since it has no control plane."""
        infrastructure, _, cluster = manifests.cluster(
            self.namespace, name, labels=self.labels, workers=0
        )
        # A name of its own: that of a Cluster with the same name may not be gone yet.
        own = f"{name}-{secrets.token_hex(3)}"
        infrastructure["metadata"]["name"] = own
        # With an address already it asks for no API server, of which there are few.
        infrastructure["spec"]["controlPlaneEndpoint"] = {"host": "127.0.0.1", "port": 9}
        cluster["spec"]["infrastructureRef"]["name"] = own
        del cluster["spec"]["controlPlaneRef"]
        await self.api.create(infrastructure)
        return await self.api.create(cluster)

    async def bare_ready(self, name: str) -> Object:
        """The record of a bare Cluster, once all was made for it that can be."""
        record = await self.record(name, phase="Deploying")
        assert f"accounts/{record['metadata']['name']}" in self.gate.outside.made
        return record

    async def all_gone(self, *names: str) -> None:
        """Delete Clusters, all at once, and wait until they are gone."""
        await asyncio.gather(*map(self.delete, names))
        await asyncio.gather(*map(self.gone, names))

    async def config_gone(self, name: str) -> None:
        """Delete a config and wait until it is gone: our finalizer is off."""
        await self.api.delete(e2e.CONFIG, None, name)
        await self.until(e2e.CONFIG, None, name, lambda obj: obj is None)

    async def unhold(self, name: str) -> None:
        """Take all finalizers off a Cluster, as somebody may who is in a hurry."""
        patch = {"metadata": {"finalizers": None}}
        await self.api.patch(e2e.CLUSTER, self.namespace, name, patch)

    async def until_held(self, record: str, reason: str) -> Object:
        """The record, once some condition of it says that reason."""
        return await self.until(
            e2e.RECORD,
            None,
            record,
            lambda obj: any(
                condition["reason"] == reason
                for condition in ((obj or {}).get("status") or {}).get("conditions") or ()
            ),
        )

    async def at_rest(self, seconds: float = 1.0) -> None:
        """Wait until the operator has written nothing for a while."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                seen = len(self.gate.journal.of(lambda call: call.work))
                with contextlib.suppress(TimeoutError):
                    await self.gate.journal.until(
                        lambda obj: obj.work, count=seen + 1, seconds=seconds
                    )
                    continue
                return

    async def records(self) -> list[Object]:
        """Of the Clusters of this namespace, those that are gone too."""
        listed = await self.api.list(e2e.RECORD)
        return [
            record
            for record in listed
            if record["spec"]["clusterRef"]["namespace"] == self.namespace
        ]

    async def _others(self) -> set[str]:
        """Records of Clusters that other tests left, which had failed."""
        own = {record["metadata"]["name"] for record in await self.records()}
        return {record["metadata"]["name"] for record in await self.api.list(e2e.RECORD)} - own

    async def finished(self, count: int = 1) -> list[Object]:
        """The records, once there are ``count`` that have all ended."""
        for record in await self.records():
            await self.until_record(record["metadata"]["name"], phase="Finished")
        listed = await self.records()
        assert len(listed) == count, [record["spec"]["clusterRef"] for record in listed]
        return listed

    async def ended(self, count: int = 1) -> list[Object]:
        """The records of a story in which all Clusters were deleted: what must hold then."""
        records = await self.finished(count)
        assert not fire_laws.unfinished(records)
        for cluster in await self.api.list(e2e.CLUSTER, self.namespace):
            await self.gone(cluster["metadata"]["name"])  # let go, and not yet Cluster API's to end
        assert self.gate.outside.records <= await self._others(), vars(self.gate.outside)
        broken = fire_laws.broken(self.gate, {record["metadata"]["name"] for record in records})
        assert not broken, "\n".join(broken)
        return records
