"""One process that follows ConfigMaps and does nothing about them, in one of several ways.

``python -m benchmarks.following WAY KUBECONFIG NAMESPACE COUNT [COLLECTOR]`` prints one JSON line
when COUNT objects were handled, and at the end of its input another with the latencies of all
changes that carried the time of their sending.
"""

from __future__ import annotations

import asyncio
import json
import logging
import pathlib
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from akoo_testbed import kubeapi
from opentelemetry import trace

from akoo_core import clock, external
from akoo_core.app import attempts
from akoo_core.bus import causes, predicate
from akoo_core.cache import reflector, store
from akoo_core.kube import resource, transport
from akoo_core.kube.access import config
from akoo_core.queue import core, worker, workqueue
from akoo_core.reconcile import record_controller
from akoo_core.telemetry import sdk, tracing
from benchmarks import bare_queue, footprint

WORKERS = 10
SENT = "sent"
"""The key under which a ConfigMap says when its last change was sent (monotonic seconds)."""
STEPS = 10
"""Spans of a reconcile that does something, its root included."""


class Count:
    """The number of handled objects, and the times."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._seen: set[str] = set()
        self.latencies: list[float] = []
        self.complete = asyncio.Event()
        self.started = time.perf_counter()
        self.used = time.process_time()

    def handled(self, name: str, obj: dict[str, Any]) -> None:
        """``obj`` was worked on."""
        now = time.monotonic()
        if self.complete.is_set():
            sent = (obj.get("data") or {}).get(SENT)
            if sent:
                self.latencies.append(now - float(sent))
            return
        self._seen.add(name)
        if len(self._seen) >= self._wanted:
            self.wall = time.perf_counter() - self.started
            self.cpu = time.process_time() - self.used
            self.complete.set()


async def bare(kubeconfig: str, namespace: str, count: Count) -> None:
    """The limit: :mod:`benchmarks.bare_queue`."""
    api = kubeapi.KubeApi(pathlib.Path(kubeconfig).read_text())
    endpoint = await config.endpoint_of(kubeconfig)
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    assert endpoint.tls is not None
    await bare_queue.follow(api.server, endpoint.tls, {}, path, count.handled)


async def ours(
    kubeconfig: str, namespace: str, count: Count, wrap: Callable[..., worker.Handler] | None = None
) -> None:
    """Reflector, store, the bus's predicate and cause, queue, workers: as in the operator."""
    seam, now = external.External(), clock.SystemClock()
    client = transport.HttpClient(await config.endpoint_of(kubeconfig), external=seam)
    cached = store.Store(resource.CONFIG_MAPS)
    queue = workqueue.WorkQueue("bench", now, min_interval_seconds=0.0)

    def changed(change: store.Change) -> None:
        if predicate.meaningful(change):
            priority = core.PRIORITY_INITIAL if change.initial else core.PRIORITY_LIVE
            queue.add(change.key.name, priority=priority, causes=(causes.cause_of(change),))

    async def reconcile(entry: core.QueueEntry) -> record_controller.Outcome:
        count.handled(entry.key, cached.get(entry.key, namespace) or {})
        return record_controller.Outcome(None, changed=False)

    async def handle(entry: core.QueueEntry) -> worker.Outcome:
        await reconcile(entry)
        return worker.Forget()

    following = reflector.Reflector(
        client, resource.CONFIG_MAPS, cached, changed, clock=now, namespace=namespace
    )
    handler = handle if wrap is None else wrap(reconcile)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(following.run())
            group.create_task(worker.run_workers(queue, handler, WORKERS, stop=asyncio.Event()))
    finally:
        await client.close()


def idle_attempts(reconcile: attempts.Reconcile) -> worker.Handler:
    """Each reconcile is an attempt with a span that says it came to nothing."""

    async def noted(entry: core.QueueEntry) -> record_controller.Outcome:
        outcome = await reconcile(entry)
        trace.get_current_span().set_attribute("akoo.idle", True)
        return outcome

    return attempts.handler("bench", noted)


def busy_attempts(reconcile: attempts.Reconcile) -> worker.Handler:
    """Each reconcile is an attempt of STEPS spans that are exported."""

    async def noted(entry: core.QueueEntry) -> record_controller.Outcome:
        for number in range(STEPS - 1):
            with tracing.step("work", attributes={"akoo.number": number}):
                pass
        return await reconcile(entry)

    return attempts.handler("bench", noted)


async def kopf_event(_: str, namespace: str, count: Count) -> None:
    """kopf's lightest handler: ``on.event``, async, logging and posting off.

    It takes the kubeconfig from the environment.
    """
    import kopf  # noqa: PLC0415 its own dependency group

    registry = kopf.OperatorRegistry()
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.execution.max_workers = WORKERS

    def login(**options: Any) -> Any:
        return kopf.login_with_kubeconfig(**options)

    async def changed(name: str, body: Any, **__: Any) -> None:
        count.handled(name, body)

    kopf.on.login(registry=registry)(login)
    kopf.on.event("v1", "configmaps", registry=registry)(changed)
    await kopf.operator(
        registry=registry, settings=settings, standalone=True, namespaces=[namespace]
    )


Way = Callable[[str, str, Count], Awaitable[None]]


def _spans(wrap: Callable[..., worker.Handler]) -> Way:
    async def way(kubeconfig: str, namespace: str, count: Count) -> None:
        await ours(kubeconfig, namespace, count, wrap)

    return way


WAYS: dict[str, Way] = {
    "bare": bare,
    "core": ours,
    "core-attempts": _spans(idle_attempts),
    "core-10-spans": _spans(busy_attempts),
    "kopf": kopf_event,
}


async def _main(way: str, kubeconfig: str, namespace: str, wanted: int) -> None:
    count = Count(wanted)
    following = asyncio.ensure_future(WAYS[way](kubeconfig, namespace, count))
    complete = asyncio.ensure_future(count.complete.wait())
    await asyncio.wait({following, complete}, return_when=asyncio.FIRST_COMPLETED)
    if following.done():
        complete.cancel()
        following.result()
        raise SystemExit(f"{way} ended before it had handled everything")
    rss = footprint.rss_mib("self")
    print(json.dumps({"wall": count.wall, "cpu": count.cpu, "rss_mib": rss}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps({"latencies": count.latencies}), flush=True)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    if len(sys.argv) > 5:
        sdk.start(endpoint=sys.argv[5])
    asyncio.run(_main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
