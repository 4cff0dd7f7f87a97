"""The next request of a reflector: pure, after client-go's tools/cache/reflector.go.

A reflector is either syncing (a watch that begins with the whole collection, or, where that fails,
a list in pages) or watching. Rules that are easy to get wrong, each held by a test:

- The versions of initial events are not in order; no watch continues from one of them.
- A list never goes back in time: it asks for the newest state, and always in pages. With any other
  version a server may answer with everything at once, which can be too much.
- After repeated failures to list again, the collection is no longer known, and ``synced`` ends.
- The end of a stream is normal, but a watch that ended within a second without anything new is an
  error; else a server that closes at once would get thousands of requests a second.
- A missing answer is no reason to list again, and a refusal is no reason to forget the collection.
- An event that is not newer than the last one is a replay; it must not restore a deleted object.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from akoo_core.cache import backoff, reflector_actions, store, versions
from akoo_core.cache.indexes import NamespacedName

PAGE_SIZE = 500
SHORT_WATCH_SECONDS = 1.0
SERVER_ERRORS_BEFORE_LIST = 3
FAILURES_UNTIL_UNKNOWN = 3
"""Failures in a row to list again, or to watch from the beginning, that end ``synced``."""


class ReflectorCore:
    """The state of one reflector. ``now`` is monotonic seconds, ``uniform`` gives [0, 1).

    Call ``next`` for an action, do it, and report the result: ``page`` after ListPage; after
    OpenWatch any number of ``event`` and then ``ended``; ``failed`` after an error of either.
    """

    def __init__(
        self, *, watch_list: bool = True, uniform: Callable[[], float] = random.random
    ) -> None:
        self._uniform = uniform
        self._backoff = backoff.ReflectorBackoff()
        self._watch_list = watch_list
        self._list_now = not watch_list
        self._version = ""
        self._watching = False
        self._ordered = True
        self._collected: dict[NamespacedName, store.Item] = {}
        self._token = ""
        self._pause = 0.0
        self._opened_at = 0.0
        self._progress = False
        self._server_errors = 0
        self._sync_failures = 0
        self.synced = False
        """The collection is known and nothing forbids to follow it."""

    @property
    def resource_version(self) -> str:
        """The last version seen; "" before the first."""
        return self._version

    def next(self, now: float) -> reflector_actions.Action:
        """The next action."""
        if self._pause:
            pause, self._pause = self._pause, 0.0
            return reflector_actions.Pause(pause)
        if self._watching or not self._list_now:
            return self._open(now)
        return reflector_actions.ListPage(self._token, PAGE_SIZE)

    def page(
        self, items: list[store.Item], version: str, token: str
    ) -> reflector_actions.Effect | None:
        """One page arrived. The last one gives a Replace."""
        self._collected.update((item.key, item) for item in items)
        self._token = token
        if token:
            return None
        return self._sync(version)

    def event(
        self, kind: str, version: str, item: store.Item | None, *, initial_end: bool = False
    ) -> reflector_actions.Effect | None:
        """A line of the watch: ADDED, MODIFIED, DELETED with an item, or BOOKMARK without."""
        if not self._watching:
            return self._collect(kind, version, item, initial_end=initial_end)
        if not self._ordered and kind == "ADDED" and item is not None:
            return reflector_actions.Put(item)
        self._ordered = True
        if versions.newer(version, self._version) is False:
            return None
        self._progress = self._progress or version != self._version
        self._server_errors = 0
        self._version = version
        if item is None:
            return None
        return reflector_actions.Remove(item) if kind == "DELETED" else reflector_actions.Put(item)

    def ended(self, now: float) -> None:
        """The server closed the stream in good order."""
        if not self._watching:
            self._start_list()  # It never marked the end of the initial events.
        if now - self._opened_at < SHORT_WATCH_SECONDS and not self._progress:
            self._back_off(now)

    def failed(
        self, now: float, failure: reflector_actions.Failure, *, at_least_seconds: float = 0.0
    ) -> None:
        """The request or the stream ended with an error."""
        self._back_off(now, at_least_seconds)
        self._sync_failures += not self._watching
        if (
            failure is reflector_actions.Failure.REFUSED
            or self._sync_failures >= FAILURES_UNTIL_UNKNOWN
        ):
            self.synced = False
        if self._watching:
            self._watch_failed(failure)
        elif self._list_now:
            self._list_failed(failure)
        else:
            self._initial_watch_failed(now, failure)

    def _watch_failed(self, failure: reflector_actions.Failure) -> None:
        if failure is reflector_actions.Failure.BUSY:
            return
        if failure is reflector_actions.Failure.SERVER:
            self._server_errors += 1
            if self._server_errors < SERVER_ERRORS_BEFORE_LIST:
                return
        self._start_sync()

    def _initial_watch_failed(self, now: float, failure: reflector_actions.Failure) -> None:
        """Fall back to a list, unless the server did not answer at all.

        A stream that was open for a while without reaching the end of the initial events comes from
        a server that does not know them: the same request would be repeated for ever.
        """
        lived = now - self._opened_at
        if (
            failure is reflector_actions.Failure.BUSY
            and lived < SHORT_WATCH_SECONDS
            and not self._progress
        ):
            return
        self._watch_list = self._watch_list and failure is not reflector_actions.Failure.INVALID
        self._start_list()

    def _list_failed(self, failure: reflector_actions.Failure) -> None:
        if failure is reflector_actions.Failure.BUSY:
            return  # The same page is requested again.
        self._start_list()

    def _open(self, now: float) -> reflector_actions.OpenWatch:
        self._opened_at = now
        self._progress = False
        self._ordered = self._version not in ("", "0")
        timeout = int(300 * (1.0 + self._uniform()))
        if self._watching:
            return reflector_actions.OpenWatch(
                self._version, initial_events=False, timeout_seconds=timeout
            )
        return reflector_actions.OpenWatch(
            self._version, initial_events=True, timeout_seconds=timeout
        )

    def _collect(
        self, kind: str, version: str, item: store.Item | None, *, initial_end: bool
    ) -> reflector_actions.Effect | None:
        self._progress = True
        if item is None:
            return self._sync(version) if initial_end else None
        if kind == "DELETED":
            self._collected.pop(item.key, None)
        else:
            self._collected[item.key] = item
        return None

    def _sync(self, version: str) -> reflector_actions.Replace:
        items = list(self._collected.values())
        self._collected = {}
        self._token = ""
        self._version = version
        self._watching = self.synced = True
        self._ordered = version not in ("", "0")
        self._server_errors = self._sync_failures = 0
        return reflector_actions.Replace(items)

    def _start_sync(self) -> None:
        self._watching = False
        self._list_now = not self._watch_list
        self._server_errors = 0
        self._collected = {}
        self._token = ""

    def _start_list(self) -> None:
        self._start_sync()
        self._list_now = True

    def _back_off(self, now: float, at_least_seconds: float = 0.0) -> None:
        self._pause = max(self._backoff.next(now, self._uniform()), at_least_seconds)
