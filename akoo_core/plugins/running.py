"""Runs a plugin's controller: a reflector for each kind, one queue, and workers that reconcile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from opentelemetry import trace

from akoo_core import clock as clock_
from akoo_core import errors
from akoo_core.cache import reflector, store
from akoo_core.kube import client as client_
from akoo_core.kube.resource import Resource
from akoo_core.plugins import api, scoped
from akoo_core.plugins.controllers import Controller
from akoo_core.plugins.errors import VerbError, describe
from akoo_core.queue import core, worker, workqueue

RECONCILE_SECONDS = 120.0
"""How long one reconcile of one key may take before it is cancelled and counts as failed."""

_tracer = trace.get_tracer("akoo_core")
_log = logging.getLogger(__name__)


async def run_controller(
    controller: Controller,
    *,
    client: client_.KubeClient,
    clock: clock_.Clock,
    stop: asyncio.Event,
    min_interval_seconds: float = core.DEFAULT_MIN_INTERVAL_SECONDS,
    grace_seconds: float = worker.STOP_GRACE_SECONDS,
) -> None:
    """Follow the kinds of one controller and reconcile its keys, until ``stop`` is set.

    To be run by the leader only. Reconciling starts when every kind was listed once. When stopped,
    reconciles in flight get ``grace_seconds``; when cancelled (the lease is lost), none.
    """
    registration = controller.registration
    queue = workqueue.WorkQueue(controller.name, clock, min_interval_seconds=min_interval_seconds)
    reflectors = [
        reflector.Reflector(
            client, resource, store.Store(resource), _enqueue(controller, queue), clock=clock
        )
        for resource in registration.watches
    ]
    handler = _Handler(
        controller, scoped.ScopedClient(client, controller.plugin.name, registration)
    )
    following = [
        asyncio.create_task(one.run(), name=f"{controller.name}-{one.resource.plural}")
        for one in reflectors
    ]
    try:
        if await _synced(reflectors, stop):
            await worker.run_workers(
                queue,
                handler.handle,
                registration.workers,
                stop=stop,
                grace_seconds=grace_seconds,
            )
    finally:
        queue.shut_down()
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)


def _enqueue(controller: Controller, queue: workqueue.WorkQueue) -> reflector.OnChange:
    """Adds the keys of old and new state; a list's wait behind what somebody just did."""

    def on_change(change: store.Change) -> None:
        priority = core.PRIORITY_INITIAL if change.initial else core.PRIORITY_LIVE
        for obj in (change.old, change.new):
            for key in _keys(controller, change.resource, obj) if obj is not None else ():
                queue.add(key, priority=priority)

    return on_change


def _keys(controller: Controller, resource: Resource, obj: client_.Object) -> tuple[str, ...]:
    try:
        return controller.registration.keys(resource, obj)
    except Exception as error:  # noqa: BLE001 - one object must not stop the others
        metadata = obj.get("metadata") or {}
        _log.error(
            "controller cannot tell the keys of an object",
            extra={
                "controller": controller.name,
                "object": f"{resource.qualified} {metadata.get('name')}",
                "error": describe(error),
            },
        )
        return ()


async def _synced(reflectors: Sequence[reflector.Reflector], stop: asyncio.Event) -> bool:
    """Wait until every kind was listed once. False when stopped before."""

    async def all_synced() -> None:
        for one in reflectors:
            await one.synced.wait()

    waits = [asyncio.create_task(all_synced()), asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        return not stop.is_set()
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


class _Handler:
    """Calls a plugin's reconcile for one key, seen as one root span, and reads its answer."""

    def __init__(self, controller: Controller, client: client_.KubeClient) -> None:
        self._controller = controller
        self._client = client

    async def handle(self, entry: core.Entry) -> worker.Outcome:
        name = self._controller.name
        attributes: dict[str, str | int] = {
            "akoo.controller": name,
            "akoo.plugin": self._controller.plugin.name,
            "akoo.key": entry.key,
            "akoo.attempt": entry.attempt,
        }
        with _tracer.start_as_current_span(
            f"reconcile {name}",
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                answer = await self._reconcile(entry)
            except VerbError as error:
                span.set_status(trace.Status(trace.StatusCode.ERROR, str(error)))
                raise
            span.set_attribute("akoo.result", type(answer).__name__.lower())
        return _outcome(answer)

    async def _reconcile(self, entry: core.Entry) -> api.Result:
        plugin, registration = self._controller
        verb = f"controller {registration.name}"
        request = api.Request(key=entry.key, attempt=entry.attempt)
        try:
            async with asyncio.timeout(RECONCILE_SECONDS) as deadline:
                answer: object = await registration.reconcile(request, self._client)
        except errors.LeadershipLostError:
            raise
        except TimeoutError as error:
            late = deadline.expired()
            problem = f"it took longer than {RECONCILE_SECONDS:g} s" if late else describe(error)
            raise VerbError(plugin.name, verb, problem, timed_out=late) from error
        except Exception as error:
            raise VerbError(plugin.name, verb, describe(error)) from error
        if not isinstance(answer, api.Done | api.Wait | api.Blocked):
            raise VerbError(
                plugin.name,
                verb,
                f"it returned {type(answer).__name__}, but may return Done, Wait or Blocked",
            )
        return answer


def _outcome(answer: api.Result) -> worker.Outcome:
    if isinstance(answer, api.Done):
        if answer.recheck_seconds is None:
            return worker.Forget()
        return worker.RequeueAfter(seconds=answer.recheck_seconds)
    return worker.RequeueAfter(seconds=answer.after)
