"""The least that could be called a controller: what a queue in asyncio could reach at best.

A list, a watch, a dict as the cache, keys once in a queue, workers with nothing to do. No errors,
no relist, no intervals, no metrics.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from typing import Any

import aiohttp

WORKERS = 10
_READ_BUFFER = 2**22

Handled = Callable[[str, dict[str, Any]], None]


async def follow(
    server: str, tls: ssl.SSLContext, headers: dict[str, str], path: str, handled: Handled
) -> None:
    """Follow the objects at ``path`` for ever and call ``handled`` with each that came."""
    cache: dict[str, dict[str, Any]] = {}
    waiting: set[str] = set()
    queue: asyncio.Queue[str] = asyncio.Queue()

    def changed(obj: dict[str, Any]) -> None:
        name = obj["metadata"]["name"]
        cache[name] = obj
        if name not in waiting:
            waiting.add(name)
            queue.put_nowait(name)

    async def work() -> None:
        while True:
            name = await queue.get()
            waiting.discard(name)
            handled(name, cache[name])

    timeout = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(ssl=tls)
    async with (
        aiohttp.ClientSession(headers=headers, connector=connector, timeout=timeout) as session,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(WORKERS):
            group.create_task(work())
        async with session.get(f"{server}{path}") as answer:
            listed = json.loads(await answer.read())
        for obj in listed["items"]:
            changed(obj)
        watch = {"watch": "true", "resourceVersion": listed["metadata"]["resourceVersion"]}
        async with session.get(
            f"{server}{path}", params=watch, read_bufsize=_READ_BUFFER
        ) as answer:
            async for line in answer.content:
                changed(json.loads(line)["object"])
