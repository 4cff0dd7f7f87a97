"""From zero to a proof, as its page says: by the files of a release, without a checkout.

The commands and the manifest are read from the page. Where a cluster pulls the image, the fake
kubelet runs the program of the wheels. ``AKOO_PROOF=1`` (``make proof``): it builds all packages.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
import re
import sys
import time
from collections.abc import AsyncIterator

import pytest
from akoo_testbed import bed as beds
from akoo_testbed import kubeapi, waiting
from akoo_testbed.building import build
from akoo_testbed.kubelet import FakeKubelet, KubeletOptions, NodeSpec
from akoo_testbed.kubelet.host import HostProgram
from akoo_testbed.kubelet.options import AkoProgram
from akoo_testbed.provider import ProviderOptions, manifests

from akoo_core.sandbox import avi as avis
from akoo_core.sandbox import process
from hack import release
from tests.e2e.conftest import CLUSTER, RECORD

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/from-zero-to-a-proof.md"
EPOCH = 1_700_000_000
SECONDS = 300.0
PROMISED_SECONDS = 600.0
"""The page says ten minutes."""
NAMESPACE, NAME = "team-a", "shop"

pytestmark = pytest.mark.skipif(
    os.environ.get("AKOO_PROOF") != "1", reason="builds all packages (AKOO_PROOF=1)"
)


class Reader:
    """A person with the page, a folder with ``dist/``, and a kubeconfig."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._sections = re.split(r"^## \d+\. .*$", PAGE.read_text(), flags=re.MULTILINE)
        tools = folder / "tools"
        tools.mkdir()
        for recipe, name in (("helm", "helm"), ("kubernetes", "kubectl")):
            (tools / name).symlink_to(build.ensure([recipe]).binary(name))
        dropped = ("PYTHON", "VIRTUAL_ENV", "AKOO_", "UV_PROJECT")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
        self._environment = {
            "UV_CACHE_DIR": str(pathlib.Path.home() / ".cache/uv"),
            **process.own_environment(kept),
            "HOME": str(folder),
            "KUBECONFIG": str(folder / "admin.kubeconfig"),
            "PATH": f"{folder}/akoo/bin:{tools}:{ROOT}/.tools/bin:{os.environ['PATH']}",
        }

    def commands(self, section: int) -> list[str]:
        """The commands of a section, without those that watch until they are interrupted."""
        blocks = re.findall(r"```console\n(.*?)```", self._sections[section], flags=re.DOTALL)
        lines = "".join(blocks).replace("\\\n", " ").splitlines()
        typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [line for line in typed if "--watch" not in line and "jaeger" not in line]

    def manifest(self, section: int) -> str:
        """The only manifest of a section."""
        (text,) = re.findall(r"```yaml\n(.*?)```", self._sections[section], flags=re.DOTALL)
        return str(text)

    async def types(self, command: str) -> str:
        """The output of a command that succeeds."""
        child = await asyncio.create_subprocess_shell(
            command,
            cwd=self.folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(SECONDS):
            output, _ = await child.communicate()
        assert child.returncode == 0, f"{command}\n{output.decode()}"
        return output.decode()


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The files of a release, but the list of components."""
    folder = tmp_path_factory.mktemp("release") / "dist"
    folder.mkdir()
    for name, content in release.files(release.names(), EPOCH).items():
        (folder / name).write_bytes(content)
    for name, content in release.packages(folder, EPOCH).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
async def avi() -> AsyncIterator[avis.SandboxAvi]:
    async with avis.serving() as controller:
        yield controller


@pytest.fixture
async def bed() -> AsyncIterator[beds.Bed]:
    """A management cluster with Cluster API, and nothing of akoo-core."""
    kubelet = KubeletOptions(ako_program=AkoProgram.AKOSIM)
    async with beds.Bed(beds.BedOptions(provider=ProviderOptions(kubelet=kubelet))) as bed:
        yield bed


async def test_a_reader_of_one_page_has_a_proof(
    dist: pathlib.Path, avi: avis.SandboxAvi, bed: beds.Bed, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "dist").symlink_to(dist)
    (tmp_path / "admin.kubeconfig").touch(mode=0o600)
    (tmp_path / "admin.kubeconfig").write_text(bed.management.kubeconfig)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    await bed.create([namespace, *manifests.cluster(NAMESPACE, NAME, workers=0)])
    await bed.create(manifests.machine_pool(NAMESPACE, NAME, 1, machine_delete_seconds=5.0))
    reader = Reader(tmp_path)
    program = HostProgram(
        bed.base,
        bed.management.url,
        (str(tmp_path / "akoo/bin/akoo-core"),),
        "AKOO_HEALTH__PORT",
        process.own_environment({}),
    )
    kubelet = FakeKubelet(
        bed.management.kubeconfig, [NodeSpec("node-1")], programs={"akoo-core": program}
    )
    await kubelet.start()
    try:
        started = time.monotonic()
        await _read(reader, bed, avi)
        assert time.monotonic() - started < PROMISED_SECONDS
    finally:
        await kubelet.stop()


async def _read(reader: Reader, bed: beds.Bed, avi: avis.SandboxAvi) -> None:
    """All sections in their order."""
    for command in reader.commands(1):
        if not command.startswith("export "):
            await reader.types(_installed(command))
    for command in reader.commands(2):
        await reader.types(command)
    (reader.folder / "avi.yaml").write_text(_furnished(reader.manifest(3), avi))
    for command in reader.commands(3):
        await reader.types(command)

    await bed.available(NAMESPACE, NAME)
    workload = bed.workloads.server(NAMESPACE, NAME).server
    (reader.folder / "shop.kubeconfig").touch(mode=0o600)
    (reader.folder / "shop.kubeconfig").write_text(workload.kubeconfig)
    label, *rest = reader.commands(4)
    await reader.types(label)
    record = await _running(bed.api)
    for command in rest:
        await reader.types(command)

    async def served() -> list[str]:
        return avi.marked(record)

    await waiting.until(served, title="objects on Avi", seconds=SECONDS, every=0.2)

    for command in reader.commands(5):
        await reader.types(command)
    await bed.api.wait_for(CLUSTER, NAMESPACE, NAME, lambda obj: obj is None, SECONDS)
    finished = await bed.api.wait_for(RECORD, None, record, _has_finished, SECONDS)
    assert finished is not None
    why, proof, message, audit = reader.commands(6)
    named = [re.sub(r"akoo-[0-9a-f]{12}", record, line) for line in (why, proof, message)]
    assert await reader.types(named[0]) == "Proven"
    assert '"own":0' in await reader.types(named[1])
    assert avi.address.partition(":")[0] in await reader.types(named[2])
    assert await reader.types(audit)
    assert avi.marked(record) == []


def _installed(command: str) -> str:
    """The command with a faster installer than pip."""
    return command.replace("python3 -m venv", f"uv venv --quiet --python {sys.executable}").replace(
        "akoo/bin/pip install", "uv pip install --quiet --python akoo/bin/python"
    )


def _furnished(manifest: str, avi: avis.SandboxAvi) -> str:
    """The manifest for this controller."""
    ca = avi.ca_pem.strip().replace("\n", "\n    ")
    for text, own in (
        ("username: akoo,", f"username: {avis.OPERATOR_USER},"),
        ("username: ako-user,", f"username: {avis.AKO_USER},"),
        ("OPERATOR-PASSWORD", f'"{avi.operator_password}"'),
        ("AKO-PASSWORD", f'"{avi.password}"'),
        ("CA-CERTIFICATE", ca),
        ("avi.example.com", f'"{avi.address}"'),
        ("vc-01", avis.CLOUD),
        ("10.70.0.0/24", avis.CIDR),
    ):
        assert text in manifest, text
        manifest = manifest.replace(text, own)
    return manifest


def _has_finished(record: kubeapi.Object | None) -> bool:
    return ((record or {}).get("status") or {}).get("phase") == "Finished"


async def _running(api: kubeapi.KubeApi) -> str:
    """The name of the record, as soon as AKO runs."""

    async def running() -> str:
        (record,) = await api.list(RECORD) or [{}]
        phase = record.get("status", {}).get("phase")
        return str(record["metadata"]["name"]) if phase == "Running" else ""

    return await waiting.until(running, title="AKO runs", seconds=SECONDS, every=0.2)
