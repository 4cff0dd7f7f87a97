"""A crash before and after the calls of a takeover, and of the end of the account before.

However often the operator dies, AKO restarts once, the pair in avi-secret works, and the account
before goes exactly where it goes without a crash. ``make test`` crashes at the last writes of each
kind, which are those of that account's end; ``AKOO_PROOF=1`` at every moment that leaves something
else behind.
"""

from __future__ import annotations

import datetime
import functools
import gc
import logging
import os
from collections.abc import Iterator

import pytest
from akoo_tenancy.live import resting, snapshot
from akoo_tenancy.spec import config
from akoo_tenancy.takeover import proof

from tests.sim.sim_crashes import Point
from tests.tenancy import tenancy_crashes, tenancy_takeover
from tests.tenancy.tenancy_crashes import Played, Story
from tests.tenancy.tenancy_fleet import TenancyFleet
from tests.tenancy.tenancy_takeover import OLD

PROOF = bool(os.environ.get("AKOO_PROOF"))
WRITES = ("avi POST user", "avi PUT user", "avi PATCH user", "avi DELETE user", "vault POST data")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Looks every half minute, and half a minute without use is enough."""
    monkeypatch.setattr(config, "SHORTEST_AGE", datetime.timedelta(minutes=1))
    monkeypatch.setattr(proof, "QUIET", datetime.timedelta(seconds=30))
    monkeypatch.setattr(resting, "LOOK_SECONDS", 30.0)
    monkeypatch.setattr(snapshot, "FRESH_SECONDS", 10.0)
    logging.disable(logging.CRITICAL)
    gc.freeze()
    yield
    gc.unfreeze()
    logging.disable(logging.NOTSET)


async def switched(bed: TenancyFleet) -> None:
    await tenancy_takeover.referring(bed)
    await bed.fleet.change_config({"workloadCredentialRef": None})
    await bed.fleet.until(lambda: bed.is_active("shop", 1), seconds=900)


async def removed(bed: TenancyFleet) -> None:
    """The account of a reference, one of ours, and the end of the one before."""
    await switched(bed)
    tenancy_takeover.end_sessions(bed)
    await tenancy_takeover.release(bed)
    await bed.fleet.until(lambda: not tenancy_takeover.exists(bed), seconds=900)
    await bed.fleet.until(lambda: OLD in bed.condition("shop")[2], seconds=900)


async def kept(bed: TenancyFleet) -> None:
    """Nobody says that it was made for this cluster: it outlives the cluster."""
    await switched(bed)
    tenancy_takeover.end_sessions(bed)
    await bed.fleet.delete_cluster("shop")
    await bed.fleet.until_gone("shop")
    await bed.fleet.until_phase("shop", "Finished", seconds=900)


STORIES = (removed, kept)
ALL = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)


@functools.cache
def whole(story: Story) -> Played:
    return tenancy_crashes.play(story, fleet=tenancy_takeover.fleet)


def chosen(story: Story) -> list[Point]:
    if PROOF:
        return [group[0] for group in whole(story).distinct]
    last: dict[tuple[str, str], Point] = {}
    for point in whole(story).points:
        if point.site in WRITES and point.write:
            last[point.site, point.moment] = point
    return list(last.values())


@ALL
def test_the_end_without_a_crash(story: Story) -> None:
    played = whole(story)
    assert not played.broken
    assert played.state["several starts"] == []
    assert (OLD in str(played.state["ordinary users"])) is (story is kept)


@ALL
def test_a_crash_changes_nothing_in_the_end(story: Story) -> None:
    failed: list[str] = []
    points = chosen(story)
    assert {point.site for point in points} >= {"avi DELETE user", "vault POST data"}
    for point in points:
        failed += tenancy_crashes.wrong_after(
            story, point, whole(story), fleet=tenancy_takeover.fleet
        )
    assert not failed, "\n".join(failed)
