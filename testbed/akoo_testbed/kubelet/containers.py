"""The main containers that run, and what the kubelet remembers of their Pods."""

import asyncio
import collections.abc
import dataclasses
import datetime
import functools
import logging

from akoo_testbed import controlloop, kubeapi
from akoo_testbed.kubeapi import Object
from akoo_testbed.kubelet.pods import Memory
from akoo_testbed.kubelet.program import (
    Container,
    Ending,
    Exit,
    Program,
    Switches,
    is_probed,
    program_for,
)

log = logging.getLogger(__name__)

UP_SECONDS = 5.0


class Containers:
    """Programs as tasks, by the Pod's UID; a Pod whose program ends is marked in `loop`."""

    def __init__(
        self,
        api: kubeapi.KubeApi,
        switches: Switches,
        programs: collections.abc.Mapping[str, Program],
        loop: controlloop.ControlLoop,
    ) -> None:
        self._api = api
        self._switches = switches
        self._programs = programs
        self._loop = loop
        self._memory: dict[str, Memory] = {}
        self._tasks: dict[str, asyncio.Task[Exit]] = {}
        self._endings: dict[str, Ending] = {}

    def has_program(self, pod: Object) -> bool:
        """True if the Pod's main container is more than a status."""
        return program_for(pod, self._programs) is not None

    def is_probed(self, pod: Object) -> bool:
        """True if the program of the Pod's main container says whether the Pod is ready."""
        return is_probed(program_for(pod, self._programs))

    def memory(self, pod: Object) -> Memory:
        """The memory of a Pod. It begins when it is first asked for on a Node."""
        uid, now = pod["metadata"]["uid"], datetime.datetime.now(datetime.UTC)
        memory = self._memory.get(uid) or Memory(seen=now)
        if memory.deleting is None and "deletionTimestamp" in pod["metadata"]:
            memory = dataclasses.replace(memory, deleting=now)
        if pod["spec"].get("nodeName"):
            self._memory[uid] = memory
        return memory

    async def start(self, pod: Object, restarts: int, at: datetime.datetime) -> None:
        """Start the main container; call `memory` before. Waits a little for it to be up."""
        uid = pod["metadata"]["uid"]
        memory = self._memory[uid]
        self._memory[uid] = dataclasses.replace(
            memory, runs=True, ready=False, restarts=restarts, started=at, end=None
        )
        program = program_for(pod, self._programs)
        if program is None:
            return
        key = controlloop.key_of("v1/Pod", pod)
        container = Container(
            pod=pod,
            api=self._api,
            switches=self._switches,
            report=functools.partial(self._probed, uid, key),
        )
        task = asyncio.create_task(self._run(program, container))
        self._tasks[uid], self._endings[uid] = task, container.ending
        task.add_done_callback(lambda done: self._ended(uid, key, done))
        up = asyncio.create_task(container.up.wait())
        try:
            await asyncio.wait((task, up), timeout=UP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()

    async def kill(self, uid: str, grace_seconds: float = 0) -> None:
        """End a Pod's program, at once without a grace. Returns when nothing of it runs."""
        if task := self._tasks.pop(uid, None):
            self._endings[uid].grace_seconds = grace_seconds
            task.cancel()
            await asyncio.wait([task])

    def _probed(self, uid: str, key: controlloop.Key, ready: bool) -> None:
        memory = self._memory.get(uid)
        if memory is not None and memory.ready is not ready:
            self._memory[uid] = dataclasses.replace(memory, ready=ready)
            self._loop.mark(key)

    async def kill_all(self) -> None:
        """End all programs."""
        for uid in list(self._tasks):
            await self.kill(uid)

    async def keep_only(self, uids: collections.abc.Set[str]) -> None:
        """Kill and forget what belongs to Pods that are no more."""
        for uid in set(self._memory) - uids:
            await self.kill(uid)
            del self._memory[uid]
            self._endings.pop(uid, None)

    async def _run(self, program: Program, container: Container) -> Exit:
        try:
            return await program(container)
        except kubeapi.HICCUPS as error:
            return Exit(1, f"{type(error).__name__} from the API server")
        except Exception as error:
            log.exception("bug in the program of Pod %s", container.pod["metadata"]["name"])
            self._loop.report(error)
            return Exit(2, type(error).__name__)

    def _ended(self, uid: str, key: controlloop.Key, task: asyncio.Task[Exit]) -> None:
        if self._tasks.get(uid) is task:
            del self._tasks[uid]
        memory = self._memory.get(uid)
        if task.cancelled() or memory is None:
            return
        now = datetime.datetime.now(datetime.UTC)
        ended = dataclasses.replace(memory, runs=False, end=task.result(), ended=now)
        self._memory[uid] = dataclasses.replace(ended, crashes=memory.crashes + 1)
        self._loop.mark(key)
