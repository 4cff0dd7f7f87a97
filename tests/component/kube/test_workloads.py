"""Clients of workload clusters: a real API server behind kubeconfig Secrets of one in memory."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import yaml

from akoo_core import clock, external
from akoo_core.kube import errors, workloads
from akoo_core.kube.resource import NAMESPACES, SECRETS
from akoo_core.telemetry import redaction
from akoo_core.testing import MemoryServer


class ClientsWorld:
    """A management cluster in memory, and the pool under test."""

    def __init__(self) -> None:
        self.clock = clock.ManualClock()
        self.management = MemoryServer(clock=self.clock)
        self.kube = self.management.client()
        self.pool = workloads.WorkloadClients(
            self.kube,
            external=external.External(),
            clock=self.clock,
            deadline_seconds=5,
            allow_local_addresses=True,
        )

    async def store(self, name: str, kubeconfig: str) -> None:
        data = {"value": base64.b64encode(kubeconfig.encode()).decode()}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{name}-kubeconfig", "namespace": "demo"},
            "data": data,
        }
        await self.kube.apply(SECRETS, secret)


@pytest.fixture
async def world() -> AsyncIterator[ClientsWorld]:
    world = ClientsWorld()
    yield world
    await world.pool.close()


def changed(kubeconfig: str, change: Callable[[dict[str, Any], dict[str, Any]], object]) -> str:
    config = yaml.safe_load(kubeconfig)
    change(config["clusters"][0]["cluster"], config["users"][0]["user"])
    text: str = yaml.safe_dump(config)
    return text


def with_token(token: str) -> Callable[[dict[str, Any], dict[str, Any]], object]:
    def change(_: dict[str, Any], user: dict[str, Any]) -> None:
        user.clear()
        user["token"] = token

    return change


@pytest.fixture
def admin(real_server: Any) -> str:
    text: str = real_server.running.kubeconfig
    return text


async def test_it_reaches_the_cluster(world: ClientsWorld, admin: str, real_api: Any) -> None:
    await world.store("shop", admin)
    client = await world.pool.client_for("demo", "shop", "uid-1")
    expected = await real_api.client.get(NAMESPACES, "kube-system")
    assert await workloads.kube_system_uid(client) == expected["metadata"]["uid"]
    assert await world.pool.client_for("demo", "shop", "uid-1") is client
    assert world.pool.silent_seconds("uid-1") == 0.0


async def test_no_secret_or_a_wrong_one(world: ClientsWorld) -> None:
    with pytest.raises(errors.NotFoundError, match="shop-kubeconfig"):
        await world.pool.client_for("demo", "shop", "uid-1")
    await world.store("shop", "")
    with pytest.raises(errors.KubeconfigError) as caught:
        await world.pool.client_for("demo", "shop", "uid-1")
    assert caught.value.reason == "KubeconfigInvalid"
    assert world.pool.silent_seconds("uid-1") == 0.0


async def test_a_refused_kubeconfig_does_not_replace_a_good_one(
    world: ClientsWorld, admin: str
) -> None:
    await world.store("shop", admin)
    client = await world.pool.client_for("demo", "shop", "uid-1")
    await world.store("shop", changed(admin, lambda c, u: u.update({"exec": {"command": "x"}})))
    with pytest.raises(errors.KubeconfigError) as caught:
        await world.pool.client_for("demo", "shop", "uid-1")
    assert caught.value.reason == "KubeconfigExecRefused"
    await client.get(NAMESPACES, "kube-system")


async def test_a_changed_secret_changes_the_user(
    world: ClientsWorld, admin: str, real_server: Any
) -> None:
    await world.store("shop", admin)
    client = await world.pool.client_for("demo", "shop", "uid-1")
    await client.get(NAMESPACES, "kube-system")
    await world.store("shop", real_server.running.client_kubeconfig("nobody"))
    assert await world.pool.client_for("demo", "shop", "uid-1") is client
    with pytest.raises(errors.ForbiddenError, match="user of the cluster's kubeconfig lacks get"):
        await client.get(NAMESPACES, "kube-system")


async def test_a_401_reads_the_secret_once_more(world: ClientsWorld, admin: str) -> None:
    stale = "stale-token-of-the-workload-tests"
    await world.store("shop", changed(admin, with_token(stale)))
    client = await world.pool.client_for("demo", "shop", "uid-1")
    reads = len(world.management.faults.calls)
    with pytest.raises(errors.UnauthorizedError):
        await client.get(NAMESPACES, "kube-system")
    assert len(world.management.faults.calls) == reads + 1
    await world.store("shop", admin)
    await client.get(NAMESPACES, "kube-system")
    assert redaction.redact(f"a {stale}") == "a [redacted]"


async def test_a_vanished_secret_leaves_the_client(world: ClientsWorld, admin: str) -> None:
    await world.store("shop", admin)
    client = await world.pool.client_for("demo", "shop", "uid-1")
    await world.kube.delete(SECRETS, "shop-kubeconfig", "demo")
    assert await world.pool.client_for("demo", "shop", "uid-1") is client
    with pytest.raises(errors.NotFoundError):
        await world.pool.client_for("demo", "shop", "another-uid")


async def test_another_authority_is_not_trusted(
    world: ClientsWorld, admin: str, other_authority: str
) -> None:
    await world.store(
        "shop",
        changed(admin, lambda c, u: c.update({"certificate-authority-data": other_authority})),
    )
    client = await world.pool.client_for("demo", "shop", "uid-1")
    with pytest.raises(errors.UnreachableError, match="no answer from it that can be") as caught:
        await client.get(NAMESPACES, "kube-system")
    assert "certificate is not trusted" in caught.value.detail


async def test_a_silent_cluster_delays_no_other(world: ClientsWorld, admin: str) -> None:
    await world.store("shop", admin)
    await world.store(
        "dead", changed(admin, lambda c, u: c.update({"server": "https://127.0.0.1:9"}))
    )
    dead = await world.pool.client_for("demo", "dead", "uid-dead")
    for _ in range(2):
        with pytest.raises(errors.UnreachableError):
            await dead.get(NAMESPACES, "kube-system")
    with pytest.raises(errors.CircuitOpenError):
        await dead.get(NAMESPACES, "kube-system")
    world.clock.advance(30)
    assert world.pool.silent_seconds("uid-dead") == pytest.approx(30)
    alive = await world.pool.client_for("demo", "shop", "uid-shop")
    await alive.get(NAMESPACES, "kube-system")
    assert world.pool.silent_seconds("uid-shop") == 0.0
    await world.pool.forget("uid-dead")
    assert world.pool.silent_seconds("uid-dead") == 0.0
    await world.pool.forget("uid-dead")


async def test_a_forgotten_client_is_closed(world: ClientsWorld, admin: str) -> None:
    await world.store("shop", admin)
    client = await world.pool.client_for("demo", "shop", "uid-1")
    await client.get(NAMESPACES, "kube-system")
    await world.pool.forget("uid-1")
    with pytest.raises(errors.UnreachableError, match="has been closed"):
        await client.get(NAMESPACES, "kube-system")


async def test_keys_leave_no_files(
    world: ClientsWorld, admin: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    await world.store("shop", admin)
    await world.pool.client_for("demo", "shop", "uid-1")
    monkeypatch.delattr("os.memfd_create")
    await world.store("pay", admin)
    client = await world.pool.client_for("demo", "pay", "uid-2")
    await client.get(NAMESPACES, "kube-system")
    assert list(tmp_path.iterdir()) == []
