"""The client against the simulated controller, over HTTPS and in process; nothing may be left."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import tempfile
import threading
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from akoo_avi.client import AviClient, Controllers, Credential, SessionRegistry
from akoo_testbed.avisim import pytest as avisim_
from urllib3 import connection

from akoo_core import clock, external

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # docstrings with invalid escapes
    from avi.sdk import avi_api

Connect = Callable[..., Awaitable[AviClient]]


def sockets() -> set[str]:
    """All that this process holds, by inode."""
    descriptors = set()
    for path in pathlib.Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that this loop reads from
            descriptors.add(str(path.readlink()))
    return {name for name in descriptors if name.startswith("socket:")}


@contextlib.contextmanager
def noted_connections() -> Iterator[set[str]]:
    """The sockets that avisdk opens meanwhile: other threads may serve a whole test bed."""
    opened: set[str] = set()
    new_conn = connection.HTTPConnection._new_conn

    def noted(self: connection.HTTPConnection) -> socket.socket:
        made = new_conn(self)
        opened.add(str(pathlib.Path(f"/proc/self/fd/{made.fileno()}").readlink()))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection.HTTPConnection, "_new_conn", noted)
        yield opened


def pool_threads() -> set[threading.Thread]:
    """Those that work for a client; other threads may serve a whole test bed."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("akoo-")}


def eventually(holds: Callable[[], bool], condition: str) -> None:
    """Wait for what threads bring about, 5 s at most."""
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline, condition
        time.sleep(0.002)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No thread, file, socket, CA file or session of avisdk outlives a test."""
    before, made = pool_threads(), []
    mkstemp = tempfile.mkstemp

    def noted(*args: Any, **keywords: Any) -> tuple[int, str]:
        made.append(mkstemp(*args, **keywords))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch, noted_connections() as opened:
        patch.setattr(tempfile, "mkstemp", noted)
        yield
    eventually(lambda: pool_threads() <= before, "threads that outlive the test")
    # Closed, and not left to the garbage collector.
    eventually(lambda: not sockets() & opened, "sockets that outlive the test")
    assert not [name for _, name in made if pathlib.Path(name).exists()]
    assert not avi_api.sessionDict


@pytest.fixture
def seam() -> external.External:
    return external.External()


@pytest.fixture
def now() -> clock.ManualClock:
    return clock.ManualClock()


@pytest.fixture
def drained() -> Callable[[int], None]:
    """Waits until a server of this process has no connections at a port.

    A server that is stopped amid a handshake would leave its side of it open.
    """

    def wait(port: int) -> None:
        eventually(lambda: not served(port), "connections of a closed registry")

    return wait


@pytest.fixture
async def controllers(
    now: clock.ManualClock, avisim: avisim_.RunningAvi, drained: Callable[[int], None]
) -> AsyncIterator[Controllers]:
    made = SessionRegistry(now=now)
    yield made
    await made.close()
    drained(avisim.server.port)


def served(port: int) -> list[str]:
    """The connections that a server of this process has at this port."""
    at = f":{port:04X}"
    rows = [line.split() for line in pathlib.Path("/proc/self/net/tcp").read_text().splitlines()]
    return [row[2] for row in rows if row[1].endswith(at) and row[3] not in (LISTEN, TIME_WAIT)]


LISTEN, TIME_WAIT = "0A", "06"


def address(avi: avisim_.RunningAvi) -> str:
    return avi.url.removeprefix("https://")


def credential(avi: avisim_.RunningAvi, **changes: Any) -> Credential:
    fields = {
        "username": avi.options.username,
        "password": avi.options.password,
        "ca_pem": avi.server.ca_pem,
        "source": "Secret avi-system/avi-controller-credentials",
    }
    return Credential(**{**fields, **changes})


@pytest.fixture
def connect(
    controllers: Controllers, avisim: avisim_.RunningAvi, seam: external.External
) -> Connect:
    """Clients of the simulated controller over HTTPS; arguments change the credential."""

    async def connect(key: str = "", **changes: Any) -> AviClient:
        who = credential(avisim, **changes)
        return await controllers.client(address(avisim), who, external=seam, key=key)

    return connect
