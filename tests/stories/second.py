"""A second management cluster: an API server with an operator of its own, and no Cluster API.

Its Clusters are objects and nothing more; whoever tests with them says what Cluster API would.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from akoo_testbed import bare, definitions, kubeapi

from akoo_core.sandbox import install, process
from tests import crds
from tests.stories.setting import CLUSTER, NAME

if TYPE_CHECKING:
    from tests.stories.story_bed import StoryBed

Object = dict[str, Any]

_numbers = itertools.count(2)


class Second:
    """Its API, its operator, and the Clusters that are put into it."""

    def __init__(self, api: kubeapi.KubeApi, operator: process.OperatorProcess) -> None:
        self.api = api
        self.operator = operator

    async def put(self, namespace: str, kubeconfig: str, labels: dict[str, str]) -> None:
        """A Cluster whose control plane is up, and the Secret that leads there."""
        await put(self.api, namespace, kubeconfig, labels)


async def put(
    api: kubeapi.KubeApi, namespace: str, kubeconfig: str, labels: dict[str, str]
) -> None:
    """The same in any management cluster without Cluster API."""
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    await api.apply(space)
    value = base64.b64encode(kubeconfig.encode()).decode()
    metadata = {"name": f"{NAME}-kubeconfig", "namespace": namespace}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    await api.apply({**secret, "data": {"value": value}})
    cluster: Object = {
        "apiVersion": CLUSTER.rpartition("/")[0],
        "kind": "Cluster",
        "metadata": {"name": NAME, "namespace": namespace, "labels": labels},
        "spec": {"clusterNetwork": {"pods": {"cidrBlocks": ["10.244.0.0/16"]}}},
    }
    await api.create(cluster)
    status = {
        "initialization": {"infrastructureProvisioned": True, "controlPlaneInitialized": True}
    }
    await api.patch(CLUSTER, namespace, NAME, {"status": status}, subresource="status")


@contextlib.asynccontextmanager
async def opened(story_bed: StoryBed, plugins: str) -> AsyncIterator[Second]:
    """A second management cluster, while the block lasts."""
    async with bare.BareServer() as server, kubeapi.KubeApi(server.server.kubeconfig) as api:
        capi = story_bed.bed.base.built.share("clusterapi") / "config" / "crd" / "bases"
        await definitions.install(api, capi, crds.FOLDER)
        url, ca_pem = server.server.url, server.base.authority.pem
        variables = await story_bed.vault.trust(api, url, ca_pem, f"kubernetes-{next(_numbers)}")
        await story_bed.install(api, plugins)
        text = await install.account_kubeconfig(api, url, ca_pem)
        path = install.write_private(server.base.folder / "operator.kubeconfig", text)
        operator = story_bed.replica("second", kubeconfig=path, plugins=plugins, **variables)
        async with process.running(operator):
            yield Second(api, operator)
