"""Manifests that users of the Go ancestor have: each is accepted, and none of it is dropped."""

from __future__ import annotations

import pathlib
from typing import Any, Protocol

import pytest
import yaml
from akoo_ako import config as ako_config

from akoo_core.objects import config

CORPUS = pathlib.Path(__file__).parent / "corpus"
ROWS = CORPUS / "c10-rows.yaml"
FILES = sorted(path for path in CORPUS.glob("*.yaml") if path != ROWS)
CRD = CORPUS.parents[3] / "deploy/crds/akodeploymentconfigs.yaml"

Object = dict[str, Any]


class Server(Protocol):
    async def try_create(self, obj: Object) -> Object: ...


def _objects(path: pathlib.Path) -> list[Object]:
    return [obj for obj in yaml.safe_load_all(path.read_text()) if obj]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_accepted_whole(path: pathlib.Path, server: Server) -> None:
    for obj in _objects(path):
        stored = await server.try_create(obj)
        if obj["kind"] == "AKODeploymentConfig":
            assert stored["spec"] == obj["spec"]
            config.from_object(stored)
            ako_config.decode(stored)


async def test_each_setting_alone(server: Server) -> None:
    (base,) = _objects(CORPUS / "c09-selected.yaml")
    for row in yaml.safe_load(ROWS.read_text()):
        spec = base["spec"] | {"extraConfigs": row}
        stored = await server.try_create(base | {"spec": spec})
        assert stored["spec"]["extraConfigs"] == row
        ako_config.decode(stored)


def _leaves(schema: Object, path: str = "") -> set[tuple[str, Any]]:
    if schema["type"] == "object" and "properties" in schema:
        inner = schema["properties"].items()
        return {
            leaf
            for name, inner_schema in inner
            for leaf in _leaves(inner_schema, f"{path}.{name}".lstrip("."))
        }
    return {(path, value) for value in schema.get("enum", [None])}


def test_the_rows_leave_no_setting_out() -> None:
    (version,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    missing = _leaves(schema["extraConfigs"])
    for row in yaml.safe_load(ROWS.read_text()):
        path, value = "", row
        while isinstance(value, dict):
            ((name, value),) = value.items()
            path = f"{path}.{name}".lstrip(".")
        missing -= {(path, value) if isinstance(value, str) else (path, None), (path, None)}
    assert missing == set()


async def test_no_list_of_pools_stays_no_list(server: Server) -> None:
    """Absent leaves the ranges on the Avi Controller alone, an empty list removes them."""
    (empty,) = _objects(CORPUS / "c10-no-pools.yaml")
    assert (await server.try_create(empty))["spec"]["dataNetwork"]["ipPools"] == []
    network = {
        key: value for key, value in empty["spec"]["dataNetwork"].items() if key != "ipPools"
    }
    absent = empty | {"spec": empty["spec"] | {"dataNetwork": network}}
    assert "ipPools" not in (await server.try_create(absent))["spec"]["dataNetwork"]
