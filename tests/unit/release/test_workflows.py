""".github: workflows run our commands only, with pinned actions and the least permissions."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
WORKFLOWS = ROOT / ".github/workflows"
COMMANDS = {
    ".ci/run",
    "make audit",
    "make docs",
    "make proof",
    "make setup",
    ".venv/bin/python hack/release.py --dry-run",
}
RELEASE = ".venv/bin/python hack/release.py"
READ = {"contents": "read"}
PERMISSIONS = {
    ("ci.yml", "test"): READ,
    ("ci.yml", "release-files"): READ,
    ("nightly.yml", "proof"): READ,
    ("nightly.yml", "audit"): READ,
    ("release.yml", "release"): {
        "contents": "write",
        "packages": "write",
        "id-token": "write",
        "attestations": "write",
    },
}
TRIGGERS = {
    "ci.yml": {"push": {"branches": ["main"]}, "pull_request": None},
    "nightly.yml": {"schedule": [{"cron": "17 2 * * *"}], "workflow_dispatch": None},
    "release.yml": {"push": {"tags": ["v*"]}},
}
ACTIONS = {
    "actions/attest-build-provenance",
    "actions/checkout",
    "actions/setup-python",
    "docker/setup-buildx-action",
    "docker/setup-qemu-action",
    "sigstore/cosign-installer",
}
PINNED = re.compile(r"- uses: (?P<action>[\w./-]+)@[0-9a-f]{40} # v\d+\.\d+\.\d+")

Object = dict[str, Any]


def problems(name: str, text: str) -> Iterator[str]:
    """Each breach of our rules in the workflow ``text`` of the file ``name``."""
    # YAML 1.1 reads the key `on` as a boolean.
    workflow = {"on" if key is True else key: value for key, value in yaml.safe_load(text).items()}
    if workflow["on"] != TRIGGERS.get(name):
        yield "triggers"
    if workflow.get("permissions") != {}:
        yield "permissions of the workflow"
    for line in text.splitlines():
        if "uses:" in line:
            match = PINNED.fullmatch(line.strip())
            if match is None or match["action"] not in ACTIONS:
                yield line.strip()
    jobs = workflow["jobs"]
    if {(name, job) for job in jobs} != {key for key in PERMISSIONS if key[0] == name}:
        yield "jobs"
    for job, content in jobs.items():
        yield from job_problems(name, job, content)


def job_problems(name: str, job: str, content: Object) -> Iterator[str]:
    """Each breach of our rules in one job."""
    if content.get("permissions") != PERMISSIONS.get((name, job)):
        yield f"permissions of {job}"
    if not content.get("timeout-minutes"):
        yield f"{job} has no timeout"
    allowed = COMMANDS | ({RELEASE} if name == "release.yml" else set())
    for step in content["steps"]:
        if "run" in step and step["run"] not in allowed:
            yield step["run"]
        checkout = str(step.get("uses", "")).startswith("actions/checkout@")
        if checkout and step.get("with", {}).get("persist-credentials") is not False:
            yield f"{job} keeps the credentials of the checkout"


def hooks() -> list[Object]:
    """The hooks of pre-commit."""
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [each["repo"] for each in repositories] == ["local"]
    return list(repositories[0]["hooks"])


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: str(hook["id"]))
def test_a_hook_is_a_command_of_lint(hook: Object) -> None:
    """Nothing is loaded from elsewhere, and a commit is checked as `make lint` checks it."""
    assert hook["language"] == "system"
    entry = hook["entry"].replace(" --force-exclude", "").replace(".venv/bin/", "$(BIN)/")
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    words = [line.strip().removeprefix("@").removeprefix("sh ") for line in lint.splitlines()]
    assert any(f"{line} ".startswith(f"{entry} ") for line in words), words


def workflow(name: str) -> str:
    """The text of a workflow."""
    return (WORKFLOWS / name).read_text()


def test_the_workflows_are_those_with_rules() -> None:
    assert {file.name for file in WORKFLOWS.iterdir()} == set(TRIGGERS)


@pytest.mark.parametrize("name", sorted(TRIGGERS))
def test_a_workflow_keeps_the_rules(name: str) -> None:
    assert list(problems(name, workflow(name))) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("ci.yml", "  pull_request:\n", "  pull_request_target:\n", "triggers"),
        ("ci.yml", "permissions: {}", "permissions: write-all", "permissions of the workflow"),
        ("ci.yml", "contents: read", "contents: write", "permissions of test"),
        ("nightly.yml", "  proof:", "  other:", "jobs"),
        ("nightly.yml", "    timeout-minutes: 350\n", "", "proof has no timeout"),
        ("nightly.yml", "make proof", "make proof | tee log", "make proof | tee log"),
        ("ci.yml", "release.py --dry-run", "release.py", RELEASE),
        (
            "ci.yml",
            "persist-credentials: false",
            "persist-credentials: true",
            "test keeps the credentials of the checkout",
        ),
        (
            "release.yml",
            "@ece7cb06caefa5fff74198d8649806c4678c61a1 # v6.3.0",
            "@v6",
            "- uses: actions/setup-python@v6",
        ),
        ("release.yml", "actions/attest-build-provenance", "a/b", "- uses: a/b@"),
    ],
)
def test_each_breach_is_seen(name: str, old: str, new: str, problem: str) -> None:
    text = workflow(name)
    assert old in text
    assert any(each.startswith(problem) for each in problems(name, text.replace(old, new, 1)))


def test_an_action_has_one_version() -> None:
    used = {
        line.strip() for name in TRIGGERS for line in workflow(name).splitlines() if "uses:" in line
    }
    assert len(used) == len(ACTIONS)


def test_ci_tests_every_python_from_the_oldest_that_we_support() -> None:
    matrix = yaml.safe_load(workflow("ci.yml"))["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert matrix == ["3.11", "3.12", "3.13", "3.14"]
    assert f'requires-python = ">={matrix[0]}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", ["bug.yml", "feature.yml"])
def test_a_form_has_what_github_asks_of_it(name: str) -> None:
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE" / name).read_text())
    assert {"name", "description", "body"} <= set(form)
    asked = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in asked}) == len(asked) > 1
    assert all(field["attributes"]["label"] for field in asked)
    assert any(field.get("validations", {}).get("required") for field in asked)
