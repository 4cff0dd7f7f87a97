"""Objects that were stored before our rules came (by the former operator) can still be changed and
deleted."""

from __future__ import annotations

import copy
import pathlib
from typing import Any, Protocol

import pytest
import yaml
from akoo_testbed import definitions, kubeapi, waiting

HERE = pathlib.Path(__file__).parent
CRDS = HERE.parents[2] / "deploy" / "crds"
CRD = yaml.safe_load((CRDS / "akodeploymentconfigs.yaml").read_text())

Object = dict[str, Any]


class Server(Protocol):
    api: kubeapi.KubeApi

    async def try_create(self, obj: Object) -> Object: ...
    async def try_replace(self, obj: Object) -> Object: ...
    async def create(self, obj: Object) -> Object: ...


def _without_rules(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key != "x-kubernetes-validations"}
    return {key: _without_rules(value) for key, value in kept.items()}


def _old(name: str) -> Object:
    """Nothing in it that the rules of today would let in."""
    obj: Object = yaml.safe_load((HERE / "corpus/c09-selected.yaml").read_text())
    obj["metadata"] = {"name": name, "finalizers": ["example.com/former"]}
    obj["spec"]["clusterSelector"] = {}
    obj["spec"]["controllerVersion"] = "v20.1.7"
    obj["spec"]["dataNetwork"]["cidr"] = "10.90.0.0"
    obj["spec"]["dataNetwork"]["ipPools"][0]["end"] = "10.0.0.0"
    obj["spec"]["controlPlaneNetwork"]["cidr"] = "10.91.0.0"
    return obj


@pytest.fixture
async def stored(server: Server) -> Object:
    """That object, stored while the CRD had no rules; now it has them."""
    crd = copy.deepcopy(CRD)
    crd["spec"]["versions"] = [_without_rules(version) for version in crd["spec"]["versions"]]

    async def accepted() -> bool:
        try:
            await server.try_create(_old("trial"))
        except kubeapi.ApiError as error:
            if error.status != 422:
                raise
            return False
        return True

    async def refused() -> bool:
        return not await accepted()

    try:
        await server.api.apply(crd)
        await waiting.until(accepted, title="the CRD without rules", seconds=30)
        obj = await server.create(_old("old"))
    finally:
        await definitions.install(server.api, CRDS)
        await waiting.until(refused, title="the CRD with its rules", seconds=30)
    return obj


async def test_it_can_be_changed_where_it_is_right(stored: Object, server: Server) -> None:
    wanted = copy.deepcopy(stored)
    wanted["spec"]["cloudName"] = "another"
    wanted["spec"]["priority"] = 3
    wanted["metadata"]["labels"] = {"seen": "yes"}
    assert (await server.try_replace(wanted))["spec"] == wanted["spec"]


async def test_it_can_go(stored: Object, server: Server) -> None:
    """The operator's own finalizer comes and goes by such patches."""
    kind = kubeapi.kind_of(stored)
    await server.api.patch(kind, None, "old", {"metadata": {"finalizers": ["akoo.io/cleanup"]}})
    await server.api.delete(kind, None, "old")
    await server.api.patch(kind, None, "old", {"metadata": {"finalizers": None}})
    assert await server.api.find(kind, None, "old") is None


async def test_it_can_be_mended_but_not_otherwise_broken(stored: Object, server: Server) -> None:
    mended = copy.deepcopy(stored)
    mended["spec"]["controllerVersion"] = "20.1.7"
    await server.try_replace(mended)
    broken = copy.deepcopy(stored)
    broken["spec"]["controllerVersion"] = "v22.1.3"
    with pytest.raises(kubeapi.ApiError, match="is not a version"):
        await server.try_replace(broken)
