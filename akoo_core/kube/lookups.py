"""Host names of workload clusters, resolved in separate threads.

A name server that does not answer holds getaddrinfo for half a minute, and no thread can be
cancelled. A tenant chooses such a name. So these lookups have their own threads; each cluster has
one lookup in flight; and clusters whose last lookup was slow share half of the threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from aiohttp import abc

THREADS = 32
"""Most threads. They start when they are needed and end with their lookup."""
SLOW_SECONDS = 1.0
"""A lookup that takes longer counts as slow, whatever its result is."""

Question = tuple[str, int, int]
"""Host, port, address family."""
Answer = list[abc.ResolveResult]


class _Lookup(NamedTuple):
    question: Question
    task: asyncio.Task[Answer]


class Lookups:
    """All lookups of one process. To be used from one event loop.

    ``getaddrinfo`` is that of socket; it runs in a thread.
    """

    def __init__(
        self,
        *,
        threads: int = THREADS,
        slow_seconds: float = SLOW_SECONDS,
        getaddrinfo: Callable[..., list[Any]] = socket.getaddrinfo,
    ) -> None:
        self._getaddrinfo = getaddrinfo
        self._slow_seconds = slow_seconds
        self._slots = asyncio.Semaphore(threads)
        self._slow_slots = asyncio.Semaphore(threads // 2)
        self._slow: set[str] = set()
        self._running: dict[str, _Lookup] = {}

    def of(self, owner: str) -> abc.AbstractResolver:
        """The resolver of one cluster's connections."""
        return _Resolver(self, owner)

    async def resolve(self, owner: str, question: Question) -> Answer:
        """The addresses of a host. Raises OSError.

        Waits for the lookup of ``owner`` that is in flight, and shares its answer if it is about
        the same host.
        """
        while (lookup := self._running.get(owner)) is not None:
            if lookup.question == question:
                return await asyncio.shield(lookup.task)
            with contextlib.suppress(OSError, ValueError):
                await asyncio.shield(lookup.task)
        task = asyncio.create_task(self._resolve(owner, question), name=f"look up {question[0]}")
        self._running[owner] = _Lookup(question, task)
        task.add_done_callback(lambda ended: self._ended(owner, ended))
        return await asyncio.shield(task)

    def forget(self, owner: str) -> None:
        """Drop the state of a cluster."""
        self._slow.discard(owner)

    async def close(self) -> None:
        """Stop waiting for lookups; threads end with theirs. Safe to call twice."""
        tasks = [lookup.task for lookup in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, owner: str, task: asyncio.Task[Answer]) -> None:
        del self._running[owner]
        if not task.cancelled():
            task.exception()  # Whoever asked may have given up meanwhile.

    async def _resolve(self, owner: str, question: Question) -> Answer:
        async with contextlib.AsyncExitStack() as held:
            if owner in self._slow:
                await held.enter_async_context(self._slow_slots)
            await held.enter_async_context(self._slots)
            loop = asyncio.get_running_loop()
            due = loop.time() + self._slow_seconds
            marking = loop.call_at(due, self._slow.add, owner)
            try:
                return await self._in_thread(question)
            finally:
                marking.cancel()
                if loop.time() < due:
                    self._slow.discard(owner)

    async def _in_thread(self, question: Question) -> Answer:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()

        def deliver(addresses: Answer, error: Exception | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(addresses)

        def work() -> None:
            addresses: Answer = []
            failure: Exception | None = None
            try:
                addresses = self._ask(question)
            except Exception as error:  # noqa: BLE001 - handed over to who waits
                failure = error
            with contextlib.suppress(RuntimeError):  # The loop has ended meanwhile.
                loop.call_soon_threadsafe(deliver, addresses, failure)

        # A daemon: the interpreter does not wait for it.
        threading.Thread(target=work, name="akoo-lookup", daemon=True).start()
        return await answer

    def _ask(self, question: Question) -> Answer:
        host, port, family = question
        flags = socket.AI_ADDRCONFIG
        addresses = self._getaddrinfo(
            host, port, type=socket.SOCK_STREAM, family=family, flags=flags
        )
        numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            abc.ResolveResult(
                hostname=host,
                host=address[0],
                port=address[1],
                family=kind,
                proto=protocol,
                flags=numeric,
            )
            for kind, _, protocol, _, address in addresses
            if kind in (socket.AF_INET, socket.AF_INET6)
        ]


class _Resolver(abc.AbstractResolver):
    """Asks ``lookups`` for one cluster."""

    def __init__(self, lookups: Lookups, owner: str) -> None:
        self._lookups = lookups
        self._owner = owner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> Answer:
        return await self._lookups.resolve(self._owner, (host, port, int(family)))

    async def close(self) -> None:
        """Nothing is open here."""
