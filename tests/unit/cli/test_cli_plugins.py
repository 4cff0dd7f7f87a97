"""`akoo-core plugins`: list, show, check on distributions in a folder; new, with its own tests."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tomllib
from collections.abc import Callable

import pytest

from akoo_core.__main__ import run
from akoo_core.testing import conformance

HEAD = """
from typing import ClassVar
from akoo_core import settings, structs
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.plugin.api import hookimpl

THINGS = Resource("demo.example", "v1", "things", "Thing", False)
READ = api.RbacRule(groups=("demo.example",), resources=("things",), verbs=("get", "list", "watch"))

class Color(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Color"

class Options(structs.StrictStruct, frozen=True, kw_only=True):
    size: int = 1
    \"\"\"How big.\"\"\"
"""
PLAIN = f"""{HEAD}
class P(api.Plugin):
    \"\"\"Does nothing much.

    At all.\"\"\"
    settings_type = Options
    provides = (Color,)
    rbac = (READ,)

    @hookimpl
    async def observe(self, ctx):
        return api.Done(facts=(Color(),))
"""

Install = Callable[..., None]
CLI = Callable[..., tuple[int, str, str]]


@pytest.fixture
def install(tmp_path: pathlib.Path) -> Install:
    """install(source, name): a distribution akoo-<name> whose module holds that source."""

    def install(source: str, name: str = "p") -> None:
        info = tmp_path / f"akoo_{name}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: akoo-{name}\nVersion: 0.1.0\n"
        )
        (info / "entry_points.txt").write_text(f"[akoo_core.plugins]\n{name} = cli_{name}:P\n")
        (tmp_path / f"cli_{name}.py").write_text(source)

    return install


@pytest.fixture
def cli(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CLI:
    """cli(*arguments) -> exit code, stdout, stderr; with tmp_path in front of sys.path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [module for module in sys.modules if module.startswith("cli_")]:
        monkeypatch.delitem(sys.modules, name)

    def cli(*arguments: str) -> tuple[int, str, str]:
        code = run(["plugins", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return cli


def line_of(source: str, text: str) -> int:
    return next(n for n, line in enumerate(source.splitlines(), start=1) if text in line)


def test_list_shows_what_is_installed(install: Install, cli: CLI) -> None:
    install("raise SystemExit('imported')")
    code, text, _ = cli("list")
    assert code == 0
    assert ["p", "akoo-p", "0.1.0"] in [line.split() for line in text.splitlines()]
    _, out, _ = cli("list", "--output", "json")
    assert {"name": "p", "distribution": "akoo-p", "version": "0.1.0"} in json.loads(out)


def test_show_tells_what_a_plugin_declares(
    install: Install, cli: CLI, tmp_path: pathlib.Path
) -> None:
    install(PLAIN)
    code, out, _ = cli("show", "p", "--output", "json")
    assert code == 0
    shown = json.loads(out)
    assert shown["file"] == f"{tmp_path}/cli_p.py:{line_of(PLAIN, 'class P(')}"
    assert (shown["summary"], shown["verbs"]) == ("Does nothing much", ["observe"])
    assert shown["provides"] == [{"name": "Color", "version": 1}]
    assert shown["settings"] == [
        {"path": "plugins.p.size", "type": "integer", "default": 1, "doc": "How big."}
    ]
    _, text, _ = cli("show", "p")
    assert "  rbac       get, list, watch on things of demo.example" in text.splitlines()
    assert "  settings   plugins.p.size: integer (default 1)" in text.splitlines()


def test_an_unknown_name_is_wrong_input(install: Install, cli: CLI) -> None:
    install(PLAIN)
    for command in ("show", "check"):
        code, _, message = cli(command, "pp")
        assert code == 2
        assert 'no plugin "pp"' in message


def test_check_is_content_with_a_good_plugin(install: Install, cli: CLI) -> None:
    install(PLAIN)
    code, text, _ = cli("check", "p")
    assert (code, text) == (0, "p (akoo-p 0.1.0): 21 checks, no problem\n")


MISTAKES = {
    "wrong hook name": (
        """
class P(api.Plugin):
    @hookimpl  # here
    async def prepair(self, ctx): ...
""",
        'there is no verb "prepair"; did you mean "prepare"?',
    ),
    "wrong argument": (
        """
class P(api.Plugin):
    @hookimpl  # here
    async def prepare(self, view): ...
""",
        "prepare has no argument 'view'; there are: ctx",
    ),
    "wrong argument of a command's hook": (
        """
class P(api.Plugin):
    @hookimpl  # here
    async def plan(self, ctx, what): ...
""",
        "plan has no argument 'what'; there are: ctx, verb",
    ),
    "a command's hook that is no coroutine": (
        """
class P(api.Plugin):
    @hookimpl  # here
    def audit(self, ctx): ...
""",
        'audit must be "async def"',
    ),
    "a command's hook by a wrong name": (
        """
class P(api.Plugin):
    @hookimpl  # here
    async def remove_strays(self, ctx, owner): ...
""",
        'there is no verb "remove_strays"; did you mean "remove_stray"?',
    ),
    "a plan that writes": (
        """
class P(api.Plugin):
    @hookimpl
    async def prepare(self, ctx): ...
    @hookimpl  # here
    async def plan(self, ctx, verb):
        async with ctx.external.call("s3", "PUT bucket", write=True): ...
""",
        "ReadOnlyError: it tried to write in a read-only call",
    ),
    "wrong fact class": (
        """
class P(api.Plugin):  # here
    provides = (Options,)
""",
        "P.provides must be a tuple of Fact classes",
    ),
    "undeclared fact": (
        """
class P(api.Plugin):
    @hookimpl  # here
    async def prepare(self, ctx):
        return api.Done(facts=(Color(),))
""",
        "it gave the fact Color, but the plugin provides nothing",
    ),
    "wrong settings class": (
        """
class P(api.Plugin):  # here
    settings_type = dict
""",
        "P.settings_type must be a StrictStruct class or None",
    ),
    "a secret among settings": (
        """
class Secrets(structs.StrictStruct, frozen=True, kw_only=True):  # here
    api_token: str = ""
class P(api.Plugin):
    settings_type = Secrets
""",
        "Secrets.api_token would hold a secret; refer to one",
    ),
    "missing setting": (
        """
class Needs(structs.StrictStruct, frozen=True, kw_only=True):  # here
    url: str
class P(api.Plugin):
    settings_type = Needs
""",
        "plugins.p: url is missing",
    ),
    "missing rights of a controller": (
        """
async def reconcile(request, ctx):  # here
    return api.Done()
class P(api.Plugin):
    @hookimpl
    def controllers(self):
        return (api.ControllerRegistration(name='things', watches=(THINGS,),
            keys=lambda kind, obj: (), reconcile=reconcile),)
""",
        "rbac of the plugin lacks get, list, watch on things.demo.example",
    ),
    "missing rights of a use": (
        """
class P(api.Plugin):
    @hookimpl  # here
    def intend(self, view):
        return api.Intent(uses=(api.Use(resource=THINGS, name='t', uid='u'),))
""",
        "it needs the right to get things of group 'demo.example'",
    ),
    "a verb that fails": (
        """
class P(api.Plugin):
    @hookimpl  # here
    async def observe(self, ctx):
        return {}['status']
""",
        "it failed where nothing was wrong: KeyError: 'status'",
    ),
}


@pytest.mark.parametrize(("body", "message"), MISTAKES.values(), ids=list(MISTAKES))
def test_check_names_the_mistake_and_its_place(
    install: Install, cli: CLI, tmp_path: pathlib.Path, body: str, message: str
) -> None:
    source = HEAD + body
    install(source)
    code, text, summary = cli("check", "p")
    assert code == 1
    assert message in text
    assert f"{tmp_path}/cli_p.py:{line_of(source, '# here')}" in text
    assert "p (akoo-p 0.1.0): " in summary


def test_check_takes_settings_and_a_config(
    install: Install, cli: CLI, tmp_path: pathlib.Path
) -> None:
    source = f"""{HEAD}
class P(api.Plugin):
    config_type = Options

    @hookimpl
    def intend(self, view):
        if view.config["spec"].get("controller") != "avi":
            return api.Blocked(reason="NoController", message="say which")

    @hookimpl
    async def prepare(self, ctx):
        return None
"""
    install(source)
    assert "  not tried: prepare;" in cli("check", "p")[1]
    adc = tmp_path / "adc.yaml"
    adc.write_text("kind: AKODeploymentConfig\nspec: {controller: avi, plugins: {p: {size: 2}}}\n")
    assert cli("check", "p", "--adc", str(adc))[1] == "p (akoo-p 0.1.0): 21 checks, no problem\n"
    adc.write_text("kind: AKODeploymentConfig\nspec: {controller: avi, plugins: {p: {sice: 2}}}\n")
    assert (
        'spec.plugins.p.sice: no such key; did you mean "size"?'
        in cli("check", "p", "--adc", str(adc))[1]
    )
    adc.write_text("kind: ConfigMap\n")
    assert cli("check", "p", "--adc", str(adc))[0] == 2
    config = tmp_path / "settings.yaml"
    config.write_text("plugins: {p: {colour: red}}\n")
    code, text, _ = cli("check", "p", "--config", str(config))
    assert code == 1
    assert "plugins.p: plugin p has no settings" in text


def test_new_writes_five_files_whose_conformance_run_is_green(
    cli: CLI, tmp_path: pathlib.Path
) -> None:
    code, text, _ = cli("new", "acme-dns", "--directory", str(tmp_path))
    assert code == 0
    root = tmp_path / "akoo-acme-dns"
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert files == {
        "pyproject.toml",
        "README.md",
        "akoo_acme_dns/__init__.py",
        "akoo_acme_dns/plugin.py",
        "tests/test_plugin.py",
    }
    assert "pip install -e '.[test]' && pytest" in text
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["akoo_core.plugins"]
    assert points == {"acme-dns": "akoo_acme_dns.plugin:AcmeDnsPlugin"}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    # The contract, each check in two scenarios, that these reach every verb, and the plugin's two.
    assert f"\n{2 * len(conformance.CHECKS) + 4} passed" in ran.stdout


def test_new_refuses_what_cannot_be(cli: CLI, tmp_path: pathlib.Path) -> None:
    code, _, message = cli("new", "Acme_DNS", "--directory", str(tmp_path))
    assert code == 2
    assert "'Acme_DNS' cannot be a plugin's name" in message
    (tmp_path / "akoo-hello").mkdir()
    code, _, message = cli("new", "hello", "--directory", str(tmp_path))
    assert code == 2
    assert "exists already" in message
