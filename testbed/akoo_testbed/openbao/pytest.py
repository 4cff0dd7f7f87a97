"""pytest plugin: an OpenBao server as a fixture.

    openbao_process  session   RunningOpenBao: one server in memory, started once
    openbao          function  the same, with a KV v2 mount of the test's own as `mount`

Load it with `-p akoo_testbed.openbao.pytest`, or in `pytest_plugins` of the root conftest.py. Tests
that seal, stop or kill take a server of their own from `running`. All carry the marker `bed`.
"""

import contextlib
import dataclasses
import pathlib
import typing
from collections.abc import Coroutine, Iterator

import pytest

from akoo_testbed import background, base, parts
from akoo_testbed.openbao import Admin, Front, OpenBaoOptions

T = typing.TypeVar("T")


class RunningOpenBao:
    """A server whose process lives beside the test. Its coroutines go through `run` or `call`."""

    def __init__(self, loop: background.LoopThread, part: parts.OpenBao) -> None:
        self._loop = loop
        self.part = part

    @property
    def url(self) -> str:
        return self.part.url

    @property
    def admin(self) -> Admin:
        """A client with the root token, for `run` and `call`."""
        return self.part.admin

    @property
    def ca_file(self) -> pathlib.Path:
        """Certificate of the authority that signed the server's."""
        return self.part.base.ca_file

    @contextlib.contextmanager
    def front(self) -> Iterator[Front]:
        """A front with faults, until the block ends."""
        front = self.part.front()
        self.run(front.open())
        try:
            yield front
        finally:
            self.run(front.close())

    def run(self, coroutine: Coroutine[typing.Any, typing.Any, T]) -> T:
        """Run a coroutine on the process's loop, and wait for it blocking."""
        return self._loop.run(coroutine)

    async def call(self, coroutine: Coroutine[typing.Any, typing.Any, T]) -> T:
        """Run a coroutine on the process's loop, and await it on this one."""
        return await self._loop.call(coroutine)

    async def restart(self) -> None:
        """Kill it, and start it again on its port."""
        await self.part.stop()
        await self.part.start()
        await self.part.ready()


@dataclasses.dataclass(frozen=True)
class Mounted:
    """A server, and a KV v2 mount of the test's own that requires check-and-set."""

    server: RunningOpenBao
    mount: str


@contextlib.contextmanager
def running(options: OpenBaoOptions | None = None) -> Iterator[RunningOpenBao]:
    """A server that runs until the block ends."""
    bed_base = base.BedBase(needs=())
    loop = background.LoopThread("openbao")
    loop.start()
    with contextlib.ExitStack() as ends:
        ends.callback(loop.stop)
        loop.run(bed_base.start())
        ends.callback(lambda: loop.run(bed_base.stop()))
        part = parts.OpenBao(bed_base, options)
        loop.run(part.start())
        loop.run(part.ready())
        yield RunningOpenBao(loop, part)


@pytest.fixture(scope="session")
def openbao_process() -> Iterator[RunningOpenBao]:
    """One process for the whole run."""
    with running() as server:
        yield server


@pytest.fixture
def openbao(openbao_process: RunningOpenBao) -> Iterator[Mounted]:
    """The server with a mount that is removed afterwards."""
    mount = openbao_process.run(openbao_process.admin.mount_kv())
    yield Mounted(openbao_process, mount)
    openbao_process.run(openbao_process.admin.unmount(mount))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the process, before pytest selects by marker."""
    for item in items:
        if "openbao_process" in getattr(item, "fixturenames", ()):
            item.add_marker("bed")
