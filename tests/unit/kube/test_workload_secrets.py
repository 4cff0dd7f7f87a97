"""A kubeconfig is read again only when the caches show another Secret, or a 401 says so."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from akoo_core import clock, external
from akoo_core.kube import errors, workloads
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.telemetry import redaction
from akoo_core.testing import memory

NAME = names.kubeconfig_secret_name("shop")
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://shop.example:6443"}}]
users: [{name: u, user: {token: a-token-of-nobody}}]
"""


def secret(text: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": "demo", "name": NAME},
        "data": {"value": base64.b64encode(text.encode()).decode()},
    }


class SecretsWorld:
    """A management cluster with one kubeconfig, and what the caches say of it."""

    def __init__(self) -> None:
        self.server = memory.MemoryServer()
        self.server.seed(secret(KUBECONFIG))
        self.seen: str | None = self.version()
        self.clients = workloads.WorkloadClients(
            self.server.client(),
            external=external.External(),
            clock=clock.ManualClock(),
            version_of=lambda namespace, name: self.seen if (namespace, name) == key else None,
        )
        key = ("demo", NAME)

    def version(self) -> str:
        (secret,) = self.server.objects(resources.SECRETS)
        return f"{secret['metadata']['uid']}/{secret['metadata']['resourceVersion']}"

    async def change(self, text: str) -> None:
        """Another kubeconfig, which the caches have seen."""
        patch = {"data": secret(text)["data"]}
        await self.server.client().merge_patch(resources.SECRETS, NAME, patch, "demo")
        self.seen = self.version()

    async def ask(self) -> int:
        """Count the reads that it takes to get the client."""
        before = len(self.server.faults.calls)
        await self.clients.client_for("demo", "shop", "uid-1")
        return len(self.server.faults.calls) - before


@pytest.fixture
async def world() -> Any:
    made = SecretsWorld()
    yield made
    await made.clients.close()


async def test_it_is_read_once_while_it_is_the_same(world: SecretsWorld) -> None:
    assert [await world.ask() for _ in range(3)] == [1, 0, 0]


async def test_a_change_is_read_once(world: SecretsWorld) -> None:
    await world.ask()
    changed = secret(KUBECONFIG.replace("shop.example", "new.example"))
    client = world.server.client()
    await client.merge_patch(resources.SECRETS, NAME, {"data": changed["data"]}, "demo")
    assert await world.ask() == 0, "the caches have not seen it yet; an event follows"
    world.seen = world.version()
    assert [await world.ask(), await world.ask()] == [1, 0]


async def test_a_change_of_anything_else_is_read_once(world: SecretsWorld) -> None:
    await world.ask()
    client = world.server.client()
    note = {"metadata": {"annotations": {"note": "one"}}}
    await client.merge_patch(resources.SECRETS, NAME, note, "demo")
    world.seen = world.version()
    assert [await world.ask(), await world.ask()] == [1, 0]


@pytest.mark.parametrize("seen", [None, "", "another/1"], ids=["unknown", "gone", "another"])
async def test_caches_that_say_something_else_prove_nothing(
    world: SecretsWorld, seen: str | None
) -> None:
    await world.ask()
    world.seen = seen
    assert [await world.ask(), await world.ask()] == [1, 1]


async def test_another_cluster_of_that_name_reads_for_itself(world: SecretsWorld) -> None:
    await world.ask()
    await world.clients.forget("uid-1")
    assert await world.ask() == 1
    await world.server.client().delete(resources.SECRETS, NAME, "demo")
    with pytest.raises(errors.NotFoundError):
        await world.clients.client_for("demo", "shop", "uid-2")


async def test_a_new_kubeconfig_ends_the_pause(world: SecretsWorld) -> None:
    await world.ask()
    breaker = world.clients._pool["uid-1"].circuit
    breaker.failed()
    breaker.failed()
    assert await world.ask() == 0
    assert breaker.refused_seconds() > 0.0, "the same kubeconfig says nothing new"
    await world.change(KUBECONFIG.replace("shop.example", "new.example"))
    assert await world.ask() == 1
    assert breaker.refused_seconds() == 0.0
    assert world.clients.silent_seconds("uid-1") == 0.0


async def test_short_tokens_do_not_mask_words_in_our_log(world: SecretsWorld) -> None:
    await world.change(KUBECONFIG.replace("a-token-of-nobody", "Cluster"))
    await world.ask()
    assert redaction.redact("the Cluster demo/shop") == "the Cluster demo/shop"
    await world.change(KUBECONFIG.replace("a-token-of-nobody", "a-longer-token-of-nobody"))
    await world.ask()
    assert redaction.redact("a-longer-token-of-nobody") == redaction.MASK
