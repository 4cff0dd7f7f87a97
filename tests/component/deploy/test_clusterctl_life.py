"""The add-on provider of clusterctl on a real API server: installed, upgraded and deleted; records,
definitions and policies outlive it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml
from akoo_testbed import bare, definitions, kubeapi, waiting

from akoo_core.objects import names
from tests.component.deploy import clusterctl_program, operator_bed
from tests.component.deploy.clusterctl_program import IMAGE, NEXT_VERSION, VERSION, Clusterctl
from tests.component.deploy.operator_bed import CLUSTER, DEFINITION, DEPLOYMENT, POLICY, RECORD

PROOF = bool(os.environ.get("AKOO_PROOF"))
REFUSED_SECONDS = 15.0
"""clusterctl repeats a refused request for minutes; nothing changes meanwhile."""
NEWER = IMAGE.replace(":0.1.0", ":0.1.99")
UPGRADE = ("upgrade", "apply", "--addon", f"akoo:{NEXT_VERSION}")
NAMESPACE = "load-balancers"

PROVIDER = "clusterctl.cluster.x-k8s.io/v1alpha3/Provider"
ACCOUNT = "v1/ServiceAccount"
BINDING = "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding"
POLICIES = ("keep-definitions", "keep-management-config", "keep-operator", "keep-records")

Object = dict[str, Any]


@pytest.fixture
def kubeconfig(tmp_path: pathlib.Path, server: bare.BareServer) -> pathlib.Path:
    file = tmp_path / "admin.kubeconfig"
    file.touch(mode=0o600)
    file.write_text(server.server.kubeconfig)
    return file


@pytest.fixture
async def server(tmp_path: pathlib.Path) -> AsyncIterator[bare.BareServer]:
    async with prepared(tmp_path) as started:
        yield started


@contextlib.asynccontextmanager
async def prepared(folder: pathlib.Path) -> AsyncIterator[bare.BareServer]:
    """An empty management cluster with the kinds of cert-manager."""
    file = folder / "cert-manager.yaml"
    file.write_text(yaml.safe_dump_all(clusterctl_program.cert_manager()))
    async with bare.BareServer() as started:
        async with kubeapi.KubeApi(started.server.kubeconfig) as api:
            await definitions.install(api, file)
        yield started


async def image_of(api: kubeapi.KubeApi) -> str:
    deployment = await api.get(DEPLOYMENT, NAMESPACE, "akoo-core")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["name"] == "manager"
    return str(container["image"])


async def test_init_upgrade_and_delete(
    server: bare.BareServer, kubeconfig: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    clusterctl = Clusterctl(tmp_path)
    async with kubeapi.KubeApi(server.server.kubeconfig) as api:
        await clusterctl.must(kubeconfig, *clusterctl_program.FIRST, namespace=NAMESPACE)
        installed = await api.get(PROVIDER, NAMESPACE, "addon-akoo")
        assert (installed["type"], installed["version"]) == ("AddonProvider", VERSION)
        assert await image_of(api) == IMAGE
        policy = await api.get(POLICY, None, "keep-records.akoo.io")
        assert f"system:serviceaccount:{NAMESPACE}:akoo-core" in str(policy["spec"])
        assert await api.get(ACCOUNT, NAMESPACE, "akoo-core")

        await clusterctl.must(kubeconfig, *UPGRADE, image=NEWER, namespace=NAMESPACE)
        assert await image_of(api) == NEWER
        upgraded = await api.get(PROVIDER, NAMESPACE, "addon-akoo")
        assert upgraded["version"] == NEXT_VERSION

        await clusterctl.must(kubeconfig, "delete", "--addon", "akoo")
        for kind in (DEPLOYMENT, ACCOUNT):
            assert await api.find(kind, NAMESPACE, "akoo-core") is None
        await assert_kept(api)


async def assert_kept(api: kubeapi.KubeApi) -> None:
    """Definitions and policies are there, and the policies are enforced."""
    assert await api.get("v1/Namespace", None, NAMESPACE)
    for name in POLICIES:
        for kind in (POLICY, BINDING):
            assert await api.get(kind, None, f"{name}.akoo.io")
    definition = await api.get(DEFINITION, None, "akodeployments.akoo.io")
    assert definition["metadata"].get("deletionTimestamp") is None
    await refused(api, DEFINITION, None, "akodeployments.akoo.io")


async def refused(api: kubeapi.KubeApi, kind: str, namespace: str | None, name: str) -> None:
    """Wait until a policy refuses the deletion: the API server takes a moment to see it, and the
    records that it is about."""
    path = await api.path(kind, namespace, name)

    async def so() -> bool:
        try:
            await api.request("DELETE", path, params={"dryRun": "All"})
        except kubeapi.ApiError as error:
            if names.CONFIRM_REMOVAL_ANNOTATION not in str(error):
                raise
            return True
        return False

    await waiting.until(so, title=f"{name} is kept", seconds=operator_bed.SECONDS, every=0.1)


@pytest.mark.skipif(not PROOF, reason="make proof plays it")
async def test_an_operator_with_a_fleet(server: bare.BareServer, tmp_path: pathlib.Path) -> None:
    """It is neither stopped nor removed while it manages a Cluster; it is upgraded with a word of a
    person; its Cluster moves to another management cluster, and then it may go, and come again."""
    clusterctl = Clusterctl(tmp_path)
    bed = operator_bed.OperatorBed(server, tmp_path, NAMESPACE)
    async with bed.api, bed.running():
        await clusterctl.must(bed.kubeconfig, *clusterctl_program.FIRST, namespace=NAMESPACE)
        await bed.api.patch(DEPLOYMENT, NAMESPACE, "akoo-core", {"spec": {"replicas": 1}})
        await bed.api.create(operator_bed.config(NAMESPACE))
        await bed.api.create(operator_bed.cluster())
        record = await bed.onboarded()
        first = await bed.only_pod()
        await refused(bed.api, ACCOUNT, NAMESPACE, "akoo-core")
        for words in (UPGRADE, ("delete", "--addon", "akoo")):
            with pytest.raises(subprocess.TimeoutExpired):
                await clusterctl.must(
                    bed.kubeconfig, *words, seconds=REFUSED_SECONDS, namespace=NAMESPACE
                )
            (same,) = await bed.pods()
            assert same["metadata"]["uid"] == first["metadata"]["uid"]
            assert same["metadata"].get("deletionTimestamp") is None
            assert await bed.api.get(ACCOUNT, NAMESPACE, "akoo-core")

        allowed = {"metadata": {"annotations": {names.UPGRADING_ANNOTATION: "true"}}}
        await bed.api.patch("v1/Namespace", None, NAMESPACE, allowed)
        await clusterctl.must(bed.kubeconfig, *UPGRADE, image=NEWER, namespace=NAMESPACE)
        assert await image_of(bed.api) == NEWER
        namespace = await bed.api.get("v1/Namespace", None, NAMESPACE)
        assert namespace["metadata"]["annotations"][names.UPGRADING_ANNOTATION] == "false"
        kept = await bed.api.get(RECORD, None, record["metadata"]["name"])
        assert kept["metadata"]["uid"] == record["metadata"]["uid"]

        await moved(bed, clusterctl, tmp_path, record["metadata"]["name"])
        await clusterctl.must(bed.kubeconfig, "delete", "--addon", "akoo")
        assert await bed.api.find(DEPLOYMENT, NAMESPACE, "akoo-core") is None
        await assert_kept(bed.api)

        # Installed again, over what was kept.
        await clusterctl.must(bed.kubeconfig, *clusterctl_program.AGAIN, namespace=NAMESPACE)
        assert await image_of(bed.api) == IMAGE


async def moved(
    bed: operator_bed.OperatorBed, clusterctl: Clusterctl, folder: pathlib.Path, record: str
) -> None:
    """The Cluster and its record are on another server. The policy lets the operator drop its own
    record."""
    at = "2026-03-01T12:00:00Z"
    done = {"type": "ControlPlaneInitialized", "status": "True", "reason": "Initialized"}
    status = {
        "initialization": {"infrastructureProvisioned": True, "controlPlaneInitialized": True},
        "conditions": [done | {"message": "", "lastTransitionTime": at}],
    }
    await bed.api.patch(CLUSTER, "default", "shop", {"status": status}, subresource="status")
    there = folder / "there"
    there.mkdir()
    async with prepared(there) as target:
        other = operator_bed.OperatorBed(target, there, NAMESPACE)
        async with other.api:
            await clusterctl.must(other.kubeconfig, *clusterctl_program.FIRST, namespace=NAMESPACE)
            await clusterctl.must(other.kubeconfig, *UPGRADE, image=NEWER, namespace=NAMESPACE)
            to = ("--namespace", "default", "--to-kubeconfig", str(other.kubeconfig))
            await clusterctl.must(bed.kubeconfig, "move", *to)
            assert await other.api.get(CLUSTER, "default", "shop")
            assert await other.api.get(RECORD, None, record)

    async def gone() -> bool:
        return await bed.api.find(RECORD, None, record) is None

    await waiting.until(gone, title="the record is dropped", seconds=60.0, every=0.1)
    assert await bed.api.find(CLUSTER, "default", "shop") is None
