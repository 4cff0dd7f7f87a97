"""The operator as a process on a real API server: what it says when something is wrong.

The server is bare: no Cluster API controllers, no workload clusters; CRDs as each test needs them.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest
from akoo_testbed import bare, definitions, kubeapi
from akoo_testbed.building import build

import akoo_core
from akoo_core import settings
from akoo_core.election import installations
from akoo_core.kube import crds as definition_rules
from akoo_core.plugin_host import loader
from akoo_core.sandbox import install, process
from tests import crds

SECONDS = 60.0
LEASE = "coordination.k8s.io/v1/Lease"


class ProcessBed:
    """A bare API server and what can be installed on it, step by step."""

    def __init__(self, server: bare.BareServer, folder: pathlib.Path) -> None:
        self.server = server
        self.folder = folder
        self.api = kubeapi.KubeApi(server.server.kubeconfig)

    async def crds(self) -> None:
        share = build.ensure(["clusterapi"]).share("clusterapi") / "config" / "crd" / "bases"
        await definitions.install(self.api, share, crds.FOLDER)

    async def account(self) -> pathlib.Path:
        """Install as `akoo-core manifests rbac` says; the kubeconfig of the operator's account."""
        plugins = loader.load(settings.load(overrides={"enabledPlugins": "ako"}))
        await install.install(self.api, plugins)
        text = await install.account_kubeconfig(
            self.api, self.server.server.url, self.server.base.authority.pem
        )
        return install.write_private(self.folder / "operator.kubeconfig", text)

    def operator(
        self, kubeconfig: pathlib.Path, *, plugins: tuple[str, ...] = ("ako",), **environment: str
    ) -> process.OperatorProcess:
        return process.OperatorProcess(
            kubeconfig=kubeconfig,
            plugins=plugins,
            log=self.folder / "operator.log",
            environment=environment,
        )


@pytest.fixture
async def bed(tmp_path: pathlib.Path) -> AsyncIterator[ProcessBed]:
    """An API server of this test's own: what is missing here must not be missing elsewhere."""
    async with bare.BareServer() as server:
        process_bed = ProcessBed(server, tmp_path)
        async with process_bed.api:
            yield process_bed


async def readyz(operator: process.OperatorProcess, wanted: str) -> str:
    """The text of /readyz as soon as ``wanted`` is in it."""
    async with (
        asyncio.timeout(SECONDS),
        aiohttp.ClientSession(trust_env=False) as session,
    ):
        while True:
            try:
                async with session.get(f"{operator.url}/readyz") as answer:
                    text = await answer.text()
            except aiohttp.ClientError:
                text = ""
            if wanted in text:
                return text
            await asyncio.sleep(0.05)


async def build_info(operator: process.OperatorProcess) -> str:
    """The line of /metrics that names the version."""
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.get(f"{operator.url}/metrics") as answer,
    ):
        lines = (await answer.text()).splitlines()
    return next((line for line in lines if line.startswith("akoo_build_info{")), "")


async def test_what_is_missing_is_said_until_it_is_there(bed: ProcessBed) -> None:
    """CRDs, then rights, then nothing: one process goes on by itself."""
    kubeconfig = await bed.account()
    operator = bed.operator(kubeconfig)
    await operator.start()
    try:
        missing = await readyz(
            operator, f"{definition_rules.COMMAND} --plugins ako | kubectl apply "
        )
        assert "the API server has no AKODeploymentConfig" in missing
        assert f'version="{akoo_core.__version__}"' in await build_info(operator)
        role = "rbac.authorization.k8s.io/v1/ClusterRole"
        whole = await bed.api.get(role, None, install.ACCOUNT)
        less = [rule for rule in whole["rules"] if "akodeployments" not in rule["resources"]]
        await bed.api.patch(role, None, install.ACCOUNT, {"rules": less})
        await bed.crds()
        refused = await readyz(operator, "not allowed to")
        assert "ClusterRole akoo-core lacks" in refused
        assert "on akodeployments" in refused
        assert "(rendered: akoo-core manifests rbac --plugins ako)" in refused
        await bed.api.patch(role, None, install.ACCOUNT, {"rules": whole["rules"]})
        await operator.ready()
    finally:
        code = await operator.stop()
    assert code == 0
    log = operator.log.read_text()
    assert log.count("the API server has no AKODeploymentConfig") == 1, "said once, not per try"


async def test_each_command_that_a_message_names_helps(bed: ProcessBed) -> None:
    """On an empty API server: definitions of plugins, then the namespace; each said once."""
    kubeconfig = install.write_private(
        bed.folder / "admin.kubeconfig", bed.server.server.kubeconfig
    )
    share = build.ensure(["clusterapi"]).share("clusterapi") / "config" / "crd" / "bases"
    await definitions.install(bed.api, share)
    operator = bed.operator(kubeconfig, plugins=("ako", "avi"))
    await operator.start()
    try:
        missing = await readyz(operator, "Apply them: ")
        await apply_output(bed, "akoo-core manifests crds --plugins avi,ako", missing)
        missing = await readyz(operator, "Create it: ")
        assert 'namespace "akoo-system" of the operator does not exist' in missing
        await apply_output(bed, "akoo-core manifests namespace", missing)
        await operator.ready()
    finally:
        code = await operator.stop()
    assert code == 0
    log = operator.log.read_text()
    assert log.count("the API server has no AKODeploymentConfig") == 1, log
    assert log.count("of the operator does not exist") == 1, log


async def apply_output(bed: ProcessBed, command: str, message: str) -> None:
    """Run the command that the message names, and apply its output."""
    assert f"{command} | kubectl apply --server-side -f -" in message
    words = [sys.executable, "-m", *command.replace("akoo-core", "akoo_core").split()]
    done = await asyncio.to_thread(
        subprocess.run, words, capture_output=True, text=True, check=True
    )
    file = bed.folder / "printed.yaml"
    file.write_text(done.stdout)
    await definitions.install(bed.api, file)


async def test_it_outlives_its_api_server_and_ends_in_time(bed: ProcessBed) -> None:
    """Down at the start it is waited for; SIGTERM then ends it at once, the lease handed back.

    At once, not after the time for attempts in flight: until that was over it would be killed."""
    kubeconfig = await bed.account()
    await bed.crds()
    await bed.server.server.stop()
    operator = bed.operator(kubeconfig, AKOO_DEADLINES__SHUTDOWN_SECONDS="600")
    await operator.start()
    try:
        await readyz(operator, "[-] management cluster: ")
        assert await _status(f"{operator.url}/healthz") == 200, "alive, though not ready"
        await bed.server.server.start()
        await bed.server.server.ready()
        await operator.ready()
        await leader(bed)
    finally:
        code = await operator.stop(signal.SIGTERM)
    assert code == 0
    lease = await bed.api.get(LEASE, install.NAMESPACE, "akoo-core")
    assert not lease["spec"].get("holderIdentity")


async def test_a_second_installation_acts_on_nothing(bed: ProcessBed) -> None:
    """As the account that `akoo-core manifests rbac` makes, which may only list other Leases."""
    kubeconfig = await bed.account()
    await bed.crds()
    system = await bed.api.get("v1/Namespace", None, "kube-system")
    value = installations.label_value(system["metadata"]["uid"])
    other = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": "akoo-core",
            "namespace": "default",
            "labels": {installations.MANAGEMENT_LABEL: value},
        },
        "spec": {"holderIdentity": "another", "leaseDurationSeconds": 600},
    }
    await bed.api.create(other)
    operator = bed.operator(kubeconfig)
    await operator.start()
    try:
        text = await readyz(operator, "has the same management id")
        assert "Lease default/akoo-core, held by another," in text
        assert await bed.api.find(LEASE, install.NAMESPACE, "akoo-core") is None
        await bed.api.delete(LEASE, "default", "akoo-core")
        await operator.ready()
        await leader(bed)
    finally:
        code = await operator.stop()
    assert code == 0


async def test_the_second_replica_stands_by_and_takes_over(bed: ProcessBed) -> None:
    kubeconfig = await bed.account()
    await bed.crds()
    first, second = bed.operator(kubeconfig), bed.operator(kubeconfig)
    second.log = bed.folder / "second.log"
    await first.start()
    try:
        await first.ready()
        holder = await leader(bed)
        await second.start()
        await second.ready()
        assert await leader(bed) == holder, "ready, but not leading"
        assert await first.stop(signal.SIGINT) == 0
        assert await leader(bed, other_than=holder) != holder
    finally:
        await first.stop()
        assert await second.stop() == 0


async def leader(bed: ProcessBed, *, other_than: str = "") -> str:
    """The holder of the Lease, as soon as there is one that is not ``other_than``."""
    lease = await bed.api.wait_for(
        LEASE,
        install.NAMESPACE,
        "akoo-core",
        lambda obj: (obj or {}).get("spec", {}).get("holderIdentity") not in (None, "", other_than),
    )
    assert lease is not None
    holder: str = lease["spec"]["holderIdentity"]
    return holder


async def _status(url: str) -> int:
    async with aiohttp.ClientSession(trust_env=False) as session, session.get(url) as answer:
        return answer.status


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "akoo_core", *arguments]
    variables = {**os.environ, "AKOO_HEALTH__PORT": "0", **environment}
    return subprocess.run(
        command, env=variables, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--plugins", "akko"], 'no plugin "akko". Installed: '),
        (["--plugins", "akko"], 'Did you mean "ako"?'),
        (["--plugins", "ako", "--kubeconfig", "/nowhere/kubeconfig"], "kubeconfig /nowhere"),
        (["--plugins", "ako", "--config", "/nowhere/settings.yaml"], "/nowhere/settings.yaml"),
        (["trace", "shop"], "is not NAMESPACE/NAME"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(arguments: list[str], message: str) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("akoo-core: ")
    assert message in line


_PORT = "AKOO_HEALTH__PORT"
_SPANS = {"AKOO_TELEMETRY__ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (_SPANS, "kubeconfig /nowhere"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER"),
        ({**_SPANS, "OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, "OTEL_EXPORTER_OTLP_TIMEOUT"),
        ({**_SPANS, _PORT: ""}, "health.port: cannot listen on 127.0.0.1:"),
    ],
    ids=["kubeconfig", "exporter", "timeout", "port"],
)
def test_no_line_of_the_log_goes_before_wrong_input(
    environment: dict[str, str], message: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        if _PORT in environment:
            port = str(taken.getsockname()[1])
            environment = {**environment, "AKOO_HEALTH__BIND_ADDRESS": "127.0.0.1", _PORT: port}
        done = _run("--plugins", "ako", "--kubeconfig", "/nowhere/kubeconfig", **environment)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("akoo-core: ")
    assert message in line


def test_a_wrong_setting_names_its_path(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("health:\n  prot: 1\n")
    done = _run("--plugins", "ako", "--config", str(file))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "health.prot" in line
    assert "port" in line


def test_an_unreadable_kubeconfig_names_what_is_wrong(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text("apiVersion: v1\nkind: Config\nclusters: []\n")
    done = _run("--plugins", "ako", "--kubeconfig", str(file))
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert len(done.stderr.splitlines()) == 1
