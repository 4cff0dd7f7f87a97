"""Port groups as the controller saw them last, by moRef: tells which news of vCenter concern which
key. In memory only, and only a hint: each attempt reads what it goes by."""

from __future__ import annotations

import asyncio
import collections
import contextlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from akoo_vsphere import marks
from akoo_vsphere.client.api import Changes, Listed
from akoo_vsphere.marks import Mark
from akoo_vsphere.observed import Observed

WORKERS: Final = 16
"""Attempts at the same time, for all vCenters. Each connection that has port groups has an equal
share and never that of another: one that hangs takes nothing. Half of them are twice the threads of
a vCenter, which are not to wait for writes on the API server."""


class Seen(NamedTuple):
    """A port group in order, as an attempt saw it."""

    mo_ref: str
    name: str
    parent: str
    config_version: str
    value: str
    """The custom attribute of the mark."""


def seen_of(group: Observed) -> Seen:
    """The part of a port group that news are compared with."""
    return Seen(
        mo_ref=group.mo_ref,
        name=group.name,
        parent=group.parent,
        config_version=group.config_version,
        value=group.values.get(marks.ATTRIBUTE, ""),
    )


def _of_listed(entry: Listed) -> Seen:
    return Seen(
        mo_ref=entry.mo_ref,
        name=entry.name,
        parent=entry.parent,
        config_version=entry.config_version,
        value=entry.values.get(marks.ATTRIBUTE, ""),
    )


class Index:
    """Keys of port groups, by connection and by moRef. For one event loop."""

    def __init__(self) -> None:
        self._keys: dict[str, set[str]] = collections.defaultdict(set)
        self._seen: dict[str, Seen] = {}
        self._by_ref: dict[tuple[str, str], str] = {}
        self._connection: dict[str, str] = {}
        self._news: dict[str, Seen | None] = {}
        """News of keys that are worked on; None: it is gone."""
        self._working: set[str] = set()
        self.changed = asyncio.Event()
        """Set when a connection has its first key, or none any more."""
        self._counted: dict[str, float] = {}
        """Time of the last look at the users of a port group."""
        self.turned: asyncio.Queue[str] = asyncio.Queue()
        """Connections whose vCenter stopped or began to answer."""
        self._waiting: dict[str, dict[str, None]] = collections.defaultdict(dict)
        """Keys that wait for a worker, by connection, the oldest first."""
        self._answers: dict[str, asyncio.Event] = collections.defaultdict(asyncio.Event)

    @property
    def connections(self) -> tuple[str, ...]:
        """Connections that have keys, sorted."""
        return tuple(sorted(name for name, keys in self._keys.items() if keys))

    def answered(self, connection: str) -> None:
        """The vCenter of a connection answered an attempt: its source need not wait any longer."""
        self._answers[connection].set()

    async def pause(self, connection: str, least: float, most: float) -> bool:
        """Wait for ``most`` seconds, or for ``least`` and until the vCenter of the connection
        answers an attempt; then True."""
        event = self._answers[connection]
        event.clear()
        await asyncio.sleep(least)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most - least):
                await event.wait()
        return event.is_set()

    def keys(self, connection: str) -> tuple[str, ...]:
        """The keys of a connection, sorted."""
        return tuple(sorted(self._keys.get(connection, ())))

    def crowded(self, key: str) -> bool:
        """True if attempts by the connection of a key take its whole share of the workers. The key
        then waits: see ``next_waiting``."""
        connection, count = self._connection.get(key, ""), len(self.connections)
        if count < 2 or not connection:
            return False
        share = max(WORKERS // count, 1)
        if sum(self._connection.get(other) == connection for other in self._working) < share:
            return False
        self._waiting[connection][key] = None
        return True

    def next_waiting(self, key: str) -> str:
        """The key that waits longest for the end of an attempt by the connection of ``key``, which
        has ended; "" for none."""
        waiting = self._waiting[self._connection.get(key, "")]
        first = next(iter(waiting), "")
        waiting.pop(first, None)
        return first

    def place(self, key: str, connection: str) -> None:
        """A key belongs to a connection."""
        former = self._connection.get(key)
        if former != connection:
            self.forget(key)
            self._connection[key] = connection
            self._keys[connection].add(key)
            self.changed.set()

    def begin(self, key: str, connection: str) -> None:
        """An attempt begins: news of the key are kept until it ends."""
        self.place(key, connection)
        self._waiting[connection].pop(key, None)
        self._working.add(key)

    def end(self, key: str, seen: Seen | None) -> bool:
        """An attempt ends; ``seen`` is the port group if it is in order. True: news came meanwhile
        that it does not show, so that the key has to be looked at again."""
        self._working.discard(key)
        missed = key in self._news
        news = self._news.pop(key, None)
        self._drop(key)
        connection = self._connection.get(key)
        if seen is None or connection is None:
            return False
        self._seen[key] = seen
        self._by_ref[connection, seen.mo_ref] = key
        return missed and (news is None or _newer(news, seen))

    def count_users(self, key: str, now: float, seconds: float) -> bool:
        """True if the users of a port group were not looked at for ``seconds``. A process that
        starts does not look at those of all port groups at once."""
        last = self._counted.setdefault(key, now)
        if now - last < seconds:
            return False
        self._counted[key] = now
        return True

    def forget(self, key: str) -> None:
        """The object is gone."""
        self._counted.pop(key, None)
        self._drop(key)
        self._news.pop(key, None)
        self._working.discard(key)
        connection = self._connection.pop(key, None)
        if connection is not None:
            self._keys[connection].discard(key)
            self._waiting[connection].pop(key, None)
            self.changed.set()

    def _drop(self, key: str) -> None:
        seen, connection = self._seen.pop(key, None), self._connection.get(key)
        if seen is not None and connection is not None:
            self._by_ref.pop((connection, seen.mo_ref), None)

    def concerned(self, connection: str, changes: Changes) -> tuple[str, ...]:
        """The keys that the news concern, sorted. Those that are worked on are noted instead."""
        if changes.whole:
            concerned = dict(self._of_all(connection, changes))
        else:
            concerned = dict(self._of_some(connection, changes))
        for key in self._working & concerned.keys():
            self._news[key] = concerned.pop(key)
        return tuple(sorted(concerned))

    def _of_all(self, connection: str, changes: Changes) -> Iterator[tuple[str, Seen | None]]:
        """A list of everything: all keys that are not in order, and all that look different."""
        listed = {entry.mo_ref: _of_listed(entry) for entry in changes.changed}
        marked = {self._marked(connection, now): now for now in listed.values()}
        for key in self._keys.get(connection, ()):
            seen = self._seen.get(key)
            if seen is not None:
                now = listed.get(seen.mo_ref)
                if now != seen:
                    yield key, now
            elif key not in self._working:
                yield key, None
            elif key in marked:  # Its first attempt runs: the end tells whether it saw this.
                yield key, marked[key]

    def _of_some(self, connection: str, changes: Changes) -> Iterator[tuple[str, Seen | None]]:
        for entry in changes.changed:
            now = _of_listed(entry)
            key = self._by_ref.get((connection, entry.mo_ref)) or self._marked(connection, now)
            if key and (key not in self._seen or _newer(now, self._seen[key])):
                yield key, now
        for mo_ref in changes.removed:
            key = self._by_ref.get((connection, mo_ref), "")
            if key:
                yield key, None

    def _marked(self, connection: str, now: Seen) -> str:
        """The key that an unknown port group names in its mark; "" for none."""
        mark = marks.read(now.value)
        known = isinstance(mark, Mark) and mark.name in self._keys.get(connection, ())
        return mark.name if isinstance(mark, Mark) and known else ""


def _newer(news: Seen, seen: Seen) -> bool:
    """True if ``news`` show something that ``seen`` does not. News may be late: vCenter counts the
    versions of a configuration."""
    if news == seen:
        return False
    if news.mo_ref != seen.mo_ref:
        return True
    numbers = (news.config_version, seen.config_version)
    if all(number.isdecimal() for number in numbers):
        return int(numbers[0]) >= int(numbers[1])
    return True
