"""No-op reconciles: how many a second, and how long from a change to its reconcile.

Ours, kopf's lightest handler and a bare queue, alternately, on one real API server.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import pathlib
import statistics
import sys
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

from akoo_testbed import bare, kubeapi

from benchmarks import collector, figures, following

RUNS = 5
FEW = 10
SIZES = (1_000, 10_000)
CHANGES = 200
CHANGE_EVERY_SECONDS = 0.01
MISSING = (
    "benchmarks: kopf is not installed, so nothing is compared with it; to install it: "
    "make bench, or uv sync --all-packages --inexact --group bench"
)


class Way(NamedTuple):
    """One contender: what it is called here, how it follows, whether spans leave."""

    title: str
    follow: str
    traced: bool = False


WAYS = (
    Way("bare queue", "bare"),
    Way("akoo-core", "core"),
    Way("akoo-core, attempts, tracing off", "core-attempts"),
    Way("akoo-core, attempts, tracing on", "core-attempts", traced=True),
    Way("akoo-core, 10 spans each, exported", "core-10-spans", traced=True),
    Way("kopf on.event", "kopf"),
)


async def noop() -> None:
    """Rates, CPU and latency of every contender at every size."""
    ways = [way for way in WAYS if way.follow != "kopf" or importlib.util.find_spec("kopf")]
    if len(ways) < len(WAYS):
        print(MISSING)
    async with bare.BareServer() as server, collector.running() as spans:
        kubeconfig = server.base.folder / "bench.kubeconfig"
        kubeconfig.write_text(server.server.kubeconfig)
        async with kubeapi.KubeApi(server.server.kubeconfig) as api:
            await _fill(api, "few", FEW)
            for size in SIZES:
                await _fill(api, f"many-{size}", size)
                await _compare(api, kubeconfig, ways, size, spans)


async def _compare(
    api: kubeapi.KubeApi, kubeconfig: pathlib.Path, ways: list[Way], size: int, spans: str
) -> None:
    load = os.getloadavg()[0]
    print(f"-- {size} ConfigMaps of 1.3 kB, load {load:.1f} before")
    few: dict[Way, list[Mapping[str, float]]] = {way: [] for way in ways}
    many: dict[Way, list[Mapping[str, float]]] = {way: [] for way in ways}
    waits: dict[Way, list[list[float]]] = {way: [] for way in ways}
    for _ in range(RUNS):
        for way in ways:
            first, _ = await _run(api, kubeconfig, way, "few", FEW, spans)
            few[way].append(first)
            first, late = await _run(api, kubeconfig, way, f"many-{size}", size, spans, CHANGES)
            many[way].append(first)
            waits[way].append(late)
    cpu = {way: _each("cpu", few[way], many[way], size) for way in ways}
    for way in ways:
        wall = _each("wall", few[way], many[way], size)
        if min(wall) > 0:
            figures.show(f"{way.title}: objects handled", "/s", [1 / seconds for seconds in wall])
        else:
            print(f"{way.title}: objects handled: too few to be told from the start")
        figures.show(f"{way.title}: CPU per object", "us", [1e6 * seconds for seconds in cpu[way]])
        for percent in (50, 99):
            late = [1000 * _percentile(sample, percent) for sample in waits[way]]
            figures.show(f"{way.title}: change to handled p{percent}", "ms", late)
        figures.show(f"{way.title}: RSS", "MiB", [sample["rss_mib"] for sample in many[way]])
    _ratios({way.follow + "-traced" * way.traced: cpu[way] for way in ways})


def _each(
    figure: str, few: list[Mapping[str, float]], many: list[Mapping[str, float]], size: int
) -> list[float]:
    """Seconds for each object beyond FEW, of every run: what all have in common, which is how a
    run with FEW objects takes in the median, is taken off."""
    start = statistics.median(sample[figure] for sample in few)
    return [(sample[figure] - start) / (size - FEW) for sample in many]


def _ratios(cpu: dict[str, list[float]]) -> None:
    """The goals: how medians of CPU per object compare."""
    middle = {name: statistics.median(samples) for name, samples in cpu.items()}
    core = middle["core"]
    figures.show("bare queue over akoo-core, CPU", "", [middle["bare"] / core], ">= 0.3")
    traced = middle["core-attempts-traced"] / middle["core-attempts"]
    figures.show("attempts, tracing on over off, CPU", "", [traced], "< 1.1")
    if "kopf" in middle:
        figures.show("kopf over akoo-core, CPU", "", [middle["kopf"] / core], ">= 10")


def _percentile(samples: list[float], percent: int) -> float:
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]


async def _run(
    api: kubeapi.KubeApi,
    kubeconfig: pathlib.Path,
    way: Way,
    namespace: str,
    count: int,
    spans: str,
    changes: int = 0,
) -> tuple[Mapping[str, float], list[float]]:
    """A fresh process until it has handled everything; then ``changes`` one after the other."""
    arguments = [way.follow, str(kubeconfig), namespace, str(count), *([spans] * way.traced)]
    async with _process(arguments, kubeconfig) as process:
        assert process.stdin is not None
        first = await _answer(process, way)
        for number in range(changes):
            body = {"data": {following.SENT: repr(time.monotonic())}}
            await api.patch("v1/ConfigMap", namespace, f"c{number % count}", body)
            await asyncio.sleep(CHANGE_EVERY_SECONDS)
        process.stdin.close()
        latencies = (await _answer(process, way))["latencies"]
    return first, latencies


async def _answer(process: asyncio.subprocess.Process, way: Way) -> Any:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        line = await process.stdout.readline()
    if not line:
        raise RuntimeError(f"{way.title} ended early; run benchmarks.following to see why")
    return json.loads(line)


@contextlib.asynccontextmanager
async def _process(
    arguments: list[str], kubeconfig: pathlib.Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.following", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        limit=2**24,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _fill(api: kubeapi.KubeApi, namespace: str, count: int) -> None:
    """``count`` ConfigMaps of about 1.3 kB in a namespace of their own."""
    await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    room = asyncio.Semaphore(20)

    async def create(number: int) -> None:
        metadata = {"namespace": namespace, "name": f"c{number}"}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        async with room:
            await api.create({**body, "data": {"filling": "x" * 900}})

    await asyncio.gather(*(create(number) for number in range(count)))
