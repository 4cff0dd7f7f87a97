"""pytest plugin: a simulated Avi Controller as a fixture.

    avisim_options  override it to get another controller
    avisim          function  RunningAvi: a new controller behind HTTPS

Load it with `-p akoo_testbed.avisim.pytest`, or in `pytest_plugins` of the root conftest.py.
For another scope use `running`. The server lives on a loop of its own, in a thread, so that
clients that block and clients on other loops use it alike; the pure controller beneath may be
looked at and changed through `call` and `run`, or directly between requests.
"""

import contextlib
import dataclasses
import pathlib
import random
import tempfile
import time
import typing
from collections.abc import Callable, Coroutine, Iterator, Mapping

import pytest

from akoo_testbed import background
from akoo_testbed.avisim import Controller, server, versions

T = typing.TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class AviOptions:
    """The properties of the controller."""

    profile: str = versions.DEFAULT_PROFILE
    strict: bool = False
    switches: Mapping[str, str] = dataclasses.field(default_factory=dict)
    username: str = "admin"
    password: str = dataclasses.field(default="Avi-simulated-1", repr=False)
    clock: Callable[[], float] = time.time
    seed: int | None = None
    """Of uuids and secrets; None: different each time."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunningAvi:
    """A controller behind HTTPS."""

    options: AviOptions
    server: server.AviServer
    ca_file: pathlib.Path
    loop: background.LoopThread

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def controller(self) -> Controller:
        return self.server.controller

    def run(self, work: Coroutine[typing.Any, typing.Any, T]) -> T:
        """Run a coroutine on the server's loop, and wait for it blocking."""
        return self.loop.run(work)

    async def call(self, work: Coroutine[typing.Any, typing.Any, T]) -> T:
        """Run a coroutine on the server's loop, and await it on this one."""
        return await self.loop.call(work)


@contextlib.contextmanager
def running(options: AviOptions) -> Iterator[RunningAvi]:
    """A controller that serves until the block ends."""
    controller = Controller(
        username=options.username,
        password=options.password,
        profile=options.profile,
        strict=options.strict,
        chosen=options.switches,
        clock=options.clock,
        rng=None if options.seed is None else random.Random(options.seed),  # noqa: S311
    )
    loop = background.LoopThread("avisim")
    loop.start()
    with contextlib.ExitStack() as ends, tempfile.TemporaryDirectory(prefix="avisim-") as folder:
        ends.callback(loop.stop)
        avi = server.AviServer(controller)
        ends.callback(lambda: loop.run(avi.stop()))
        loop.run(avi.start())
        ca_file = pathlib.Path(folder) / "ca.pem"
        ca_file.write_text(avi.ca_pem)
        yield RunningAvi(options=options, server=avi, ca_file=ca_file, loop=loop)


@pytest.fixture
def avisim_options() -> AviOptions:
    """The controller of a test: the default profile, faithful, all switches as they are."""
    return AviOptions()


@pytest.fixture
def avisim(avisim_options: AviOptions) -> Iterator[RunningAvi]:
    """A new controller for this test."""
    with running(avisim_options) as avi:
        yield avi
