"""A store that hangs holds a few attempts and no more; one that is slow is waited for."""

from __future__ import annotations

import asyncio

from akoo_tenancy.store import api, errors, lanes
from akoo_tenancy.testing.store import MemoryVault, StoreMeans

from akoo_core.testing import virtual_time

CALLERS = 12
HANGING_SECONDS = 3600.0


async def timed(clock: virtual_time.LoopClock, store: api.Store) -> tuple[float, str]:
    """Seconds of one call, and the beginning of its error."""
    begun = clock.monotonic()
    try:
        await store.names(api.RECORDS)
    except errors.UnavailableError as error:
        return clock.monotonic() - begun, str(error)
    return clock.monotonic() - begun, ""


@virtual_time.test
async def test_a_store_that_hangs_holds_four_attempts(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    await store.names(api.RECORDS)
    server.latency_seconds = HANGING_SECONDS
    first = [asyncio.create_task(timed(clock, store)) for _ in range(CALLERS)]
    await asyncio.sleep(lanes.PATIENCE_SECONDS + 0.5)
    ended = [task.result() for task in first if task.done()]
    assert len(ended) == CALLERS - lanes.SIZE
    assert all(seconds <= lanes.PATIENCE_SECONDS + 0.01 for seconds, _ in ended)
    assert all("all connections wait for an answer" in error for _, error in ended)
    seconds, error = await timed(clock, store)
    assert (seconds, bool(error)) == (0.0, True), "nobody waits behind calls that hang"
    await asyncio.gather(*first)
    server.latency_seconds = 0.0
    await asyncio.sleep(120)
    assert await timed(clock, store) == (0.0, "")
    await stores.close()


@virtual_time.test
async def test_a_store_that_is_slow_is_waited_for(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    await store.names(api.RECORDS)
    server.latency_seconds = 0.8
    ended = await asyncio.gather(*(timed(clock, store) for _ in range(CALLERS)))
    assert {error for _, error in ended} == {""}
    assert abs(max(seconds for seconds, _ in ended) - 0.8 * CALLERS / lanes.SIZE) < 0.01
    await stores.close()
