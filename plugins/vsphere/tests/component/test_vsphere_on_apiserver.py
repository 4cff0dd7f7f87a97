"""CRDs of vSphere on a real API server: accepted, refused with field and cure, immutable."""

from __future__ import annotations

import copy
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from akoo_testbed import definitions, kubeapi, running
from akoo_vsphere.spec import connection, port_group, port_group_status

from akoo_core.plugin import structs
from tests.vsphere import vsphere_corpus as corpus

Json = dict[str, Any]
CRDS = pathlib.Path(__file__).parents[4] / "deploy" / "crds"
IMMUTABLE = "is immutable: delete this object and make another"


@pytest.fixture(scope="session")
def vsphere_server(apiserver: running.RunningServer) -> running.RunningServer:
    """The bare API server with the CRDs of this plugin."""

    async def install() -> None:
        async with kubeapi.KubeApi(apiserver.kubeconfig) as client:
            await definitions.install(client, CRDS)

    apiserver.run(install())
    return apiserver


@pytest.fixture
async def api(vsphere_server: running.RunningServer) -> AsyncIterator[kubeapi.KubeApi]:
    async with kubeapi.KubeApi(vsphere_server.kubeconfig) as client:
        yield client


async def store(api: kubeapi.KubeApi, obj: Json, *, method: str = "POST") -> Json:
    """The object as the server would store it. Raises ApiError where it refuses."""
    obj = copy.deepcopy(obj)
    obj["metadata"].pop("uid", None)
    name = obj["metadata"]["name"] if method == "PUT" else ""
    path = await api.path(kubeapi.kind_of(obj), None, name)
    stored: Json = await api.request(method, path, obj, params={"dryRun": "All"})
    return stored


async def refusal(api: kubeapi.KubeApi, obj: Json, *, method: str = "POST") -> str:
    with pytest.raises(kubeapi.ApiError) as caught:
        await store(api, obj, method=method)
    return str(caught.value)


@pytest.mark.parametrize("name", corpus.GOOD_GROUPS)
async def test_good_port_groups(api: kubeapi.KubeApi, name: str) -> None:
    """Stored as sent, with the defaults that the struct has, too."""
    obj = corpus.port_group(corpus.GOOD_GROUPS[name])
    stored = await store(api, obj)
    sent = port_group.from_object({**obj, "metadata": {"name": "edge", "uid": "u"}})
    assert port_group.from_object(stored).spec == sent.spec


@pytest.mark.parametrize("name", corpus.BAD_GROUPS)
async def test_bad_port_groups(api: kubeapi.KubeApi, name: str) -> None:
    bad = corpus.BAD_GROUPS[name]
    message = await refusal(api, corpus.port_group(bad.spec, **bad.metadata))
    assert bad.field in message
    assert bad.cure in message


@pytest.mark.parametrize("name", corpus.GOOD_CONNECTIONS)
async def test_good_connections(api: kubeapi.KubeApi, name: str) -> None:
    obj = corpus.connection(corpus.GOOD_CONNECTIONS[name])
    stored = await store(api, obj)
    assert connection.from_object(stored).spec == connection.from_object(obj).spec


@pytest.mark.parametrize("name", corpus.BAD_CONNECTIONS)
async def test_bad_connections(api: kubeapi.KubeApi, name: str) -> None:
    bad = corpus.BAD_CONNECTIONS[name]
    message = await refusal(api, corpus.connection(bad.spec))
    assert bad.field in message
    assert bad.cure in message


@pytest.fixture
async def stored(api: kubeapi.KubeApi) -> AsyncIterator[Json]:
    spec = {
        "portGroupName": "edge",
        "existing": {"moRef": "dvportgroup-12"},
        "adoptionPolicy": "IfUnowned",
        "portBinding": "Static",
        "vlan": {"id": 7},
    }
    made = await api.create(corpus.port_group(spec))
    yield made
    await api.delete(kubeapi.kind_of(made), None, "edge")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("connection", "other"),
        ("datacenter", "dc2"),
        ("distributedSwitch", {"uuid": "50 1e"}),
        ("portGroupName", "other"),
        ("portGroupName", None),
        ("existing", {"moRef": "dvportgroup-13"}),
        ("existing", None),
        ("portBinding", "Ephemeral"),
        ("portBinding", None),
    ],
)
async def test_identity_does_not_change(
    api: kubeapi.KubeApi, stored: Json, field: str, value: Any
) -> None:
    changed = copy.deepcopy(stored)
    changed["spec"][field] = value
    if value is None:
        del changed["spec"][field]
    message = await refusal(api, changed, method="PUT")
    assert f"spec.{field}" in message
    assert IMMUTABLE in message


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("portGroupName", "edge"),
        ("portBinding", "Static"),
        ("existing", {"moRef": "dvportgroup-1"}),
    ],
)
async def test_identity_is_not_added_later(api: kubeapi.KubeApi, before: str, after: Any) -> None:
    made = await api.create(corpus.port_group({"adoptionPolicy": "IfUnowned"}))
    changed = copy.deepcopy(made)
    changed["spec"][before] = after
    try:
        assert IMMUTABLE in await refusal(api, changed, method="PUT")
    finally:
        await api.delete(kubeapi.kind_of(made), None, "edge")


@pytest.mark.parametrize(
    "vlan",
    [
        {"id": 8},
        {"trunk": [{"start": 1, "end": 5}]},
        {"pvlanSecondaryID": 301},
        {"inherited": True},
        None,
    ],
)
async def test_each_kind_of_vlan_may_become_each_other(
    api: kubeapi.KubeApi, stored: Json, vlan: Json | None
) -> None:
    changed = copy.deepcopy(stored)
    changed["spec"]["vlan"] = vlan
    after = await store(api, changed, method="PUT")
    assert after["spec"].get("vlan") == vlan


async def test_a_whole_status_comes_back(api: kubeapi.KubeApi, stored: Json) -> None:
    status = structs.convert(
        {
            "observedGeneration": 1,
            "portGroup": {
                "name": "edge",
                "moRef": "dvportgroup-12",
                "key": "dvportgroup-12",
                "instanceUuid": "i",
                "datacenter": "datacenter-2",
                "switchUuid": "s",
                "inventoryPath": "/dc1/network/edge",
                "configVersion": "3",
                "vlan": {"trunk": [{"start": 1, "end": 5}]},
            },
            "datacenter": {"moRef": "datacenter-2", "path": "/dc1"},
            "distributedSwitch": {"moRef": "dvs-8", "uuid": "s", "name": "d", "folderPath": "/"},
            "provenance": "Adopted",
            "nonce": "n",
            "epoch": 2,
            "deletionPolicy": "Retain",
            "pendingCreate": {"nonce": "n", "startedAt": "2026-01-01T00:00:00Z"},
            "lastTask": {
                "moRef": "task-1",
                "operation": "AddDVPortgroup_Task",
                "startedAt": "2026-01-01T00:00:00Z",
            },
            "applied": [{"field": "vlan", "value": '{"id":7}'}],
            "usage": {
                "connected": 3,
                "names": ["vm-1"],
                "unseen": 1,
                "observedAt": "2026-01-01T00:00:00Z",
            },
            "drift": [{"field": "vlan", "want": "VLAN 7", "have": "VLAN 8"}],
            "missingPrivileges": [{"privilege": "DVPortgroup.Create", "object": "/dc1"}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "Applied"}],
        },
        port_group_status.Status,
    )
    path = await api.path(kubeapi.kind_of(stored), None, "edge")
    body = {**stored, "status": structs.to_object(status)}
    after = await api.request("PUT", f"{path}/status", body)
    assert port_group.from_object(after).status == status
