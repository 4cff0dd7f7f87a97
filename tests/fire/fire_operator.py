"""Operators behind the gate, with the plugin of these tests found as any installed one is."""

from __future__ import annotations

import asyncio
import os
import pathlib
import signal
import time
from collections.abc import Mapping

from akoo_testbed import base
from akoo_testbed.kube import kubeconfig

from akoo_core.sandbox import install, process
from tests.fire import fire_gate, fire_journal, fire_plugin

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = ("ako", fire_plugin.NAME)

SHORT_LEASE = {
    "AKOO_LEADER_ELECTION__ENABLED": "true",
    "AKOO_LEADER_ELECTION__LEASE_SECONDS": "8",
    "AKOO_LEADER_ELECTION__RENEW_DEADLINE_SECONDS": "5",
    "AKOO_LEADER_ELECTION__RETRY_SECONDS": "0.3",
    "AKOO_DEADLINES__EXTERNAL_SECONDS": "2",
    "AKOO_WORKLOAD_CLUSTERS__DEADLINE_SECONDS": "2",
}
"""Settings of replicas that share a Lease: short, but a busy machine must not cost the Lease."""


_LOOK_SECONDS = 0.02
_LOOKS = 50
_LEAST_CPU = 0.001


class Replica(process.OperatorProcess):
    """An operator that may end by itself."""

    async def computes_nothing(self) -> None:
        """Wait, a second at most, until it only waits: what it had begun to send is sent."""
        waits, before = 0, 0.0
        for _ in range(_LOOKS):
            used = time.clock_gettime((~self.pid << 3) | 2)  # Linux: the CPU clock of a process
            waits = waits + 1 if _sleeps(self.pid) and used - before < _LEAST_CPU else 0
            if waits == 3:
                return
            before = used
            await asyncio.sleep(_LOOK_SECONDS)

    async def ended(self, seconds: float = fire_journal.PATIENCE_SECONDS) -> int:
        """Wait for its end; the exit code. Raises TimeoutError."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), seconds)


def _sleeps(pid: int) -> bool:
    """True if the first thread of the process waits, and False if it wants to run."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "S"


class Operators:
    """Makes operators; all of them are killed at the end of the test."""

    def __init__(self, base: base.BedBase, gate: fire_gate.Gate, token: str) -> None:
        self.gate = gate
        self._base = base
        self._token = token
        self._made: list[Replica] = []

    async def start(self, replica: str = "a", settings: Mapping[str, str] | None = None) -> Replica:
        """A new process; it is not ready yet. The same name may be used again."""
        base, number = self._base, len(self._made)
        text = kubeconfig.with_token(
            self.gate.management_url(replica), base.authority.pem, self._token
        )
        replica_ = Replica(
            kubeconfig=install.write_private(base.folder / f"fire-{replica}.kubeconfig", text),
            plugins=PLUGINS,
            log=base.log_file(f"operator-{base.folder.name}-{replica}-{number}"),
            environment={
                "PYTHONPATH": os.pathsep.join((str(_distribution(base.folder)), str(ROOT))),
                "AKOO_PLUGINS__FIRE__URL": self.gate.outside_url(replica),
                "AKOO_MIN_INTERVAL_SECONDS": "0.1",
                "AKOO_LOG__LEVEL": "debug",
                "AKOO_LEADER_ELECTION__ENABLED": "false",
                **(settings or {}),
            },
        )
        self._made.append(replica_)
        await replica_.start()
        return replica_

    async def ready(self, replica: str = "a", settings: Mapping[str, str] | None = None) -> Replica:
        """A new process that answers ready."""
        started = await self.start(replica, settings)
        await started.ready(fire_journal.PATIENCE_SECONDS)
        return started

    async def close(self) -> None:
        for replica_ in self._made:
            await replica_.stop(signal.SIGKILL)


def _distribution(folder: pathlib.Path) -> pathlib.Path:
    """A folder that offers the plugin by an entry point, as an installed distribution does."""
    offered = folder / "fire-plugins"
    info = offered / "akoo_fire-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: akoo-fire\nVersion: 1.0\n")
    target = f"{fire_plugin.__name__}:{fire_plugin.FirePlugin.__name__}"
    (info / "entry_points.txt").write_text(f"[akoo_core.plugins]\n{fire_plugin.NAME} = {target}\n")
    return offered
