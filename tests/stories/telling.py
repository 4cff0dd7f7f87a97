"""The decorator that makes a test of a story."""

from __future__ import annotations

from collections.abc import Callable

from tests.stories import theatre


def story(
    play: theatre.Story | None = None, *, solo: bool = False
) -> Callable[[theatre.Plays], None] | Callable[[theatre.Story], Callable[[theatre.Plays], None]]:
    """``@story`` or ``@story(solo=True)`` on ``async def test_name(s: Scene)``."""

    def make(told: theatre.Story) -> Callable[[theatre.Plays], None]:
        name = told.__name__.removeprefix("test_")

        def test(plays: theatre.Plays) -> None:
            plays.result(name)

        test.__name__ = told.__name__
        test.__doc__ = told.__doc__
        test.casting = theatre.Casting(name=name, play=told, solo=solo)  # type: ignore[attr-defined]
        return test

    return make if play is None else make(play)
