"""A crash before and after every external call of onboarding, config change, removal, deletion.

The call raises what nothing can catch, the whole process is thrown away, and a new one starts on
the same servers. It must end as without the crash, make nothing twice and lose no finalizer. One
point by hand::

    sim_crashes.play(sim_stories.deletion, sim_ako.REAL, sim_crashes.Point(...))

Two casts play: small plugins of the tests with every verb, and the AKO plugin as it is shipped with
one that has the verbs it lacks; with ``AKOO_PROOF=1`` also the AKO plugin alone.

``AKOO_PROOF=1`` (``make proof``) takes every point; otherwise each site of a write is taken at both
moments, each site of a read at one, and of the rest a share that is the same in every run.
"""

from __future__ import annotations

import functools
import os

import pytest

from tests.sim import sim_ako, sim_crashes, sim_fleet, sim_stories

PROOF = bool(os.environ.get("AKOO_PROOF"))
SHARE = 40
"""One in so many of the points whose site was taken already."""

CASTS = pytest.mark.parametrize(
    "cast",
    [sim_fleet.SMALL, sim_ako.REAL, *([sim_ako.ALONE] if PROOF else [])],
    ids=lambda cast: cast.name,
)
STORIES = pytest.mark.parametrize("story", sim_stories.ALL, ids=lambda story: story.__name__)


@functools.cache
def undisturbed(story: sim_crashes.Story, cast: sim_fleet.Cast) -> sim_crashes.Played:
    return sim_crashes.play(story, cast)


def chosen(played: sim_crashes.Played) -> list[sim_crashes.Point]:
    """The points to crash at: all, or each site and a share of the others."""
    own = list(played.points[played.begun :])
    if PROOF:
        return own
    seen: set[tuple[str, str]] = set()
    taken: list[sim_crashes.Point] = []
    for number, point in enumerate(own):
        # After a read nothing is different from before the next call.
        site = (point.site, point.moment if point.write else "")
        if site not in seen or number % SHARE == 0:
            taken.append(point)
        seen.add(site)
    return taken


@CASTS
@STORIES
def test_a_crash_at_any_call_changes_nothing_in_the_end(
    story: sim_crashes.Story, cast: sim_fleet.Cast
) -> None:
    whole = undisturbed(story, cast)
    assert not whole.broken
    failed: list[str] = []
    for point in chosen(whole):
        failed += sim_crashes.wrong_after(story, cast, point, whole)
    assert not failed, "\n".join(failed)


@CASTS
@STORIES
def test_the_covered_call_sites_are_the_traced_ones(
    story: sim_crashes.Story, cast: sim_fleet.Cast
) -> None:
    whole = undisturbed(story, cast)
    assert {point.site for point in whole.points} == whole.traced
    own = {point.site for point in whole.points[whole.begun :]}
    assert {point.site for point in chosen(whole)} == own


@CASTS
def test_all_stories_cover_every_call_that_one_of_them_makes(cast: sim_fleet.Cast) -> None:
    runs = [undisturbed(story, cast) for story in sim_stories.ALL]
    covered = {point.site for run in runs for point in chosen(run)}
    assert covered == frozenset().union(*(run.traced for run in runs))
