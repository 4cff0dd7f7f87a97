"""Many watches of workload clusters in one process, each with connections and trust of its own.

``python -m benchmarks.watching KUBECONFIG COUNT`` prints one JSON line when all have listed, one
after a rest, and for each line of its input one when every watch that was cut has come back.
"""

from __future__ import annotations

import asyncio
import json
import logging
import pathlib
import sys
import time

from akoo_core import clock, external
from akoo_core.cache import reflector, store
from akoo_core.kube import resource, transport
from akoo_core.kube.access import kubeconfig
from benchmarks import fleet_operator, footprint

REST_SECONDS = 20.0
LIMIT_SECONDS = 300.0


class Following:
    """COUNT reflectors over as many clients, as for COUNT workload clusters."""

    def __init__(self, text: bytes, count: int) -> None:
        self._text = text
        self._count = count
        self._clients: list[transport.HttpClient] = []
        self._reflectors: list[reflector.Reflector] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.seen: set[int] = set()
        """The watches that have seen the last change."""

    def start(self) -> None:
        """Open them all at once."""
        seam, now = external.External(), clock.SystemClock()
        for number in range(self._count):
            opened = kubeconfig.parse(self._text, allow_local_addresses=True).open()
            client = transport.HttpClient(opened, external=seam, system="workload")
            self._clients.append(client)
            started = reflector.Reflector(
                client,
                resource.STATEFUL_SETS,
                store.Store(resource.STATEFUL_SETS),
                self._noted(number),
                clock=now,
                namespace="default",
            )
            self._reflectors.append(started)
            self._tasks.append(asyncio.create_task(started.run()))

    def _noted(self, number: int) -> reflector.OnChange:
        def changed(_: store.Change) -> None:
            self.seen.add(number)

        return changed

    def synced(self) -> bool:
        return all(reflector.synced.is_set() for reflector in self._reflectors)

    def complete(self) -> bool:
        """True if all watches have seen a change since ``seen`` was cleared."""
        return len(self.seen) >= self._count

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(client.close() for client in self._clients))


def _say(**figures_: float) -> None:
    print(json.dumps(figures_), flush=True)


async def _main(path: pathlib.Path, count: int) -> None:
    following = Following(path.read_bytes(), count)
    started, used = time.monotonic(), time.process_time()
    following.start()
    await fleet_operator.until(following.synced, seconds=LIMIT_SECONDS)
    _say(synced=time.monotonic() - started, cpu=time.process_time() - used)
    resting = time.process_time()
    await asyncio.sleep(REST_SECONDS)
    rest = 100 * (time.process_time() - resting) / REST_SECONDS
    _say(rest=rest, rss=footprint.rss_mib("self"))
    while await asyncio.to_thread(sys.stdin.readline):
        await _storm(following)
    await following.close()


async def _storm(following: Following) -> None:
    """From the word that the server is about to go until all have seen a change made afterwards."""
    following.seen.clear()
    _say(ready=1)
    used = time.process_time()
    last = await fleet_operator.until(following.complete, seconds=LIMIT_SECONDS)
    _say(at=last, cpu=time.process_time() - used, rss=footprint.rss_mib("self"))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(_main(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
