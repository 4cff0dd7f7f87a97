"""A fleet at rest: cold start, memory, writes, and the cost of one event, by its size."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import os
import pathlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from benchmarks import figures, fleet, fleet_bed, fleet_copies

SIZES = (10, 200)
LARGE = (10, 1_000, 2_000)
EVENTS = 100
WARM_UP = 20
CONCERNED = 10
"""So many Clusters take turns: no event waits for the minimum interval of its key for long."""


async def rest(sizes: Sequence[int] = SIZES) -> None:
    """Cold start, writes at rest and one event, with few records and with many."""
    print(f"-- records at rest, load {os.getloadavg()[0]:.1f} before; {fleet.NOTE}")
    async with fleet_bed.running() as bed:
        await bed.grow(sizes[0])
        async with bed.operator() as world:
            await fleet.onboard(bed, world, sizes[0])
        copies = await fleet_copies.of(bed)
        for size in sizes:
            await copies.grow(size)
            await _alone(bed, copies, size)


async def rest_large() -> None:
    """The same with thousands."""
    await rest(LARGE)


async def _alone(bed: fleet_bed.FleetBed, copies: fleet_copies.Copies, size: int) -> None:
    """An operator in a process of its own, whose workload clusters are only values."""
    name = f"{size} records, own process"
    print(f"   load {os.getloadavg()[0]:.1f}")
    async with _process(bed, copies, size) as process:
        answer = await _answer(process)
        figures.show(f"{name}: cold start to caches", "s", [answer["synced"]])
        figures.show(f"{name}: cold start to all looked at", "s", [answer["looked"]])
        figures.show(f"{name}: CPU until then, imports included", "s", [answer["cpu"]])
        figures.show(f"{name}: CPU at rest", "% of a core", [answer["rest"]], "< 2 %")
        figures.show(f"{name}: reconciles at rest", "", [answer["reconciles"]])
        figures.show(f"{name}: writes", "", [answer["writes"]], "0")
        fleet.by_site(collections.Counter(answer["written"]), 1)
        figures.show(f"{name}: RSS", "MiB", [answer["rss"]], "< 150 MiB at 1,000")
        walls, used = await _events(bed, process, size)
        figures.show(f"{name}: one event, to its reconcile", "ms", walls)
        figures.show(f"{name}: one event, CPU", "ms", used)


@contextlib.asynccontextmanager
async def _process(
    bed: fleet_bed.FleetBed, copies: fleet_copies.Copies, size: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "answers.json"
        known = await bed.answers()
        known["clusters"] |= copies.clusters
        path.write_text(json.dumps(known))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.resting", str(bed.kubeconfig), str(path)),
            str(size),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _answer(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout is not None
    async with asyncio.timeout(fleet.LIMIT_SECONDS):
        line = await process.stdout.readline()
    if not line:
        raise RuntimeError("the operator at rest ended early; run benchmarks.resting to see why")
    return json.loads(line)


async def _events(
    bed: fleet_bed.FleetBed, process: asyncio.subprocess.Process, size: int
) -> tuple[list[float], list[float]]:
    """One label of one Cluster after the other, each waited for: milliseconds, and of CPU."""
    assert process.stdin is not None
    walls: list[float] = []
    used: list[float] = []
    for number in range(WARM_UP + EVENTS):
        process.stdin.write(b"\n")
        await process.stdin.drain()
        await _answer(process)
        started = time.monotonic()
        await bed.label([bed.names[number % CONCERNED]], f"event-{size}-{number}")
        seen = await _answer(process)
        if number >= WARM_UP:
            walls.append(1000 * (seen["at"] - started))
            used.append(1000 * seen["cpu"])
    return walls, used
