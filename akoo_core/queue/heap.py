"""A heap of keys with ranks that may change."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import Any

_SLACK = 64
"""Outdated entries below this number are never worth a rebuild."""


_Slot = tuple[Any, int, str]
"""(rank, token, key). A plain tuple: thousands are compared while a queue fills."""


class KeyedHeap:
    """Each key is in it at most once; the key of the least rank comes out first.

    Ranks are any values that compare with each other. A new rank replaces the old one and counts
    as a later arrival among equal ranks. Every operation is O(log n), amortised: outdated entries
    stay until they surface or outnumber the living ones.
    """

    def __init__(self) -> None:
        self._slots: list[_Slot] = []
        self._token_of: dict[str, int] = {}
        self.inside: Mapping[str, object] = self._token_of
        """The keys that are in it; true if there are any."""
        self._next_token = 0

    def __len__(self) -> int:
        return len(self._token_of)

    def __contains__(self, key: str) -> bool:
        return key in self._token_of

    def push(self, key: str, rank: Any) -> None:
        """Put ``key`` in with ``rank``, or give it that rank."""
        self._next_token += 1
        self._token_of[key] = self._next_token
        heapq.heappush(self._slots, (rank, self._next_token, key))
        self._compact()

    def discard(self, key: str) -> None:
        """Take ``key`` out if it is in."""
        if self._token_of.pop(key, None) is not None:
            self._compact()

    def first_rank(self) -> Any:
        """The least rank. None when empty."""
        self._drop_outdated()
        return self._slots[0][0] if self._slots else None

    def pop(self) -> str:
        """Take out the key of the least rank. Raises IndexError when empty."""
        self._drop_outdated()
        key = heapq.heappop(self._slots)[2]
        del self._token_of[key]
        return key

    def keys(self) -> list[str]:
        """All keys in the order in which they would come out. O(n log n): for people."""
        return [slot[2] for slot in sorted(self._slots) if self._alive(slot)]

    def _alive(self, slot: _Slot) -> bool:
        return self._token_of.get(slot[2]) == slot[1]

    def _drop_outdated(self) -> None:
        while self._slots and not self._alive(self._slots[0]):
            heapq.heappop(self._slots)

    def _compact(self) -> None:
        if len(self._slots) > 2 * len(self._token_of) + _SLACK:
            self._slots = [slot for slot in self._slots if self._alive(slot)]
            heapq.heapify(self._slots)
