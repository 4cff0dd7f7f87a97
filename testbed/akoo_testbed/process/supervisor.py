"""A small process that owns all others of a test bed, so that none outlives the test bed.

Run by path, as a plain script: `python -I -S supervisor.py OWNER_PID`, with a stream socket to its
owner as stdin. It speaks one JSON object a line:

    -> {"id": 1, "do": "spawn", "argv": [...], "env": {...}, "cwd": "...", "log": "path"}
    <- {"id": 1, "pid": 4711}                       or {"id": 1, "error": "..."}
    -> {"do": "signal", "pid": 4711, "signal": 9}   to the whole process group
    -> {"do": "remove", "path": "..."}              a folder to remove at the end
    -> {"do": "keep", "path": "..."}                ... or not, after all
    <- {"exited": 4711, "status": -9}               as subprocess.Popen.returncode

It ends when the socket does, or its owner, however that came: then all process groups are killed
and the folders removed. If it is killed itself, PR_SET_PDEATHSIG takes the children along; that
signal follows the *thread* that forked, hence one thread only. Only the standard library, and
little of it: it starts in 30 ms and stays small.
"""

import contextlib
import ctypes
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import typing

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class Supervisor:
    """The children, and what to remove when all is over."""

    def __init__(self, owner: socket.socket) -> None:
        self._owner = owner
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._folders: list[str] = []

    def handle(self, message: dict[str, typing.Any]) -> None:
        """Carry out one message of the owner."""
        match message["do"]:
            case "spawn":
                try:
                    answer: dict[str, object] = {"pid": self._spawn(message)}
                except OSError as error:
                    answer = {"error": f"{message['argv'][0]}: {error.strerror}"}
                self._send({"id": message["id"], **answer})
            case "signal":
                if message["pid"] in self._children:
                    _signal_group(message["pid"], message["signal"])
            case "remove":
                self._folders.append(message["path"])
            case "keep":
                self._folders = [path for path in self._folders if path != message["path"]]

    def reap(self) -> None:
        """Report the children that ended; what they left in their process group is killed."""
        for pid, child in list(self._children.items()):
            status = child.poll()
            if status is not None:
                del self._children[pid]
                _signal_group(pid, signal.SIGKILL)
                self._send({"exited": pid, "status": status})

    def finish(self) -> None:
        """Kill everything, wait for it, remove the folders."""
        for pid in self._children:
            _signal_group(pid, signal.SIGKILL)
        for child in self._children.values():
            child.wait()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _spawn(self, message: dict[str, typing.Any]) -> int:
        myself = os.getpid()

        def die_with_supervisor() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != myself:  # it died between fork and prctl
                os._exit(1)

        with open(message["log"], "ab") as log:  # noqa: PTH123 - pathlib costs 10 ms of start
            child = subprocess.Popen(
                message["argv"],
                env=message["env"],
                cwd=message["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a process group to kill, out of reach of Ctrl-C
                preexec_fn=die_with_supervisor,  # noqa: PLW1509 - one thread, no lock to inherit
            )
        self._children[child.pid] = child
        return child.pid

    def _send(self, message: dict[str, object]) -> None:
        with contextlib.suppress(OSError):  # an owner that went away is noticed by the loop
            self._owner.sendall(json.dumps(message).encode() + b"\n")


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def serve(owner: socket.socket, owner_pid: int) -> None:
    """Serve until the socket, the owner or this process is asked to end."""
    supervisor = Supervisor(owner)
    wake, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    ended: list[int] = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, who then ends us
    with selectors.DefaultSelector() as selector, contextlib.suppress(ConnectionError):
        selector.register(owner, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        # A process forked by the owner may hold the socket open: watch the owner itself, too.
        owner_fd = os.pidfd_open(owner_pid)
        selector.register(owner_fd, selectors.EVENT_READ)
        pending = b""
        while not ended:
            ready = [key.fileobj for key, _ in selector.select()]
            if owner_fd in ready:
                break
            if wake in ready:
                wake.recv(4096)
                supervisor.reap()
            if owner in ready:
                received = owner.recv(1 << 16)
                if not received:
                    break
                *lines, pending = (pending + received).split(b"\n")
                for line in lines:
                    supervisor.handle(json.loads(line))
    supervisor.finish()


def main() -> None:
    """Take the socket from stdin and serve the owner."""
    owner_pid = int(sys.argv[1])
    with socket.socket(fileno=os.dup(0)) as owner:
        if os.getppid() == owner_pid:  # else it died before we could watch it
            serve(owner, owner_pid)


if __name__ == "__main__":
    main()
