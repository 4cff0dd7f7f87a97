"""The answers of plugins about systems outside, kept for the pages.

A page shows the answers that are there, and never waits: a question runs beside it, and its answer
is published as a change. The same question is asked again after a while at the earliest.
"""

from __future__ import annotations

import asyncio
import collections
import datetime
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from akoo_core import structs
from akoo_core.cli.check.ask import PluginFindings
from akoo_core.cli.explain.command import Facts
from akoo_core.cli.plan.ask import PluginPlan
from akoo_core.clock import Clock
from akoo_core.objects.record import Record
from akoo_core.plugin.errors import describe

AGAIN_SECONDS = 30.0
"""Shortest time between an answer and the same question."""
CHANGED_SECONDS = 3.0
"""The same where the record has another phase since: its objects come or go."""
WIDTH = 4
"""Questions that are asked at the same time."""
REMEMBERED = 100
"""Questions whose answers are kept."""

Answer = TypeVar("Answer", PluginPlan, PluginFindings)


class Seen(NamedTuple, Generic[Answer]):
    """The last answers of all plugins. ``at`` None: the first ones are awaited."""

    answers: tuple[Answer, ...] = ()
    at: datetime.datetime | None = None
    problem: str = ""
    """The reason why no plugin could be asked."""


class KeptAnswer(NamedTuple):
    """An answer, the monotonic time of its end, and the phase of the record at the question."""

    at: float
    phase: str
    seen: Seen[Any]


class Asker(Protocol):
    """Asks the plugins. Each method answers within a bounded time."""

    async def objects(self, facts: Facts, record: Record) -> tuple[PluginPlan, ...]:
        """The actions of a sweep of the record: every object outside. Raises AkooError."""
        ...

    async def systems(
        self, configs: tuple[structs.JSON, ...], records: tuple[Record, ...]
    ) -> tuple[PluginFindings, ...]:
        """The state of the systems outside. Raises AkooError."""
        ...


class Outside:
    """Questions and answers. ``publish`` is called after each answer."""

    def __init__(self, asker: Asker, publish: Callable[[], Awaitable[None]], clock: Clock) -> None:
        self._asker = asker
        self._publish = publish
        self._clock = clock
        self._places = asyncio.Semaphore(WIDTH)
        self._seen: collections.OrderedDict[str, KeptAnswer] = collections.OrderedDict()
        self._running: dict[str, asyncio.Task[None]] = {}

    def objects(self, facts: Facts, record: Record) -> Seen[PluginPlan]:
        """The objects of the cluster of a record, as last answered."""
        phase = record.status.phase or ""
        return self._last(record.name, phase, lambda: self._asker.objects(facts, record))

    def systems(
        self, configs: tuple[structs.JSON, ...], records: tuple[Record, ...]
    ) -> Seen[PluginFindings]:
        """The systems outside, as last answered."""
        return self._last("", "", lambda: self._asker.systems(configs, records))

    async def close(self) -> None:
        """End all questions."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _last(
        self, key: str, phase: str, question: Callable[[], Coroutine[Any, Any, tuple[Answer, ...]]]
    ) -> Seen[Answer]:
        kept = self._seen.get(key, KeptAnswer(float("-inf"), phase, Seen[Answer]()))
        pause = AGAIN_SECONDS if kept.phase == phase else CHANGED_SECONDS
        if key not in self._running and self._clock.monotonic() - kept.at >= pause:
            asking = self._ask(key, phase, question)
            self._running[key] = asyncio.create_task(asking, name=f"fleet page: ask {key}")
        return kept.seen

    async def _ask(
        self, key: str, phase: str, question: Callable[[], Coroutine[Any, Any, tuple[Answer, ...]]]
    ) -> None:
        answered: tuple[Answer, ...] | BaseException
        try:
            async with self._places:
                # A plugin may raise anything; the page shows it.
                (answered,) = await asyncio.gather(question(), return_exceptions=True)
        finally:
            del self._running[key]
        now = self._clock.now()
        if isinstance(answered, BaseException):
            seen = Seen[Answer](at=now, problem=describe(answered))
        else:
            seen = Seen(answered, now)
        self._seen[key] = KeptAnswer(self._clock.monotonic(), phase, seen)
        self._seen.move_to_end(key)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        await self._publish()
