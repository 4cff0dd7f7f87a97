"""A Pod's program as a process: its environment, mounts and account, its probes, and its end."""

import asyncio
import collections.abc
import dataclasses
import json
import os
import pathlib
import signal
import sys
import typing

import pytest
import yaml
from akoo_testbed import base, kubeapi
from akoo_testbed.kubelet import host
from akoo_testbed.kubelet.options import KubeletOptions
from akoo_testbed.kubelet.program import Container, Exit, Switches
from akoo_testbed.process import processes

PROGRAM = """
import json, os, pathlib, signal, sys
from http import server

health = {"/healthz": 200, "/readyz": 503}

class Handler(server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(health[self.path])
        self.end_headers()
    def log_message(self, *arguments):
        pass

def end(*signal):
    pathlib.Path(os.environ["OUT"], "ended").write_text("by SIGTERM")
    sys.exit(0)

signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGUSR1, lambda *_: health.update({"/readyz": 200}))
signal.signal(signal.SIGUSR2, lambda *_: health.update({"/healthz": 500}))
serving = server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
seen = {"arguments": sys.argv[1:], "environment": dict(os.environ), "pid": os.getpid()}
seen["config"] = pathlib.Path(os.environ["CONFIG"]).read_text()
out = pathlib.Path(os.environ["OUT"], "seen.new")
out.write_text(json.dumps(seen))
out.rename(out.with_suffix(".json"))
serving.serve_forever()
"""

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "op-1", "namespace": "lb", "uid": "u1"},
    "spec": {
        "serviceAccountName": "operator",
        "containers": [
            {
                "name": "main",
                "args": ["--config", "/etc/op/config.yaml"],
                "env": [
                    {"name": "CONFIG", "value": "/etc/op/config.yaml"},
                    {"name": "OWN", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                    {
                        "name": "LEVEL",
                        "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}},
                    },
                ],
                "volumeMounts": [
                    {"name": "config", "mountPath": "/etc/op"},
                    {"name": "tmp", "mountPath": "/tmp"},
                ],
                "livenessProbe": {"httpGet": {"path": "/healthz"}, "failureThreshold": 2},
                "readinessProbe": {"httpGet": {"path": "/readyz"}},
            }
        ],
        "volumes": [
            {"name": "config", "configMap": {"name": "settings"}},
            {"name": "tmp", "emptyDir": {}},
        ],
    },
}
CONFIG = {"data": {"config.yaml": "workers: 3\n", "level": "debug"}}


class Api:
    """The two answers that a Pod needs."""

    async def get(self, kind: str, namespace: str, name: str) -> dict[str, typing.Any]:
        assert (kind, namespace, name) == ("v1/ConfigMap", "lb", "settings")
        return CONFIG

    async def token(self, namespace: str, account: str) -> str:
        return f"token of {namespace}/{account}"


@dataclasses.dataclass
class Authority:
    pem: str = "the CA"


@dataclasses.dataclass
class Base:
    """As much of a bed as a program uses."""

    folder: pathlib.Path
    processes: processes.Processes
    authority: Authority = dataclasses.field(default_factory=Authority)

    def log_file(self, name: str) -> pathlib.Path:
        return self.folder / f"{name}.log"


class Running:
    """A program that runs, and its reports."""

    def __init__(self, folder: pathlib.Path, spawner: processes.Processes) -> None:
        self.folder = folder
        self.changed = asyncio.Event()
        self.reports: list[bool] = []
        bed = typing.cast("base.BedBase", Base(folder, spawner))
        words = (sys.executable, "-c", PROGRAM)
        program = host.HostProgram(bed, "https://api:1", words, "PORT", {"OUT": str(folder)})
        self.container = Container(
            pod=typing.cast("dict[str, typing.Any]", POD),
            api=typing.cast("kubeapi.KubeApi", Api()),
            switches=Switches(KubeletOptions(probe_seconds=0.02)),
            report=self._report,
        )
        self.task: asyncio.Task[Exit] = asyncio.create_task(program(self.container))

    def _report(self, ready: bool) -> None:
        self.reports.append(ready)
        self.changed.set()

    async def until_reported(self, ready: bool) -> None:
        """Return when the next report is this one."""
        self.reports.clear()
        while not self.reports or self.reports[-1] is not ready:
            self.changed.clear()
            await self.changed.wait()

    async def seen(self) -> dict[str, typing.Any]:
        """The program's own view, as it wrote it."""
        file = self.folder / "seen.json"
        while not file.exists():  # noqa: ASYNC110 - written by another process
            await asyncio.sleep(0.02)
        return typing.cast("dict[str, typing.Any]", json.loads(file.read_text()))


@pytest.fixture
async def running(tmp_path: pathlib.Path) -> collections.abc.AsyncIterator[Running]:
    spawner = processes.Processes()
    await spawner.start()
    started = Running(tmp_path, spawner)
    try:
        async with asyncio.timeout(60):
            await started.seen()
            yield started
    finally:
        started.task.cancel()
        await asyncio.gather(started.task, return_exceptions=True)
        await spawner.stop()


def read_account(path: str) -> typing.Any:
    """The user of a kubeconfig that nobody else may read."""
    file = pathlib.Path(path)
    assert file.stat().st_mode & 0o077 == 0
    return yaml.safe_load(file.read_text())["users"][0]["user"]


async def test_it_sees_what_its_pod_says(running: Running, tmp_path: pathlib.Path) -> None:
    seen = await running.seen()
    assert seen["config"] == "workers: 3\n"
    place = tmp_path / "pods" / "u1" / "volumes" / "config" / "config.yaml"
    assert seen["arguments"] == ["--config", str(place)]
    environment = seen["environment"]
    assert (environment["OWN"], environment["LEVEL"]) == ("lb", "debug")
    assert read_account(environment["KUBECONFIG"]) == {"token": "token of lb/operator"}


async def test_its_probes_are_asked(running: Running) -> None:
    await running.until_reported(False)
    child = (await running.seen())["pid"]
    assert running.container.up.is_set()
    _signal(child, "SIGUSR1")
    await running.until_reported(True)
    _signal(child, "SIGUSR2")
    assert await running.task == Exit(137, "the liveness probe failed")


async def test_it_gets_sigterm_and_its_grace(running: Running, tmp_path: pathlib.Path) -> None:
    await running.until_reported(False)
    running.container.ending.grace_seconds = 30.0
    running.task.cancel()
    await asyncio.wait((running.task,))
    assert (tmp_path / "ended").read_text() == "by SIGTERM"


async def test_without_a_grace_it_is_killed(running: Running, tmp_path: pathlib.Path) -> None:
    await running.until_reported(False)
    running.task.cancel()
    await asyncio.wait((running.task,))
    assert not (tmp_path / "ended").exists()


def _signal(process: int, name: str) -> None:
    os.kill(process, signal.Signals[name])
