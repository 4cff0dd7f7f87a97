"""The fleet page beside the story: `akoo-core ui`, as a person would start it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import sys
from collections.abc import AsyncIterator, Sequence

from akoo_core.sandbox import process

PREFIX = "fleet page: "
START_SECONDS = 20.0
"""Longest wait for the address; the story begins without it then."""
STOP_SECONDS = 5.0


@contextlib.asynccontextmanager
async def page(
    kubeconfig: pathlib.Path,
    *,
    plugins: Sequence[str],
    config: pathlib.Path,
    jaeger: str,
    log: pathlib.Path,
) -> AsyncIterator[str]:
    """The address of the page while the body runs; "" where it cannot be served, with the reason in
    ``log``."""
    options = {"--kubeconfig": kubeconfig, "--config": config, "--jaeger": jaeger}
    words = [str(word) for pair in options.items() for word in pair]
    with log.open("ab") as errors:
        serving = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "akoo_core", "ui", "--plugins", ",".join(plugins), *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env=process.own_environment(os.environ),
        )
    try:
        yield await _address(serving)
    finally:
        with contextlib.suppress(ProcessLookupError):
            serving.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await serving.wait()
        except TimeoutError:
            serving.kill()
            await serving.wait()


async def _address(serving: asyncio.subprocess.Process) -> str:
    if serving.stdout is None:
        return ""
    line = b""
    with contextlib.suppress(TimeoutError):
        line = await asyncio.wait_for(serving.stdout.readline(), START_SECONDS)
    text = line.decode(errors="replace").strip()
    return text.removeprefix(PREFIX) if text.startswith(PREFIX) else ""
