"""What every test here must hold: no leaked task, thread, socket, file or process.

Unclosed sockets and files are ResourceWarnings, and pytest turns every warning into a failure;
tasks are checked after each async test, threads and processes at the end of the run.
"""

from __future__ import annotations

import asyncio
import gc
import pathlib
import threading
from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest

# The same examples in every run: a failure that comes and goes is of no use to anybody.
hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("same")

pytest_plugins = [
    "akoo_testbed.avisim.pytest",
    "akoo_testbed.pytest",
    "akoo_testbed.openbao.pytest",
    "akoo_testbed.vcsim.pytest",
    "tests.tenancy.tenancy_pytest",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Check tasks in the test's own loop (which sync tests do not have)."""
    for item in items:
        if isinstance(item, pytest.Function) and asyncio.iscoroutinefunction(item.obj):
            item.fixturenames.insert(0, "no_leaked_tasks")


@pytest.fixture
async def no_leaked_tasks() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    leaked = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not leaked, f"tasks that outlived the test: {[task.get_coro() for task in leaked]}"


def _children() -> set[str]:
    task = pathlib.Path("/proc/self/task")
    lists = [(path / "children").read_text().split() for path in task.iterdir()]
    return {pid for pids in lists for pid in pids}


def _command(pid: str) -> str:
    try:
        raw = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode(errors="replace").strip()


@pytest.fixture(scope="session", autouse=True)
def nothing_outlives_the_run() -> Iterator[None]:
    """Threads that are not daemons and child processes must be gone when the last test is."""
    threads, children = set(threading.enumerate()), _children()
    yield
    gc.collect()
    left = {one for one in threading.enumerate() if not one.daemon} - threads
    assert not left, f"threads that outlived the run: {left}"
    processes = {pid: _command(pid) for pid in _children() - children if _command(pid)}
    assert not processes, f"processes that outlived the run: {processes}"
