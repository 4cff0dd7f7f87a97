"""Whoever types akoo-core's commands beside the operator."""

from __future__ import annotations

import asyncio
import os
import pathlib
import sys
from collections.abc import Callable

Started = Callable[[asyncio.subprocess.Process], None]


async def typed(
    kubeconfig: pathlib.Path, *words: str, seconds: float, started: Started | None = None
) -> tuple[int, str]:
    """The exit code of ``akoo-core WORDS`` and all that it printed. Raises TimeoutError.

    ``started`` gets the process.

    Variables of this process that begin as settings do (AKOO_PROOF) are no settings.
    """
    environment = {key: text for key, text in os.environ.items() if not key.startswith("AKOO_")}
    # The workload clusters of the bed are on the loopback of this machine.
    environment["AKOO_WORKLOAD_CLUSTERS__ALLOW_LOCAL_ADDRESSES"] = "true"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "akoo_core", *words, "--kubeconfig", str(kubeconfig)),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    if started is not None:
        started(process)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, output.decode()
