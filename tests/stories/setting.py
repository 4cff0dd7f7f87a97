"""The surroundings of a story's cluster, and ways to read it: configs, accounts, records."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any

from akoo_testbed import bed as beds
from akoo_testbed import kubeapi

from akoo_core.sandbox import demo, install
from tests.stories import avi as avis

RECORD = "akoo.io/v1alpha1/AKODeployment"
CONFIG = "networking.tkg.tanzu.vmware.com/v1alpha1/AKODeploymentConfig"
CLUSTER = beds.CLUSTER
SECONDS = 240.0 if os.environ.get("AKOO_PROOF") else 60.0
NAME = "shop"

SHORT = {} if os.environ.get("AKOO_PROOF") else {"quietPeriod": "1s", "drainTimeout": "8s"}
"""With AKOO_PROOF a story takes the times that a config has by default."""

Object = dict[str, Any]


async def give_pods_networks(workload: kubeapi.KubeApi) -> None:
    """Do to each Node what a controller of real clusters does: AKO makes routes of it."""
    for number, node in enumerate(await workload.list("v1/Node")):
        cidr = f"10.244.{number}.0/24"
        change = {"spec": {"podCIDR": cidr, "podCIDRs": [cidr]}}
        await workload.patch("v1/Node", None, node["metadata"]["name"], change)


async def configure(
    api: kubeapi.KubeApi, avi: avis.Avi, name: str, labels: dict[str, str], **spec: Any
) -> None:
    """Accounts on Avi, their Secrets, and an AKODeploymentConfig; fields that are None go."""
    operator, ako = f"operator-{name}", f"ako-{name}"
    passwords = {operator: avi.account(operator, superuser=True), ako: avi.account(ako)}
    given_secrets = (
        install.secret(f"{name}-admin", username=operator, password=passwords[operator]),
        install.secret(f"{name}-ca", certificateAuthorityData=avi.ca_pem),
        install.secret(f"{name}-ako", username=ako, password=passwords[ako]),
    )
    for secret in given_secrets:
        await api.apply(secret)
    fields: Object = {
        "clusterSelector": {"matchLabels": labels},
        "controller": avi.address,
        "cloudName": avis.CLOUD,
        "serviceEngineGroup": avis.SE_GROUP,
        "dataNetwork": {"name": avis.NETWORK, "cidr": avis.CIDR},
        "adminCredentialRef": _reference(f"{name}-admin"),
        "certificateAuthorityRef": _reference(f"{name}-ca"),
        "workloadCredentialRef": _reference(f"{name}-ako"),
        **SHORT,
        "extraConfigs": {
            "disableStaticRouteSync": True,
            "ingress": {"shardVSSize": "SMALL", "defaultIngressController": True},
        },
    }
    obj = demo.config(name, **(fields | spec))
    obj["spec"] = {key: value for key, value in obj["spec"].items() if value is not None}
    await api.apply(obj)


async def copy_config(source: kubeapi.KubeApi, target: kubeapi.KubeApi, name: str) -> None:
    """Apply an AKODeploymentConfig and its Secrets to a second management cluster, as they are."""
    for kind, namespace, names in (
        ("v1/Secret", install.NAMESPACE, (f"{name}-admin", f"{name}-ca", f"{name}-ako")),
        (CONFIG, None, (name,)),
    ):
        for each in names:
            obj = await source.get(kind, namespace, each)
            fields = ("name", "namespace", "labels")
            metadata = {key: obj["metadata"][key] for key in fields if key in obj["metadata"]}
            rest = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
            await target.apply({**rest, "metadata": metadata})


def _reference(name: str) -> dict[str, str]:
    return {"name": name, "namespace": install.NAMESPACE}


async def record_of(api: kubeapi.KubeApi, namespace: str, name: str) -> Object:
    """The record of a Cluster, as soon as there is one."""
    annotation = "akoo.io/record"

    def named(obj: Object | None) -> bool:
        return annotation in ((obj or {}).get("metadata", {}).get("annotations") or {})

    cluster = await api.wait_for(CLUSTER, namespace, name, named, SECONDS) or {}
    return await api.get(RECORD, None, cluster["metadata"]["annotations"][annotation])


async def running(api: kubeapi.KubeApi, record: str) -> None:
    """Wait until a record is Running."""
    await api.wait_for(
        RECORD,
        None,
        record,
        lambda obj: ((obj or {}).get("status") or {}).get("phase") == "Running",
        SECONDS,
    )


@contextlib.asynccontextmanager
async def reading(kubeconfig: str) -> AsyncIterator[kubeapi.KubeApi]:
    """The API that a kubeconfig leads to."""
    async with kubeapi.KubeApi(kubeconfig) as api:
        yield api


def condition(obj: Object, kind: str) -> Object:
    """A condition of an object, or {}."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((candidate for candidate in conditions if candidate["type"] == kind), {})
