"""Memory at rest, against what importing the dependencies alone costs in the same run."""

from __future__ import annotations

import asyncio
import pathlib
import subprocess
import sys

from benchmarks import figures, operator, startup

RUNS = 3
SETTLE_SECONDS = 3.0
LOADED = "aiohttp.web, click, msgspec, opentelemetry.trace, pluggy, prometheus_client, yaml"
"""The imports of a process that has a static kubeconfig and sends no spans."""
ALL = (
    f"{LOADED}, kubernetes_asyncio.config, opentelemetry.sdk.trace.export, "
    "opentelemetry.exporter.otlp.proto.http.trace_exporter"
)
"""Every dependency: what a process in a Pod that sends spans imports."""


def floors(modules: str) -> list[float]:
    """The memory of an interpreter with these modules, in MiB, three times."""
    code = f"""
import {modules}
print(next(l.split()[1] for l in open("/proc/self/status") if l.startswith("VmRSS")))
"""
    command = [sys.executable, "-c", code]
    runs = (subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(3))
    return [int(run.stdout) / 1024 for run in runs]


def rss_mib(pid: int | str) -> float:
    """The memory of a process just now; ``self`` is this one."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def idle() -> None:
    """RSS of the operator with nothing to do, and of an interpreter with its dependencies."""
    floor = floors(LOADED)
    samples = []
    async with operator.installed(clusters=1) as bed:
        for _ in range(RUNS):
            async with operator.running(bed) as process:
                await operator.metric(process, startup.reconciled)
                await asyncio.sleep(SETTLE_SECONDS)
                samples.append(rss_mib(process.pid))
    figures.show("import floor, every dependency", "MiB", floors(ALL))
    figures.show("import floor, those it imports here", "MiB", floor)
    figures.show("idle RSS", "MiB", samples)
    above = [sample - min(floor) for sample in samples]
    figures.show("idle RSS above the latter", "MiB", above, "<= 25 MiB")
