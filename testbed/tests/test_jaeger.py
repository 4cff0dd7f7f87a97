"""A Jaeger by path: its version decides how it starts, its page whether a note is printed."""

import json
import pathlib
from collections.abc import Callable
from typing import cast

import pytest
from akoo_testbed import base, errors
from akoo_testbed.building import build, progress
from akoo_testbed.parts import Jaeger, jaeger, part

Program = Callable[[str], pathlib.Path]


@pytest.fixture
def program(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Makes a program that prints a text as its version, and names it as the Jaeger to use."""

    def make(version: str) -> pathlib.Path:
        path = tmp_path / "jaeger"
        path.write_text(f"#!/bin/sh\necho '{version}'\n")
        path.chmod(0o755)
        monkeypatch.setenv("AKOO_TESTBED_JAEGER", str(path))
        return path

    async def nothing(_: part.Part) -> None:
        pass

    monkeypatch.setenv("AKOO_TESTBED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(part.Part, "start", nothing)
    monkeypatch.setattr(part.Part, "ready", nothing)
    return make


class FolderBase:
    """As much of a base as a command line needs."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.built = build.ensure(["jaeger"], progress.Silent())


async def started(folder: pathlib.Path) -> Jaeger:
    made = Jaeger(cast("base.BedBase", FolderBase(folder)))
    await made.start()
    return made


def read(path: str) -> str:
    return pathlib.Path(path).read_text()


async def test_version_one_takes_options(tmp_path: pathlib.Path, program: Program) -> None:
    path = program('{"gitCommit":"x","gitVersion":"v1.76.0","buildDate":"x"}')
    made = await started(tmp_path)
    command = made.command()
    assert command[0] == str(path)
    port = made.query_url.rpartition(":")[2]
    assert f"--query.http-server.host-port=127.0.0.1:{port}" in command


async def test_version_two_takes_a_file(tmp_path: pathlib.Path, program: Program) -> None:
    path = program('{"gitCommit": "x", "gitVersion": "v2.13.0", "buildDate": "x"}')
    made = await started(tmp_path)
    own, option = made.command()
    assert own == str(path)
    settings = json.loads(read(option.removeprefix("--config=")))
    extensions = settings["extensions"]
    assert f"http://{extensions['jaeger_query']['http']['endpoint']}" == made.query_url
    otlp = settings["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    assert f"http://{otlp}" == made.otlp_url
    (pipeline,) = settings["service"]["pipelines"].values()
    assert settings.keys() >= {"receivers", "exporters"}
    assert pipeline["receivers"] == list(settings["receivers"])
    assert pipeline["exporters"] == list(settings["exporters"])
    assert settings["service"]["extensions"] == list(extensions)
    (storage,) = extensions["jaeger_storage"]["backends"]
    assert extensions["jaeger_query"]["storage"]["traces"] == storage
    assert settings["exporters"]["jaeger_storage_exporter"]["trace_storage"] == storage


async def test_another_program(tmp_path: pathlib.Path, program: Program) -> None:
    program("hello")
    with pytest.raises(errors.PartError, match="is no Jaeger: `jaeger version` names no version"):
        await started(tmp_path)


@pytest.mark.parametrize("place", ["", "missing", "."])
def test_a_path_that_is_no_program(
    place: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / place if place else tmp_path / "file"
    if not place:
        path.write_text("not executable")
    monkeypatch.setenv("AKOO_TESTBED_JAEGER", str(path))
    with pytest.raises(errors.BuildError, match=r"AKOO_TESTBED_JAEGER is .*, which is not a prog"):
        build.own("jaeger")


@pytest.mark.parametrize(
    ("page", "note"),
    [("<title>Jaeger UI</title>", ""), (jaeger.PLACEHOLDER, jaeger.WITHOUT_UI)],
)
async def test_it_says_that_there_is_no_ui(
    page: str,
    note: str,
    tmp_path: pathlib.Path,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program('{"gitVersion":"v1.76.0"}')

    async def served(_: str) -> str:
        return page

    monkeypatch.setattr(jaeger, "_page", served)
    made = await started(tmp_path)
    await made.ready()
    assert made.note == note
