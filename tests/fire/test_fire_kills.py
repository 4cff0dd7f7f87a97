"""SIGKILL at each class of call, before it reaches the server and after the server has acted.

Whoever comes next must come to the same end: one record, one claim, one account, every object of
AKO swept, no finalizer lost and none left.
"""

from __future__ import annotations

import functools
import signal
from collections.abc import Awaitable, Callable, Sequence

import pytest

from tests.e2e import conftest as e2e
from tests.fire import fire_bed, fire_gate, fire_journal, fire_laws, fire_operator, fire_points
from tests.fire.conftest import PROOF

Deaths = Sequence[tuple[fire_points.Point, fire_gate.Moment]]


DOZEN: tuple[tuple[str, fire_gate.Moment], ...] = (
    ("create the record", "after"),
    ("finalizer on the Cluster", "before"),
    ("store the intents", "after"),
    ("make the account outside", "after"),
    ("store the inventory", "after"),
    ("apply the StatefulSet", "after"),
    ("begin to leave", "after"),
    ("ask AKO to clean up", "after"),
    ("scale AKO to 0", "after"),
    ("sweep an object", "before"),
    ("store that it is let go", "after"),
    ("finalizer off the Cluster", "after"),
    ("finish the record", "before"),
)


class Reaper:
    """Kills the operator at one point after the other, and starts the next one each time."""

    def __init__(self, operators: fire_operator.Operators, gate: fire_gate.Gate) -> None:
        self._operators = operators
        self._gate = gate
        self._replica: fire_operator.Replica | None = None

    async def reap(self, deaths: Deaths, first: Callable[[], Awaitable[None]]) -> None:
        """Do what comes ``first``; then kill at one point after the other, in this order.

        The next trap is set before the next operator starts: it could be there at once.
        """
        await self._unless_alive()
        for number, (point, moment) in enumerate(deaths):
            trap = self._gate.trap(point.match, moment, self._kill)
            await (self._unless_alive() if number else first())
            await trap.wait(f"{point} ({moment})")
        if deaths:
            await self._unless_alive()
        else:
            await first()

    async def _unless_alive(self) -> None:
        if self._replica is None:
            self._replica = await self._operators.start()

    async def _kill(self, call: fire_journal.Call) -> bool:
        assert self._replica is not None
        assert await self._replica.stop(signal.SIGKILL) == -signal.SIGKILL
        self._replica = None
        return False


async def _life(fire: fire_bed.FireBed, operators: fire_operator.Operators, deaths: Deaths) -> None:
    """A Cluster lives and leaves, and the operator dies all these deaths meanwhile."""
    reaper = Reaper(operators, fire.gate)
    early = [death for death in deaths if death[0].early]
    late = [death for death in deaths if not death[0].early]
    config = await fire.config()
    # AKO lives until all deaths are died: without it there would be nobody to ask and to stop.
    await reaper.reap(early, functools.partial(fire.cluster_parts, node_seconds=3600.0))
    record = await fire.record(phase="Running")
    await _is_complete(fire, record)
    await reaper.reap(late, fire.delete)
    await fire.end_nodes()
    await fire.gone()
    (finished,) = await fire.ended()
    assert finished["metadata"]["name"] == record["metadata"]["name"]
    assert finished["spec"]["leaving"]["letGo"]["why"] == "Proven"
    made = fire.gate.journal.done(lambda call: call.method == "POST" and fire_laws.is_record(call))
    assert len(made) == 1
    await fire.config_gone(config)


async def _is_complete(fire: fire_bed.FireBed, record: fire_bed.Object) -> None:
    """AKO is deployed, and both finalizers hold."""
    cluster = await fire.api.get(e2e.CLUSTER, fire.namespace, "shop")
    assert "akoo.io/cleanup" in cluster["metadata"]["finalizers"]
    assert "akoo.io/record" in record["metadata"]["finalizers"]
    async with fire.workload() as workload:
        for item in record["spec"]["inventory"]:
            kind = f"{item['apiVersion']}/{item['kind']}"
            assert await workload.find(kind, item.get("namespace"), item["name"]), item
            assert item["digest"], item


def _alternating(first: int) -> Deaths:
    moments: tuple[fire_gate.Moment, ...] = ("before", "after")
    return [(point, moments[(n + first) % 2]) for n, point in enumerate(fire_points.ALL)]


async def test_a_life_with_a_dozen_deaths(
    fire: fire_bed.FireBed, operators: fire_operator.Operators
) -> None:
    await _life(fire, operators, [(fire_points.named(name), when) for name, when in DOZEN])


@pytest.mark.skipif(not PROOF, reason="the whole matrix is for make proof")
@pytest.mark.parametrize("first", [0, 1])
async def test_a_life_with_a_death_at_every_point(
    fire: fire_bed.FireBed, operators: fire_operator.Operators, first: int
) -> None:
    await _life(fire, operators, _alternating(first))


@pytest.mark.skipif(not PROOF, reason="the whole matrix is for make proof")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("point", fire_points.ALL, ids=str)
async def test_one_death(
    fire: fire_bed.FireBed,
    operators: fire_operator.Operators,
    point: fire_points.Point,
    moment: fire_gate.Moment,
) -> None:
    await _life(fire, operators, [(point, moment)])
