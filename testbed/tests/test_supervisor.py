"""Nothing survives its owner: not its death, not the supervisor's."""

import asyncio
import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator

import pytest
from akoo_testbed import errors, waiting
from akoo_testbed.process import processes

GONE_SECONDS = 10.0
OWNER = textwrap.dedent(
    """
    import asyncio, json, os, pathlib, signal, sys
    from akoo_testbed.process import processes

    async def main():
        folder = pathlib.Path(sys.argv[1])
        own = processes.Processes()
        await own.start()
        own.remove_at_end(folder / "data")
        child = await own.spawn(["sh", "-c", "sleep 600 & sleep 600"], log=folder / "log")
        # A fork holds the owner's end of the socket open when the owner is gone.
        if (fork := os.fork()) == 0:
            signal.pause()
        print(json.dumps({"supervisor": own.pid, "child": child.pid, "fork": fork}), flush=True)
        await asyncio.sleep(600)

    asyncio.run(main())
    """
)


def start_owner(folder: pathlib.Path) -> tuple[subprocess.Popen[str], dict[str, int]]:
    (folder / "data").mkdir()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    return owner, json.loads(owner.stdout.readline())


def wait_gone(pidfd: int) -> bool:
    """True if the process ended in time; the descriptor was opened while it lived."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(GONE_SECONDS * 1000))


def members(group: int) -> list[int]:
    """Living processes of a process group; a zombie that nobody collected is dead."""
    children = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = entry.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                children.append(int(entry.parent.name))
    return children


def ends(pid: int) -> bool:
    """True if a process that may be dying is dead in time."""
    with contextlib.suppress(ProcessLookupError):
        pidfd = os.pidfd_open(pid)
        try:
            return wait_gone(pidfd)
        finally:
            os.close(pidfd)
    return True


@pytest.mark.parametrize("victim", ["owner", "supervisor"])
def test_sigkill_of_owner_or_supervisor_takes_the_children_along(
    tmp_path: pathlib.Path, victim: str
) -> None:
    owner, pids = start_owner(tmp_path)
    with owner:
        watched = [os.pidfd_open(pids["child"]), os.pidfd_open(pids["supervisor"])]
        try:
            assert not select.select(watched, [], [], 0)[0]
            assert len(members(pids["child"])) >= 1
            os.kill({"owner": owner.pid, **pids}[victim], signal.SIGKILL)
            assert all(wait_gone(pidfd) for pidfd in watched)
        finally:
            for pidfd in watched:
                os.close(pidfd)
            owner.kill()
            os.kill(pids["fork"], signal.SIGKILL)
    if victim == "owner":  # grandchildren are in the child's group, data in a folder
        assert all(ends(pid) for pid in members(pids["child"]))
        assert not (tmp_path / "data").exists()


@pytest.fixture
async def own() -> AsyncIterator[processes.Processes]:
    started = processes.Processes()
    await started.start()
    yield started
    await started.stop()


async def test_a_child_that_ends_is_reported_with_its_status(
    tmp_path: pathlib.Path, own: processes.Processes
) -> None:
    child = await own.spawn(["sh", "-c", "echo out; echo err >&2; exit 3"], log=tmp_path / "log")
    assert await asyncio.wait_for(child.wait(), GONE_SECONDS) == 3
    assert sorted((tmp_path / "log").read_text().split()) == ["err", "out"]


async def test_stop_gives_the_grace_that_was_asked_for(
    tmp_path: pathlib.Path, own: processes.Processes
) -> None:
    script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    polite = await own.spawn(["sh", "-c", script], log=tmp_path / "polite")
    script = "trap '' TERM; echo ready; exec sleep 600"
    deaf = await own.spawn(["sh", "-c", script], log=tmp_path / "deaf")

    async def ready() -> bool:
        return all((tmp_path / name).read_text() == "ready\n" for name in ("polite", "deaf"))

    await waiting.until(ready, title="the traps", seconds=GONE_SECONDS)
    await asyncio.gather(polite.stop(grace_seconds=GONE_SECONDS), deaf.stop(grace_seconds=0.1))
    assert (polite.status, deaf.status) == (7, -signal.SIGKILL)


async def test_stop_of_all_kills_and_removes(
    tmp_path: pathlib.Path, own: processes.Processes
) -> None:
    for name in ("gone", "kept"):
        (tmp_path / name).mkdir()
        own.remove_at_end(tmp_path / name)
    own.keep(tmp_path / "kept")
    child = await own.spawn(["sleep", "600"], log=tmp_path / "log")
    await own.stop()
    assert child.status == -signal.SIGKILL
    assert not (tmp_path / "gone").exists()
    assert (tmp_path / "kept").exists()
    with pytest.raises(errors.SupervisorError, match="gone"):
        await own.spawn(["sleep", "600"], log=tmp_path / "log")


async def test_a_program_that_is_not_there_is_said_so(
    tmp_path: pathlib.Path, own: processes.Processes
) -> None:
    with pytest.raises(errors.SupervisorError, match="cannot start /no/such: No such file"):
        await own.spawn(["/no/such"], log=tmp_path / "log")
