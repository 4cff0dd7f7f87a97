"""A management cluster of Kubernetes' controllers. Its kubelet runs the installed operator."""

from __future__ import annotations

import contextlib
import pathlib
import sys
from collections.abc import AsyncIterator
from typing import Any

from akoo_testbed import bare, kubeapi, parts, waiting
from akoo_testbed.kubelet import FakeKubelet, NodeSpec
from akoo_testbed.kubelet.host import HostProgram

from akoo_core.sandbox import process

SECONDS = 60.0
DEPLOYMENT, POD, LEASE = "apps/v1/Deployment", "v1/Pod", "coordination.k8s.io/v1/Lease"
RECORD = "akoo.io/v1alpha1/AKODeployment"
CONFIG = "networking.tkg.tanzu.vmware.com/v1alpha1/AKODeploymentConfig"
CLUSTER = "cluster.x-k8s.io/v1beta2/Cluster"
POLICY = "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy"
DEFINITION = "apiextensions.k8s.io/v1/CustomResourceDefinition"

Object = dict[str, Any]


class OperatorBed:
    """One API server. ``namespace`` is the operator's."""

    def __init__(self, server: bare.BareServer, folder: pathlib.Path, namespace: str) -> None:
        self.server = server
        self.folder = folder
        self.namespace = namespace
        self.api = kubeapi.KubeApi(server.server.kubeconfig)
        self.kubeconfig = folder / "admin.kubeconfig"
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(server.server.kubeconfig)

    def logs(self) -> str:
        """Output of the operators, for a test that fails."""
        files = sorted(self.server.base.logs.glob("pod-*"))
        return "".join(f"\n{file.name}:\n{file.read_text()}" for file in files)

    async def pods(self) -> list[Object]:
        return list(await self.api.list(POD, self.namespace))

    async def onboarded(self) -> Object:
        """The one record, as soon as its Cluster has our finalizer."""

        async def held() -> bool:
            cluster = await self.api.get(CLUSTER, "default", "shop")
            finalizers = cluster["metadata"].get("finalizers", ())
            return any(name.startswith("akoo.io/") for name in finalizers)

        await waiting.until(held, title="the Cluster is onboarded", seconds=SECONDS, every=0.1)
        (record,) = await self.api.list(RECORD)
        return record

    async def only_pod(self, instead_of: str = "") -> Object:
        """The one Pod, as soon as there is one and it has another name than an old one."""

        async def alone() -> bool:
            names = [pod["metadata"]["name"] for pod in await self.pods()]
            return len(names) == 1 and names != [instead_of]

        await waiting.until(alone, title="the Pod is alone", seconds=SECONDS, every=0.1)
        (pod,) = await self.pods()
        return pod

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Kubernetes' controllers and a node run while the body does."""
        base = self.server.base
        program = HostProgram(
            base,
            self.server.server.url,
            (sys.executable, "-m", "akoo_core"),
            "AKOO_HEALTH__PORT",
            process.own_environment({}),
        )
        kubelet = FakeKubelet(
            self.server.server.kubeconfig, [NodeSpec("node-1")], programs={"akoo-core": program}
        )
        manager = parts.ControllerManager(base, self.server.server)
        await manager.start()
        await manager.ready()
        await kubelet.start()
        try:
            yield
        finally:
            await kubelet.stop()


def config(namespace: str) -> Object:
    """A config whose Secrets are absent: a record is made, and nothing is deployed."""
    secret = {"name": "absent", "namespace": namespace}
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


def cluster(namespace: str = "default") -> Object:
    return {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Cluster",
        "metadata": {"name": "shop", "namespace": namespace, "labels": {"lb": "avi"}},
        "spec": {
            "controlPlaneEndpoint": {"host": "127.0.0.1", "port": 1},
            "infrastructureRef": {
                "apiGroup": "infrastructure.cluster.x-k8s.io",
                "kind": "FakeCluster",
                "name": "shop",
            },
        },
    }
