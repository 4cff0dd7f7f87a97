"""A crash before and after every external call of whole lives, by both plugins as they are shipped.

From the config and the Cluster to the proof, the claim given back, and the config's end; graceful,
removed, moved, and as bad as it gets. It must end as without the crash: nothing of the dead cluster
is left on the Avi Controller, nothing of anybody else's is changed there, no claim, no finalizer.

Many points are one: from one write to the next the outside stays as it is, and at the same moment
a process that dies leaves the very same behind at each of them. ``AKOO_PROOF=1`` (``make proof``)
takes the first and the last point of each such group; ``make test`` as many groups as it takes for
every call site of the stories, those of writes before and after. To play every single point::

    python -m tests.sim crashes worst

One by hand::

    sim_crashes.play(sim_avi_stories.worst, sim_avi_stories.CAST, sim_crashes.Point(...))
"""

from __future__ import annotations

import functools
import gc
import logging
import os
from collections.abc import Iterator

import pytest

from tests.sim import sim_avi_bugs, sim_avi_stories, sim_crashes
from tests.sim.sim_crashes import Played, Point, Story

PROOF = bool(os.environ.get("AKOO_PROOF"))
PARTS = 4
"""So many tests share the points of a story: they may run side by side."""
CLEAN: dict[str, object] = {"added": [], "removed": [], "changed": {}, "suspect": []}

STORIES = pytest.mark.parametrize("story", sim_avi_stories.ALL, ids=lambda story: story.__name__)
Group = tuple[Point, ...]
What = tuple[str, str]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A process that dies has much to say; and what was there before need not be looked through
    for garbage again and again."""
    logging.disable(logging.CRITICAL)
    gc.freeze()
    yield
    gc.unfreeze()
    logging.disable(logging.NOTSET)


@functools.cache
def undisturbed(story: Story) -> Played:
    return sim_crashes.play(story, sim_avi_stories.CAST)


def whats(group: Group) -> set[What]:
    """The points that a crash there covers: sites; of writes before and after."""
    return {(point.moment if point.write else "", point.site) for point in group}


@functools.cache
def needed() -> dict[Story, list[Group]]:
    """The groups that cover every call between them, the fullest first, the worst before others."""
    stories = sim_avi_stories.ALL[::-1]
    order = [(story, group) for story in stories for group in undisturbed(story).distinct]
    missing = set[What]().union(*(whats(entry[1]) for entry in order))
    groups_of: dict[Story, list[Group]] = {story: [] for story in stories}
    while missing:
        story, group = max(order, key=lambda entry: len(whats(entry[1]) & missing))
        missing -= whats(group)
        groups_of[story].append(group)
    return groups_of


def chosen(story: Story) -> list[Point]:
    """The points to crash at."""
    if PROOF:
        both = [(group[0], group[-1]) for group in undisturbed(story).distinct]
        return [point for ends in both for point in dict.fromkeys(ends)]
    return [group[0] for group in needed()[story]]


@STORIES
def test_the_end_without_a_crash(story: Story) -> None:
    whole = undisturbed(story)
    assert not whole.broken
    outside = whole.state["outside"]
    assert isinstance(outside, dict)
    assert len(outside["suspect"]) == 1, "what has only half of the marks is not deleted"
    assert {**outside, "suspect": []} == CLEAN
    assert len(whole.made) == (2 if story is sim_avi_stories.moved else 1), "claims"
    management = whole.state["management"]
    assert isinstance(management, dict)
    (record,) = (obj for key, obj in management.items() if "akodeployments" in key)
    assert record["status"]["observedGeneration"] == 0, "behind the last generation"
    leaving = record["spec"]["leaving"]
    assert leaving["letGo"]["why"] == "Proven"
    assert leaving["proof"]["own"] == 0
    assert leaving["proof"]["held"] == 0
    assert leaving["releasedAt"]


@pytest.mark.parametrize("part", range(PARTS))
@STORIES
def test_a_crash_at_any_call_changes_nothing_in_the_end(story: Story, part: int) -> None:
    whole = undisturbed(story)
    failed: list[str] = []
    for point in chosen(story)[part::PARTS]:
        failed += sim_crashes.wrong_after(story, sim_avi_stories.CAST, point, whole)
    assert not failed, "\n".join(failed)


@STORIES
def test_every_call_is_a_point_and_leaves_a_span(story: Story) -> None:
    whole = undisturbed(story)
    assert {point.site for point in whole.points} == whole.traced
    assert sorted(point for group in whole.distinct for point in group) == sorted(whole.points)


def test_the_covered_call_sites_are_the_traced_ones() -> None:
    """And those of writes at both moments."""
    covered = [point for groups in needed().values() for group in groups for point in group]
    runs = [undisturbed(story) for story in sim_avi_stories.ALL]
    assert {point.site for point in covered} == frozenset[str]().union(
        *(run.traced for run in runs)
    )
    writes = {(point.site, point.moment) for run in runs for point in run.points if point.write}
    assert writes <= {(point.site, point.moment) for point in covered}


@pytest.mark.parametrize("name", sim_avi_bugs.BUGS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug, cast, story = sim_avi_bugs.BUGS[name], sim_avi_stories.CAST, sim_avi_stories.graceful
    right = undisturbed(story)
    monkeypatch.setattr(sim_crashes, "PATIENCE_SECONDS", 1800.0)
    bug.plant(monkeypatch)
    whole = sim_crashes.play(story, cast)
    broken = [*whole.broken, *sim_crashes.differences(right.state, whole.state)]
    if bug.site:
        assert not broken, "a process that lives does no harm"
        point = next(
            point for point in whole.points if (point.site, point.moment) == (bug.site, "after")
        )
        broken = sim_crashes.wrong_after(story, cast, point, whole)
    assert any(bug.message in line for line in broken), broken
