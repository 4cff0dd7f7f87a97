"""The pace of workload clusters: slow ones share a few slots, and no healthy one waits for them.

A cluster is slow as soon as one call to its API took longer than SLOW_CALL_SECONDS, or the calls of
one attempt longer than SPENT_SECONDS together. From then on a call needs a slot, which the attempt
keeps until it ends. Without a slot the call is refused at once, and the attempt goes on without the
cluster. After an attempt whose calls were all quick, the cluster is no longer slow.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from akoo_core.clock import Clock
from akoo_core.kube import errors
from akoo_core.telemetry import metrics

SLOW_CALL_SECONDS: Final = 3.0
QUICK_CALL_SECONDS: Final = 1.0
SPENT_SECONDS: Final = 20.0
"""Seconds that one attempt may spend in calls to its cluster before it needs a slot."""
FORGOTTEN_SECONDS: Final = 60.0
"""A cluster that has not asked for a slot again for so long leaves the queue."""


class SlowError(errors.KubeError):
    """The call was not made: the cluster is slow, and all slots for slow clusters are taken."""


class Pace:
    """The slow clusters, and those of them that may be called. One per process.

    ``slots`` limits the number of slow clusters worked on at the same time; first come, first
    served.
    """

    def __init__(self, clock: Clock, *, slots: int = 2) -> None:
        self.clock = clock
        self._slots = slots
        self._slow: set[str] = set()
        self._holding: set[str] = set()
        self._waiting: dict[str, float] = {}
        """Time of the last request of each cluster, in the order in which they began to wait."""

    def slow(self, cluster_uid: str) -> bool:
        """True if a call needs a slot."""
        return cluster_uid in self._slow

    def mark(self, cluster_uid: str, *, slow: bool) -> None:
        """Note how the cluster answers."""
        (self._slow.add if slow else self._slow.discard)(cluster_uid)
        metrics.SLOW_WORKLOADS.set(len(self._slow))

    def enter(self, cluster_uid: str) -> bool:
        """Take a slot, if it is the cluster's turn."""
        now = self.clock.monotonic()
        self._waiting = {
            uid: at for uid, at in self._waiting.items() if now - at < FORGOTTEN_SECONDS
        }
        self._waiting[cluster_uid] = now
        free = self._slots - len(self._holding)
        if cluster_uid not in list(self._waiting)[: max(free, 0)]:
            return False
        del self._waiting[cluster_uid]
        self._holding.add(cluster_uid)
        return True

    def leave(self, cluster_uid: str) -> None:
        """Give the slot back."""
        self._holding.discard(cluster_uid)

    def forget(self, cluster_uid: str) -> None:
        """Drop a cluster that is gone."""
        self._waiting.pop(cluster_uid, None)
        self.mark(cluster_uid, slow=False)


class Turn:
    """The calls of one attempt to one cluster. Call ``end`` when the attempt ends."""

    def __init__(self, pace: Pace, cluster_uid: str) -> None:
        self.cluster_uid = cluster_uid
        self._pace = pace
        self._holds = False
        self._spent = 0.0
        self._longest: float | None = None
        """Seconds of the longest call so far; None without any."""

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """The body is one call. Raises SlowError for one that needs a slot and gets none."""
        self._admit()
        begun = self._pace.clock.monotonic()
        try:
            yield
        except errors.CircuitOpenError:
            raise  # Not a call: it says nothing of how the cluster answers.
        except BaseException:
            self._took(self._pace.clock.monotonic() - begun)
            raise
        self._took(self._pace.clock.monotonic() - begun)

    def end(self) -> None:
        """End the attempt: give the slot back."""
        if self._holds:
            self._holds = False
            self._pace.leave(self.cluster_uid)
        quick = self._longest is not None and self._longest < QUICK_CALL_SECONDS
        if quick and self._spent < SPENT_SECONDS and self._pace.slow(self.cluster_uid):
            self._pace.mark(self.cluster_uid, slow=False)

    def _admit(self) -> None:
        if self._holds or not (self._pace.slow(self.cluster_uid) or self._spent >= SPENT_SECONDS):
            return
        self._holds = self._pace.enter(self.cluster_uid)
        if not self._holds:
            raise SlowError(
                "its API answers slowly, and other slow clusters come first; it is called in its "
                "turn"
            )

    def _took(self, seconds: float) -> None:
        self._spent += seconds
        self._longest = max(seconds, self._longest or 0.0)
        if seconds > SLOW_CALL_SECONDS or self._spent >= SPENT_SECONDS:
            self._pace.mark(self.cluster_uid, slow=True)
