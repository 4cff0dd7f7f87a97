"""A crash at every external call of an adoption; with ``AKOO_PROOF=1`` also of the change after it.

It ends as without the crash: the same Pod, each object with one owner. ``AKOO_PROOF=1`` takes every
point, otherwise each site of a write is taken at both moments and each site of a read at one.
"""

from __future__ import annotations

import pytest

from tests.sim import sim_adoption, sim_crashes, test_crashes

STORIES = sim_adoption.ALL if test_crashes.PROOF else sim_adoption.ALL[:1]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_crash_at_any_call_of_an_adoption_changes_nothing_in_the_end(
    story: sim_crashes.Story,
) -> None:
    whole = test_crashes.undisturbed(story, sim_adoption.CAST)
    assert not whole.broken
    failed: list[str] = []
    for point in test_crashes.chosen(whole):
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
