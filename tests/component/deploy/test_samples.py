"""examples/samples: the API server and the plugins take every manifest as it is."""

from __future__ import annotations

import pathlib
from typing import Any, Protocol

import pytest
import yaml
from akoo_testbed import kubeapi

from akoo_core import structs
from hack import generate

ROOT = pathlib.Path(__file__).parents[3]
SAMPLES = ROOT / "examples/samples"
FILES = sorted(SAMPLES.glob("*.yaml"))
OPERATORS = {"AKODeployment"}
"""Kinds that only the operator writes."""

Object = dict[str, Any]


class Server(Protocol):
    api: kubeapi.KubeApi


def _object(file: pathlib.Path) -> Object:
    obj = yaml.safe_load(file.read_text())
    assert isinstance(obj, dict)
    return obj


@pytest.mark.bed
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_the_api_server_takes_it(file: pathlib.Path, server: Server) -> None:
    """Strict: an unknown or a repeated field is an error, and so is what a rule refuses."""
    obj = _object(file)
    path = await server.api.path(kubeapi.kind_of(obj), None, obj["metadata"]["name"])
    stored = await server.api.request(
        "PATCH",
        path,
        obj,
        params={"dryRun": "All", "fieldManager": "test", "fieldValidation": "Strict"},
        content_type="application/apply-patch+yaml",
    )
    assert stored["spec"].items() >= {
        (key, value) for key, value in obj["spec"].items() if isinstance(value, str)
    }


@pytest.mark.bed
async def test_a_mistake_in_a_sample_is_seen(server: Server) -> None:
    obj = _object(SAMPLES / "avicontroller.yaml")
    obj["spec"]["adress"] = "avi.example.com"
    path = await server.api.path(kubeapi.kind_of(obj), None, obj["metadata"]["name"])
    strict = {"dryRun": "All", "fieldManager": "test", "fieldValidation": "Strict"}
    with pytest.raises(kubeapi.ApiError, match="adress"):
        await server.api.request(
            "PATCH", path, obj, params=strict, content_type="application/apply-patch+yaml"
        )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_plugins_take_their_part_of_a_config(file: pathlib.Path) -> None:
    kinds = generate.first_party()
    for name, options in _object(file)["spec"].get("plugins", {}).items():
        kind = kinds[name].config_type
        assert kind is not None, f"plugin {name} has no options"
        structs.convert(options, kind, path=f"spec.plugins.{name}")


def test_every_kind_has_a_sample() -> None:
    defined = {
        yaml.safe_load(file.read_text())["spec"]["names"]["kind"]
        for file in (ROOT / "deploy/crds").glob("*s.yaml")
    }
    assert {_object(file)["kind"] for file in FILES} == defined - OPERATORS
    named = [(_object(file)["kind"], _object(file)["metadata"]["name"]) for file in FILES]
    assert len(set(named)) == len(named), "two samples are one object"


def test_the_page_lists_every_sample_with_its_first_line() -> None:
    page = (SAMPLES / "README.md").read_text()
    rows = [
        f"| [{file.name}]({file.name}) | {file.read_text().splitlines()[0].lstrip('# ')} |"
        for file in FILES
    ]
    assert [line for line in page.splitlines() if line.startswith("| [")] == rows
