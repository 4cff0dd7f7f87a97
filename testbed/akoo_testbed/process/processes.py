"""The owner's side of the supervisor: processes that cannot outlive this one."""

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import typing
from collections.abc import Mapping, Sequence

from akoo_testbed import errors
from akoo_testbed.process import supervisor

_SPAWN_SECONDS = 20.0
_STOP_SECONDS = 20.0


class Child:
    """A running process, or one that was."""

    def __init__(self, pid: int, owner: "Processes") -> None:
        self.pid = pid
        self._owner = owner
        self._exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def status(self) -> int | None:
        """None while it runs; then its exit status, negative for a signal."""
        return self._exited.result() if self._exited.done() else None

    async def wait(self) -> int:
        """Its exit status, when it ends."""
        return await asyncio.shield(self._exited)

    def send_signal(self, number: int) -> None:
        """Signal its process group; does nothing once it has ended."""
        if self.status is None:
            self._owner.send({"do": "signal", "pid": self.pid, "signal": number})

    async def stop(self, grace_seconds: float = 0) -> None:
        """End it and return when it is gone: SIGTERM first if there is a grace, then SIGKILL."""
        if grace_seconds > 0:
            self.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wait(), grace_seconds)
        self.send_signal(signal.SIGKILL)
        await self.wait()

    def ended(self, status: int) -> None:
        """Called by its owner, once."""
        if not self._exited.done():
            self._exited.set_result(status)


class Processes:
    """Starts processes through a supervisor, which kills them when this process ends.

    All its coroutines belong to the event loop on which `start` was called.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reader_task: asyncio.Task[None] | None = None
        self._children: dict[int, Child] = {}
        self._answers: dict[int, asyncio.Future[dict[str, typing.Any]]] = {}
        self._next_id = 0

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        if self._process is None:
            raise errors.SupervisorError("the supervisor is not started")
        return self._process.pid

    async def start(self) -> None:
        """Start the supervisor."""
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = [sys.executable, "-I", "-S", supervisor.__file__, str(os.getpid())]
            # start_new_session: Ctrl-C reaches the owner only, who ends the parts in order.
            self._process = subprocess.Popen(  # noqa: ASYNC220 - forks for a millisecond
                arguments, stdin=theirs.fileno(), start_new_session=True
            )
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._reader_task = asyncio.create_task(self._read(reader), name="supervisor-reader")

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        log: pathlib.Path,
        env: Mapping[str, str] | None = None,
        cwd: pathlib.Path | None = None,
    ) -> Child:
        """Start a process whose output is appended to `log`, by default in that folder.

        Raises SupervisorError.
        """
        self._next_id += 1
        answered = asyncio.get_running_loop().create_future()
        self._answers[self._next_id] = answered
        self.send(
            {
                "id": self._next_id,
                "do": "spawn",
                "argv": list(argv),
                "env": dict(os.environ if env is None else env),
                "cwd": str(cwd or log.parent),
                "log": str(log),
            }
        )
        answer = await asyncio.wait_for(answered, _SPAWN_SECONDS)
        if "error" in answer:
            raise errors.SupervisorError(f"cannot start {answer['error']}")
        return typing.cast("Child", answer["child"])

    def remove_at_end(self, folder: pathlib.Path) -> None:
        """Have this folder removed when all is over, even after SIGKILL of this process."""
        self.send({"do": "remove", "path": str(folder)})

    def keep(self, folder: pathlib.Path) -> None:
        """Take `remove_at_end` back."""
        self.send({"do": "keep", "path": str(folder)})

    def send(self, message: dict[str, object]) -> None:
        """Send one message. Raises SupervisorError if the supervisor is gone."""
        if self._writer is None or self._writer.is_closing():
            raise errors.SupervisorError("the supervisor is gone, and all processes with it")
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def stop(self) -> None:
        """Kill all processes, remove what was to be removed. Returns when that is done."""
        writer, self._writer = self._writer, None
        if writer is None or self._process is None or self._reader_task is None:
            return
        writer.write_eof()
        await asyncio.wait_for(self._reader_task, _STOP_SECONDS)
        writer.close()
        await writer.wait_closed()
        self._process.wait(_STOP_SECONDS)  # it has closed its socket: it is ending

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                self._take(json.loads(line))
        self._lost()

    def _take(self, message: dict[str, typing.Any]) -> None:
        if "exited" in message:
            if child := self._children.pop(message["exited"], None):
                child.ended(message["status"])
            return
        if "pid" in message:
            # Made here, not in spawn: the next line may already tell that it has ended.
            message["child"] = self._children[message["pid"]] = Child(message["pid"], self)
        answered = self._answers.pop(message["id"])
        if not answered.done():
            answered.set_result(message)

    def _lost(self) -> None:
        """The supervisor ended: its children were killed."""
        for child in self._children.values():
            child.ended(-signal.SIGKILL)
        self._children.clear()
        for answered in self._answers.values():
            if not answered.done():
                answered.set_exception(errors.SupervisorError("the supervisor is gone"))
        self._answers.clear()
