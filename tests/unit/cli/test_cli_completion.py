"""Completion by the shell, as the printed script asks for it."""

from __future__ import annotations

import asyncio
import pathlib
import subprocess
import sys
import time

import pytest
from click import shell_completion

from akoo_core.cli import commands, completing, management
from tests.unit.cli.commands_world import CommandWorld

BIN = pathlib.Path(sys.executable).parent


def complete(*words: str, last: str = "") -> list[str]:
    """The offers for a command line whose last word is ``last``."""
    kind = shell_completion.get_completion_class("bash")
    assert kind is not None
    asked = kind(commands.akoo_core, {}, "akoo-core", "_AKOO_CORE_COMPLETE")
    return [item.value for item in asked.get_completions(list(words), last)]


@pytest.mark.parametrize("name", ["explain", "leave", "pause", "plan", "trace", "let-go"])
def test_names_of_clusters_are_live(name: str, world: CommandWorld) -> None:
    world.cluster("team-a/shop")
    world.cluster("team-b/shop")
    assert complete(name) == ["team-a/shop", "team-b/shop"]
    assert complete(name, last="team-b") == ["team-b/shop"]
    assert complete(name, last="other") == []


def test_commands_and_choices() -> None:
    assert complete(last="compl") == ["completion"]
    assert complete("completion", last="z") == ["zsh"]
    assert complete("leave", "team-a/shop", last="o") == ["orphan"]


_PROGRAM = """
import sys
from click import shell_completion
from akoo_core.cli import commands

kind = shell_completion.get_completion_class("bash")
asked = kind(commands.akoo_core, {}, "akoo-core", "_AKOO_CORE_COMPLETE")
print(*(item.value for item in asked.get_completions([], "p")))
print(*(name for name in ("aiohttp", "akoo_core.reconcile", "akoo_ako") if name in sys.modules))
"""


def test_the_name_of_a_command_imports_none() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["pause plan plugins", ""]


def test_commands_of_plugins_and_options_are_offered() -> None:
    assert complete(last="a") == ["abandon-placement", "adopt", "ako", "audit"]
    assert complete(last="--ver") == ["--version"]
    assert complete("ako", last="in") == ["inspect"]


def test_names_of_plugins_also_after_a_comma() -> None:
    assert {"ako", "avi", "vsphere"} <= set(complete("--plugins"))
    offers = complete("manifests", "--plugins", last="ako,a")
    assert "ako,avi" in offers
    assert not any("ako,ako" in offer for offer in offers)
    assert complete("plugins", "show", last="vs") == ["vsphere"]


def test_a_silent_api_server_costs_little_and_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def connect(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(management, "connect", connect)
    monkeypatch.setattr(completing, "SECONDS", 0.01)
    started = time.monotonic()
    assert complete("explain") == []
    assert time.monotonic() - started < 5
    assert capsys.readouterr() == ("", "")


def test_no_api_server_says_nothing(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "missing"))
    assert complete("explain") == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("program", ["akoo-core", "kubectl-akoo"])
def test_the_script_is_one_of_bash(program: str) -> None:
    """As a person uses it; kubectl-akoo is the same program."""
    script = f'eval "$({BIN / program} completion bash)"; complete -p akoo-core'
    done = subprocess.run(
        ["bash", "-ec", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert "_akoo_core_completion" in done.stdout
    assert done.stderr == ""
