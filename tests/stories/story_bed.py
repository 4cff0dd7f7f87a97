"""The bed of the stories: real processes, one operator, and a few slots side by side.

A slot is an Avi Controller with a managed cluster that stays; one story at a time plays in it.
Everything runs on one event loop in a thread of its own. The stories that pytest has collected are
all started with the first of them, and each test waits for its own.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import os
import pathlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

from akoo_testbed import background, kubeapi, waiting
from akoo_testbed import bed as beds
from akoo_testbed.kubelet import KubeletOptions
from akoo_testbed.kubelet.options import AkoProgram
from akoo_testbed.provider import ProviderOptions, manifests

from akoo_core import settings
from akoo_core.plugin_host import loader
from akoo_core.sandbox import demo, install, process
from tests import crds
from tests.stories import avi as avis
from tests.stories import neighbours, scene, setting, traffic
from tests.stories.tenancy import vault

PLUGINS = "vsphere,tenancy,ako,avi"
SLOTS = 3
STORY_SECONDS = 600.0 if os.environ.get("AKOO_PROOF") else 150.0
CLUSTER = beds.CLUSTER

Story = Callable[["scene.Scene"], Coroutine[Any, Any, None]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class StoryPlan:
    """One story, and what it needs."""

    name: str
    play: Story
    solo: bool = False
    """Nothing else plays meanwhile: the operator itself is a part of it."""
    profile: str = "30.2.2"


class StoryBed:
    """The bed, the operators and the slots; `open` it, and `play` plans on its loop."""

    def __init__(self, slots: int = SLOTS) -> None:
        self._size = slots
        options = KubeletOptions(ako_program=AkoProgram.AKOSIM, restart_seconds=0.05)
        self.bed = beds.Bed(
            beds.BedOptions(
                crds=(crds.FOLDER,),
                workload_servers=2 * slots + 1,
                provider=ProviderOptions(kubelet=options),
            )
        )
        self.vault = vault.Vault(self.bed)
        self._ends = contextlib.AsyncExitStack()
        self._slots: asyncio.Queue[Slot] = asyncio.Queue()
        self._alone = asyncio.Lock()
        self._playing = 0
        self._quiet = asyncio.Condition()

    @property
    def api(self) -> kubeapi.KubeApi:
        return self.bed.api

    async def open(self) -> None:
        """Start everything; stops what it started when that fails."""
        try:
            await self._ends.enter_async_context(self.bed)
            self._ends.push_async_callback(self.vault.close)
            await waiting.together(self.vault.open(), self._open_street())
            await self.install(self.api, PLUGINS)
            self.kubeconfig = install.write_private(
                self.bed.base.folder / "operator.kubeconfig",
                await install.account_kubeconfig(
                    self.api, self.bed.management.url, self.bed.base.authority.pem
                ),
            )
            self.operator = self.replica("operator")
            await self._ends.enter_async_context(process.running(self.operator))
            slots = await asyncio.gather(*(self._slot(number) for number in range(self._size)))
            for slot in slots:
                self._slots.put_nowait(slot)
        except BaseException as error:
            error.add_note(f"logs of the stories: {self.bed.base.keep_logs()}")
            await self.close()
            raise

    async def close(self) -> None:
        await self._ends.aclose()

    async def _open_street(self) -> None:
        opened = await self.bed.workloads.open("street", "street")
        self.street = neighbours.Street(opened.kubeconfig)
        await self.street.start()
        self._ends.push_async_callback(self.street.stop)

    async def install(self, api: kubeapi.KubeApi, plugins: str) -> None:
        """The operator's account in a management cluster, with the rights that plugins need."""
        environment, chosen = self.vault.variables(), {"enabledPlugins": plugins}
        await install.install(api, loader.load(settings.load(None, environment, chosen)))

    def replica(
        self,
        name: str,
        *,
        kubeconfig: pathlib.Path | None = None,
        plugins: str = PLUGINS,
        **environment: str,
    ) -> process.OperatorProcess:
        """One more process of the operator, of this management cluster or of another; not
        started."""
        names = tuple(plugins.split(","))
        if "tenancy" in names:
            environment = self.vault.variables() | environment
        return process.OperatorProcess(
            kubeconfig=kubeconfig or self.kubeconfig,
            plugins=names,
            log=self.bed.base.log_file(name),
            environment={
                "AKOO_LOG__LEVEL": "debug",
                "AKOO_MIN_INTERVAL_SECONDS": "0.1",
                "AKOO_DEADLINES__EXTERNAL_SECONDS": "5",
                "AKOO_WORKLOAD_CLUSTERS__DEADLINE_SECONDS": "5",
                "AKOO_LEADER_ELECTION__LEASE_SECONDS": "20",
                "AKOO_LEADER_ELECTION__RENEW_DEADLINE_SECONDS": "12",
                "AKOO_LEADER_ELECTION__RETRY_SECONDS": "0.5",
                **environment,
            },
        )

    @contextlib.asynccontextmanager
    async def second_replica(self) -> AsyncIterator[None]:
        """A second replica while the block lasts; the operator is started anew if it was killed."""
        async with process.running(self.replica("second_replica")):
            yield
            if not self.operator.running:
                await self.operator.start()
                await self.operator.ready()

    async def play(self, plan: StoryPlan) -> None:
        """Play one story in the next free slot, or alone."""
        async with self._turn(solo=plan.solo):
            slot = await self._slots.get()
            try:
                played = scene.Scene(self, slot, plan.name)
                await played.play(plan.play, STORY_SECONDS)
            finally:
                slot.avi.controller.faults.clear()
                self._slots.put_nowait(slot)

    @contextlib.asynccontextmanager
    async def _turn(self, *, solo: bool) -> AsyncIterator[None]:
        """Any number of stories side by side, or one alone."""
        if solo:
            async with self._alone:
                async with self._quiet:
                    await self._quiet.wait_for(lambda: self._playing == 0)
                yield
            return
        async with self._alone:
            self._playing += 1
        try:
            yield
        finally:
            async with self._quiet:
                self._playing -= 1
                self._quiet.notify_all()

    async def _slot(self, number: int) -> Slot:
        avi = await self._ends.enter_async_context(avis.serving())
        slot = Slot(number, avi, f"neighbour-{number}")
        await slot.furnish(self)
        return slot


@dataclasses.dataclass(frozen=True)
class Slot:
    """An Avi Controller, and the managed cluster that shares it with whoever dies there."""

    number: int
    avi: avis.Avi
    neighbour: str
    """Namespace, and name of the config, of the managed neighbour."""

    async def furnish(self, story_bed: StoryBed) -> None:
        """Make the managed neighbour, with an L4 and an L7 service."""
        labels = {"story": self.neighbour}
        await setting.configure(story_bed.api, self.avi, self.neighbour, labels)
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.neighbour}}
        await story_bed.api.create(space)
        for obj in (
            *manifests.cluster(self.neighbour, "stays", labels=labels, workers=0),
            *manifests.machine_pool(self.neighbour, "stays", 1),
        ):
            await story_bed.api.create(obj)
        record = await setting.record_of(story_bed.api, self.neighbour, "stays")
        await setting.running(story_bed.api, record["metadata"]["name"])
        server = story_bed.bed.workloads.server(self.neighbour, "stays").server
        async with kubeapi.KubeApi(server.kubeconfig) as workload:
            host = f"{self.neighbour}.{traffic.HOST_SUFFIX}"
            await traffic.serve(workload, traffic.NAMESPACE, host)
        await neighbours.served(self.avi, record["spec"]["akoClusterName"])


class Stories:
    """The stories of this run: started together, waited for one by one."""

    def __init__(self, plans: Sequence[StoryPlan]) -> None:
        self._loop = background.LoopThread("stories")
        self._loop.start()
        self._plans = plans
        self._played: dict[str, concurrent.futures.Future[None]] = {}

    def open(self) -> None:
        async def make() -> StoryBed:
            story_bed = StoryBed(min(SLOTS, len(self._plans)))
            await story_bed.open()
            return story_bed

        self._bed = self._loop.run(make(), 900.0)
        for plan in sorted(self._plans, key=lambda plan: plan.solo):
            self._played[plan.name] = self._loop.submit(self._bed.play(plan))

    def result(self, name: str) -> None:
        """Wait for one story; raises what it raised."""
        self._played[name].result(900.0)

    def close(self) -> pathlib.Path | None:
        """End everything; where the logs are, if a story failed."""
        ended = [
            future for future in self._played.values() if future.done() and not future.cancelled()
        ]
        for future in self._played.values():
            future.cancel()
        logs = None
        try:
            if hasattr(self, "_bed"):
                if any(future.exception() for future in ended):
                    logs = self._bed.bed.base.keep_logs()
                self._loop.run(self._bed.close())
        finally:
            self._loop.stop()
        return logs


__all__ = ["CLUSTER", "Slot", "Stories", "Story", "StoryBed", "StoryPlan", "demo"]
