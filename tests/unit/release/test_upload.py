"""hack/upload.py: the order of a release's commands, and the digest that is signed.

No registry and no signature are here: the commands are compared, and not run.
"""

from __future__ import annotations

import json
import pathlib
import subprocess

import pytest

from hack import release, upload

COMMIT = "7" * 40
DIGEST = f"sha256:{'a1' * 32}"
OF_CHART = f"sha256:{'c2' * 32}"
TARGET = upload.Target(
    "1.2.3", COMMIT, "acme/akoo-core", "registry.example.com/akoo-core", "charts.example.com/akoo"
)
ACCOUNT = {"REGISTRY_USER": "release", "REGISTRY_PASSWORD": "secret-password"}


def test_uploads_name_nothing_that_is_not_there_yet() -> None:
    made = ["NOTES.md", "a.tar.gz", "a.whl", "akoo-core-1.2.3.tgz"]
    steps = upload.steps(TARGET, made)
    assert [step.command[0] for step in steps] == ["docker", "helm", "cosign", "uv", "gh"]
    image, chart, _, packages, page = (step.command for step in steps)
    assert "registry.example.com/akoo-core:1.2.3" in image
    assert {f"REVISION={COMMIT}", "VERSION=1.2.3", upload.PLATFORMS} <= set(image)
    assert chart[-2:] == ["dist/akoo-core-1.2.3.tgz", "oci://charts.example.com/akoo"]
    assert packages[-2:] == ["dist/a.tar.gz", "dist/a.whl"]
    listed = ["a.tar.gz", "a.whl", "akoo-core-1.2.3.tgz", "SHA256SUMS", "SHA256SUMS.sigstore.json"]
    assert page[-5:] == [f"dist/{name}" for name in listed]


def test_image_and_chart_are_signed() -> None:
    pushed = [step.pushed for step in upload.steps(TARGET, []) if step.pushed]
    assert pushed == ["registry.example.com/akoo-core", "charts.example.com/akoo/akoo-core"]


def test_the_names_of_the_files_are_those_of_the_release() -> None:
    assert (release.NOTES, release.SUMS) == (upload.NOTES, upload.SUMS)
    target = release.target(release.Names("a/b", "i", "c"), release.Tree(COMMIT, 1, (), ""))
    assert f"dist/{release.CHART}" in upload.steps(target, [])[1].command


@pytest.fixture
def started(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run. docker writes its metadata, helm prints a digest."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        if command[0] == "docker":
            metadata = json.dumps({"containerimage.digest": DIGEST})
            (tmp_path / upload.METADATA).write_text(metadata)
        output = f"Pushed: x\nDigest: {OF_CHART}\n" if command[0] == "helm" else ""
        return subprocess.CompletedProcess(command, 0, output)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(upload, "ROOT", tmp_path)
    return commands


def test_each_artifact_is_signed_by_its_own_digest(started: list[list[str]]) -> None:
    for step in upload.steps(TARGET, []):
        upload.run(step)
    signed = [command[-1] for command in started if command[:2] == ["cosign", "sign"]]
    assert signed == [
        f"registry.example.com/akoo-core@{DIGEST}",
        f"charts.example.com/akoo/akoo-core@{OF_CHART}",
    ]


def test_a_chart_without_a_digest_ends_the_release() -> None:
    with pytest.raises(SystemExit, match="helm push printed no digest"):
        upload.digest("", f"Pushed: x\nDigest: {DIGEST[:-1]}\n")


def test_each_thing_that_a_machine_lacks_is_named() -> None:
    assert upload.lacks(ACCOUNT, which=lambda tool: f"/bin/{tool}") == []
    assert upload.lacks({}, which=lambda tool: None if tool == "cosign" else tool) == [
        "cosign is not in PATH: install it",
        "REGISTRY_USER is empty: set it to the registries' account",
        "REGISTRY_PASSWORD is empty: set it to the registries' account",
    ]


def test_a_password_is_no_argument() -> None:
    commands = list(upload.logins(TARGET.image, TARGET.chart, ACCOUNT["REGISTRY_USER"]))
    assert [command[:3] for command in commands] == [
        ["docker", "login", "charts.example.com"],
        ["docker", "login", "registry.example.com"],
        ["helm", "registry", "login"],
    ]
    assert all(command[-1] == "--password-stdin" for command in commands)
