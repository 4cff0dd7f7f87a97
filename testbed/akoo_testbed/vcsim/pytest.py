"""pytest plugin: a simulated vCenter as a fixture.

    vcsim_options  session   override it in a conftest.py to get another vCenter
    vcsim_process  session   RunningVcsim: its process, started once
    vcsim          function  the same, as it was at its start: inventory, rules, certificate

Load it with `-p akoo_testbed.vcsim.pytest`, or in `pytest_plugins` of the root conftest.py. For
another scope, or two of them, use `running`. Tests that use it carry the marker `bed`.
"""

import contextlib
import pathlib
import typing
from collections.abc import Coroutine, Iterator

import pytest

from akoo_testbed import background, base, parts
from akoo_testbed.vcsim import Control, VcsimOptions

T = typing.TypeVar("T")

_START_SECONDS = 600.0  # a first run builds


class RunningVcsim:
    """A vCenter whose process lives beside the test. Its coroutines go through `run` or `call`."""

    def __init__(self, loop: background.LoopThread, part: parts.Vcsim) -> None:
        self._loop = loop
        self.part = part

    @property
    def control(self) -> Control:
        return self.part.control

    @property
    def ca_file(self) -> pathlib.Path:
        """Certificate of the authority that signed the vCenter's."""
        return self.part.base.ca_file

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


@contextlib.contextmanager
def running(options: VcsimOptions | None = None) -> Iterator[RunningVcsim]:
    """A vCenter that runs until the block ends."""
    bed_base = base.BedBase(needs=("vcsim",))
    loop = background.LoopThread("vcsim")
    loop.start()
    with contextlib.ExitStack() as ends:
        ends.callback(loop.stop)
        loop.run(bed_base.start(), _START_SECONDS)
        ends.callback(lambda: loop.run(bed_base.stop()))
        part = parts.Vcsim(bed_base, options)
        loop.run(part.start())
        loop.run(part.ready())
        yield RunningVcsim(loop, part)


@pytest.fixture(scope="session")
def vcsim_options() -> VcsimOptions:
    """The vCenter of this run."""
    return VcsimOptions()


@pytest.fixture(scope="session")
def vcsim_process(vcsim_options: VcsimOptions) -> Iterator[RunningVcsim]:
    """One process for the whole run."""
    with running(vcsim_options) as vcenter:
        yield vcenter


@pytest.fixture
def vcsim(vcsim_process: RunningVcsim) -> RunningVcsim:
    """The vCenter as it was at its start."""
    control = vcsim_process.control
    rules = vcsim_process.run(control.state())["rules"]
    lenient = vcsim_process.part.options.lenient
    vcsim_process.run(control.switch_rules({name: name not in lenient for name in rules}))
    vcsim_process.run(control.reset())
    return vcsim_process


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the process, before pytest selects by marker."""
    for item in items:
        if "vcsim_process" in getattr(item, "fixturenames", ()):
            item.add_marker("bed")
