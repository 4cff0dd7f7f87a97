"""Answers of a workload cluster about objects that Kubernetes would not give."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import external
from akoo_core.kube import errors, listing
from akoo_core.kube import resource as resources
from akoo_core.kube.client import Page
from akoo_core.reconcile.deploy import inventory, objects
from akoo_core.testing import memory
from akoo_core.testing.memory import client as memory_client
from tests.unit.reconcile import deploy_world
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.deploy_world import DeployWorld


class Odd(memory_client.MemoryClient):
    """A workload cluster whose definitions are not what they should be."""

    def __init__(self, server: memory.MemoryServer, spec: Any) -> None:
        super().__init__(server, external.External(), system="workload", field_manager="test")
        self._spec = spec

    async def get(self, resource: Any, name: str, namespace: str | None = None) -> dict[str, Any]:
        obj = await super().get(resource, name, namespace)
        return {**obj, **self._spec}


@pytest.mark.parametrize(
    "odd",
    [
        {"spec": 7},
        {"spec": {"versions": "v1"}},
        {"spec": {"versions": [{"name": ["v1"]}]}},
        {"spec": {"names": {"plural": 7}}},
        {"status": {"conditions": [7]}},
        {"status": {"conditions": [{"type": 1}]}},
    ],
)
async def test_a_definition_of_wrong_types_is_a_typed_error(
    world: DeployWorld, odd: dict[str, Any]
) -> None:
    await world.deploy(deploy_world.CRD)
    workload_objects = objects.WorkloadObjects(builders.RECORD, Odd(world.workload, odd))
    key = inventory.ObjectKey(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "",
        deploy_world.CRD["metadata"]["name"],
    )
    with pytest.raises(errors.ServerError, match="not a CustomResourceDefinition"):
        await workload_objects.read("apiextensions.k8s.io/v1", key)


@pytest.mark.parametrize(
    "names", [{"plural": "../../secrets", "kind": "X"}, {"plural": "x" * 300, "kind": "X"}]
)
async def test_a_definition_whose_names_are_none_has_objects_for_all_we_know(
    world: DeployWorld, names: dict[str, str]
) -> None:
    await world.deploy(deploy_world.CRD)
    spec = {"spec": {**deploy_world.CRD["spec"], "names": names}}
    workload_objects = objects.WorkloadObjects(builders.RECORD, Odd(world.workload, spec))
    key = inventory.ObjectKey(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "",
        deploy_world.CRD["metadata"]["name"],
    )
    why = await workload_objects.remove("apiextensions.k8s.io/v1", key)
    assert "objects of that kind exist" in why


class Endless(memory_client.MemoryClient):
    """Lists that never come to an end."""

    def __init__(self, server: memory.MemoryServer) -> None:
        super().__init__(server, external.External(), system="workload", field_manager="test")
        self.pages = 0

    async def list(self, *arguments: Any, **options: Any) -> Page:
        self.pages += 1
        return Page([], "1", f"page-{self.pages}")


async def test_a_list_that_does_not_end_is_left(world: DeployWorld) -> None:
    client = Endless(world.workload)
    assert await objects.WorkloadObjects(builders.RECORD, client).definition_names() is None
    assert client.pages == objects.DEFINITION_PAGES
    with pytest.raises(errors.ServerError, match="more than 3 pages"):
        await listing.every(client, resources.SECRETS, pages=3)
