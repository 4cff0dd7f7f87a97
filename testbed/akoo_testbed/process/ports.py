"""Picks TCP ports on 127.0.0.1 that no other test bed on this machine will pick."""

import fcntl
import os
import pathlib
import random
import socket
import tempfile
import threading

# Below the range from which Linux takes the ports of outgoing connections (32768 and up).
FIRST, LAST = 20000, 32000
_ATTEMPTS = 1000


class _Ledger:
    """Holds a lock on byte n of one file per machine user while port n is ours.

    The kernel drops the locks of a process that dies. They belong to a process, not to a thread
    or descriptor, so what this process took is remembered beside them.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken: set[int] = set()
        self._file = -1
        self._process = 0

    def take(self) -> int:
        with self._mutex:
            self._open()
            for port in random.sample(range(FIRST, LAST), _ATTEMPTS):
                if port not in self._taken and self._lock(port):
                    if is_free(port):
                        self._taken.add(port)
                        return port
                    fcntl.lockf(self._file, fcntl.LOCK_UN, 1, port)
        raise OSError(f"no free port on 127.0.0.1 among {_ATTEMPTS} tried in {FIRST}-{LAST}")

    def give_back(self, port: int) -> None:
        with self._mutex:
            if port in self._taken:
                self._taken.discard(port)
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, port)

    def _open(self) -> None:
        if self._process == os.getpid():
            return
        path = pathlib.Path(tempfile.gettempdir()) / f"akoo-testbed-ports.{os.getuid()}"
        # Never closed: closing any descriptor of the file would drop all our locks.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self._process = os.getpid()
        self._taken.clear()  # after a fork the locks are the parent's

    def _lock(self, port: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except OSError:
            return False
        return True


_LEDGER = _Ledger()


def pick() -> int:
    """A port that nobody listens on, reserved until `release` or the end of this process."""
    return _LEDGER.take()


def release(port: int) -> None:
    """Let others pick the port again."""
    _LEDGER.give_back(port)


def is_free(port: int) -> bool:
    """True if a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
