"""A level-triggered control loop: watches fill a mirror, changes mark keys, workers reconcile.

What the fake provider and the fake kubelet have in common. A key is reconciled by one worker at
a time; marked meanwhile, it runs again. A refused or lost call is tried again after a delay that
doubles; any other exception is a bug: it is logged, tried again, and raised by `stop`.
"""

import asyncio
import collections.abc
import contextlib
import dataclasses
import logging
import typing

from akoo_testbed import errors, kubeapi

log = logging.getLogger(__name__)

Object = kubeapi.Object
Key = tuple[str, str, str]
"""kind, namespace (empty for cluster-scoped), name"""

FIRST_DELAY_SECONDS = 0.05
LONGEST_DELAY_SECONDS = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class Watched:
    """A kind to mirror, narrowed by a label selector."""

    kind: str
    labels: str = ""


def key_of(kind: str, obj: Object) -> Key:
    """The key of an object of this kind."""
    return kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


class ControlLoop:
    """Mirrors kinds of one API server and calls `reconcile(key)` for marked keys.

    `changed(key, obj)` is called for each change, before the mirror is asked, with the object as
    it is or last was; it marks what the change concerns. `reconcile` returns the seconds after
    which it wants to be called again, or None. Nothing runs before all kinds are listed once.
    """

    def __init__(
        self,
        api: kubeapi.KubeApi,
        kinds: collections.abc.Sequence[Watched],
        *,
        changed: collections.abc.Callable[[Key, Object], None],
        reconcile: collections.abc.Callable[[Key], collections.abc.Awaitable[float | None]],
        workers: int = 4,
    ) -> None:
        self.objects: dict[Key, Object] = {}
        self._api = api
        self._kinds = kinds
        self._changed = changed
        self._reconcile = reconcile
        self._workers = workers
        self._tasks: list[asyncio.Task[None]] = []
        self._bugs: list[Exception] = []
        self._reset()

    def _reset(self) -> None:
        self.objects.clear()
        self._unsynced = {watched.kind for watched in self._kinds}
        self._synced = asyncio.Event()
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._marked: set[Key] = set()
        self._running: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._delays: dict[Key, float] = {}

    async def start(self, *, within_seconds: float = 30.0) -> None:
        """Start watching and working; returns when all kinds are listed, else TimeoutError.

        After `stop` it may be started again, and knows nothing of its former life.
        """
        self._reset()
        jobs: list[collections.abc.Coroutine[typing.Any, typing.Any, None]] = [
            self._watch(watched) for watched in self._kinds
        ]
        jobs += [self._work() for _ in range(self._workers)]
        self._tasks = [asyncio.create_task(job) for job in jobs]
        try:
            async with asyncio.timeout(within_seconds):
                await self._synced.wait()
        except TimeoutError:
            missing = ", ".join(sorted(self._unsynced))
            await self.stop()
            raise TimeoutError(
                f"{self._api.server} did not list {missing} within {within_seconds} s"
            ) from None

    async def stop(self) -> None:
        """End all work; raises the first bug met since `start`."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                self._bugs.append(result)
        if self._bugs:
            raise self._bugs.pop(0)

    def report(self, bug: Exception) -> None:
        """Have `stop` raise a bug that was met elsewhere."""
        self._bugs.append(bug)

    def mark(self, key: Key, *, after_seconds: float = 0.0) -> None:
        """Have `key` reconciled, now or later; the earliest of several wishes counts."""
        if after_seconds <= 0:
            if timer := self._timers.pop(key, None):
                timer.cancel()
            if key not in self._marked:
                self._marked.add(key)
                if key not in self._running:
                    self._ready.put_nowait(key)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + after_seconds
        timer = self._timers.get(key)
        if timer is None or timer.when() > due:
            if timer:
                timer.cancel()
            self._timers[key] = loop.call_later(after_seconds, self.mark, key)

    async def _watch(self, watched: Watched) -> None:
        events = self._api.watch(watched.kind, labels=watched.labels)
        async with contextlib.aclosing(events):
            async for event in events:
                if event.type == "SYNCED":
                    self._unsynced.discard(watched.kind)
                    if not self._unsynced:
                        self._synced.set()
                    continue
                key = key_of(watched.kind, event.object)
                if event.type == "DELETED":
                    self.objects.pop(key, None)
                else:
                    self.objects[key] = event.object
                self._changed(key, event.object)

    async def _work(self) -> None:
        await self._synced.wait()
        while True:
            key = await self._ready.get()
            self._marked.discard(key)
            self._running.add(key)
            try:
                again = await self._attempt(key)
            finally:
                self._running.discard(key)
            if key in self._marked:
                self._ready.put_nowait(key)
            elif again is not None:
                self.mark(key, after_seconds=again)

    async def _attempt(self, key: Key) -> float | None:
        try:
            again = await self._reconcile(key)
        except (*kubeapi.HICCUPS, errors.TestbedError) as error:
            log.info("%s %s/%s: will try again: %s", *key, error)
        except Exception as error:  # a bug must neither stop the bed nor stay hidden
            log.exception("%s %s/%s: bug in reconcile", *key)
            self._bugs.append(error)
        else:
            self._delays.pop(key, None)
            return again
        delay = self._delays.get(key, FIRST_DELAY_SECONDS)
        self._delays[key] = min(delay * 2, LONGEST_DELAY_SECONDS)
        return delay
