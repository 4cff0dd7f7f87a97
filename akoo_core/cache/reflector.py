"""The reflector: keeps a store like the API server and reports every change."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable

from akoo_core.cache import reflector_actions, reflector_core, store
from akoo_core.clock import Clock
from akoo_core.kube import errors
from akoo_core.kube.client import KubeClient, WatchEvent
from akoo_core.kube.resource import Resource
from akoo_core.telemetry import metrics

INITIAL_EVENTS_END_ANNOTATION = "k8s.io/initial-events-end"
_REPORT_BATCH = 100
"""Objects stored, or changes reported, before other tasks run."""
_QUIET_SECONDS = 15.0
"""After so many seconds open without a line, a watch counts as healthy: nothing happens there."""

OnChange = Callable[[store.Change], None]
"""Called after the store has the change, in order; must not block."""

_log = logging.getLogger(__name__)

_FAILURES: tuple[tuple[type[Exception], reflector_actions.Failure], ...] = (
    (errors.GoneError, reflector_actions.Failure.GONE),
    (errors.TooLargeVersionError, reflector_actions.Failure.TOO_LARGE),
    (errors.TooManyRequestsError, reflector_actions.Failure.BUSY),
    (errors.UnreachableError, reflector_actions.Failure.BUSY),
    (TimeoutError, reflector_actions.Failure.BUSY),
    (errors.ServerError, reflector_actions.Failure.SERVER),
    (errors.ForbiddenError, reflector_actions.Failure.REFUSED),
    (errors.UnauthorizedError, reflector_actions.Failure.REFUSED),
    (errors.NotFoundError, reflector_actions.Failure.REFUSED),
    (errors.InvalidError, reflector_actions.Failure.INVALID),
)


def failure_of(error: Exception) -> reflector_actions.Failure:
    """The Failure that an error is to a reflector."""
    return next(
        (failure for kind, failure in _FAILURES if isinstance(error, kind)),
        reflector_actions.Failure.OTHER,
    )


class Reflector:
    """Follows one kind, in all namespaces or in one, with or without selectors.

    ``on_change`` gets each change exactly once, in an order that is right per object; an exception
    from it is logged and costs only that report. ``metadata_only`` asks for objects without spec,
    data and status (PartialObjectMetadata). ``optional``: the kind may be one that is not served.
    """

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        store: store.Store,
        on_change: OnChange,
        *,
        clock: Clock,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
        watch_list: bool = True,
        optional: bool = False,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self.resource = resource
        self.store = store
        self._client = client
        self._on_change = on_change
        self._clock = clock
        self._namespace = namespace
        self._label_selector = label_selector
        self._field_selector = field_selector
        self._metadata_only = metadata_only
        self._optional = optional
        self._core = reflector_core.ReflectorCore(watch_list=watch_list, uniform=uniform)
        self.synced = asyncio.Event()
        """Set when all of the first list was reported; cleared while the kind is refused."""
        self.settled = asyncio.Event()
        """Set for good when all of the first list was reported, or an optional kind is not served.
        """
        self.last_error: Exception | None = None
        """Error that keeps the kind from being followed now; None while it is followed."""
        self._failing = False
        metrics.WATCH_FAILING.labels(resource.qualified)

    async def run(self) -> None:
        """Follow the kind until cancelled. No error ends it."""
        try:
            while True:
                await self._step()
        finally:
            self._count(failing=False)

    async def _step(self) -> None:
        action = self._core.next(self._clock.monotonic())
        if isinstance(action, reflector_actions.Pause):
            await asyncio.sleep(action.seconds)
            return
        try:
            await (
                self._list(action)
                if isinstance(action, reflector_actions.ListPage)
                else self._watch(action)
            )
        except Exception as error:  # noqa: BLE001 - one kind must not stop the others
            self._failed(error)

    async def _list(self, action: reflector_actions.ListPage) -> None:
        page = await self._client.list(
            self.resource,
            self._namespace,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            token=action.token,
            limit=action.limit,
            metadata_only=self._metadata_only,
        )
        items: list[store.Item] = []
        for obj in page.items:
            items.append(self.store.item(obj))
            if len(items) % _REPORT_BATCH == 0:
                await asyncio.sleep(0)
        await self._take(self._core.page(items, page.resource_version, page.token))

    async def _watch(self, action: reflector_actions.OpenWatch) -> None:
        lines = self._client.watch(
            self.resource,
            self._namespace,
            resource_version=action.resource_version,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            timeout_seconds=action.timeout_seconds,
            send_initial_events=action.initial_events,
            metadata_only=self._metadata_only,
        )
        opened = asyncio.get_running_loop().call_later(_QUIET_SECONDS, self._recovered)
        try:
            async with contextlib.aclosing(lines):
                async for line in lines:
                    await self._take(self._event(line))
        finally:
            opened.cancel()
        self._restarted("ended")
        self._core.ended(self._clock.monotonic())

    def _event(self, line: WatchEvent) -> reflector_actions.Effect | None:
        metadata = line.object.get("metadata") or {}
        version = metadata.get("resourceVersion", "")
        if line.type == "BOOKMARK":
            annotations = metadata.get("annotations") or {}
            end = annotations.get(INITIAL_EVENTS_END_ANNOTATION) == "true"
            return self._core.event(line.type, version, None, initial_end=end)
        return self._core.event(line.type, version, self.store.item(line.object))

    async def _take(self, effect: reflector_actions.Effect | None) -> None:
        """Apply ``effect`` to the store, then report the changes."""
        self._recovered()
        if isinstance(effect, reflector_actions.Replace):
            changes = self.store.replace(effect.items)
            metrics.LAST_SYNC.labels(self.resource.qualified).set(self._clock.now().timestamp())
        elif isinstance(effect, reflector_actions.Put):
            changes = self.store.put(effect.item)
        elif isinstance(effect, reflector_actions.Remove):
            changes = self.store.remove(effect.item)
        else:
            return
        for number, change in enumerate(changes, start=1):
            self._report(change)
            if number % _REPORT_BATCH == 0:
                await asyncio.sleep(0)
        if isinstance(effect, reflector_actions.Replace):
            self.synced.set()
            self.settled.set()

    def _recovered(self) -> None:
        if self.last_error is not None:
            _log.info("following %s again", self.resource.qualified)
            self.last_error = None
            self._count(failing=False)

    def _report(self, change: store.Change) -> None:
        try:
            self._on_change(change)
        except Exception:  # noqa: BLE001 - the mistake of one listener is not ours
            _log.exception("a change of %s %s was not handled", self.resource.kind, change.key)

    def _failed(self, error: Exception) -> None:
        failure = failure_of(error)
        self._restarted(failure.value)
        wish = getattr(error, "retry_after_seconds", 0.0)
        self._core.failed(self._clock.monotonic(), failure, at_least_seconds=wish)
        if not self._core.synced:
            self.synced.clear()
        unexpected = not isinstance(error, errors.KubeError | TimeoutError)
        absent = self._optional and isinstance(error, errors.NotFoundError) and error.kind_missing
        if absent:
            self.settled.set()
        if unexpected or str(error) != str(self.last_error):
            _log.log(
                logging.INFO if absent else logging.WARNING,
                "cannot follow %s for now: %s: %s",
                self.resource.qualified,
                type(error).__name__,
                error,
                exc_info=error if unexpected else None,
            )
        self.last_error = error
        self._count(failing=not absent)

    def _count(self, *, failing: bool) -> None:
        """Count this reflector once while it fails: several may follow the same kind."""
        if failing is not self._failing:
            self._failing = failing
            metrics.WATCH_FAILING.labels(self.resource.qualified).inc(1 if failing else -1)

    def _restarted(self, reason: str) -> None:
        metrics.WATCH_RESTARTS.labels(self.resource.qualified, reason).inc()
