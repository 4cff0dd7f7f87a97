"""Stories as tests: ``@story`` makes a test of a coroutine that acts with a Scene."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories import story_bed


@pytest.fixture(scope="package")
def stories(request: pytest.FixtureRequest) -> Iterator[story_bed.Stories]:
    """The stories of this run, all on their way."""
    plans = [
        plan
        for item in request.session.items
        if (plan := getattr(getattr(item, "obj", None), "plan", None)) is not None
    ]
    stories_of_run = story_bed.Stories(plans)
    try:
        stories_of_run.open()
        yield stories_of_run
    finally:
        logs = stories_of_run.close()
        reporter = request.config.pluginmanager.get_plugin("terminalreporter")
        if logs is not None and reporter is not None:
            reporter.write_line(f"logs of the stories: {logs}")
