"""A crash before and after every external call of onboarding, config change, removal, deletion.

The call raises what nothing can catch, the whole process is thrown away, and a new one starts on
the same servers. It must end as without the crash, make nothing twice and lose no finalizer. One
point by hand::

    sim_crashes.play(sim_stories.deletion, sim_stage.small_plugins, sim_crashes.Point(...))

``AKOO_PROOF=1`` (``make proof``) takes every point; otherwise each site is taken at both moments,
and of the rest a share that is the same in every run.
"""

from __future__ import annotations

import functools
import os

import pytest

from tests.sim import sim_crashes, sim_stage, sim_stories

PROOF = bool(os.environ.get("AKOO_PROOF"))
SHARE = 25
"""One in so many of the points whose site was taken already."""


@functools.cache
def undisturbed(story: sim_crashes.Story, plugins: sim_stage.Plugins) -> sim_crashes.Played:
    return sim_crashes.play(story, plugins)


def chosen(played: sim_crashes.Played) -> list[sim_crashes.Point]:
    """The points to crash at: all, or each site at each moment and a share of the others."""
    own = list(played.points[played.begun :])
    if PROOF:
        return own
    seen: set[tuple[str, str]] = set()
    taken: list[sim_crashes.Point] = []
    for number, one in enumerate(own):
        if (one.site, one.moment) not in seen or number % SHARE == 0:
            taken.append(one)
        seen.add((one.site, one.moment))
    return taken


@pytest.mark.parametrize("story", sim_stories.ALL, ids=lambda one: one.__name__)
def test_a_crash_at_any_call_changes_nothing_in_the_end(story: sim_crashes.Story) -> None:
    whole = undisturbed(story, sim_stage.small_plugins)
    assert not whole.broken
    failed: list[str] = []
    for point in chosen(whole):
        failed += check(story, sim_stage.small_plugins, point, whole)
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("story", sim_stories.ALL, ids=lambda one: one.__name__)
def test_the_covered_call_sites_are_the_traced_ones(story: sim_crashes.Story) -> None:
    whole = undisturbed(story, sim_stage.small_plugins)
    assert {one.site for one in whole.points} == whole.traced
    own = {one.site for one in whole.points[whole.begun :]}
    assert {one.site for one in chosen(whole)} == own


def test_all_stories_cover_every_call_that_one_of_them_makes() -> None:
    runs = [undisturbed(one, sim_stage.small_plugins) for one in sim_stories.ALL]
    covered = {point.site for one in runs for point in chosen(one)}
    assert covered == frozenset().union(*(one.traced for one in runs))


def check(
    story: sim_crashes.Story,
    plugins: sim_stage.Plugins,
    point: sim_crashes.Point,
    whole: sim_crashes.Played,
) -> list[str]:
    """What is wrong after a crash at ``point``."""
    try:
        played = sim_crashes.play(story, plugins, point)
    except TimeoutError:
        return [f"{point}: no end"]
    wrong = sim_crashes.differences(whole.state, played.state)
    wrong += played.broken
    if played.sprung != point.site:
        wrong.append(f"died at {played.sprung!r}")
    if len(set(played.made)) != len(played.made):
        wrong.append(f"made twice: {played.made}")
    return [f"{point}: {one}" for one in wrong]
