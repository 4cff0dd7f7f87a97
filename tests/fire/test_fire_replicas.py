"""Two replicas and one Lease: the leader is frozen, its Lease runs out, and it comes back.

A Lease is no fence: what was on its way arrives. But nothing new may begin, and what arrives late
must do no harm.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.fire import fire_bed, fire_journal, fire_operator, fire_points
from tests.fire.conftest import PROOF

FROZEN_AT = (
    "create the record",
    "apply the StatefulSet",
    "ask AKO to clean up",
    "sweep an object",
    "finalizer off the Cluster",
)

proof = pytest.mark.skipif(not PROOF, reason="more moments are for make proof")


class Frozen:
    """Freezes the leader with a request of its own in the gate's hands."""

    def __init__(
        self, leader: fire_operator.Replica, lets_go: Callable[[], Awaitable[object]]
    ) -> None:
        self._leader = leader
        self._lets_go = lets_go
        self.at = 0.0

    async def hold(self, call: fire_journal.Call) -> bool:
        """Its guard was asked and the request is out: stop the process, and send it on late.

        Another call whose guard was asked too, such as that of an Event, may be half-way out, and
        would come after the freeze as this one does. So the process is stopped when it waits.
        """
        await self._leader.computes_nothing()
        os.kill(self._leader.pid, signal.SIGSTOP)
        self.at = time.monotonic()
        await self._lets_go()
        return True

    def tell(self, journal: fire_journal.Journal) -> None:
        """Show how long nobody worked; nothing may have come from the old leader to the end."""
        first = journal.of(_works("b"))[0]
        print(f"the other replica wrote {first.at - self.at:.1f} s after the freeze")  # noqa: T201
        assert not _since(journal, "a", self.at)


async def _lead(
    operators: fire_operator.Operators, journal: fire_journal.Journal
) -> fire_operator.Replica:
    """The leader, "a"; the standby is "b"."""
    leader = await operators.start("a", fire_operator.SHORT_LEASE)
    await journal.until(_took_lease("a"))
    await operators.ready("b", fire_operator.SHORT_LEASE)
    return leader


def _took_lease(replica: str) -> fire_journal.Match:
    return lambda call: (
        call.replica == replica and call.write and "/leases" in call.path and call.done
    )


def _works(replica: str) -> fire_journal.Match:
    return lambda call: call.replica == replica and call.work


async def test_a_leader_frozen_right_after_its_guard(
    fire: fire_bed.FireBed, operators: fire_operator.Operators
) -> None:
    """It had made its claim, and was about to make its account."""
    journal, point = fire.gate.journal, fire_points.named("make the account outside")
    leader = await _lead(operators, journal)
    frozen = Frozen(leader, lambda: journal.until(_works("b")))
    trap = fire.gate.trap(_of("a", point.match), "before", frozen.hold)
    await fire.config()
    await fire.bare_cluster("shop")
    await trap.wait(point)  # the standby has taken over and writes; what was held goes through
    await _thaw(leader, journal, frozen.at)
    await fire.bare_ready("shop")
    await fire.delete()
    await fire.gone()
    await fire.ended()
    frozen.tell(journal)


@proof
@pytest.mark.parametrize("name", FROZEN_AT)
async def test_a_leader_frozen_in_a_whole_life(
    fire: fire_bed.FireBed, operators: fire_operator.Operators, name: str
) -> None:
    journal, point = fire.gate.journal, fire_points.named(name)
    leader = await _lead(operators, journal)
    frozen = Frozen(leader, lambda: journal.until(_works("b")))
    trap = fire.gate.trap(_of("a", point.match), "before", frozen.hold)
    await fire.config()
    await fire.cluster_parts(node_seconds=3600.0)
    if not point.early:
        await fire.record(phase="Running")
        await fire.delete()
    await trap.wait(point)
    await _thaw(leader, journal, frozen.at)
    if point.early:
        await fire.record(phase="Running")
        await fire.delete()
    await fire.end_nodes()
    await fire.gone()
    await fire.ended()
    frozen.tell(journal)


@proof
async def test_a_leader_frozen_past_its_lease(
    fire: fire_bed.FireBed, operators: fire_operator.Operators
) -> None:
    """At rest; it wakes up to work that another has begun."""
    journal = fire.gate.journal
    leader = await _lead(operators, journal)
    await fire.config()
    await fire.bare_cluster("shop")
    await fire.bare_ready("shop")
    await fire.at_rest()
    os.kill(leader.pid, signal.SIGSTOP)
    frozen_at = time.monotonic()
    await journal.until(_took_lease("b"))
    await fire.delete()
    await journal.until(_works("b"))
    await _thaw(leader, journal, frozen_at)
    await fire.gone()
    await fire.ended()
    assert not _since(journal, "a", frozen_at)


async def _thaw(
    leader: fire_operator.Replica, journal: fire_journal.Journal, frozen_at: float
) -> None:
    """Let the old leader go on: it must end by itself, with code 1, having begun no write."""
    os.kill(leader.pid, signal.SIGCONT)
    assert await leader.ended() == 1, leader.tail()
    assert "lost Lease" in leader.tail(60)
    late = _since(journal, "a", frozen_at)
    assert not late, [str(call) for call in late]


def _since(journal: fire_journal.Journal, replica: str, at: float) -> list[fire_journal.Call]:
    """The writes that a replica began after that moment."""
    return journal.of(lambda call: _works(replica)(call) and call.at > at)


def _of(replica: str, match: fire_journal.Match) -> Callable[[fire_journal.Call], bool]:
    return lambda call: call.replica == replica and match(call)
