"""deploy/image: a base by digest, two architectures, labels, and further plugins by PLUGINS."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import tomllib

import pytest

from hack import upload
from tests import recipe

ROOT = pathlib.Path(__file__).parents[3]
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())
SOURCE_ONLY = {"avisdk"}
"""Pure Python, built without a compiler by the backend that hack/release_build.txt locks."""
BASE = r"docker\.io/library/python:3\.13\.\d+-slim-\w+@sha256:[0-9a-f]{64}"
MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}


def test_the_base_has_a_digest_and_the_stages_do_what_is_tested() -> None:
    base, build, last = recipe.stages()
    assert re.fullmatch(f"{BASE} AS python", base)
    assert (build, last) == ("python AS build", "python")
    stages = recipe.stages()
    assert 'RUN PLUGINS="${PLUGINS}" deploy/image/install.sh /opt/akoo-core ' in stages[build]
    assert "COPY --from=build /opt/akoo-core /opt/akoo-core" in stages[last]
    assert "USER 65532:65532" in stages[last]


def test_all_that_is_copied_reaches_the_build() -> None:
    ignore = (recipe.IMAGE / "Dockerfile.dockerignore").read_text().splitlines()
    copied = {source.rstrip("/") for sources, _ in recipe.copies() for source in sources}
    assert copied == {line.removeprefix("!") for line in ignore if line.startswith("!")}


def test_a_release_gives_the_labels_that_the_image_has() -> None:
    text = recipe.stages()["python"]
    wanted = upload.labels(upload.Target("1.2.3", "commit", "acme/akoo-core", "", ""))
    declared = set(re.findall(r'^ARG (\w+)=""$', text, re.MULTILINE))
    assert declared == set(wanted)
    assert set(re.findall(r'image\.\w+="\$\{(\w+)\}"', text)) == declared


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        ("akoo-shelf", "names akoo-shelf. Write NAME==VERSION, or the path of a wheel"),
        ("a==1 shelf>=1", "names shelf>=1. Write NAME==VERSION, or the path of a wheel"),
        ("dist/shelf.whl", f"names dist/shelf.whl, which is not in {ROOT}"),
    ],
)
def test_a_plugin_without_a_version_is_refused(
    plugins: str, message: str, tmp_path: pathlib.Path
) -> None:
    script, folder = recipe.IMAGE / "install.sh", tmp_path / "operator"
    done = subprocess.run(
        ["sh", str(script), str(folder)],
        env={**os.environ, "PLUGINS": plugins},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{script}: PLUGINS {message}\n"
    assert not folder.exists()


def needed() -> set[str]:
    """The packages of the image, by uv.lock; markers are ignored, so that it has some too many."""
    packages = {package["name"]: package for package in LOCK["package"]}
    names: set[str] = set()
    waiting = [file.parent.name for file in ROOT.glob("plugins/*/pyproject.toml")]
    waiting = [f"akoo-{name}" for name in waiting]
    waiting += [each["name"] for each in packages["akoo-core"]["optional-dependencies"]["otel"]]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting += [each["name"] for each in packages[name].get("dependencies", ())]
    return {name for name in names if "registry" in packages[name]["source"]}


@pytest.mark.parametrize("platform", upload.PLATFORMS.split(","))
def test_each_architecture_has_wheels_of_everything(platform: str) -> None:
    binary = rf"-cp3\d+-(cp313|abi3)-manylinux\S*_{MACHINES[platform]}\S*\.whl"
    fits = re.compile(rf"-py3-none-any\.whl|-py2\.py3-none-any\.whl|{binary}")
    names = needed()
    packages = [package for package in LOCK["package"] if package["name"] in names]
    without = {
        package["name"]
        for package in packages
        if not any(fits.search(wheel["url"]) for wheel in package.get("wheels", ()))
    }
    assert without == SOURCE_ONLY
    assert len(packages) > len(without) + 20


def test_uv_has_one_version() -> None:
    (version,) = re.findall(r"^uv==(\S+)", (ROOT / "hack/uv.txt").read_text(), re.MULTILINE)
    page = (ROOT / "docs/how-to/ship-a-plugin.md").read_text()
    assert set(re.findall(r"astral-sh/uv:([\d.]+)", page)) == {version}
