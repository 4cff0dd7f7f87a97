"""A crash at the external calls of an adoption, of the change after it, and of giving AKO back.

It ends as without the crash: the same Pod, each object with one owner. ``AKOO_PROOF=1`` takes every
point. Otherwise each site of a write in an adoption is taken at both moments and each site of a
read at one; of the other two, the record and each kind of object that an adoption takes over are
taken once, after a write of it.
"""

from __future__ import annotations

import pytest

from tests.sim import sim_adoption, sim_crashes, test_crashes

TAKEN = (*(kind.plural for kind in sim_adoption.TAKEN), "akodeployments")


def chosen(story: sim_crashes.Story, played: sim_crashes.Played) -> list[sim_crashes.Point]:
    """The points to crash at."""
    if test_crashes.PROOF or story is sim_adoption.adoption:
        return test_crashes.chosen(played)
    taken: dict[str, sim_crashes.Point] = {}
    for point in played.points[played.begun :]:
        if point.write and point.moment == "after" and point.site.endswith(TAKEN):
            taken.setdefault(point.site, point)
    return list(taken.values())


@pytest.mark.parametrize("story", sim_adoption.ALL, ids=lambda story: story.__name__)
def test_a_crash_at_any_call_of_an_adoption_changes_nothing_in_the_end(
    story: sim_crashes.Story,
) -> None:
    whole = test_crashes.undisturbed(story, sim_adoption.CAST)
    assert not whole.broken
    failed: list[str] = []
    points = chosen(story, whole)
    assert points
    for point in points:
        failed += sim_crashes.wrong_after(story, sim_adoption.CAST, point, whole)
    assert not failed, "\n".join(failed)


def test_the_writes_of_an_adoption_are_among_the_points() -> None:
    whole = test_crashes.undisturbed(sim_adoption.adoption, sim_adoption.CAST)
    writes = [point.site for point in whole.points[whole.begun :] if point.write]
    sites = set(writes)
    for kind in ("statefulsets", "configmaps", "secrets", "serviceaccounts"):
        assert f"patch {kind}" in str(sites)
        assert f"apply {kind}" in str(sites)
    patched = [site for site in writes if "patch secrets" in site]
    assert len(patched) == 2 * len(("the release of Helm", "avi-secret")), "before and after each"
