"""A management cluster in memory for the commands, and its objects."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from akoo_core import external, structs
from akoo_core.__main__ import run
from akoo_core.cli import management
from akoo_core.kube import client, resource
from akoo_core.kube.access import kubefiles
from akoo_core.objects import conditions, record
from akoo_core.testing import builders
from akoo_core.testing.memory import MemoryServer

RECORDS = resource.AKO_DEPLOYMENTS
NOW = builders.CREATED + datetime.timedelta(hours=3)
Output = tuple[int, str, str]
Condition = conditions.Condition


def condition(
    kind: str, status: conditions.Status, reason: str, message: str = "", minutes: int = 40
) -> Condition:
    """A condition that turned so many minutes before NOW."""
    at = NOW - datetime.timedelta(minutes=minutes)
    return Condition(
        type=kind, status=status, reason=reason, message=message, last_transition_time=at
    )


class CommandWorld:
    """The cluster, and the command line over it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.server = MemoryServer()
        self._capsys = capsys

    def cluster(self, key: str = "team-a/shop", **fields: Any) -> str:
        """Seed a Cluster; its UID."""
        namespace, name = key.split("/")
        self._seed(builders.cluster_object(name, namespace, **fields))
        metadata = [
            cluster["metadata"]
            for cluster in self.server.objects(resource.CLUSTERS, namespace)
            if cluster["metadata"]["name"] == name
        ]
        uid: str = metadata[0]["uid"]
        return uid

    def config(self, name: str, labels: dict[str, str] | None = None, **spec: Any) -> None:
        selector = {"clusterSelector": {"matchLabels": labels}} if labels else {}
        self._seed(builders.config({**selector, **spec}, name=name))

    def _seed(self, obj: client.Object) -> None:
        del obj["metadata"]["resourceVersion"]
        self.server.seed(obj)

    def record(
        self,
        name: str = "akoo-1",
        key: str = "team-a/shop",
        *,
        uid: str = builders.CLUSTER_UID,
        config: str = "default",
        config_uid: str = builders.CONFIG_UID,
        status: record.RecordStatus | None = None,
        annotations: dict[str, str] | None = None,
        **spec: Any,
    ) -> None:
        """Seed the record of a Cluster; ``spec`` are fields of RecordSpec."""
        namespace, cluster = key.split("/")
        made = builders.record_spec(
            cluster_ref=record.ClusterRef(namespace=namespace, name=cluster, uid=uid),
            config_ref=record.ConfigRef(name=config, uid=config_uid),
            **spec,
        )
        obj = record.to_object(name, made)
        obj["metadata"]["annotations"] = dict(annotations or {})
        obj["status"] = structs.to_object(status or record.RecordStatus())
        self.server.seed(obj)

    def annotations(self, name: str = "akoo-1") -> dict[str, str]:
        """Of a record, as they are stored."""
        for obj in self.server.objects(RECORDS):
            if obj["metadata"]["name"] == name:
                return dict(obj["metadata"].get("annotations") or {})
        raise LookupError(name)

    def __call__(self, *arguments: str) -> Output:
        """Exit code, stdout, stderr of a command."""
        code = run(list(arguments))
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err


def open_world(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    used: Callable[[kubefiles.KubeconfigChoice], None] = lambda _: None,
) -> CommandWorld:
    """A world whose commands reach it, whatever kubeconfig they choose (``used`` is told which)."""
    world = CommandWorld(capsys)

    async def connect(
        choice: kubefiles.KubeconfigChoice, seam: external.External | None = None
    ) -> client.KubeClient:
        used(choice)
        return world.server.client(external=seam)

    monkeypatch.setattr(management, "connect", connect)
    monkeypatch.setattr("akoo_core.cli.fleet.now", lambda: NOW)
    for variable in ("KUBECONFIG", "AKOO_KUBECONFIG"):
        monkeypatch.delenv(variable, raising=False)
    return world
