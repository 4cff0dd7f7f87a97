"""The watchdog names the plugin's line that blocks the event loop, while it is blocked."""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Iterator

import pytest

from akoo_core import clock
from akoo_core.health import ticker, watchdog
from akoo_core.plugin import api
from akoo_core.testing import World, call_verb

DEADLINE_SECONDS = 10.0
HEARD = threading.Event()


class Ears(logging.Handler):
    """Keeps what the watchdog says, and tells the one who blocks that it was heard."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record)
        HEARD.set()


@pytest.fixture
def ears() -> Iterator[Ears]:
    HEARD.clear()
    handler, log = Ears(), logging.getLogger(watchdog.__name__)
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)


class Blocking(api.Plugin):
    """Blocks the loop for what looks like 5 s, until the watchdog has said so."""

    name = "blocking"

    def __init__(self, time: clock.ManualClock) -> None:
        super().__init__()
        self.time = time

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        return api.Done(message=str(self.look()))

    def look(self) -> bool:
        self.time.advance(5)
        return HEARD.wait(DEADLINE_SECONDS)


async def test_the_plugins_line_is_named(ears: Ears) -> None:
    time = clock.ManualClock()
    ticking = ticker.Ticker(time)
    dog = watchdog.Watchdog(ticking, look_seconds=0.01)
    dog.start()
    try:
        run = await call_verb(Blocking(time), "observe", World())
    finally:
        dog.stop()
        dog.stop()
    assert run.result == api.Done(message="True")
    (warning,) = ears.heard
    assert warning.levelno == logging.WARNING
    first = inspect.getsourcelines(Blocking.look)[1]  # seen while it advances, or while it waits
    places = [f"{__file__}:{first + line} (Blocking.look)" for line in (1, 2)]
    assert vars(warning)["at"].endswith(tuple(places))
    assert vars(warning)["seconds"] == 5.0 - ticker.INTERVAL_SECONDS


def test_each_block_is_said_once(ears: Ears) -> None:
    time = clock.ManualClock()
    ticking = ticker.Ticker(time)
    dog, here = watchdog.Watchdog(ticking), threading.get_ident()
    for seconds, heard in ((1.0, 0), (1.0, 1), (60.0, 1)):
        time.advance(seconds)
        dog.look(here)
        assert len(ears.heard) == heard
    ticking.tick()
    dog.look(here)
    time.advance(2)
    dog.look(here)
    assert len(ears.heard) == 2


def test_without_a_plugin_it_is_the_innermost_line() -> None:
    frame = inspect.currentframe()
    assert frame is not None
    place = watchdog.culprit(frame)
    assert (place.file, place.function) == (
        __file__,
        "test_without_a_plugin_it_is_the_innermost_line",
    )
