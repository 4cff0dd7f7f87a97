"""Runs the sources of a controller: coroutines that follow systems outside, and add keys."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from random import random as chance

from akoo_core.kube.client import KubeClient
from akoo_core.plugin import api
from akoo_core.plugin.errors import describe
from akoo_core.plugin_host import bounded, context
from akoo_core.plugin_host.controllers import Controller
from akoo_core.queue import workqueue
from akoo_core.queue.backoff import Backoff
from akoo_core.structs import replace
from akoo_core.telemetry import metrics

BACKOFF = Backoff(base_seconds=1.0, cap_seconds=60.0)
"""Pauses between the end of a source and its next start."""
STEADY_SECONDS = 60.0
"""A source that ran so long had no failure before: the next pause is the first."""

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def running(
    controller: Controller,
    means: context.Means,
    client: KubeClient,
    queue: workqueue.WorkQueue,
    *,
    stop: asyncio.Event,
) -> AsyncIterator[None]:
    """Run the sources of a controller in the body, until ``stop`` is set.

    A source that ends or raises affects nothing else, and is started anew. Raises only the end of
    the process (``bounded.passes``), as a group.
    """
    sources = controller.registration.sources
    if not sources:
        yield
        return
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                _Runner(controller, source, means, client, queue).run(),
                name=f"{controller.name}-source-{number}",
            )
            for number, source in enumerate(sources)
        ]
        stopping = group.create_task(_cancel_at(stop, tasks), name=f"{controller.name}-stop")
        try:
            yield
        finally:
            for task in (*tasks, stopping):
                task.cancel()


async def _cancel_at(stop: asyncio.Event, tasks: Sequence[asyncio.Task[None]]) -> None:
    await stop.wait()
    for task in tasks:
        task.cancel()


def name_of(source: api.Source) -> str:
    """The name of a source in log lines and messages."""
    return getattr(source, "__name__", type(source).__name__)


class _Runner:
    """One source, started again and again."""

    def __init__(
        self,
        controller: Controller,
        source: api.Source,
        means: context.Means,
        client: KubeClient,
        queue: workqueue.WorkQueue,
        random: Callable[[], float] = chance,
    ) -> None:
        self._controller = controller
        self._source = source
        self._means = means
        self._client = client
        self._queue = queue
        self._random = random
        self._calls = bounded.PluginCalls()
        self._restarts = {
            reason: metrics.SOURCE_RESTARTS.labels(controller.name, reason)
            for reason in ("ended", "failed")
        }

    async def run(self) -> None:
        """Run it until cancelled."""
        failures = 0
        while True:
            started = self._means.clock.monotonic()
            error = await self._once()
            steady = self._means.clock.monotonic() - started >= STEADY_SECONDS
            failures = 1 if steady else failures + 1
            seconds = BACKOFF.seconds(failures, self._random())
            self._restarts["ended" if error is None else "failed"].inc()
            _log.warning(
                "a source of a controller %s: it is started anew in %.1f s",
                "ended" if error is None else "failed",
                seconds,
                extra={
                    "controller": self._controller.name,
                    "source": name_of(self._source),
                    "error": "" if error is None else describe(error),
                },
            )
            await asyncio.sleep(seconds)

    async def _once(self) -> Exception | None:
        """One run of the source; the error that ended it."""
        name = name_of(self._source)
        ctx = source_context(self._controller, self._means, self._client, name=name)
        call = bounded.PluginCall(
            self._controller.plugin.name, f"source {self._controller.registration.name}", name
        )
        try:
            await self._calls.run(
                call, lambda: self._source(ctx, checked(self._queue.add)), seconds=None
            )
        except Exception as error:  # noqa: BLE001 - a source's failure is its own
            return error
        return None


def checked(add: api.AddKey) -> api.AddKey:
    """``add`` for a source: anything but text is a TypeError of the source."""

    def add_text(key: str) -> None:
        if not isinstance(key, str):
            raise TypeError(f"a source added {type(key).__name__}, not text")
        add(key)

    return add_text


def source_context(
    controller: Controller, means: context.Means, client: KubeClient, *, name: str
) -> api.ControllerContext:
    """The context of one run of a source. A source runs for days: each read of a Secret is new."""
    built = context.build_controller_context(controller, means, client, source=name)
    return replace(built, secrets=_Anew(means))


class _Anew:
    """A SecretReader that keeps nothing."""

    def __init__(self, means: context.Means) -> None:
        self._means = means

    async def read(self, source: api.SecretSource) -> bytes | None:
        return await self._means.secrets().read(source)

    async def version(self, namespace: str, name: str, *, of_ancestor: bool = False) -> str:
        reader = self._means.secrets()
        return await reader.version(namespace, name, of_ancestor=of_ancestor)
