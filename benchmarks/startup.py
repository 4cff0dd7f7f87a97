"""The duration of importing, and that from the command to the first reconcile."""

from __future__ import annotations

import re
import subprocess
import sys
import time

from benchmarks import figures, operator

RUNS = 7


async def imports() -> None:
    """``import akoo_core`` and the plugin contract, each in a fresh interpreter."""
    for module in ("akoo_core", "akoo_core.plugin.api"):
        code = f"import time; t=time.perf_counter(); import {module}; print(time.perf_counter()-t)"
        command = [sys.executable, "-c", code]
        samples = [
            float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            for _ in range(RUNS)
        ]
        figures.show(f"import {module}", "s", samples, "< 0.3 s")


async def to_first_reconcile() -> None:
    """From starting the process until one Cluster has been reconciled, on a real API server."""
    async with operator.installed(clusters=1) as bed:
        samples = []
        for _ in range(RUNS):
            started = time.perf_counter()
            async with operator.running(bed) as process:
                await operator.metric(process, reconciled)
                samples.append(time.perf_counter() - started)
    figures.show("akoo-core to first reconcile", "s", samples, "< 1.5 s")


_TOTAL = re.compile(r"^controller_runtime_reconcile_total\{[^}]*\} ([0-9.e+]+)$", re.MULTILINE)


def reconciled(text: str) -> bool:
    """True if /metrics counts a reconcile."""
    return sum(float(value) for value in _TOTAL.findall(text)) >= 1
