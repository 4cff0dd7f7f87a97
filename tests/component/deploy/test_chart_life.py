"""The chart from its installation to its removal: a real helm, API server and controllers, and the
operator as the program of its Pod."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from akoo_testbed import bare, build, definitions, kubeapi, parts, waiting
from akoo_testbed.kubelet import FakeKubelet, NodeSpec
from akoo_testbed.kubelet.host import HostProgram

from akoo_core.sandbox import process
from tests import commands

CHART = pathlib.Path(__file__).parents[3] / "deploy" / "chart" / "akoo-core"
PROOF = bool(os.environ.get("AKOO_PROOF"))
NAMESPACE = "load-balancers"
SECONDS = 60.0

DEPLOYMENT, POD, LEASE = "apps/v1/Deployment", "v1/Pod", "coordination.k8s.io/v1/Lease"
RECORD = "akoo.io/v1alpha1/AKODeployment"
CONFIG = "networking.tkg.tanzu.vmware.com/v1alpha1/AKODeploymentConfig"
CLUSTER = "cluster.x-k8s.io/v1beta2/Cluster"
POLICY = "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy"
DEFINITION = "apiextensions.k8s.io/v1/CustomResourceDefinition"

Object = dict[str, Any]


class HelmBed:
    """A management cluster without Clusters' controllers, whose kubelet runs our operator."""

    def __init__(self, server: bare.BareServer, folder: pathlib.Path) -> None:
        self.server = server
        self.folder = folder
        self.api = kubeapi.KubeApi(server.server.kubeconfig)
        self.kubeconfig = folder / "admin.kubeconfig"
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(server.server.kubeconfig)
        self._helm = build.ensure(["helm"]).binary("helm")

    async def helm(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run helm as an administrator, without a network beyond the API server."""
        command = [str(self._helm), *words, "--namespace", NAMESPACE]
        environment = {
            "HOME": str(self.folder),
            "PATH": os.defpath,
            "KUBECONFIG": str(self.kubeconfig),
        }
        return await asyncio.to_thread(
            subprocess.run,
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    async def must(self, *words: str) -> None:
        done = await self.helm(*words)
        assert done.returncode == 0, done.stdout + done.stderr + self.logs()

    def logs(self) -> str:
        """Output of the operators, for a test that fails."""
        files = sorted(self.server.base.logs.glob("pod-*"))
        return "".join(f"\n{file.name}:\n{file.read_text()}" for file in files)

    async def pods(self) -> list[Object]:
        return list(await self.api.list(POD, NAMESPACE))

    async def onboarded(self) -> Object:
        """The one record, as soon as its Cluster has our finalizer."""

        async def held() -> bool:
            cluster = await self.api.get(CLUSTER, "default", "shop")
            finalizers = cluster["metadata"].get("finalizers", ())
            return any(name.startswith("akoo.io/") for name in finalizers)

        await waiting.until(held, title="the Cluster is onboarded", seconds=SECONDS, every=0.1)
        (record,) = await self.api.list(RECORD)
        return record


@pytest.fixture
async def bed(tmp_path: pathlib.Path) -> AsyncIterator[HelmBed]:
    async with bare.BareServer() as server:
        helm_bed = HelmBed(server, tmp_path)
        share = build.ensure(["clusterapi"]).share("clusterapi") / "config" / "crd" / "bases"
        program = HostProgram(
            server.base,
            server.server.url,
            (sys.executable, "-m", "akoo_core"),
            "AKOO_HEALTH__PORT",
            process.own_environment({}),
        )
        kubelet = FakeKubelet(
            server.server.kubeconfig, [NodeSpec("node-1")], programs={"akoo-core": program}
        )
        async with helm_bed.api:
            await definitions.install(helm_bed.api, share)
            manager = parts.ControllerManager(server.base, server.server)
            await manager.start()
            await manager.ready()
            await kubelet.start()
            try:
                yield helm_bed
            finally:
                await kubelet.stop()


def _config() -> Object:
    secret = {"name": "absent", "namespace": NAMESPACE}
    return {
        "apiVersion": "networking.tkg.tanzu.vmware.com/v1alpha1",
        "kind": "AKODeploymentConfig",
        "metadata": {"name": "default"},
        "spec": {
            "clusterSelector": {"matchLabels": {"lb": "avi"}},
            "controller": "avi.example.com",
            "cloudName": "vc-01",
            "serviceEngineGroup": "Default-Group",
            "dataNetwork": {"name": "vip", "cidr": "10.70.0.0/24"},
            "adminCredentialRef": secret,
            "certificateAuthorityRef": secret,
        },
    }


def _cluster() -> Object:
    return {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Cluster",
        "metadata": {"name": "shop", "namespace": "default", "labels": {"lb": "avi"}},
        "spec": {
            "controlPlaneEndpoint": {"host": "127.0.0.1", "port": 1},
            "infrastructureRef": {
                "apiGroup": "infrastructure.cluster.x-k8s.io",
                "kind": "FakeCluster",
                "name": "shop",
            },
        },
    }


async def test_the_life_of_an_installation(bed: HelmBed) -> None:
    """Installed, it onboards a Cluster; it is not removed while it manages one; definitions,
    records and policies outlive it."""
    image = ("--set", "image.repository=example.com/akoo-core", "--set", "replicas=1")
    wait = ("--wait", "--timeout", f"{SECONDS:.0f}s")
    await bed.must("install", "akoo", str(CHART), "--create-namespace", *image, *wait)
    lease = await bed.api.get(LEASE, NAMESPACE, "akoo-core")
    (first,) = await bed.pods()
    assert lease["spec"]["holderIdentity"]
    assert first["status"]["containerStatuses"][0]["ready"] is True

    await bed.api.create(_config())
    await bed.api.create(_cluster())
    record = await bed.onboarded()
    assert record["spec"]["clusterRef"]["name"] == "shop"

    if PROOF:
        await _upgrades(bed, first, image, wait)

    refused = await bed.helm("uninstall", "akoo", "--wait")
    assert refused.returncode != 0, refused.stdout
    with pytest.raises(kubeapi.ApiError, match="still manages Cluster default/shop") as reason:
        await bed.api.delete(DEPLOYMENT, NAMESPACE, "akoo-core")
    assert "akoo-core uninstall" in str(reason.value)
    assert [pod["metadata"].get("deletionTimestamp") for pod in await bed.pods()] == [None]
    role = await bed.api.get("rbac.authorization.k8s.io/v1/ClusterRole", None, "akoo-core")
    assert role["rules"]

    scale = {"spec": {"replicas": 0}}
    await bed.api.patch(DEPLOYMENT, NAMESPACE, "akoo-core", scale)

    async def stopped() -> bool:
        return not await bed.pods()

    await waiting.until(stopped, title="the operator stops", seconds=SECONDS, every=0.1)
    lease = await bed.api.get(LEASE, NAMESPACE, "akoo-core")
    assert not lease["spec"].get("holderIdentity"), "SIGTERM: it gave its Lease back"
    words = ("uninstall", "--orphan", "--yes", "--namespace", NAMESPACE, "--plugins", "ako,avi")
    code, text = await commands.typed(bed.kubeconfig, *words, seconds=SECONDS)
    assert code == 0, text

    await bed.must("uninstall", "akoo", "--wait", "--timeout", f"{SECONDS:.0f}s")
    assert await bed.api.find(DEPLOYMENT, NAMESPACE, "akoo-core") is None
    kept = await bed.api.get(RECORD, None, record["metadata"]["name"])
    assert kept["metadata"]["uid"] == record["metadata"]["uid"]
    for name in ("keep-definitions", "keep-management-config", "keep-operator", "keep-records"):
        assert await bed.api.get(POLICY, None, f"{name}.akoo.io")
    assert await bed.api.get(DEFINITION, None, "akodeployments.akoo.io")
    assert await bed.api.get(DEFINITION, None, "aviippools.akoo.io")


async def _upgrades(
    bed: HelmBed, first: Object, image: tuple[str, ...], wait: tuple[str, ...]
) -> None:
    """A change of the settings rolls the Pods, and so does the way back."""
    await bed.must("upgrade", "akoo", str(CHART), *image, "--set", "settings.workers=3", *wait)
    changed = await _settled(bed, first)
    config = await bed.api.get("v1/ConfigMap", NAMESPACE, "akoo-core-config")
    assert "workers: 3" in config["data"]["config.yaml"]
    await bed.must("rollback", "akoo", "1", *wait)
    await _settled(bed, changed)
    config = await bed.api.get("v1/ConfigMap", NAMESPACE, "akoo-core-config")
    assert "workers" not in json.dumps(config["data"])


async def _settled(bed: HelmBed, old: Object) -> Object:
    """The one Pod that took the place of an old one."""

    async def replaced() -> bool:
        names = [pod["metadata"]["name"] for pod in await bed.pods()]
        return len(names) == 1 and names != [old["metadata"]["name"]]

    await waiting.until(replaced, title="the new Pod is alone", seconds=SECONDS, every=0.1)
    (pod,) = await bed.pods()
    return pod
