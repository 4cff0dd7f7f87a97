"""`akoo-core sandbox cluster`: on a sandbox only, one Cluster of a name, and until AKO runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from akoo_testbed.provider import manifests

from akoo_core import errors
from akoo_core.kube import resource
from akoo_core.kube.resource import Resource
from akoo_core.sandbox import clusters, demo
from akoo_core.sandbox.stage import StoryError
from akoo_core.testing import memory, virtual_time

SECONDS = 60.0


def sandbox() -> memory.MemoryServer:
    """A server that serves the kinds of the fake provider, too."""
    server = memory.MemoryServer()
    for obj in demo.living("web")[1:]:
        group, _, version = obj["apiVersion"].rpartition("/")
        kind = obj["kind"]
        server.served.serve(Resource(group, version, f"{kind.lower()}s", kind))
    return server


def record(name: str, cluster: str, phase: str = "") -> dict[str, Any]:
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AKODeployment",
        "metadata": {"name": name},
        "spec": {"clusterRef": {"namespace": demo.NAMESPACE, "name": cluster}},
        "status": {"phase": phase} if phase else {},
    }


def test_it_returns_the_record_that_is_running() -> None:
    server = sandbox()
    server.seed(record("akoo-other", "shop", "Running"), record("akoo-web", "web"))

    async def scene() -> str:
        client = server.client()
        created = asyncio.create_task(clusters.create(client, "web", seconds=SECONDS))
        await asyncio.sleep(1)
        assert not created.done(), "its record is new"
        await client.merge_patch(
            resource.AKO_DEPLOYMENTS,
            "akoo-web",
            {"status": {"phase": "Running"}},
            subresource="status",
        )
        return await created

    assert virtual_time.run(lambda _: scene()) == "akoo-web"
    (made,) = server.objects(resource.CLUSTERS, demo.NAMESPACE)
    assert made["metadata"]["name"] == "web"
    assert made["metadata"]["labels"].items() >= demo.LABELS.items(), "the config selects it"


def test_a_management_cluster_that_is_no_sandbox_is_not_touched() -> None:
    server = memory.MemoryServer()
    with pytest.raises(errors.InputError, match=r"no sandbox: it has no FakeCluster in infra"):
        virtual_time.run(lambda _: clusters.create(server.client(), "web"))
    assert server.objects(resource.CLUSTERS) == []
    names = [obj["metadata"]["name"] for obj in server.objects(resource.NAMESPACES)]
    assert demo.NAMESPACE not in names


def test_a_name_that_is_taken() -> None:
    server = sandbox()
    server.seed(*manifests.cluster(demo.NAMESPACE, "web", workers=0))
    with pytest.raises(errors.InputError, match=r"demo/web exists already\. Choose another name"):
        virtual_time.run(lambda _: clusters.create(server.client(), "web"))


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([record("akoo-shop", "shop", "Running")], "no AKODeploymentConfig selects it"),
        ([record("akoo-web", "web", "Deploying")], "its record akoo-web is Deploying"),
    ],
)
def test_it_says_why_ako_does_not_run(records: list[dict[str, Any]], why: str) -> None:
    server = sandbox()
    server.seed(*records)
    with pytest.raises(StoryError, match=f"cluster demo/web is late: {why}"):
        virtual_time.run(lambda _: clusters.create(server.client(), "web", seconds=SECONDS))
