"""`akoo-testbed up` and `down`, and the state between them."""

import asyncio
import json
import os
import pathlib
import shlex
import signal
import ssl
import subprocess
import sys

import pytest
import yaml
from akoo_testbed import errors, kubeapi, openbao, vcsim
from akoo_testbed.up import operator_files, plugin_parts, upstate

HOLD = """
import sys, pathlib, signal
from akoo_testbed.up import upstate
with upstate.StateFolder(pathlib.Path(sys.argv[1])).hold():
    print("held", flush=True)
    signal.pause()
"""
SHOWN = (
    "jaeger_url",
    "jaeger_note",
    "vcenter_url",
    "vcenter_control_url",
    "vcenter_password_file",
    "openbao_url",
    "openbao_token_file",
    "openbao_ca_file",
    "openbao_program",
    "operator_command",
)
STATE = upstate.UpState(
    pid=1,
    management_kubeconfig="m",
    management_url="u",
    workload="default/w",
    workload_kubeconfig="w",
    jaeger_url="j",
    otlp_url="o",
    kubectl="k",
    logs="l",
)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> upstate.StateFolder:
    return upstate.StateFolder(tmp_path / "up")


def hold(folder: upstate.StateFolder) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, str(folder.path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_nothing_is_up_at_first(folder: upstate.StateFolder) -> None:
    assert folder.holder() is None
    assert folder.read() is None
    assert not folder.take_down()


def test_a_state_counts_only_while_its_process_lives(folder: upstate.StateFolder) -> None:
    with hold(folder) as process:
        assert folder.holder() == process.pid
        assert folder.read() is None  # it is still starting
        folder.write(STATE)
        assert folder.read() == STATE
        process.kill()
        process.wait()
        assert folder.read() is None


def test_only_one_bed_is_up(folder: upstate.StateFolder) -> None:
    with hold(folder) as process:
        with pytest.raises(errors.TestbedError, match="a test bed is up already"):
            folder.hold()
        process.kill()


def test_down_ends_the_process_and_removes_the_state(folder: upstate.StateFolder) -> None:
    with hold(folder) as process:
        folder.write(STATE)
        (folder.path / "management.kubeconfig").write_text("secret")
        assert folder.take_down()
        assert process.wait(10) == -signal.SIGTERM
    assert [path.name for path in folder.path.iterdir()] == ["lock"]


def run(folder: upstate.StateFolder, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return run_program(folder, sys.executable, "-m", "akoo_testbed.cli", *arguments)


def run_script(
    folder: upstate.StateFolder, script: pathlib.Path, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    return run_program(folder, str(script), *arguments)


def run_program(folder: upstate.StateFolder, *command: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"AKOO_TESTBED_STATE": str(folder.path)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["status"], 1, "akoo-testbed: no test bed is up"),
        (["up", "--cluster", "Shop"], 2, 'Error: --cluster "Shop" is not NAMESPACE/NAME'),
        (["up", "--crds", "/no/such"], 2, "Path '/no/such' does not exist"),
        (["up", "--plugins", "nsx"], 1, 'akoo-testbed: plugin "nsx" is not installed. Installed: '),
        (["build", "--only", "docker"], 2, "'docker' is not one of 'etcd', 'kubernetes'"),
    ],
    ids=str,
)
def test_wrong_input(
    folder: upstate.StateFolder, arguments: list[str], code: int, message: str
) -> None:
    done = run(folder, *arguments)
    assert done.returncode == code
    assert message in done.stderr


def test_the_script_says_how_it_is_used() -> None:
    script = pathlib.Path(__file__).parents[2] / "hack" / "e2e.sh"
    done = subprocess.run([script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: hack/e2e.sh -u|-d\n")


def read_secret(path: pathlib.Path) -> str:
    assert path.stat().st_mode & 0o077 == 0
    return path.read_text()


def names(folder: pathlib.Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize(
    ("plugins", "parts"),
    [
        ((), ()),
        (("ako", "avi"), ()),
        (("vsphere", "ako", "avi"), ("vcsim",)),
        (("tenancy", "ako", "avi"), ("openbao",)),
        (("tenancy", "vsphere"), ("vcsim", "openbao")),
    ],
    ids=str,
)
def test_the_parts_that_plugins_need(plugins: tuple[str, ...], parts: tuple[str, ...]) -> None:
    assert plugin_parts.of(plugins) == parts


def second_step(command: str) -> None:
    """Start the operator as `up` says, without the plugins that need settings of a site."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AKOO_")}
    words = [*shlex.split(command), "--plugins", "ako,avi"]
    with subprocess.Popen(
        words,
        env=environment | {"AKOO_HEALTH__PORT": "0", "AKOO_LOG__FORMAT": "text"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as operator:
        assert operator.stdout is not None
        lines = []
        for line in operator.stdout:
            lines.append(line)
            if " working as " in line:
                operator.send_signal(signal.SIGTERM)
    text = "".join(lines)
    assert operator.returncode == 0, text
    assert " working as " in text, text
    assert "Apply them" not in text, text
    assert "Create it" not in text, text


def test_without_akoo_core_the_bed_brings_clusters_only(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    assert operator_files.write_manifests(tmp_path, ()) is None
    assert operator_files.write_settings(tmp_path, (), otlp_url="http://o") == ""
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("plugins", "definitions"), [((), 4), (("ako",), 2), (("vsphere", "tenancy", "ako", "avi"), 7)]
)
def test_the_operator_finds_what_it_needs(
    tmp_path: pathlib.Path, plugins: tuple[str, ...], definitions: int
) -> None:
    file = operator_files.write_manifests(tmp_path, plugins)
    assert file is not None
    kinds = [obj["kind"] for obj in yaml.safe_load_all(file.read_text())]
    assert kinds == ["CustomResourceDefinition"] * definitions + ["Namespace"]


def test_its_command_chooses_the_plugins_by_a_file(tmp_path: pathlib.Path) -> None:
    words = shlex.split(operator_files.write_settings(tmp_path, ("ako",), otlp_url="http://o:1"))
    assert words[1:] == [
        "--kubeconfig",
        str(tmp_path / "management.kubeconfig"),
        "--config",
        str(tmp_path / operator_files.SETTINGS),
    ]
    settings = yaml.safe_load((tmp_path / operator_files.SETTINGS).read_text())
    assert settings["enabledPlugins"] == ["ako"]
    assert settings["telemetry"] == {"endpoint": "http://o:1"}


def test_a_plugin_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(errors.TestbedError, match='akoo-core: no plugin "nsx"'):
        operator_files.write_manifests(tmp_path, ("nsx",))


@pytest.mark.bed
async def test_up_and_down(folder: upstate.StateFolder) -> None:
    script = pathlib.Path(__file__).parents[2] / "hack" / "e2e.sh"
    plugins = "vsphere,tenancy,ako,avi"
    words = ("-u", "--plugins", plugins, "--cluster", "team/shop", "--output", "json")
    up = await asyncio.to_thread(run_script, folder, script, *words)
    try:
        assert up.returncode == 0, up.stderr
        assert "cluster team/shop" in up.stderr
        state = json.loads(up.stdout)
        for key in ("management_kubeconfig", "workload_kubeconfig"):
            async with kubeapi.KubeApi(read_secret(pathlib.Path(state[key]))) as api:
                assert await api.get("v1/Namespace", None, "default")
        status = run(folder, "status")
        assert status.returncode == 0
        for key in SHOWN:
            assert state[key] in status.stdout
        for key in ("vcenter_password_file", "openbao_token_file"):
            assert read_secret(pathlib.Path(state[key])) not in status.stdout
        token = read_secret(pathlib.Path(state["openbao_token_file"]))
        tls = ssl.create_default_context(cafile=state["openbao_ca_file"])
        answer = await openbao.Admin(state["openbao_url"], tls, token).ask("GET", "sys/mounts")
        assert "sys/" in answer["data"]
        await asyncio.to_thread(second_step, state["operator_command"])
        groups = await vcsim.Control(state["vcenter_control_url"]).port_groups()
        assert "DC0-free" in {group.name for group in groups.values()}
    finally:
        down = await asyncio.to_thread(run_script, folder, script, "-d")
    assert (down.returncode, down.stdout) == (0, "test bed is down\n")
    assert names(pathlib.Path(state["logs"])) == []
    assert [name for name in names(folder.path) if name.startswith("openbao")] == []
    assert names(folder.path) == ["akoo-testbed.log", "lock"]
    assert folder.log.read_text() == ""
