"""The whole bed with one operator that runs as users run it: its own process and account."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from akoo_testbed import bed as beds
from akoo_testbed import kubeapi, running
from akoo_testbed.provider import manifests

from akoo_core import settings
from akoo_core.plugin_host import loader
from akoo_core.sandbox import demo, install, process
from tests import crds

RECORD = "akoo.io/v1alpha1/AKODeployment"
CONFIG = "networking.tkg.tanzu.vmware.com/v1alpha1/AKODeploymentConfig"
CLUSTER = beds.CLUSTER
SECONDS = 45.0

CANARY = "canary-" + secrets.token_hex(12)
"""The password that AKO gets in these tests; it must be found in avi-secret and nowhere else."""

Object = dict[str, Any]


@pytest.fixture(scope="session")
def bed_options() -> beds.BedOptions:
    return beds.BedOptions(crds=(crds.FOLDER,), jaeger=True, workload_servers=2)


@pytest.fixture(scope="session")
def operator(bed: running.RunningBed) -> Iterator[process.OperatorProcess]:
    """The operator, with the rights that are rendered for it and a token of its account."""
    whole = bed.bed
    assert whole.jaeger is not None
    plugins = loader.load(settings.load(overrides={"enabledPlugins": "ako"}))
    bed.run(install.install(whole.api, plugins))
    for secret in demo.credentials(whole.base.authority.pem):
        bed.run(whole.api.apply(secret))
    bed.run(whole.api.apply(install.secret("canary", username="ako", password=CANARY)))
    text = bed.run(install.account_kubeconfig(whole.api, bed.url, whole.base.authority.pem))
    operator_ = process.OperatorProcess(
        kubeconfig=install.write_private(whole.base.folder / "operator.kubeconfig", text),
        plugins=("ako",),
        log=whole.base.log_file("operator"),
        environment={
            "AKOO_TELEMETRY__ENDPOINT": whole.jaeger.otlp_url,
            "AKOO_LOG__LEVEL": "debug",
            "AKOO_MIN_INTERVAL_SECONDS": "0.1",
        },
    )
    bed.run(operator_.start())
    try:
        bed.run(operator_.ready())
        yield operator_
    finally:
        code = bed.run(operator_.stop())
    assert code == 0, operator_.tail()


class BedScene:
    """The actions of a test on clusters, in a namespace and under a label of its own."""

    def __init__(self, bed: running.RunningBed, api: kubeapi.KubeApi, namespace: str) -> None:
        self.bed = bed
        self.api = api
        self.namespace = namespace
        self.labels = {"test": namespace}

    async def config(self, name: str = "", **spec: Any) -> str:
        """Create an AKODeploymentConfig that selects this test's clusters; its name.

        A field that is None in ``spec`` is left out.
        """
        name = f"{self.namespace}{name and '-'}{name}"
        fields = {
            "clusterSelector": {"matchLabels": self.labels},
            "workloadCredentialRef": {"name": "canary", "namespace": install.NAMESPACE},
        }
        obj = demo.config(name, **{**fields, **spec})
        obj["spec"] = {key: value for key, value in obj["spec"].items() if value is not None}
        await self.api.apply(obj)
        return name

    async def cluster(self, name: str = "shop", *, node_seconds: float = 5.0) -> None:
        """Create a Cluster with one Node in a pool and wait until it is Available."""
        made = manifests.cluster(self.namespace, name, labels=self.labels, workers=0)
        pool = manifests.machine_pool(self.namespace, name, 1, machine_delete_seconds=node_seconds)
        for obj in (*made, *pool):
            await self.api.create(obj)
        await self.bed.call(self.bed.bed.available(self.namespace, name))

    async def record(self, name: str = "shop", **wanted: Any) -> Object:
        """The record of a Cluster, once its status has what is ``wanted`` (phase="Running")."""
        cluster = await self.api.get(CLUSTER, self.namespace, name)
        annotation = "akoo.io/record"
        if annotation not in (cluster["metadata"].get("annotations") or {}):
            cluster = await self.until(
                CLUSTER,
                self.namespace,
                name,
                lambda obj: annotation in ((obj or {})["metadata"].get("annotations") or {}),
            )
        return await self.until_record(cluster["metadata"]["annotations"][annotation], **wanted)

    async def until_record(self, name: str, **wanted: Any) -> Object:
        """The record of that name, once its status has what is ``wanted``."""

        def matches(obj: Object | None) -> bool:
            status = (obj or {}).get("status") or {}
            return all(status.get(key) == value for key, value in wanted.items())

        return await self.until(RECORD, None, name, matches)

    async def until(self, kind: str, namespace: str | None, name: str, accept: Any) -> Object:
        """The object once ``accept`` says so; {} for its absence. TimeoutError after a while."""
        return await self.api.wait_for(kind, namespace, name, accept, SECONDS) or {}

    async def delete(self, name: str = "shop") -> None:
        await self.api.delete(CLUSTER, self.namespace, name)

    async def gone(self, name: str = "shop") -> None:
        """Wait until the Cluster object is gone."""
        await self.until(CLUSTER, self.namespace, name, lambda obj: obj is None)

    @contextlib.asynccontextmanager
    async def workload(self, name: str = "shop") -> AsyncIterator[kubeapi.KubeApi]:
        """The workload cluster's API, as its administrator, straight at the server."""
        server = self.bed.bed.workloads.server(self.namespace, name)
        async with kubeapi.KubeApi(server.server.kubeconfig) as api:
            yield api


@pytest.fixture
async def scene(
    bed: running.RunningBed, operator: process.OperatorProcess, namespace: str
) -> AsyncIterator[BedScene]:
    """A namespace of this test's own, with the operator at work."""
    async with kubeapi.KubeApi(bed.kubeconfig) as api:
        yield BedScene(bed, api, namespace)


def condition(obj: Object, kind: str) -> Object:
    """A condition of an object, or {}."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((candidate for candidate in conditions if candidate["type"] == kind), {})
