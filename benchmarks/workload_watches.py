"""One watch for each workload cluster: memory, rest, and what happens when all are cut at once.

One API server stands for all of them; what it takes to serve so many is in the times.
"""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import sys
import time
from typing import Any

from akoo_testbed import bare, kubeapi

from benchmarks import figures

COUNTS = (0, 500, 1_000, 2_000)
LIMIT_SECONDS = 600.0


async def watches() -> None:
    """Every count in a fresh process; the API server is stopped and started under each."""
    async with bare.BareServer() as server:
        path = server.base.folder / "watching.kubeconfig"
        path.write_text(server.server.kubeconfig)
        for count in COUNTS:
            print(f"-- {count} watches, load {os.getloadavg()[0]:.1f} before")
            await _watch(server, path, count)


async def _watch(server: bare.BareServer, path: pathlib.Path, count: int) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.watching", str(path), str(count)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        first, rest = await _answer(process), await _answer(process)
        figures.show(f"{count} watches: all have listed", "s", [first["synced"]])
        figures.show(f"{count} watches: CPU until then", "s", [first["cpu"]])
        figures.show(f"{count} watches: CPU at rest", "% of a core", [rest["rest"]], "< 2 %")
        figures.show(f"{count} watches: RSS", "MiB", [rest["rss"]])
        if count:
            await _storm(server, process, count)
    finally:
        process.kill()
        await process.wait()


async def _storm(server: bare.BareServer, process: asyncio.subprocess.Process, count: int) -> None:
    assert process.stdin is not None
    process.stdin.write(b"again\n")
    await process.stdin.drain()
    await _answer(process)
    await server.server.stop()
    await server.server.start()
    await server.server.ready()
    back = time.monotonic()
    async with kubeapi.KubeApi(server.server.kubeconfig) as api:
        await api.create(_stateful_set(f"after-{count}"))
    ended = await _answer(process)
    title = f"{count} watches: server back to all have seen a change"
    figures.show(title, "s", [ended["at"] - back])
    figures.show(f"{count} watches: CPU of that", "s", [ended["cpu"]])
    figures.show(f"{count} watches: RSS after", "MiB", [ended["rss"]])


async def _answer(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT_SECONDS):
        line = await process.stdout.readline()
    if not line:
        raise RuntimeError("the process that watches ended early; run benchmarks.watching to see")
    return json.loads(line)


def _stateful_set(name: str) -> dict[str, Any]:
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "c", "image": "none"}]},
    }
    spec = {"serviceName": name, "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec}
