"""The chart from its installation to its removal: a real helm, API server and controllers, and the
operator as the program of its Pod."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import pytest
from akoo_testbed import bare, definitions, kubeapi, waiting
from akoo_testbed.building import build

from tests import commands
from tests.component.deploy import operator_bed
from tests.component.deploy.operator_bed import (
    CLUSTER,
    DEFINITION,
    DEPLOYMENT,
    LEASE,
    POLICY,
    RECORD,
)

CHART = pathlib.Path(__file__).parents[3] / "deploy" / "chart" / "akoo-core"
PROOF = bool(os.environ.get("AKOO_PROOF"))
NAMESPACE = "load-balancers"
SECONDS = operator_bed.SECONDS

Object = dict[str, Any]


class HelmBed(operator_bed.OperatorBed):
    """A management cluster on which a person types helm."""

    def __init__(self, server: bare.BareServer, folder: pathlib.Path) -> None:
        super().__init__(server, folder, NAMESPACE)
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


@pytest.fixture
async def bed(tmp_path: pathlib.Path) -> AsyncIterator[HelmBed]:
    async with bare.BareServer() as server:
        helm_bed = HelmBed(server, tmp_path)
        share = build.ensure(["clusterapi"]).share("clusterapi") / "config" / "crd" / "bases"
        async with helm_bed.api:
            await definitions.install(helm_bed.api, share)
            async with helm_bed.running():
                yield helm_bed


async def test_the_life_of_an_installation(bed: HelmBed) -> None:
    """Installed, it onboards a Cluster of the namespace that it watches, and no other; it is not
    removed while it manages one; definitions, records and policies outlive it."""
    image = (
        *("--set", "image.repository=example.com/akoo-core", "--set", "replicas=1"),
        *("--set", "settings.watchNamespace=default"),
    )
    wait = ("--wait", "--timeout", f"{SECONDS:.0f}s")
    await bed.must("install", "akoo", str(CHART), "--create-namespace", *image, *wait)
    lease = await bed.api.get(LEASE, NAMESPACE, "akoo-core")
    (first,) = await bed.pods()
    assert lease["spec"]["holderIdentity"]
    assert first["status"]["containerStatuses"][0]["ready"] is True

    await bed.api.create(operator_bed.config(NAMESPACE))
    metadata = {"name": "elsewhere"}
    await bed.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    elsewhere = await bed.api.create(operator_bed.cluster("elsewhere"))
    await bed.api.create(operator_bed.cluster())
    record = await bed.onboarded()
    assert record["spec"]["clusterRef"]["namespace"] == "default"

    if PROOF:
        await _upgrades(bed, first, image, wait)

    left_alone = await bed.api.get(CLUSTER, "elsewhere", "shop")
    assert left_alone["metadata"]["resourceVersion"] == elsewhere["metadata"]["resourceVersion"]

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
    changed = await bed.only_pod(first["metadata"]["name"])
    config = await bed.api.get("v1/ConfigMap", NAMESPACE, "akoo-core-config")
    assert "workers: 3" in config["data"]["config.yaml"]
    await bed.must("rollback", "akoo", "1", *wait)
    await bed.only_pod(changed["metadata"]["name"])
    config = await bed.api.get("v1/ConfigMap", NAMESPACE, "akoo-core-config")
    assert "workers" not in json.dumps(config["data"])
