"""Remnants of a deleted Cluster's machines. An object that cannot be read counts as left."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import external, structs
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.reconcile.read import machines
from akoo_core.testing import memory
from akoo_core.testing.memory import client as memory_client
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_fleet

LABEL = names.CAPI_CLUSTER_NAME_LABEL


@pytest.fixture
def server() -> memory.MemoryServer:
    kinds = (*memory.BUILT_IN, reconcile_fleet.MACHINE_POOLS, reconcile_fleet.FAKE_INFRA)
    return memory.MemoryServer(resources=kinds)


def thing(kind: resources.Resource, name: str, **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "demo", "labels": {LABEL: "shop"} | labels}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}


def target(**ref: Any) -> Cluster:
    reference = {
        "apiGroup": reconcile_fleet.FAKE_INFRA.group,
        "kind": "FakeCluster",
        "name": "shop",
    } | ref
    raw = builders.make_cluster().raw | {"spec": {"infrastructureRef": reference}}
    return structs.replace(builders.make_cluster(deleting=True), raw=raw)


async def left(server: memory.MemoryServer, cluster: Cluster) -> machines.Remnants:
    return await machines.remnants(server.client(), resources.CLUSTERS, cluster)


async def test_nothing_is_left(server: memory.MemoryServer) -> None:
    server.seed(thing(resources.MACHINES, "other", **{LABEL: "another-cluster"}))
    assert (await left(server, target())).nothing


async def test_machines_pools_and_infrastructure_are_named(server: memory.MemoryServer) -> None:
    plane = "cluster.x-k8s.io/control-plane"
    server.seed(
        thing(resources.MACHINES, "m-1"),
        thing(resources.MACHINES, "m-0", **{plane: ""}),
        thing(reconcile_fleet.MACHINE_POOLS, "p-1"),
        thing(reconcile_fleet.FAKE_INFRA, "shop"),
    )
    remnants = await left(server, target())
    assert not remnants.nothing
    assert str(remnants) == "Machine m-0, Machine m-1, MachinePool p-1, FakeCluster shop"
    assert [machine.control_plane for machine in remnants.machines] == [True, False]


async def test_a_v1beta1_reference_is_understood(server: memory.MemoryServer) -> None:
    server.seed(thing(reconcile_fleet.FAKE_INFRA, "shop"))
    old = target(apiGroup="", apiVersion=reconcile_fleet.FAKE_INFRA.api_version)
    assert (await left(server, old)).others == ("FakeCluster shop",)


async def test_without_machine_pools_there_is_none(server: memory.MemoryServer) -> None:
    server.served.stop(reconcile_fleet.MACHINE_POOLS)
    assert (await left(server, target())).nothing


@pytest.mark.parametrize(
    ("ref", "evidence"),
    [
        ({"kind": "Unheard"}, "Unheard shop (its kind is not served)"),
        ({"apiGroup": "nowhere.example.com"}, "FakeCluster shop (its kind is not served)"),
        ({"name": ""}, "an infrastructure object that the Cluster does not name"),
    ],
)
async def test_what_cannot_be_told_counts_as_left(
    server: memory.MemoryServer, ref: dict[str, str], evidence: str
) -> None:
    assert (await left(server, target(**ref))).others == (evidence,)


class Paths(memory_client.MemoryClient):
    """Notes the paths that are asked for."""

    def __init__(self, server: memory.MemoryServer) -> None:
        super().__init__(server, external.External(), system="kubernetes", field_manager="test")
        self.raw_paths: list[str] = []

    async def raw(self, path: str) -> Any:
        self.raw_paths.append(path)
        return await super().raw(path)


@pytest.mark.parametrize(
    "ref",
    [
        {"apiGroup": "", "apiVersion": "../api/v1/secrets?limit=0&a=/v1"},
        {"apiGroup": "", "apiVersion": "x/../../api/v1/namespaces/other-team/secrets/db?a=/v1"},
        {"apiGroup": "../api/v1/secrets"},
        {"apiGroup": ".."},
        {"apiGroup": "a b"},
        {"apiGroup": "x" * 300},
        {"apiGroup": ["infrastructure.cluster.x-k8s.io"]},
        {"apiGroup": {"a": 1}},
        {"name": "../../../../api/v1/namespaces/other-team/secrets"},
        {"name": ".."},
        {"name": "a%2fb"},
        {"name": 7},
        {"kind": "Fake/Cluster"},
        {"kind": None},
    ],
)
async def test_a_reference_that_names_no_object_never_becomes_a_path(
    server: memory.MemoryServer, ref: dict[str, Any]
) -> None:
    client = Paths(server)
    remnants = await machines.remnants(client, resources.CLUSTERS, target(**ref))
    assert remnants.others == ("an infrastructure object that the Cluster does not name",)
    assert client.raw_paths == []
    assert {call.resource.plural for call in server.faults.calls} == {"machines", "machinepools"}


@pytest.mark.parametrize("ref", [7, "text", ["a"], None])
async def test_a_reference_of_another_type(server: memory.MemoryServer, ref: Any) -> None:
    raw = builders.make_cluster().raw | {"spec": {"infrastructureRef": ref}}
    cluster_ = structs.replace(builders.make_cluster(deleting=True), raw=raw)
    assert (await left(server, cluster_)).others == (
        "an infrastructure object that the Cluster does not name",
    )


async def test_what_must_not_be_read_counts_as_left(server: memory.MemoryServer) -> None:
    server.seed(thing(reconcile_fleet.FAKE_INFRA, "shop"))
    server.served.deny("get", reconcile_fleet.FAKE_INFRA.qualified)
    assert (await left(server, target())).others == ("FakeCluster shop (not allowed to read it)",)


async def test_all_pages_are_read(server: memory.MemoryServer) -> None:
    server.seed(*(thing(resources.MACHINES, f"m-{n}") for n in range(7)))
    server.list_limit = 2
    remnants = await left(server, target())
    assert len(remnants.machines) == 7
    assert str(remnants) == "Machine m-0, Machine m-1, Machine m-2, 4 more Machines"
