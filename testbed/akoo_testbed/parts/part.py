"""The common base of all parts: a process, its log, and a probe that tells when it is ready."""

import abc
import contextlib
import os
import pathlib
import signal
import ssl
import time
from collections.abc import Mapping

import aiohttp

from akoo_testbed import base, errors, waiting
from akoo_testbed.process import processes

_TAIL_LINES = 12
_READY_SECONDS = 60.0
NOT_READY = (aiohttp.ClientError, OSError, TimeoutError)
"""Errors of a probe while the part still starts."""


class Part(abc.ABC):
    """A process of the test bed. It may be started again after `stop`."""

    ready_seconds: float = _READY_SECONDS
    """The longest wait of `ready`; generous, since a machine may be busy."""

    def __init__(self, bed_base: base.BedBase, name: str) -> None:
        self.base = bed_base
        self.name = name
        self._child: processes.Child | None = None
        self._log_offset = 0
        self.started_at = 0.0
        self.ready_after: float | None = None
        """Seconds from start until the last `ready`, None before that."""

    @abc.abstractmethod
    def command(self) -> list[str]:
        """Program and arguments; called at each start."""

    @abc.abstractmethod
    async def probe(self) -> bool:
        """True if it does its work now. May raise any of NOT_READY."""

    def environment(self) -> Mapping[str, str]:
        """Its environment: nothing of ours that could change what it does, no proxies."""
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.base.folder)}

    @property
    def log(self) -> pathlib.Path:
        return self.base.log_file(self.name)

    @property
    def pid(self) -> int:
        """Process id. Raises PartError when it does not run."""
        if self._child is None or self._child.status is not None:
            raise errors.PartError(f"{self.name} does not run")
        return self._child.pid

    async def start(self) -> None:
        """Start the process; does not wait until it is ready."""
        if self._child is not None and self._child.status is None:
            raise errors.PartError(f"{self.name} runs already, process {self._child.pid}")
        self.ready_after = None
        self._log_offset = self.log.stat().st_size if self.log.exists() else 0
        self.started_at = time.monotonic()
        self._child = await self.base.processes.spawn(
            self.command(), log=self.log, env=self.environment()
        )

    async def ready(self) -> None:
        """Wait until the probe succeeds. Raises PartError, with the log's tail, if it does not."""
        try:
            await waiting.until(self._is_ready, title=self.name, seconds=self.ready_seconds)
        except TimeoutError:
            raise self.failure(f"is not ready after {self.ready_seconds:g} s") from None
        self.ready_after = time.monotonic() - self.started_at

    async def stop(self, grace_seconds: float = 0) -> None:
        """End the process; at once by default, since its data goes with it."""
        if self._child is not None:
            await self._child.stop(grace_seconds)

    def send_signal(self, number: int) -> None:
        """Signal the process; it gets the signal a moment later. See `hang` for SIGSTOP."""
        if self._child is not None:
            self._child.send_signal(number)

    async def hang(self) -> None:
        """Stop the process where it is: connections stay open, and nothing answers."""
        self.send_signal(signal.SIGSTOP)
        await waiting.until(self._stands_still, title=f"{self.name} to stop", seconds=10)

    def go_on(self) -> None:
        """Let a process that hangs go on."""
        self.send_signal(signal.SIGCONT)

    async def _stands_still(self) -> bool:
        state = pathlib.Path(f"/proc/{self.pid}/stat").read_text()  # noqa: ASYNC240 - no disk
        return state.rpartition(")")[2].split()[0] == "T"

    def failure(self, reason: str) -> errors.PartError:
        """An error that shows the end of what the part logged since its last start."""
        lines = self.new_log().splitlines()[-_TAIL_LINES:]
        shown = "".join(f"\n    {line[:300]}" for line in lines)
        return errors.PartError(f"{self.name} {reason}; the end of {self.log}:{shown}")

    def new_log(self) -> str:
        """The log since its last start."""
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as file:
            file.seek(self._log_offset)
            return file.read().decode(errors="replace")
        return ""

    async def _is_ready(self) -> bool:
        if self._child is None:
            raise errors.PartError(f"{self.name} was not started")
        if self._child.status is not None:
            raise self.failure(f"ended with status {self._child.status} before it was ready")
        try:
            return await self.probe()
        except NOT_READY:
            return False


async def http_ok(url: str, *, tls: ssl.SSLContext | None = None) -> bool:
    """True if a GET of this URL is answered with 200 within two seconds."""
    timeout = aiohttp.ClientTimeout(total=2)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(url, ssl=tls or True) as response,
    ):
        return response.status == 200
