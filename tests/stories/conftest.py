"""Stories as tests: ``@story`` makes a test of a coroutine that acts with a Scene."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories import theatre


@pytest.fixture(scope="package")
def plays(request: pytest.FixtureRequest) -> Iterator[theatre.Plays]:
    """The theatre, with all stories of this run on their way."""
    castings = [
        casting
        for item in request.session.items
        if (casting := getattr(getattr(item, "obj", None), "casting", None)) is not None
    ]
    one = theatre.Plays(castings)
    try:
        one.open()
        yield one
    finally:
        logs = one.close()
        reporter = request.config.pluginmanager.get_plugin("terminalreporter")
        if logs is not None and reporter is not None:
            reporter.write_line(f"logs of the stories: {logs}")
