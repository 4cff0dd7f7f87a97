"""A list in pages while others write: each object once, and none left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from akoo_avi.client import errors
from akoo_core.plugin.structs import JSON

MAX_READS = 4
PAGE_SIZE = 200
"""The largest that controllers serve."""

ReadPage = Callable[[int], Awaitable[JSON]]


async def read_all(read_page: ReadPage, *, title: str) -> tuple[JSON, ...]:
    """All objects, by reading pages 1, 2, ... until one names no next.

    The number of objects must be the count of every page. Otherwise objects moved between pages,
    and everything is read again. An object that vanishes while another appears can hide a third
    from one reading of several pages: to be sure of absence, read twice. Raises
    IncompleteListError.
    """
    problem = ""
    for _ in range(MAX_READS):
        reading = await _read(read_page)
        problem = reading.problem
        if not problem:
            return reading.objects
    raise errors.IncompleteListError(
        f"{title} changed {MAX_READS} times while it was read ({problem}). Read again later."
    )


class ListedObjects(NamedTuple):
    """The objects that one or two readings of a list saw."""

    objects: tuple[JSON, ...]
    still: bool
    """It held still, so nothing is missing; else an object that moved between pages may be
    missing."""


async def read_seen(read_page: ReadPage) -> ListedObjects:
    """The objects of a list, without a proof of absence. A list that changes is read once more, and
    the objects of both readings count. Each object once, in its last state."""
    first = await _read(read_page)
    if not first.problem:
        return ListedObjects(first.objects, still=True)
    second = await _read(read_page)
    if not second.problem:
        return ListedObjects(second.objects, still=True)
    return ListedObjects(second.with_those_of(first), still=False)


class _Reading:
    """The pages of one pass."""

    def __init__(self) -> None:
        self._seen: dict[Any, JSON] = {}
        self._counts: set[int] = set()

    def add(self, page: JSON) -> bool:
        """Add a page; True if there is another. Raises NotAviError for another content."""
        results, count = page.get("results"), page.get("count")
        if not isinstance(results, list) or not isinstance(count, int):
            raise errors.NotAviError(
                "A list came without results or count: this is no list of an Avi Controller."
            )
        self._counts.add(count)
        for result in results:
            self._seen.setdefault(_identity(result) or len(self._seen), result)
        return bool(page.get("next")) and bool(results)

    @property
    def objects(self) -> tuple[JSON, ...]:
        return tuple(self._seen.values())

    def with_those_of(self, other: _Reading) -> tuple[JSON, ...]:
        """The objects of both."""
        return tuple({**other._seen, **self._seen}.values())

    @property
    def problem(self) -> str:
        """The reason why this is not the whole list; empty if it is."""
        if self._counts == {len(self._seen)}:
            return ""
        counted = " or ".join(str(count) for count in sorted(self._counts))
        return f"{len(self._seen)} seen, {counted} counted"


async def _read(read_page: ReadPage) -> _Reading:
    reading, number = _Reading(), 1
    while reading.add(await read_page(number)):
        number += 1
    return reading


def _identity(entry: JSON) -> str:
    """The uuid; that of its configuration for an entry of an inventory."""
    config = entry.get("config")
    inner = config.get("uuid", "") if isinstance(config, dict) else ""
    return str(entry.get("uuid") or inner)
