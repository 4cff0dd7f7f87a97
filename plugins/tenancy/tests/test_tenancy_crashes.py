"""A crash before and after every external call of a life with an account of its own.

However often the operator dies, the account in avi-secret works from the first injection to the
fence, no login is refused, and in the end no user, role or password is left. ``make test`` crashes
once at each call site of the plugin's own calls, and once where several leave the very same behind;
``AKOO_PROOF=1`` at every moment that leaves something else behind.
"""

from __future__ import annotations

import functools
import gc
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sim.sim_crashes import Point
from tests.tenancy import tenancy_crashes
from tests.tenancy.tenancy_crashes import Played, Story
from tests.tenancy.tenancy_fleet import TenancyFleet

pytestmark = pytest.mark.usefixtures("soon")
PROOF = bool(os.environ.get("AKOO_PROOF"))
PARTS = 4
OWN_KINDS = ("user", "role", "useractivity", "useraccountprofile", "systemconfiguration")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A process that dies has much to say."""
    logging.disable(logging.CRITICAL)
    gc.freeze()
    yield
    gc.unfreeze()
    logging.disable(logging.NOTSET)


async def onboarded(bed: TenancyFleet, **tenancy: Any) -> None:
    await bed.config(**tenancy)
    await bed.fleet.create_cluster("shop")
    await bed.fleet.until(lambda: bed.is_active("shop", 1), seconds=900)


async def rotated(bed: TenancyFleet) -> None:
    """A first account, and a rotation by age until the former user is gone."""
    await onboarded(bed, rotation=tenancy_crashes.MINUTELY)
    await bed.fleet.until(lambda: bed.is_active("shop", 2), seconds=900)
    await bed.fleet.change_config({"plugins": {"tenancy": {"rotation": {"every": "30d"}}}})
    await bed.fleet.until(lambda: len(bed.users("shop")) == 1, seconds=900)


async def deleted(bed: TenancyFleet) -> None:
    """Deleted in the middle of a rotation: AKO has not taken the second account yet."""
    await onboarded(bed, rotation=tenancy_crashes.MINUTELY)
    bed.ako("shop").cut_off = True
    await bed.fleet.until(lambda: len(bed.users("shop")) == 2, seconds=900)
    await bed.fleet.delete_cluster("shop")
    await bed.fleet.until_gone("shop")
    await bed.fleet.until_phase("shop", "Finished", seconds=900)


STORIES = (rotated, deleted)
ALL = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)


@functools.cache
def whole(story: Story) -> Played:
    return tenancy_crashes.play(story)


def chosen(story: Story) -> list[Point]:
    """The points to crash at: once for each call site, in the first story that has it. A site whose
    point leaves the very same behind as an earlier one is covered by that one.
    """
    if PROOF:
        return [group[0] for group in whole(story).distinct]
    covered: set[tuple[str, str]] = set()
    for earlier in STORIES[: STORIES.index(story)]:
        covered |= sites(earlier).keys()
    wanted = {point for site, point in sites(story).items() if site not in covered}
    alike = [[point for point in group if point in wanted] for group in whole(story).distinct]
    return [group[0] for group in alike if group]


def sites(story: Story) -> dict[tuple[str, str], Point]:
    """The first point of each of our call sites; of a write before and after it."""
    first: dict[tuple[str, str], Point] = {}
    for point in whole(story).points:
        if is_own(point):
            first.setdefault((point.site, point.moment if point.write else ""), point)
    return first


def is_own(point: Point) -> bool:
    """A call of this plugin: others crash in their own tests."""
    words = point.site.split()
    return point.site.startswith("vault ") or any(word in OWN_KINDS for word in words)


@ALL
def test_the_end_without_a_crash(story: Story) -> None:
    played = whole(story)
    assert not played.broken
    assert played.state["several starts"] == []


@pytest.mark.parametrize("part", range(PARTS))
@ALL
def test_a_crash_at_any_call_changes_nothing_in_the_end(story: Story, part: int) -> None:
    failed: list[str] = []
    for point in chosen(story)[part::PARTS]:
        failed += tenancy_crashes.wrong_after(story, point, whole(story))
    assert not failed, "\n".join(failed)


def test_our_calls_are_all_among_them() -> None:
    """The plugin writes nothing that no story has."""
    writes = {site for story in STORIES for site, moment in sites(story) if moment}
    assert writes >= {
        "vault POST data",
        "vault POST destroy",
        *(f"avi {method} user" for method in ("POST", "PUT", "PATCH", "DELETE")),
        *(f"avi {method} role" for method in ("POST", "DELETE")),
    }
