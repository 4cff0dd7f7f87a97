"""Acts of a story on the AKO of its cluster, through the workload cluster's API."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from akoo_testbed import kubeapi, switching

from tests.stories import avi as avis
from tests.stories import neighbours

if TYPE_CHECKING:
    from tests.stories.story_bed import StoryBed

AVI_SYSTEM = "avi-system"
NAME = "shop"
SECONDS = 60.0


class AkoActs:
    """Part of a Scene."""

    story_bed: StoryBed
    api: kubeapi.KubeApi
    avi: avis.Avi
    namespace: str
    x: str

    @contextlib.asynccontextmanager
    async def workload(self) -> AsyncIterator[kubeapi.KubeApi]:
        """The workload cluster's API, straight at the server."""
        server = self.story_bed.bed.workloads.server(self.namespace, NAME)
        async with kubeapi.KubeApi(server.server.kubeconfig) as api:
            yield api

    async def switch(self, **values: str) -> None:
        """Set switches of this cluster's AKO (``ako_faults="leaves-things"``), no others."""
        await switching.switch(self.story_bed.bed, self.namespace, NAME, **values)

    async def restart_ako(self) -> None:
        """Delete AKO's Pod and wait until another one is Ready."""
        async with self.workload() as workload:
            old = await workload.get("v1/Pod", AVI_SYSTEM, "ako-0")
            await workload.delete("v1/Pod", AVI_SYSTEM, "ako-0", grace_seconds=0)
            uid = old["metadata"]["uid"]
            await workload.wait_for(
                "v1/Pod",
                AVI_SYSTEM,
                "ako-0",
                lambda pod: pod is not None and pod["metadata"]["uid"] != uid and _ready(pod),
                SECONDS,
            )

    async def cut_off(self) -> None:
        """AKO hears nothing any more and makes its objects anew twice a second, and the operator
        cannot reach the cluster: its kubeconfig leads nowhere."""
        values = {"ako_full_sync_seconds": "0.5", "ako_cut_off_seconds": "0.1"}
        await self.switch(**values)
        await self.restart_ako()
        await neighbours.served(self.avi, self.x)
        await self.switch(**values, ako_faults="cut-off")
        await self._mislead_kubeconfig()

    async def _mislead_kubeconfig(self) -> None:
        name = f"{NAME}-kubeconfig"
        secret = await self.api.get("v1/Secret", self.namespace, name)
        text = base64.b64decode(secret["data"]["value"]).decode()
        nowhere = re.sub(r"server: \S+", "server: https://127.0.0.1:1", text)
        value = base64.b64encode(nowhere.encode()).decode()
        await self.api.patch("v1/Secret", self.namespace, name, {"data": {"value": value}})

    async def kill_ako(self) -> None:
        """Delete AKO's Pod and wait until the next one, which does as switched, has ended once."""
        async with self.workload() as workload:
            await workload.delete("v1/Pod", AVI_SYSTEM, "ako-0", grace_seconds=0)
            await workload.wait_for("v1/Pod", AVI_SYSTEM, "ako-0", _ended, SECONDS)

    async def undeployed(self) -> None:
        """AKO is gone from the cluster, which lives on."""
        async with self.workload() as workload:
            for kind, name in (("apps/v1/StatefulSet", "ako"), ("v1/Secret", "avi-secret")):
                await workload.wait_for(kind, AVI_SYSTEM, name, lambda obj: obj is None, SECONDS)


def _ready(pod: dict[str, dict[str, list[dict[str, str]]]]) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(
        condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions
    )


def _ended(pod: dict[str, dict[str, list[dict[str, int]]]] | None) -> bool:
    statuses = (pod or {}).get("status", {}).get("containerStatuses") or ()
    return any(status.get("restartCount", 0) > 0 for status in statuses)
