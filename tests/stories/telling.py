"""The decorators that make a test of a story."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.stories import story_bed

Test = Callable[[story_bed.Stories], None]


def story(play: story_bed.Story) -> Test:
    """``@story`` on ``async def test_name(s: Scene)``: it stories side by side with others."""
    return _test(play, solo=False)


def solo(play: story_bed.Story) -> Test:
    """``@solo``: nothing else stories meanwhile, since the operator itself is a part of it."""
    return _test(play, solo=True)


def proof(test: Test) -> Test:
    """``@proof`` above ``@story``: a variation that only ``make proof`` stories."""
    if os.environ.get("AKOO_PROOF"):
        return test
    return pytest.mark.skip(reason="a variation: make proof runs it")(_silent(test))


def _silent(test: Test) -> Test:
    """Not among those that are started with the first."""
    del test.plan  # type: ignore[attr-defined]
    return test


def _test(play: story_bed.Story, *, solo: bool) -> Test:
    name = play.__name__.removeprefix("test_")

    @pytest.mark.bed
    @pytest.mark.xdist_group("stories")
    def test(stories: story_bed.Stories) -> None:
        stories.result(name)

    test.__name__ = play.__name__
    test.__doc__ = play.__doc__
    test.plan = story_bed.StoryPlan(name=name, play=play, solo=solo)  # type: ignore[attr-defined]
    return test
