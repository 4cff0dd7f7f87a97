"""A crash before and after every external call of a life that begins with a VLAN from a pool: the
plugins vsphere, avi and ako as they are shipped.

It must end as without the crash: the port group is made once, with the VLAN that was stored before,
and nothing of ours is left in vCenter and on the Avi Controller. By default a crash follows the
write that stores the choice, the create and the removal; ``AKOO_PROOF=1`` takes the first and the
last point of each group of points at which a process that dies leaves the same behind. To play
every single point::

    python -m tests.sim crashes network
"""

from __future__ import annotations

import functools
import gc
import logging
import os
from collections.abc import Iterator

import pytest
from akoo_vsphere.controllers import leave, statuses
from akoo_vsphere.controllers.attempt import Attempt
from akoo_vsphere.controllers.scene import Scene
from akoo_vsphere.observed import Observed

from akoo_core.plugin import api
from tests.sim import sim_crashes, sim_network
from tests.sim.sim_crashes import Played, Point

PROOF = bool(os.environ.get("AKOO_PROOF"))
PARTS = 4 if PROOF else 1
SOME = (
    "kubernetes create vsphereportgroups",
    "vsphere AddDVPortgroup_Task",
    "vsphere Destroy_Task",
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A process that dies has much to say, and garbage of before need not be looked through."""
    logging.disable(logging.CRITICAL)
    gc.freeze()
    yield
    gc.unfreeze()
    logging.disable(logging.NOTSET)


@functools.cache
def undisturbed() -> Played:
    return sim_crashes.play(sim_network.network, sim_network.CAST)


def chosen() -> list[Point]:
    """The points to crash at."""
    whole = undisturbed()
    if PROOF:
        both = [(group[0], group[-1]) for group in whole.distinct]
        return [point for ends in both for point in dict.fromkeys(ends)]
    return [
        next(point for point in whole.points if (point.site, point.moment) == (site, "after"))
        for site in SOME
    ]


def test_the_end_without_a_crash() -> None:
    whole = undisturbed()
    assert not whole.broken
    assert whole.state["outside"] == {
        "avi": {"added": [], "removed": [], "changed": {}, "suspect": []},
        "made": [],
        "gone": [],
        "changed": [],
        "creates": 1,
    }
    management = whole.state["management"]
    assert isinstance(management, dict)
    kinds = {kind.plural for kind in sim_network.KINDS}
    assert not [key for key in management if key.partition(".")[0].partition("/")[0] in kinds]
    (record,) = (obj for key, obj in management.items() if "akodeployments" in key)
    assert record["spec"]["leaving"]["letGo"]["why"] == "Proven"


def test_every_call_is_a_point_and_leaves_a_span() -> None:
    whole = undisturbed()
    assert {point.site for point in whole.points} == whole.traced


@pytest.mark.parametrize("part", range(PARTS))
def test_a_crash_at_any_call_changes_nothing_in_the_end(part: int) -> None:
    whole = undisturbed()
    failed: list[str] = []
    for point in chosen()[part::PARTS]:
        failed += sim_crashes.wrong_after(sim_network.network, sim_network.CAST, point, whole)
    assert not failed, "\n".join(failed)


async def let_go_first(attempt: Attempt, view: Scene, seen: Observed) -> api.Result:
    await statuses.let_go(attempt.ctx, attempt.group)
    await view.client.destroy(seen.mo_ref)
    return api.Done()


def test_a_planted_bug_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finalizer that goes before the port group does no harm to a process that lives."""
    right = undisturbed()
    monkeypatch.setattr(leave, "_destroy", let_go_first)
    whole = sim_crashes.play(sim_network.network, sim_network.CAST)
    assert not whole.broken
    assert not sim_crashes.differences(right.state, whole.state)
    point = next(
        point for point in whole.points if "Destroy_Task" in point.site and point.moment == "before"
    )
    wrong = sim_crashes.wrong_after(sim_network.network, sim_network.CAST, point, whole)
    assert any("/outside/made" in line for line in wrong), wrong
