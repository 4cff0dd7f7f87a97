"""Several kubeconfigs as one, as kubectl reads them."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import pytest
import yaml

from akoo_core import errors
from akoo_core.kube.access import config, kubefiles


def entries(kind: str, **values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, kind: fields} for name, fields in values.items()]


def write(path: pathlib.Path, **document: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document))
    return str(path)


@pytest.fixture
def first(tmp_path: pathlib.Path) -> str:
    return write(
        tmp_path / "a/config",
        clusters=entries("cluster", east={"server": "http://east:1"}),
        users=entries("user", eve={"token": "eve-token"}),
        contexts=entries("context", east={"cluster": "east", "user": "eve"}),
    )


@pytest.fixture
def second(tmp_path: pathlib.Path) -> str:
    return write(
        tmp_path / "b/config",
        clusters=entries(
            "cluster", east={"server": "http://not-this:1"}, west={"server": "http://west:1"}
        ),
        users=entries("user", adam={"token": "adam-token"}),
        contexts=entries(
            "context",
            west={"cluster": "west", "user": "adam"},
            mixed={"cluster": "east", "user": "adam"},
        ),
        **{"current-context": "west"},
    )


@pytest.mark.parametrize(
    ("context", "server", "token"),
    [
        ("", "http://west:1", "adam-token"),
        ("east", "http://east:1", "eve-token"),
        ("mixed", "http://east:1", "adam-token"),
    ],
)
async def test_files_are_one(
    first: str, second: str, context: str, server: str, token: str
) -> None:
    endpoint = await config.endpoint_of(os.pathsep.join((first, second)), context=context)
    assert endpoint.server == server
    assert await endpoint.authorization.header() == f"Bearer {token}"


async def test_a_context_of_one_file(second: str) -> None:
    endpoint = await config.endpoint_of(second, context="west")
    assert endpoint.server == "http://west:1"


@pytest.mark.parametrize("listed", ["{absent}:{second}", ":{second}:", "{second}:{second}"])
async def test_what_kubectl_passes_over(tmp_path: pathlib.Path, second: str, listed: str) -> None:
    names = listed.format(absent=tmp_path / "absent", second=second)
    assert (await config.endpoint_of(names)).server == "http://west:1"


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ("wst", r"there are: west, mixed.*Did you mean \"west\""),
        ("other", "contexts has no entry named 'other'"),
    ],
)
async def test_a_context_that_is_not_there(second: str, context: str, message: str) -> None:
    with pytest.raises(errors.InputError, match=message):
        await config.endpoint_of(second, context=context)


async def test_files_that_cannot_be_used(tmp_path: pathlib.Path, first: str) -> None:
    with pytest.raises(errors.InputError, match="none of these files is there"):
        await config.endpoint_of(f"{tmp_path}/x{os.pathsep}{tmp_path}/y")
    with pytest.raises(errors.InputError, match="give --context NAME"):
        await config.endpoint_of(first)
    broken = tmp_path / "broken"
    broken.write_text("{")
    with pytest.raises(errors.InputError, match=f"kubeconfig {broken}: it is not YAML"):
        await config.endpoint_of(f"{first}{os.pathsep}{broken}")


async def test_no_kubeconfig_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    for context in ("", "x"):
        with pytest.raises(errors.InputError, match="set KUBECONFIG or AKOO_KUBECONFIG"):
            await config.endpoint_of(None, context=context)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    with pytest.raises(errors.InputError, match="a Pod's account has no contexts"):
        await config.endpoint_of(None, context="x")


def test_paths_are_relative_to_their_file(tmp_path: pathlib.Path) -> None:
    fields = {"client-certificate": "eve.crt", "client-key": "/etc/eve.key", "tokenFile": "token"}
    program = {"exec": {"command": "./login", "args": ["x"]}}
    parts = [
        kubefiles.Part(tmp_path / "a/config", {"users": entries("user", eve=fields)}),
        kubefiles.Part(tmp_path / "b/config", {"users": entries("user", adam=program)}),
        kubefiles.Part(
            tmp_path / "c/config", {"users": entries("user", ann={"exec": {"command": "login"}})}
        ),
    ]
    users = {user["name"]: user["user"] for user in kubefiles.merged(parts)["users"]}
    assert users["eve"] == {
        "client-certificate": str(tmp_path / "a/eve.crt"),
        "client-key": "/etc/eve.key",
        "tokenFile": str(tmp_path / "a/token"),
    }
    assert users["adam"]["exec"]["command"] == str(tmp_path / "b/login")
    assert users["ann"]["exec"]["command"] == "login", "found by PATH"
    assert kubefiles.folder_of(parts, "adam") == tmp_path / "b"
