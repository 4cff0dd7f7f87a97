"""A sweep of 10,000 objects on a simulated Avi Controller, against bare avisdk DELETEs.

Both delete the same objects of the same controller, a process of its own that starts anew from the
same state for each run, over TLS, with as many connections. The bare loop knows all uuids and the
order before it starts; the sweep finds, judges, orders and deletes them, and reads all again.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

from akoo_avi.cleanup import passes, sweep
from akoo_avi.client import Credential, SessionRegistry
from akoo_avi.ownership import inventory, marks
from akoo_testbed.avisim import Controller, snapshots
from akoo_testbed.avisim import client as avisim_client

from akoo_core import clock, external
from benchmarks import figures, footprint

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # docstrings with invalid escapes
    from avi.sdk import avi_api

TREES = 2_500
"""Of a virtual service, its VIP, its policy set and its pool."""
RUNS = 2
POOL = 8
GOAL = 0.8
CLUSTER = "akoo-0123456789ab"
PASSWORD = "Bench-only-1"
ORDER = (("virtualservice",), ("vsvip", "l4policyset"), ("pool",))


class SavedState(NamedTuple):
    """A state on disk, and what is in it."""

    folder: pathlib.Path
    cloud: str
    uuids: dict[str, list[str]]


class Avisim(NamedTuple):
    """One that runs."""

    port: int
    ca_file: pathlib.Path


async def ten_thousand() -> None:
    """Rates of both, their quotient, and how the sweep's memory grows."""
    with tempfile.TemporaryDirectory(prefix="akoo-bench-") as name:
        scene = await asyncio.to_thread(_furnish, pathlib.Path(name))
        count = sum(map(len, scene.uuids.values()))
        print(f"-- {count} objects, pool of {POOL}, load {os.getloadavg()[0]:.1f} before")
        bare, ours, memory, quotients = [], [], [], []
        for _ in range(RUNS):
            async with _running(scene) as avisim:
                bare.append(count / await asyncio.to_thread(_bare, avisim, scene))
            async with _running(scene) as avisim:
                seconds, grown = await _swept(avisim, scene)
                ours.append(count / seconds)
                memory.append(grown)
            quotients.append(ours[-1] / bare[-1])
    figures.show("bare avisdk DELETE loop", "/s", bare)
    figures.show("sweep, reading and judging included", "/s", ours)
    figures.show("sweep against bare", "x", quotients, f">= {GOAL}")
    figures.show("sweep: RSS above the process before it", "MiB", memory)


def _furnish(folder: pathlib.Path) -> SavedState:
    controller = Controller(password=PASSWORD)
    hand = avisim_client.Client(controller, password=PASSWORD)
    marked = {"markers": [{"key": "clustername", "values": [CLUSTER]}]}
    own = {**marked, "created_by": f"ako-{CLUSTER}"}
    uuids: dict[str, list[str]] = {kind: [] for level in ORDER for kind in level}

    def make(kind: str, **body: object) -> str:
        made = hand.post(kind, body)
        uuids[kind].append(made["uuid"])
        return str(made["url"])

    for number in range(TREES):
        name = f"{CLUSTER}--red-{number}"
        pool = make("pool", name=name, **own)
        select = {"action_type": "L4_RULE_ACTION_SELECT_POOL", "pool_ref": pool}
        rules = [{"index": 0, "name": "r", "action": {"select_pool": select}}]
        policy = make("l4policyset", name=name, l4_connection_policy={"rules": rules}, **own)
        make(
            "virtualservice",
            name=name,
            vsvip_ref=make("vsvip", name=name, **marked),
            l4_policies=[{"index": 0, "l4_policy_set_ref": policy}],
            **own,
        )
    state = snapshots.dump(controller.snapshot(), controller.state.profile.name)
    (folder / "state.json").write_text(state)
    (folder / "password").write_text(PASSWORD)
    cloud = next(controller.state.objects.named("cloud", "Default-Cloud")).uuid
    return SavedState(folder, cloud, uuids)


@contextlib.asynccontextmanager
async def _running(scene: SavedState) -> AsyncIterator[Avisim]:
    state = scene.folder / "run.json"  # it is written at the end
    state.write_text((scene.folder / "state.json").read_text())
    ca_file = scene.folder / "ca.pem"
    line = [sys.executable, "-m", "akoo_testbed.cli", "avisim", "--ca-file", str(ca_file)]
    line += ["--password-file", f"{scene.folder}/password", "--state", str(state)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("no output to read the port from")
            url = await asyncio.to_thread(process.stdout.readline)
            yield Avisim(int(url.strip().rpartition(":")[2]), ca_file)
        finally:
            process.terminate()


def _bare(avisim: Avisim, scene: SavedState) -> float:
    """Seconds for all DELETEs, level by level, by threads that share a session."""
    session = avi_api.ApiSession.get_session(
        "127.0.0.1", "admin", PASSWORD, port=avisim.port, verify=str(avisim.ca_file)
    )
    session.trust_env = False  # else a CA bundle of the environment wins over verify

    def delete(path: str) -> None:
        status = session.delete(path).status_code
        if status != 204:
            raise RuntimeError(f"DELETE {path}: {status}")

    started = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(POOL) as threads:
        for level in ORDER:
            paths = [f"{kind}/{uuid}" for kind in level for uuid in scene.uuids[kind]]
            list(threads.map(delete, paths))
    seconds = time.perf_counter() - started
    session.delete_session()
    session.close()
    return seconds


async def _swept(avisim: Avisim, scene: SavedState) -> tuple[float, float]:
    """Seconds of a whole sweep, and how many MiB the process grew at most."""
    controllers = SessionRegistry(pool_size=POOL)
    who = Credential("admin", PASSWORD, avisim.ca_file.read_text())
    through = external.External()
    client = await controllers.client(f"127.0.0.1:{avisim.port}", who, external=through)
    mark = marks.Mark(cluster_name=CLUSTER, cloud_uuid=scene.cloud)
    log = logging.LoggerAdapter(logging.getLogger("benchmarks"))
    with _watched() as peak:
        started = time.perf_counter()
        first = await inventory.collect(client, mark, suspects=False)
        outcome = await passes.run(client, mark, first, clock=clock.SystemClock(), log=log)
        seconds = time.perf_counter() - started
    await controllers.close()
    if outcome.left.own_count:
        raise RuntimeError(
            f"{outcome.left.own_count} objects are left: {sweep.result('', outcome)}"
        )
    return seconds, max(peak) - peak[0]


@contextlib.contextmanager
def _watched() -> Iterator[Sequence[float]]:
    """Memory of this process, in MiB, ten times a second."""
    samples = [footprint.rss_mib("self")]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            samples.append(footprint.rss_mib("self"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()
