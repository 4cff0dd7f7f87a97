"""The operator in its own process, as users run it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence

import aiohttp

READY_SECONDS = 30.0
STOP_SECONDS = 10.0
"""After SIGTERM; the operator itself promises five."""


class OperatorError(Exception):
    """The operator ended, or did not become ready; the end of its log is in the message."""


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def own_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of akoo-core on this machine: none of the inherited settings."""
    return {
        **{key: value for key, value in inherited.items() if not key.startswith("AKOO_")},
        # All that runs on this machine is on its loopback.
        "AKOO_WORKLOAD_CLUSTERS__ALLOW_LOCAL_ADDRESSES": "true",
    }


class OperatorProcess:
    """``akoo-core`` with a kubeconfig, plugins and settings; its output goes to ``log``."""

    def __init__(
        self,
        *,
        kubeconfig: pathlib.Path,
        plugins: Sequence[str],
        log: pathlib.Path,
        environment: Mapping[str, str] | None = None,
        config: pathlib.Path | None = None,
        command: Sequence[str] = (sys.executable, "-m", "akoo_core"),
    ) -> None:
        self.log = log
        self.health_port = free_port()
        self.command = [
            *command,
            *("--kubeconfig", str(kubeconfig)),
            *("--plugins", ",".join(plugins)),
            *(("--config", str(config)) if config is not None else ()),
        ]
        """The program with the options that commands know, too."""
        self._environment = {
            **own_environment(os.environ),
            "AKOO_HEALTH__BIND_ADDRESS": "127.0.0.1",
            "AKOO_HEALTH__PORT": str(self.health_port),
            **(environment or {}),
        }
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """The address of /healthz, /readyz and /metrics."""
        return f"http://127.0.0.1:{self.health_port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"  # noqa: S101 - a mistake of the caller
        return self._process.pid

    @property
    def running(self) -> bool:
        """The process was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it; returns at once."""
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self.command, stdout=output, stderr=output, env=self._environment
            )

    async def ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until /readyz answers 200. Raises OperatorError when it ends or takes too long."""
        process = self._process
        if process is None:
            raise OperatorError("the operator was not started")
        timeout = aiohttp.ClientTimeout(total=2)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while process.returncode is None:
                        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                            async with session.get(f"{self.url}/readyz") as answer:
                                if answer.status == 200:
                                    return
                        await asyncio.sleep(0.05)  # a poll with a deadline: it has no other signal
        ended = f"ended with {process.returncode}" if process.returncode is not None else "is late"
        raise OperatorError(f"the operator {ended}; its log ({self.log}) ends:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal, wait for the end, and return the exit code (killed when it is late)."""
        process = self._process
        if process is None:
            return 0
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        return process.returncode if process.returncode is not None else -1


@contextlib.asynccontextmanager
async def running(operator: OperatorProcess) -> AsyncIterator[OperatorProcess]:
    """Start, wait until ready, and stop at the end whatever happens."""
    try:
        await operator.start()
        await operator.ready()
        yield operator
    finally:
        await operator.stop()
