"""Tasks that a verb starts and leaves running: found, cancelled, counted.

A verb is over when it returns. Tasks that it left running would go on writing outside under a lease
that another process may have by then. asyncio cannot list the children of a task, so the loop's
task factory notes each new task at the call it was made in, by a context variable that children
inherit.

A thing that outlives verbs by right (a session's refresher that happens to be started by the first
call) is created in a context of its own: ``loop.create_task(..., context=contextvars.Context())``.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Coroutine, Iterator
from typing import Any, cast

STOP_SECONDS = 1.0
"""Seconds that cancelled leftovers get to end."""

_children: contextvars.ContextVar[set[asyncio.Task[Any]] | None] = contextvars.ContextVar(
    "akoo_core_verb_children", default=None
)


class _NotingFactory:
    """A task factory that notes tasks made inside a verb, and calls the factory before it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __call__(
        self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Future[Any]:
        if self._inner is not None:
            task = self._inner(loop, coro, **options)
        else:
            task = asyncio.Task(coro, loop=loop, **options)
        context: contextvars.Context | None = options.get("context")
        children = _children.get() if context is None else context.get(_children)
        if children is not None and not task.done():
            children.add(task)
            task.add_done_callback(children.discard)
        return task  # type: ignore[no-any-return]


@contextlib.contextmanager
def noted() -> Iterator[set[asyncio.Task[Any]]]:
    """Yields the set of tasks that were created in the body and still run, kept up to date."""
    loop = asyncio.get_running_loop()
    factory = loop.get_task_factory()
    if not isinstance(factory, _NotingFactory):
        loop.set_task_factory(cast("Any", _NotingFactory(factory)))
    children: set[asyncio.Task[Any]] = set()
    token = _children.set(children)
    try:
        yield children
    finally:
        _children.reset(token)


async def stop(left: set[asyncio.Task[Any]]) -> tuple[str, ...]:
    """Cancel the tasks and wait for them, STOP_SECONDS at most. The names of all of them."""
    tasks = tuple(left)
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # looked at, so that asyncio does not print it later
    return tuple(sorted(_name(task) for task in tasks))


def _name(task: asyncio.Task[Any]) -> str:
    coro = task.get_coro()
    return f"{task.get_name()} ({getattr(coro, '__qualname__', type(coro).__name__)})"
