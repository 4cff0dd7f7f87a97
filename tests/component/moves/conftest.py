"""Two management clusters, each with an operator that works when it is started."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from akoo_testbed import background

from tests.component.moves import moves_bed, moves_plugins, moves_side

_START_SECONDS = 3600.0
_numbers = itertools.count(1)

Open = Callable[..., Awaitable[moves_side.Side]]


@pytest.fixture(scope="package")
def started() -> Iterator[tuple[background.LoopThread, moves_bed.MovesBed]]:
    """Both API servers, on a loop of their own."""
    loop, started = background.LoopThread(), moves_bed.MovesBed()
    loop.start()
    try:
        loop.run(started.start(), _START_SECONDS)
        yield loop, started
        loop.run(started.stop())
    finally:
        loop.stop()


@pytest.fixture
def outside() -> moves_plugins.Outside:
    return moves_plugins.Outside()


@pytest.fixture
def moved_namespace() -> str:
    return f"moves-{next(_numbers)}"


@pytest.fixture
async def opened(
    started: tuple[background.LoopThread, moves_bed.MovesBed],
    outside: moves_plugins.Outside,
    tmp_path: pathlib.Path,
) -> AsyncIterator[Open]:
    """Opens a side by the name of its server; all are closed at the end."""
    sides: list[moves_side.Side] = []

    async def open_side(name: str, management_id: str = "") -> moves_side.Side:
        file = tmp_path / name
        file.write_text(started[1].servers[name].kubeconfig)
        side = moves_side.Side(file, outside, management_id)
        await side.open()
        sides.append(side)
        await side.config()
        return side

    yield open_side
    for side in sides:
        await side.close()
