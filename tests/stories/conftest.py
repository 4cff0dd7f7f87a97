"""Stories as tests: ``@story`` makes a test of a coroutine that acts with a Scene."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories import theatre


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stories use real processes, all in one worker."""
    for item in items:
        if "plays" in getattr(item, "fixturenames", ()):
            item.add_marker("bed")
            item.add_marker(pytest.mark.xdist_group("bed"))


@pytest.fixture(scope="session")
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
