"""A bare API server with our CRDs and open Clusters, and an operator over it."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from akoo_testbed import definitions, kubeapi, running

from akoo_core import external
from akoo_core.kube import resource as resources
from akoo_core.kube import transport
from akoo_core.kube.access import config as kubeconfig
from akoo_core.kube.resource import Resource
from tests.component.reconcile import reconcile_real

DEPLOY = pathlib.Path(__file__).parents[3] / "deploy"
CLUSTERS, MACHINES = resources.CLUSTERS, resources.MACHINES


def _open_crd(kind: Resource) -> dict[str, Any]:
    """A CRD that accepts everything; conditions are a map by type, as Cluster API's are."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    condition = anything | {"required": ["type"], "properties": {"type": {"type": "string"}}}
    conditions = {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": condition,
    }
    status = anything | {"properties": {"conditions": conditions}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": kind.qualified,
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {
                "kind": kind.kind,
                "plural": kind.plural,
                "singular": kind.kind.lower(),
            },
            "versions": [
                {
                    "name": kind.version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {"spec": anything, "status": status},
                        }
                    },
                }
            ],
        },
    }


@pytest.fixture(scope="session")
def api_with_clusters(apiserver: running.RunningServer) -> running.RunningServer:
    """The bare API server with our CRDs and open Clusters and Machines."""

    async def install() -> None:
        async with kubeapi.KubeApi(apiserver.kubeconfig) as api:
            await definitions.install(api, DEPLOY / "crds")
            for kind in (CLUSTERS, MACHINES):
                path = await api.path("apiextensions.k8s.io/v1/CustomResourceDefinition", None)
                with contextlib.suppress(Exception):
                    await api.request("POST", path, _open_crd(kind))
            await definitions.wait_established(api, [CLUSTERS.qualified, MACHINES.qualified])

    apiserver.run(install())
    return apiserver


@pytest.fixture
async def real(
    api_with_clusters: running.RunningServer, tmp_path: pathlib.Path
) -> AsyncIterator[reconcile_real.Real]:
    file = tmp_path / "admin.kubeconfig"
    file.write_text(api_with_clusters.kubeconfig)
    endpoint = await kubeconfig.endpoint_of(str(file))
    writes = reconcile_real.Writes()
    client = transport.HttpClient(endpoint, external=external.External(interceptor=writes))
    user = transport.HttpClient(
        await kubeconfig.endpoint_of(str(file)), external=external.External()
    )
    real_ = reconcile_real.Real(client, user, writes)
    yield real_
    await real_.clean()
    await client.close()
    await user.close()
