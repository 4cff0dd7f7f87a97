"""The steps of the Dockerfile, done without a container engine, by a user who is not root."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest
from akoo_testbed import running

import akoo_core
from akoo_core.manifests import render
from akoo_core.sandbox import process
from hack import generate, release
from tests import recipe

ROOT = pathlib.Path(__file__).parents[3]
IMAGE = ROOT / "deploy" / "image"
NOBODY = 65534
SECONDS = 300
PLUGINS = sorted([*(each.parent.name for each in ROOT.glob("plugins/*/pyproject.toml")), "shelf"])
SHELF = "deploy/image/plugins/akoo_shelf-0.1.0-py3-none-any.whl"
SHELF_CODE = """
from akoo_core.plugin import api


class Shelf(api.Plugin):
    pass
"""


def _as_user(uid: int) -> list[str]:
    """The prefix of a command that makes it run as another user than root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs"]


def _give(path: pathlib.Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


class Installed(NamedTuple):
    """The folder that install.sh filled, and how to run something as the user who did."""

    folder: pathlib.Path
    environment: Mapping[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*_as_user(NOBODY), *command],
            env=self.environment,
            cwd=self.folder.parent,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def files(self) -> set[pathlib.Path]:
        return {path for path in self.folder.rglob("*") if path.is_file()}


_USABLE = """
import os, sys
os.path.realpath(sys.executable, strict=True)
sys.exit(sys.version_info < (3, 11))
"""


def _python() -> str:
    """A Python that the user can run: root's own may be hidden in root's home."""
    for interpreter in (
        os.path.realpath(sys.executable),
        "/usr/local/bin/python3",
        "/usr/bin/python3",
    ):
        command = [*_as_user(NOBODY), interpreter, "-c", _USABLE]
        if not subprocess.run(command, cwd="/", capture_output=True, check=False).returncode:
            return interpreter
    pytest.skip("no Python >= 3.11 here that a user who is not root can run")


def _cache() -> pathlib.Path:
    """Kept between runs, so that only the first one needs the package index."""
    cache = pathlib.Path(tempfile.gettempdir(), f"akoo-core-test-uv-{NOBODY}-{os.getuid()}")
    cache.mkdir(mode=0o700, exist_ok=True)
    _give(cache)
    return cache


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    work = pathlib.Path(tempfile.mkdtemp(prefix="akoo-core-image-"))
    work.chmod(0o755)
    try:
        source, home = work / "source", work / "home"
        for sources, target in recipe.copies():
            for copied in sources:
                _copy(ROOT / copied, source / target, into=target.endswith("/"))
        home.mkdir()
        _give(home)
        uv = shutil.which("uv", path=f"{ROOT}/.tools/bin:{os.environ['PATH']}")
        assert uv is not None, "uv is brought by `make setup`"
        shutil.copy(uv, work / "uv")
        hidden = ("UV_", "VIRTUAL_ENV", "PYTHON", "AKOO_")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        environment |= {
            "HOME": str(home),
            "PATH": f"{work}:/usr/local/bin:/usr/bin:/bin",
            "UV_CACHE_DIR": str(_cache()),
        }
        operator = Installed(home / "operator", environment)
        script = str(source / "deploy/image/install.sh")
        _shelf(source / "deploy/image/plugins")
        done = operator.run(
            "env", f"PLUGINS={SHELF}", "sh", script, str(operator.folder), _python()
        )
        assert done.returncode == 0, done.stderr
        assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == PLUGINS
        yield operator
        again = operator.run("sh", script, str(operator.folder))
        assert again.returncode == 2
        assert again.stderr == f"{script}: {operator.folder} is not empty\n"
    finally:
        shutil.rmtree(work)


def _shelf(folder: pathlib.Path) -> None:
    """Put the wheel of a plugin that does nothing into ``folder``."""
    info = "akoo_shelf-0.1.0.dist-info"
    files = {
        "akoo_shelf.py": SHELF_CODE,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: akoo-shelf\nVersion: 0.1.0\n"
        f"Requires-Dist: akoo-core=={akoo_core.__version__}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/entry_points.txt": "[akoo_core.plugins]\nshelf = akoo_shelf:Shelf\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / pathlib.Path(SHELF).name, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)


def _copy(source: pathlib.Path, target: pathlib.Path, *, into: bool) -> None:
    """As COPY does: a folder's content, or a file into a folder."""
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "tests")
        shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
        return
    assert into, "the Dockerfile copies files into folders only"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def test_it_belongs_to_a_user_who_is_not_root(installed: Installed) -> None:
    owners = {path.lstat().st_uid for path in installed.folder.rglob("*")}
    assert owners == {NOBODY if os.geteuid() == 0 else os.geteuid()}
    assert 0 not in owners


def test_the_command_starts_from_there_and_writes_nothing(installed: Installed) -> None:
    before = installed.files()
    command = str(installed.folder / "bin" / "akoo-core")
    version = installed.run(command, "--version")
    assert (version.returncode, version.stdout) == (0, f"akoo-core {akoo_core.__version__}\n")
    shown = installed.run(command, "--help")
    assert shown.returncode == 0, shown.stderr
    assert "--kubeconfig" in shown.stdout
    parts: tuple[render.Part, ...] = ("crds", "rbac", "policies")
    for part in parts:  # the manifests of core and plugins are in the wheels
        made = installed.run(command, "manifests", part, "--plugins", "ako,avi,vsphere")
        assert made.returncode == 0, made.stderr
        installation = render.Installation(generate.plugins("ako,avi,vsphere"))
        wanted = render.text(render.objects(installation, part))
        assert made.stdout.partition("\n")[2] == wanted
    assert installed.files() == before, "all that is imported was compiled before"


def test_the_operator_runs_from_there(
    installed: Installed, apiserver: running.RunningServer
) -> None:
    """On a real API server, as that user: it says how it is, and ends when told to."""
    kubeconfig = installed.folder.parent / "kubeconfig"
    kubeconfig.write_text(apiserver.kubeconfig)
    kubeconfig.chmod(0o600)
    _give(kubeconfig)
    url = f"127.0.0.1:{process.free_port()}"
    before = installed.files()
    command = [str(installed.folder / "bin" / "akoo-core"), "--plugins", "ako"]
    operator = subprocess.Popen(
        [*_as_user(NOBODY), *command, "--kubeconfig", str(kubeconfig)],
        env={**installed.environment, "AKOO_HEALTH__PORT": url.partition(":")[2]},
        cwd="/",
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert "management cluster" in _answer(f"http://{url}/readyz", operator)
    finally:
        operator.send_signal(signal.SIGTERM)
        _, output = operator.communicate(timeout=SECONDS)
    assert operator.returncode == 0, output
    assert installed.files() == before


def _answer(url: str, operator: subprocess.Popen[str]) -> str:
    """The answer of the URL, whatever the status, as soon as it answers."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and operator.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return str(answer.read(), "utf-8")
        except urllib.error.HTTPError as error:
            with error:
                return str(error.read(), "utf-8")
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


def test_what_is_in_it_is_what_the_operator_needs(installed: Installed) -> None:
    code = "from importlib import metadata; print(*{d.name for d in metadata.distributions()})"
    done = installed.run(str(installed.folder / "bin" / "python"), "-I", "-c", code)
    assert done.returncode == 0, done.stderr
    names = set(done.stdout.split())
    plugins = {f"akoo-{plugin}" for plugin in PLUGINS}
    assert {"akoo-core", "opentelemetry-sdk"} | plugins <= names
    assert not {"akoo-testbed", "pytest", "mypy", "uv"} & names


def test_nothing_of_it_points_back_to_the_source(installed: Installed) -> None:
    code = "import akoo_core, akoo_ako; print(akoo_core.__file__, akoo_ako.__file__)"
    done = installed.run(str(installed.folder / "bin" / "python"), "-I", "-c", code)
    assert all(path.startswith(str(installed.folder)) for path in done.stdout.split()), done
    assert not list(installed.folder.rglob("__editable__*"))


EPOCH = 1_700_000_000


def test_the_list_of_components_is_what_is_installed(installed: Installed) -> None:
    """Equal in two runs, and without a folder. A release also compares it with its schema."""
    python = installed.folder / "bin" / "python"
    text = release.components(python, EPOCH, validated=False)
    assert text == release.components(python, EPOCH, validated=False)
    listed = json.loads(text)
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.6")
    assert listed["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00", "of the commit"
    print_all = "for d in metadata.distributions(): print(d.name, d.version)"
    done = installed.run(str(python), "-I", "-c", f"from importlib import metadata\n{print_all}")
    root = listed["metadata"]["component"]
    components = {f"{each['name']} {each['version']}" for each in (root, *listed["components"])}
    assert components == set(done.stdout.splitlines())
    named_by_path = [each["name"] for each in listed["components"] if "purl" not in each]
    assert named_by_path == ["akoo-shelf"], "PLUGINS names this wheel by its path"


HOW_TO = ROOT / "docs" / "how-to" / "ship-a-plugin.md"


def _run_of_the_how_to() -> str:
    """The commands of its RUN, without the mounts."""
    text = HOW_TO.read_text().partition("\nRUN ")[2].partition("\nUSER ")[0]
    words = text.replace("\\\n", " ").split()
    return " ".join(word for word in words if not word.startswith("--mount="))


def test_a_plugin_is_added_as_the_how_to_says(installed: Installed) -> None:
    """The example, as a wheel, into the environment that the base image has. Last in this file."""
    source, wheels = installed.folder.parent / "acme", installed.folder.parent / "dist"
    shutil.copytree(ROOT / "examples" / "third_party", source)
    for path in (source, *source.rglob("*")):
        _give(path)
    build = installed.run(
        "uv", "build", "--wheel", "--quiet", "--out-dir", str(wheels), str(source)
    )
    assert build.returncode == 0, build.stderr
    command = str(installed.folder / "bin" / "akoo-core")
    run = _run_of_the_how_to()
    assert run.startswith("uv pip install "), run
    run = run.replace("akoo-core plugins", f"{command} plugins")
    run = run.replace("/opt/akoo-core", str(installed.folder)).replace("/dist", str(wheels))
    done = installed.run("sh", "-c", run)
    assert done.returncode == 0, done.stderr
    assert "acme-dns" in done.stdout
    made = installed.run(command, "manifests", "crds", "--plugins", "ako,acme-dns")
    assert "dnszones" in made.stdout, made.stderr
    rights = installed.run(command, "manifests", "rbac", "--plugins", "ako,acme-dns")
    assert "dnszones" in rights.stdout, rights.stderr
    checked = installed.run(command, "plugins", "check", "acme-dns")
    assert checked.returncode == 0, checked.stdout + checked.stderr
