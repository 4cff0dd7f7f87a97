"""Runs a plugin's controller: a reflector for each kind, sources, one queue, and workers that
reconcile."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from opentelemetry import trace

from akoo_core import errors
from akoo_core.cache import reflector, store
from akoo_core.kube.client import KubeClient, Object
from akoo_core.kube.resource import CLUSTERS, Resource
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError, describe
from akoo_core.plugin_host import answers, bounded, context, sources
from akoo_core.plugin_host.controllers import Controller
from akoo_core.queue import core, worker, workqueue

RECONCILE_SECONDS = 120.0
"""The longest time of one reconcile; then it is cancelled and counts as failed."""

_NEEDS = "needs"
"""Name of the index by the Secrets that an object depends on."""

_tracer = trace.get_tracer("akoo_core")
_log = logging.getLogger(__name__)


async def run_controller(
    controller: Controller,
    *,
    client: KubeClient,
    means: context.Means,
    stop: asyncio.Event,
    min_interval_seconds: float = core.DEFAULT_MIN_INTERVAL_SECONDS,
    grace_seconds: float = worker.STOP_GRACE_SECONDS,
    namespace: str = "",
) -> None:
    """Follow the kinds of one controller and reconcile its keys, until ``stop`` is set.

    ``namespace``: the only one whose Clusters, and whatever else is of Cluster API, are followed;
    "" for all.

    To be run by the leader only. Reconciling and the sources start when every kind was listed once.
    When stopped, sources are cancelled and reconciles in flight get ``grace_seconds``; when
    cancelled (the lease is lost), none.
    """
    queue = workqueue.WorkQueue(
        controller.name, means.clock, min_interval_seconds=min_interval_seconds
    )
    following = _Following(controller, queue)
    reflectors = [
        reflector.Reflector(
            client,
            store.resource,
            store,
            following.changed,
            clock=means.clock,
            optional=store.resource in controller.registration.optional,
            namespace=(namespace or None) if _is_cluster_api(store.resource) else None,
        )
        for store in following.stores
    ]
    handler = _Handler(controller, means, client)
    tasks = [
        asyncio.create_task(follower.run(), name=f"{controller.name}-{follower.resource.plural}")
        for follower in reflectors
    ]
    with contextlib.ExitStack() as listening:
        if means.secret_changes is not None:
            listening.enter_context(means.secret_changes.listening(following.secret_changed))
        try:
            if await _synced(reflectors, stop):
                async with sources.running(controller, means, client, queue, stop=stop):
                    await worker.run_workers(
                        queue,
                        handler.handle,
                        controller.registration.workers,
                        stop=stop,
                        grace_seconds=grace_seconds,
                    )
        finally:
            queue.shut_down()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _is_cluster_api(kind: Resource) -> bool:
    """A kind of Cluster API or of its providers, with objects in the Cluster's namespace."""
    return kind.namespaced and kind.group.endswith(CLUSTERS.group)


class _Following:
    """The watched objects of a controller, and the keys to add when one of them changes."""

    def __init__(self, controller: Controller, queue: workqueue.WorkQueue) -> None:
        self._controller = controller
        self._queue = queue
        registration = controller.registration
        indexes = {_NEEDS: self._secrets} if registration.secrets is not None else {}
        self.stores = [
            store.Store(watch, indexes=indexes)
            for watch in (*registration.watches, *registration.optional)
        ]

    def changed(self, change: store.Change) -> None:
        """Adds the keys of old and new state. Those of a first list have a lower priority."""
        if not self._matters(change):
            return
        priority = core.PRIORITY_INITIAL if change.initial else core.PRIORITY_LIVE
        for obj in (change.old, change.new):
            if obj is not None:
                self._add(change.resource, obj, priority)

    def secret_changed(self, namespace: str, name: str) -> None:
        """Adds the keys of the objects that depend on that Secret."""
        if self._controller.registration.secrets is None:
            return
        for cached in self.stores:
            for obj in cached.lookup(_NEEDS, f"{namespace}/{name}") if cached.filled else ():
                self._add(cached.resource, obj, core.PRIORITY_LIVE)

    def _add(self, resource: Resource, obj: Object, priority: int) -> None:
        try:
            keys = self._controller.registration.keys(resource, obj)
            if not isinstance(keys, tuple | list) or not all(isinstance(key, str) for key in keys):
                raise TypeError(f"keys returned {type(keys).__name__}, not a tuple of text")
        except Exception as error:  # noqa: BLE001 - one object must not stop the others
            self._complain("keys", obj, error)
            return
        for key in keys:
            self._queue.add(key, priority=priority)

    def _matters(self, change: store.Change) -> bool:
        goes_by = self._controller.registration.goes_by
        if goes_by is None or change.old is None or change.new is None:
            return True
        try:
            old, new = (goes_by(change.resource, state) for state in (change.old, change.new))
            return bool(old != new)
        except Exception as error:  # noqa: BLE001 - one object must not stop the others
            self._complain("relevant part", change.new, error)
            return True

    def _secrets(self, obj: Object) -> list[str]:
        named = self._controller.registration.secrets
        try:
            return [f"{namespace}/{name}" for namespace, name in named(obj)] if named else []
        except Exception as error:  # noqa: BLE001 - one object must not stop the others
            self._complain("secrets", obj, error)
            return []

    def _complain(self, part: str, obj: Object, error: Exception) -> None:
        metadata = obj.get("metadata") or {}
        _log.error(
            "controller cannot tell the %s of an object",
            part,
            extra={
                "controller": self._controller.name,
                "object": f"{obj.get('kind')} {metadata.get('name')}",
                "error": describe(error),
            },
        )


async def _synced(reflectors: Sequence[reflector.Reflector], stop: asyncio.Event) -> bool:
    """Wait until every kind was listed once, or is optional and not served. False when stopped
    before."""

    async def all_synced() -> None:
        for follower in reflectors:
            await follower.settled.wait()

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

    def __init__(self, controller: Controller, means: context.Means, client: KubeClient) -> None:
        self._controller = controller
        self._means = means
        self._client = client
        self._calls = bounded.PluginCalls()

    async def handle(self, entry: core.QueueEntry) -> worker.Outcome:
        name, registration = self._controller.name, self._controller.registration
        attributes: dict[str, str | int] = {
            "akoo.controller": name,
            "akoo.plugin": self._controller.plugin.name,
            "akoo.key": entry.key,
            "akoo.attempt": entry.attempt,
        }
        if registration.subject is not None:
            attributes |= {
                "akoo.object": f"{registration.subject.kind}/{entry.key}",
                "akoo.verb": registration.name,
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
            if isinstance(answer, api.Wait | api.Blocked):
                span.set_attribute("akoo.reason", answer.reason)
        return _outcome(answer)

    async def _reconcile(self, entry: core.QueueEntry) -> api.Result:
        plugin, registration = self._controller
        verb = f"controller {registration.name}"
        request = api.Request(key=entry.key, attempt=entry.attempt)
        ctx = context.build_controller_context(
            self._controller, self._means, self._client, key=entry.key
        )
        call = bounded.PluginCall(plugin.name, verb, entry.key)
        try:
            answer: object = await self._calls.run(
                call, lambda: registration.reconcile(request, ctx), seconds=RECONCILE_SECONDS
            )
        except (VerbError, errors.LeadershipLostError):
            raise
        except Exception as error:
            raise call.failed(error) from error
        if not isinstance(answer, api.Done | api.Wait | api.Blocked):
            raise VerbError(
                plugin.name,
                verb,
                f"it returned {type(answer).__name__}, but may return Done, Wait or Blocked",
            )
        result: api.Result = answers.valid(plugin, verb, answer)
        return result


def _outcome(answer: api.Result) -> worker.Outcome:
    if isinstance(answer, api.Done):
        if answer.recheck_seconds is None:
            return worker.Forget()
        return worker.RequeueAfter(seconds=answer.recheck_seconds)
    return worker.RequeueAfter(seconds=answer.after)
