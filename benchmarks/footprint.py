"""Memory at rest, against what importing the dependencies alone costs in the same run."""

from __future__ import annotations

import asyncio
import pathlib
import subprocess
import sys

from benchmarks import figures, operator, startup

RUNS = 3
SETTLE_SECONDS = 3.0
_MODULES = (
    "aiohttp, click, kubernetes_asyncio.config, msgspec, opentelemetry.sdk.trace.export, "
    "opentelemetry.exporter.otlp.proto.http.trace_exporter, pluggy, prometheus_client, yaml"
)
_FLOOR = f"""
import {_MODULES}
print(next(l.split()[1] for l in open("/proc/self/status") if l.startswith("VmRSS")))
"""


def _rss_mib(pid: int) -> float:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def idle() -> None:
    """RSS of the operator with nothing to do, and of an interpreter with its dependencies."""
    command = [sys.executable, "-c", _FLOOR]
    floors = [
        int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024
        for _ in range(RUNS)
    ]
    samples = []
    async with operator.installed(clusters=1) as bed:
        for _ in range(RUNS):
            async with operator.running(bed) as process:
                await operator.metric(process, startup.reconciled)
                await asyncio.sleep(SETTLE_SECONDS)
                samples.append(_rss_mib(process.pid))
    figures.show("import floor of the dependencies", "MiB", floors)
    figures.show("idle RSS", "MiB", samples)
    above = [one - min(floors) for one in samples]
    figures.show("idle RSS above the floor", "MiB", above, "<= 25 MiB")
