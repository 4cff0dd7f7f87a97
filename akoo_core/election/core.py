"""The pure half of the election, after client-go's leaderelection.

At most one candidate acts, as long as all clocks run at the same rate:

- A leader acts only within the renew deadline after it *sent* its last renewal that was confirmed.
- The others can have seen that renewal only after it was sent, and count the whole lease, which is
  longer, from the moment of seeing it. Times in the Lease are never compared with a local clock,
  so skewed clocks do no harm.
- All writes carry the version that was read, so of two takers one meets a conflict.

A Lease is not a fence: a call that was started before the deadline may still arrive after it. So
external calls are shorter than the lease minus the deadline, and idempotent.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from akoo_core import structs
from akoo_core.election.timing import ACQUIRE_JITTER, Timing

RELEASED_LEASE_SECONDS = 1


class LeaseSpec(structs.Struct, frozen=True, kw_only=True):
    """``spec`` of coordination.k8s.io/v1 Lease. Times are text (MicroTime), for people only."""

    holder_identity: str = ""
    lease_duration_seconds: int = 0
    acquire_time: str = ""
    renew_time: str = ""
    lease_transitions: int = 0


class ElectionCore:
    """One candidate. ``now`` is monotonic seconds; ``identity`` is never used by another process.

    Each try: ``observe`` the Lease as read, write the result of ``plan`` (None: nothing), and call
    ``confirmed`` when the server accepted it. A failed try needs no call.
    """

    def __init__(
        self,
        identity: str,
        *,
        timing: Timing | None = None,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self.identity = identity
        self.timing = timing or Timing()
        self.timing.check()
        self._uniform = uniform
        self._observed: LeaseSpec | None = None
        self._observed_at = 0.0
        self._exists = False
        self._renewed_at: float | None = None
        self._over = False

    @property
    def leading(self) -> bool:
        """Acquired, and neither lost nor given up. The deadline may have passed: see
        ``may_act``."""
        return self._renewed_at is not None and not self._over

    @property
    def over(self) -> bool:
        """Lost or given up. Final: to lead again, start a new candidate under a new identity."""
        return self._over

    @property
    def holder(self) -> str:
        """Holder of the lease at the last read, "" for nobody."""
        return self._observed.holder_identity if self._observed else ""

    def may_act(self, now: float) -> bool:
        """True if a write may start now."""
        return self.leading and now < self.deadline

    @property
    def deadline(self) -> float:
        """End of the time in which we may act; minus infinity unless leading."""
        if self._renewed_at is None:
            return float("-inf")
        return self._renewed_at + self.timing.renew_deadline

    def observe(self, spec: LeaseSpec | None, now: float) -> None:
        """Take the Lease of a read that ended at ``now``; None: there is no Lease.

        The last state of a Lease that somebody deleted stays in force: its holder may still act.
        """
        self._exists = spec is not None
        if spec is not None and spec != self._observed:
            self._observed = spec
            self._observed_at = now
        if self.leading and spec is not None and spec.holder_identity != self.identity:
            self._over = True

    def plan(self, now: float, stamp: str) -> LeaseSpec | None:
        """The spec to write (create the Lease if there is none); None while it is not ours to take.

        ``stamp`` is the wall clock as MicroTime.
        """
        if self.expire(now) or self._held_by_another(now):
            return None
        old = self._observed if self._exists else None
        mine = old is not None and old.holder_identity == self.identity
        transitions = old.lease_transitions if old else 0
        return LeaseSpec(
            holder_identity=self.identity,
            lease_duration_seconds=int(self.timing.lease),
            acquire_time=old.acquire_time if old and mine else stamp,
            renew_time=stamp,
            lease_transitions=transitions if mine or old is None else transitions + 1,
        )

    def confirmed(self, spec: LeaseSpec, sent_at: float, now: float) -> None:
        """The server took ``spec``, in a request that was sent at ``sent_at``."""
        self._observed = spec
        self._observed_at = now
        self._exists = True
        if not self._over:
            self._renewed_at = sent_at

    def expire(self, now: float) -> bool:
        """Note that the deadline passed, if it did. True when leadership was lost by now."""
        if self.leading and now >= self.deadline:
            self._over = True
        return self._over

    def give_up(self) -> None:
        """Stop acting. For a process that ends."""
        self._over = True

    def released(self, spec: LeaseSpec, stamp: str) -> LeaseSpec | None:
        """The spec that lets another take over at once; None when the lease is not ours.

        Call it only after ``give_up``, and after everything that acted under the lease has ended.
        """
        if not self._over or spec.holder_identity != self.identity:
            return None
        return structs.replace(
            spec,
            holder_identity="",
            lease_duration_seconds=RELEASED_LEASE_SECONDS,
            renew_time=stamp,
        )

    def pause_seconds(self, now: float) -> float:
        """Seconds until the next try; for a leader never beyond its deadline."""
        if self.leading:
            return max(0.0, min(self.timing.retry, self.deadline - now))
        return self.timing.retry * (1.0 + ACQUIRE_JITTER * self._uniform())

    def try_seconds(self, now: float) -> float:
        """Seconds that one try may take: half the deadline, to leave time for another."""
        longest = self.timing.renew_deadline / 2.0
        return max(0.0, min(longest, self.deadline - now)) if self.leading else longest

    def _held_by_another(self, now: float) -> bool:
        seen = self._observed
        if seen is None or seen.holder_identity in ("", self.identity):
            return False
        # The holder's own promise counts; ours only where it made none.
        lease = seen.lease_duration_seconds or self.timing.lease
        return now < self._observed_at + lease
