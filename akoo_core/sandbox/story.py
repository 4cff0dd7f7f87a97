"""The story of a cluster's life, told step by step on a real bed with a real operator."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from akoo_testbed import kubeapi, switching
from akoo_testbed.bed import CLUSTER

from akoo_core.sandbox import chapters as played
from akoo_core.sandbox import demo, display
from akoo_core.sandbox.chapters import Moment
from akoo_core.sandbox.stage import RECORD, STEP_SECONDS, SandboxStage, StoryError
from akoo_core.testing.chapters import Chapter, Stage, Trouble

CONFIG = "networking.tkg.tanzu.vmware.com/v1alpha1/AKODeploymentConfig"
STATEFUL_SET = "apps/v1/StatefulSet"
KILLED = "AKO killed half-way"

Object = dict[str, Any]


class Story:
    """Plays on ``bed``, where the operator already runs, and shows each step."""

    def __init__(
        self, stage: SandboxStage, chapters: tuple[Chapter, ...], show: display.Display
    ) -> None:
        self._stage = stage
        self._chapters = chapters
        self._trouble = played.trouble(chapters, Trouble(title=KILLED, begin=self._kill))
        self._bed = stage.bed
        self._avi = stage.avi
        self._api = stage.bed.api
        self._show = show

    async def play(self) -> None:
        """All steps, and the chapters between them. Raises StoryError (or TimeoutError from the
        bed) at the first that fails."""
        await self._act("opening")
        await self.create()
        await self.selected()
        await self.deployed()
        await self.served()
        await self.rolled()
        await self._act("living")
        await self.deleted()
        await self._act("leaving")
        await self.let_go()
        await self._act("closing")

    async def _act(self, moment: Moment) -> None:
        await played.play(self._chapters, moment, self._stage)

    async def create(self) -> None:
        """Make the config first, then the cluster, as on most days."""
        name = f"{demo.NAMESPACE}/{demo.CLUSTER}"
        with self._show.step(f"create cluster {name}") as step:
            for secret in self._credentials():
                await self._api.apply(secret)
            await self._api.apply(demo.config(**self._stage.config))
            await self._api.apply(
                {
                    "apiVersion": "v1",
                    "kind": "Namespace",
                    "metadata": {"name": demo.NAMESPACE},
                }
            )
            for obj in demo.cluster():
                await self._api.create(obj)
            await self._bed.available(demo.NAMESPACE, demo.CLUSTER)
            step.result = "Available"

    def _credentials(self) -> list[Object]:
        return demo.credentials(self._avi.ca_pem, self._avi.password, self._avi.operator_password)

    async def selected(self) -> None:
        """A record names the cluster before anything else is touched."""
        with self._show.step(f'selected by config "{demo.CONFIG}"') as step:
            record = await self._until(RECORD, None, None, lambda obj: obj is not None)
            self._stage.record = record["metadata"]["name"]
            step.result = f"record {self._stage.record}"

    async def deployed(self) -> None:
        """AKO's objects are in the workload cluster and its Pod is Ready."""
        with self._show.step("AKO deployed") as step:
            record = await self._phase("Running")
            inventory = record["spec"]["inventory"]
            version = record["status"]["version"]
            step.result = f"{len(inventory)} objects, ako-0 Ready, AKO {version}"

    async def served(self) -> None:
        """AKO at work: Services of the workload cluster get their addresses from Avi."""
        with self._show.step("two Services get addresses") as step:
            async with self._workload() as workload:
                for obj in demo.services():
                    await workload.apply(obj)
                services = [
                    await self._on(workload, "v1/Service", ("shop", name), _address)
                    for name in demo.SERVICES
                ]
            addresses = ", ".join(_address(service) for service in services)
            step.result = f"{addresses} ({self._on_avi()})"

    def _on_avi(self) -> str:
        marked = self._avi.marked(self._stage.record)
        kinds = ", ".join(sorted({name.partition("/")[0] for name in marked}))
        return f"{len(marked)} objects on Avi: {kinds}" if marked else "nothing left on Avi"

    async def rolled(self) -> None:
        """A changed setting reaches AKO, and AKO is restarted for it."""
        with self._show.step("a setting is changed and rolls") as step:
            async with self._workload() as workload:
                before = await workload.get("v1/Pod", "avi-system", "ako-0")
                change = {"extraConfigs": {"ingress": {"shardVSSize": "LARGE"}}}
                await self._api.patch(CONFIG, None, demo.CONFIG, {"spec": change})
                uid = before["metadata"]["uid"]
                await self._on(
                    workload,
                    "v1/Pod",
                    ("avi-system", "ako-0"),
                    lambda pod: pod is not None and pod["metadata"]["uid"] != uid and _ready(pod),
                )
                config = await workload.get("v1/ConfigMap", "avi-system", "avi-k8s-config")
            size = config["data"]["shardVSSize"]
            step.result = f"shardVSSize {size}, a new ako-0 is Ready"

    async def deleted(self) -> None:
        """The deletion is noticed; AKO is asked to clean up (and dies), and is stopped."""
        name, trouble = f"{demo.NAMESPACE}/{demo.CLUSTER}", self._trouble
        with self._show.step(f"delete cluster {name}, {trouble.title}") as step:
            await trouble.begin(self._stage)
            before = len(self._avi.marked(self._stage.record))
            await self._api.delete(CLUSTER, demo.NAMESPACE, demo.CLUSTER)
            record = await self._until(
                RECORD,
                None,
                self._stage.record,
                lambda obj: _grade(obj) == trouble.grade if trouble.grade else _grade(obj),
            )
            left = before - self._avi.deleted_by_ako()
            step.result = f"{left} of {before} objects left on Avi, AKO fenced ({_grade(record)})"

    async def _kill(self, _: Stage) -> None:
        """AKO ends after the first virtual service that it deletes, and logs in no more."""
        await switching.switch(self._bed, demo.NAMESPACE, demo.CLUSTER, ako_faults=demo.HALF_WAY)

    async def let_go(self) -> None:
        """The Cluster object is deleted when the record has a reason to let it go."""
        with self._show.step("cluster let go") as step:
            record = await self._until(
                RECORD, None, self._stage.record, lambda obj: bool(_leaving(obj).get("letGo"))
            )
            await self._until(CLUSTER, demo.NAMESPACE, demo.CLUSTER, lambda obj: obj is None)
            step.result = f"{_leaving(record)['letGo']['why']}; {self._on_avi()}"

    async def _phase(self, phase: str) -> Object:
        return await self._until(
            RECORD,
            None,
            self._stage.record,
            lambda obj: (obj or {}).get("status", {}).get("phase") == phase,
        )

    async def _until(
        self,
        kind: str,
        namespace: str | None,
        name: str | None,
        accept: Callable[[Object | None], object],
    ) -> Object:
        if name is None:
            async with contextlib.aclosing(self._api.watch(kind, namespace)) as events:
                async for event in events:
                    if event.type != "SYNCED" and accept(event.object):
                        return event.object
        return await self._on(self._api, kind, (namespace, name or ""), accept)

    async def _on(
        self,
        api: kubeapi.KubeApi,
        kind: str,
        where: tuple[str | None, str],
        accept: Callable[[Object | None], object],
    ) -> Object:
        try:
            obj = await api.wait_for(kind, *where, accept, STEP_SECONDS)
        except TimeoutError as error:
            raise StoryError(str(error)) from error
        return obj or {}

    def _workload(self) -> kubeapi.KubeApi:
        server = self._bed.workloads.server(demo.NAMESPACE, demo.CLUSTER)
        return kubeapi.KubeApi(server.server.kubeconfig)


def _leaving(record: Object | None) -> Object:
    leaving: Object = ((record or {}).get("spec") or {}).get("leaving") or {}
    return leaving


def _grade(record: Object | None) -> str:
    return str((_leaving(record).get("fence") or {}).get("grade", ""))


def _address(service: Object | None) -> str:
    """The first address in a Service's status, or ""."""
    entries = (service or {}).get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
    return str(entries[0].get("ip", ""))


def _ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(
        condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions
    )
