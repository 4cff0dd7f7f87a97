"""An operator at rest in a process of its own: its memory, its start, its rest.

``python -m benchmarks.resting KUBECONFIG ANSWERS COUNT`` looks at COUNT records that are well,
rests for a while, and prints one JSON line. Then, for each line of its input, it says that it is
ready, waits for one reconcile, and prints when it ended and what CPU it took. Workload clusters are
values in the file ANSWERS: what AKO's objects look like, and who each cluster is. Connections to
them are not in these figures.
"""

from __future__ import annotations

import asyncio
import json
import logging
import pathlib
import sys
import time
from collections.abc import AsyncGenerator
from typing import Any

from akoo_core import external
from akoo_core.app import gc_tuning
from akoo_core.kube import client as client_
from akoo_core.kube import errors, resource, transport
from akoo_core.kube.access import config
from akoo_core.kube.request import Payload, ServerRequest
from benchmarks import fleet_operator, fleet_workloads, footprint

QUIET_SECONDS = 3.0
REST_SECONDS = 15.0
LIMIT_SECONDS = 300.0


class Answers:
    """Workload cluster of which everything is known (a :class:`client_.Transport` to read):
    the objects of another, with this one's record in them."""

    def __init__(self, known: dict[str, Any], cluster: dict[str, str]) -> None:
        self._known = known
        self._cluster = cluster

    async def send(self, request: ServerRequest, payload: Payload) -> client_.Object:
        match request.verb:
            case "get":
                return self._get(request.resource, request.name)
            case "list":
                return self._list(request.resource)
            case "apply" if "dryRun" in payload.query:  # Somebody looks for drift: there is none.
                return self._get(request.resource, request.name)
        raise errors.ForbiddenError(f"{request}: a fleet at rest is not written to")

    def stream(
        self, request: ServerRequest, payload: Payload, *, inactivity_seconds: float
    ) -> AsyncGenerator[client_.WatchEvent, None]:
        raise errors.ForbiddenError(f"{request}: a fleet at rest is not watched")

    async def raw(self, path: str) -> client_.Object:
        return dict(self._known["version"])

    async def close(self) -> None:
        return

    def _get(self, kind: resource.Resource, name: str | None) -> client_.Object:
        if (kind, name) == (resource.NAMESPACES, "kube-system"):
            return {"metadata": {"name": name, "uid": self._cluster["uid"]}}
        stored = self._known["objects"].get(f"{kind.plural}/{name}")
        if stored is None:
            raise errors.NotFoundError(f"{kind.plural} {name}")
        return self._own(stored)

    def _list(self, kind: resource.Resource) -> client_.Object:
        objects = self._known["objects"].items()
        items = [self._own(stored) for key, stored in objects if key.startswith(f"{kind.plural}/")]
        return {"items": items, "metadata": {"resourceVersion": "1", "continue": ""}}

    def _own(self, obj: client_.Object) -> client_.Object:
        text = json.dumps(obj).replace(self._known["template"], self._cluster["record"])
        return dict(json.loads(text))


class Clients:
    """The workload clusters (:class:`akoo_core.app.parts.Workloads`)."""

    def __init__(self, known: dict[str, Any]) -> None:
        self._known = known

    async def client_for(self, _namespace: str, _name: str, cluster_uid: str) -> Any:
        cluster = self._known["clusters"][cluster_uid]
        return client_.KubeClient(Answers(self._known, cluster))

    def silent_seconds(self, _uid: str) -> float:
        return 0.0

    async def forget(self, _uid: str) -> None:
        return

    async def close(self) -> None:
        return


async def _main(kubeconfig: str, answers: pathlib.Path, count: int) -> None:
    calls = fleet_workloads.Calls()
    seam = external.External(interceptor=calls)
    known = json.loads(answers.read_text())
    management = transport.HttpClient(await config.endpoint_of(kubeconfig), external=seam)
    started = time.monotonic()
    try:
        async with fleet_operator.operator(management, Clients(known), seam):
            synced = time.monotonic()
            looked = await fleet_operator.until(
                lambda: fleet_operator.reconciles() >= count, seconds=LIMIT_SECONDS
            )
            cpu = time.process_time()
            await fleet_operator.quiet(
                fleet_operator.reconciles, for_seconds=QUIET_SECONDS, seconds=LIMIT_SECONDS
            )
            resting, before = time.process_time(), fleet_operator.reconciles()
            await asyncio.sleep(REST_SECONDS)
            _say(
                synced=synced - started,
                looked=looked - started,
                cpu=cpu,
                rest=100 * (time.process_time() - resting) / REST_SECONDS,
                reconciles=fleet_operator.reconciles() - before,
                writes=calls.writes,
                written=dict(calls.written),
                rss=footprint.rss_mib("self"),
            )
            while await asyncio.to_thread(sys.stdin.readline):
                await _event()
    finally:
        await management.close()


async def _event() -> None:
    """The next reconcile: when it ended, and the CPU from the word that we are ready."""
    count = fleet_operator.reconciles()
    _say(ready=1)
    used = time.process_time()
    at = await fleet_operator.until(
        lambda: fleet_operator.reconciles() > count, seconds=LIMIT_SECONDS
    )
    _say(at=at, cpu=time.process_time() - used)


def _say(**figures_: Any) -> None:
    print(json.dumps(figures_), flush=True)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    gc_tuning.settle()
    asyncio.run(_main(sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])))
