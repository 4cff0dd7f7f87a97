"""pytest plugin: the test bed as fixtures, started once a run and only if asked for.

Load it with `-p akoo_testbed.pytest`, or `pytest_plugins = ["akoo_testbed.pytest"]` in the root
conftest.py. The bed lives in a thread with an event loop of its own: sync tests and async tests on
loops of their own use it side by side. If a test failed, the logs of all parts are kept, and the
end of pytest's output says where. The bed and the server stop behind the last test that uses them:
idle they cost a quarter of a core, which the tests that follow need.

    bed_options  session   override it in a conftest.py to get another bed
    bed          session   RunningBed: management cluster, Cluster API, workload pool
    apiserver    session   RunningServer: etcd and one kube-apiserver, nothing else
    namespace    function  name of a new namespace in the bed's management cluster

Tests that use one of these carry the marker `bed`: `-m "not bed"` leaves them out.
"""

import collections
import contextlib
import pathlib
import typing
from collections.abc import Iterator

import pytest

from akoo_testbed import background, bare, base, running
from akoo_testbed import bed as beds

_START_SECONDS = 3600.0  # a first run builds, which may take a quarter of an hour
_KEPT_LOGS = pytest.StashKey[list[pathlib.Path]]()

_Definition = pytest.FixtureDef[typing.Any]
_USERS = pytest.StashKey[collections.Counter[_Definition]]()
"""Tests that are still to come, by the fixture whose processes they use."""


@pytest.fixture(scope="session")
def bed_options() -> beds.BedOptions:
    """The bed of this run: one workload server at first, Jaeger, Cluster API without its waits."""
    return beds.BedOptions(jaeger=True)


@pytest.fixture(scope="session")
def bed(
    bed_options: beds.BedOptions, request: pytest.FixtureRequest
) -> Iterator[running.RunningBed]:
    """One bed for the whole run; tests make a namespace of their own in it."""
    whole = beds.Bed(bed_options)
    with _started(whole, request) as loop:
        yield running.RunningBed(loop, whole)


@pytest.fixture(scope="session")
def apiserver(request: pytest.FixtureRequest) -> Iterator[running.RunningServer]:
    """One API server for the whole run, without any controller."""
    server = bare.BareServer()
    with _started(server, request) as loop:
        yield running.RunningServer(loop, server)


@pytest.fixture
def namespace(bed: running.RunningBed) -> str:
    """A namespace of this test's own, which stays until the bed goes."""
    return bed.run(bed.bed.new_namespace())


@contextlib.contextmanager
def _started(
    whole: beds.Bed | bare.BareServer, request: pytest.FixtureRequest
) -> Iterator[background.LoopThread]:
    """Start it in a new thread; at the end stop it, keeping the logs if a test failed."""
    loop = background.LoopThread()
    loop.start()
    try:
        loop.run(whole.start(), _START_SECONDS)
        yield loop
        if request.session.testsfailed:
            whole.base.keep_logs()
        loop.run(whole.stop())
    finally:
        _remember(request.config, whole.base)
        loop.stop()


def _remember(config: pytest.Config, bed_base: base.BedBase) -> None:
    if bed_base.kept_logs is not None:
        config.stash.setdefault(_KEPT_LOGS, []).append(bed_base.kept_logs)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "bed: uses real processes of the test bed")
    config.addinivalue_line("markers", "xdist_group(name): runs in one worker with its group")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the bed, before pytest selects by marker."""
    for item in items:
        if _processes(item):
            item.add_marker("bed")
            # With pytest-xdist and `--dist loadgroup`: all of them in one worker, on one bed.
            item.add_marker(pytest.mark.xdist_group("bed"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count the tests of each fixture, after pytest selected."""
    session.stash[_USERS] = collections.Counter(
        definition for item in session.items for definition in _processes(item)
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Stop what no later test uses, and first whatever depends on it.

    A test that asks for it nevertheless gets a new one.
    """
    try:
        yield
    finally:
        users = item.session.stash[_USERS]
        for definition in _processes(item):
            users[definition] -= 1
            if users[definition] == 0:
                definition.finish(item._request)  # type: ignore[attr-defined]


def _processes(item: pytest.Item) -> list[_Definition]:
    """These fixtures, or others that took their place, as far as a test uses them.

    What lives no longer than one test and has their name by chance starts no processes.
    """
    info = getattr(item, "_fixtureinfo", None)
    known = info.name2fixturedefs if info is not None else {}
    definitions = [known[name][-1] for name in ("bed", "apiserver") if known.get(name)]
    return [each for each in definitions if each.scope != "function"]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say where the logs of the parts are."""
    for folder in config.stash.get(_KEPT_LOGS, []):
        terminalreporter.write_line(f"logs of the test bed: {folder}")
