"""The decorators that make a test of a story."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.stories import theatre

Test = Callable[[theatre.Plays], None]


def story(play: theatre.Story) -> Test:
    """``@story`` on ``async def test_name(s: Scene)``: it plays side by side with others."""
    return _test(play, solo=False)


def solo(play: theatre.Story) -> Test:
    """``@solo``: nothing else plays meanwhile, since the operator itself is a part of it."""
    return _test(play, solo=True)


def proof(test: Test) -> Test:
    """``@proof`` above ``@story``: a variation that only ``make proof`` plays."""
    if os.environ.get("AKOO_PROOF"):
        return test
    return pytest.mark.skip(reason="a variation: make proof plays it")(_silent(test))


def _silent(test: Test) -> Test:
    """Not among those that are started with the first."""
    del test.casting  # type: ignore[attr-defined]
    return test


def _test(play: theatre.Story, *, solo: bool) -> Test:
    name = play.__name__.removeprefix("test_")

    @pytest.mark.bed
    @pytest.mark.xdist_group("stories")
    def test(plays: theatre.Plays) -> None:
        plays.result(name)

    test.__name__ = play.__name__
    test.__doc__ = play.__doc__
    test.casting = theatre.Casting(name=name, play=play, solo=solo)  # type: ignore[attr-defined]
    return test
