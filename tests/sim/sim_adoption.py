"""An AKO of Helm in the workload cluster, adopted by the AKO plugin as it is shipped."""

from __future__ import annotations

import asyncio
import base64
from typing import Any, Final

from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.objects import names
from akoo_core.testing.memory.kubelet import OTHERS
from tests.sim import sim_ako, sim_stories
from tests.sim.sim_fleet import Cast, SimFleet

NAMESPACE: Final = "balancers"
NAME: Final = "my-cluster"
RELEASE: Final = "sh.helm.release.v1.ako.v1"
SELECTOR: Final = {"app.kubernetes.io/name": "ako", "app.kubernetes.io/instance": "ako-159"}
SERVICE_ACCOUNTS: Final = Resource("", "v1", "serviceaccounts", "ServiceAccount")
TAKEN: Final = (
    resources.STATEFUL_SETS,
    resources.CONFIG_MAPS,
    resources.SECRETS,
    SERVICE_ACCOUNTS,
)
_CHANGE: Final[dict[str, Any]] = {"extraConfigs": {"fullSyncFrequency": "3600"}}
ADOPT: Final[dict[str, Any]] = {
    **sim_ako.ALONE.config,
    "plugins": {"ako": {"existing": "Adopt", "version": "1.13.4"}},
}
CAST: Final = Cast(
    "adoption",
    sim_ako.ALONE.plugins,
    config=ADOPT,
    change=_CHANGE,
    secrets=sim_ako.ALONE.secrets,
    verifies=False,
)


def objects(data: dict[str, str], secret: dict[str, str]) -> list[dict[str, Any]]:
    """The objects of a small install."""
    container = {
        "name": "ako",
        "image": "projects.packages.broadcom.com/ako/ako:1.13.4",
        "imagePullPolicy": "IfNotPresent",
        "resources": {
            "limits": {"cpu": "350m", "memory": "400Mi"},
            "requests": {"cpu": "200m", "memory": "300Mi"},
        },
        "env": [
            {"name": "LOG_FILE_PATH", "value": "/log"},
            {"name": "LOG_FILE_NAME", "value": "avi.log"},
        ],
    }
    spec = {
        "replicas": 1,
        "serviceName": "ako",
        "selector": {"matchLabels": dict(SELECTOR)},
        "template": {
            "metadata": {"labels": dict(SELECTOR)},
            "spec": {"serviceAccountName": "ako-sa", "containers": [container]},
        },
    }
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in secret.items()}
    return [
        _made("v1", "ServiceAccount", "ako-sa"),
        {**_made("v1", "ConfigMap", "avi-k8s-config"), "data": data},
        {**_made("v1", "Secret", "avi-secret"), "type": "Opaque", "data": encoded},
        {**_made("apps/v1", "StatefulSet", "ako"), "spec": spec},
    ]


def release() -> dict[str, Any]:
    """The Secret in which Helm keeps the release."""
    secret = _made("v1", "Secret", RELEASE)
    labels = {"owner": "helm", "name": "ako"}
    metadata = {"name": RELEASE, "namespace": NAMESPACE, "labels": labels}
    return secret | {"type": "helm.sh/release.v1", "metadata": metadata}


def _made(api_version: str, kind: str, name: str) -> dict[str, Any]:
    marks = {"meta.helm.sh/release-name": "ako", "meta.helm.sh/release-namespace": NAMESPACE}
    metadata = {"name": name, "namespace": NAMESPACE, "annotations": marks}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


async def installed(fleet: SimFleet) -> str:
    """A cluster with an AKO of Helm that works; the UID of the Cluster."""
    uid = await fleet.create_cluster("shop")
    (workload,) = fleet.workloads.values()
    helm = workload.server.client(system=OTHERS, field_manager="helm")
    secret = {"username": "shop", "password": "password", "certificateAuthorityData": "x"}
    by_kind = {kind.kind: kind for kind in TAKEN}
    for obj in objects(data(), values(fleet) or secret):
        await helm.create(by_kind[obj["kind"]], obj)
    await helm.create(resources.SECRETS, release())
    await asyncio.sleep(30)
    return uid


def data() -> dict[str, str]:
    """The ConfigMap of the install: the keys whose absence would mean something else."""
    return {
        "controllerIP": "avi.example.com",
        "cloudName": "vc-01",
        "clusterName": NAME,
        "serviceEngineGroupName": "seg",
        "vipNetworkList": '[{"networkName":"vip","cidr":"10.0.0.0/24"}]',
        "fullSyncFrequency": "1800",
        "deleteConfig": "false",
        "disableStaticRouteSync": "true",
        "defaultIngController": "false",
        "serviceType": "NodePort",
        "logLevel": "INFO",
        "apiServerPort": "8080",
        "enableEvents": "true",
    }


def values(fleet: SimFleet) -> dict[str, str]:
    """The values that the config's Secrets have."""
    merged: dict[str, str] = {}
    for secret in fleet.management.objects(resources.SECRETS):
        if secret["metadata"]["name"] in ("shop-avi", "ca"):
            for key, value in (secret.get("data") or {}).items():
                merged[key] = base64.b64decode(value).decode()
    wanted = ("username", "password", "certificateAuthorityData")
    return {key: merged[key] for key in wanted if key in merged}


async def adoption(fleet: SimFleet) -> None:
    """Until AKO runs on under its record, in the same Pod."""
    uid = await installed(fleet)
    before = pods(fleet)
    fleet.begins()
    await fleet.config(onUnmatch="Orphan")
    await sim_stories.until(lambda: ended(fleet, uid))
    await asyncio.sleep(30)
    assert pods(fleet) == before, "AKO was restarted"
    assert not shared(fleet), "an object with two owners"
    assert not found_by_helm(fleet), "Helm finds the release"


async def adopted_and_changed(fleet: SimFleet) -> None:
    """A change of the config gives an adopted AKO our shape."""
    uid = await installed(fleet)
    before = pods(fleet)
    await fleet.config(onUnmatch="Orphan")
    await sim_stories.until(lambda: ended(fleet, uid))
    await asyncio.sleep(30)
    fleet.begins()
    await fleet.change_config(**fleet.cast.change)
    await sim_stories.until(lambda: bool(pods(fleet)) and pods(fleet) != before)
    await sim_stories.until(lambda: sim_stories.phase(fleet, uid) == "Running")
    await asyncio.sleep(60)


async def given_back(fleet: SimFleet) -> None:
    """An adopted AKO is Helm's again, in the same Pod."""
    uid = await installed(fleet)
    before = pods(fleet)
    await fleet.config(onUnmatch="Orphan")
    await sim_stories.until(lambda: ended(fleet, uid))
    await asyncio.sleep(30)
    record = fleet.record_of(uid)
    assert record is not None
    fleet.begins()
    note = {"metadata": {"annotations": {"ako.akoo.io/hand-back": "requested"}}}
    await fleet.user.merge_patch(resources.AKO_DEPLOYMENTS, record.name, note)
    await sim_stories.until(lambda: orphaned(fleet, uid))
    await asyncio.sleep(60)
    assert pods(fleet) == before, "AKO was restarted"
    assert found_by_helm(fleet) == [RELEASE]
    assert not marked(fleet), "an object that has our mark"


def orphaned(fleet: SimFleet, uid: str) -> bool:
    record = fleet.record_of(uid)
    return record is not None and record.spec.orphaned is not None


def marked(fleet: SimFleet) -> list[str]:
    """Objects with our label."""
    (workload,) = fleet.workloads.values()
    return [
        f"{kind.kind} {obj['metadata']['name']}"
        for kind in TAKEN
        for obj in workload.server.objects(kind, NAMESPACE)
        if names.RECORD_LABEL in (obj["metadata"].get("labels") or {})
    ]


def ended(fleet: SimFleet, uid: str) -> bool:
    record = fleet.record_of(uid)
    adoption = record.spec.adoption if record is not None else None
    return adoption is not None and adoption.ended_at is not None


def pods(fleet: SimFleet) -> set[str]:
    (workload,) = fleet.workloads.values()
    return {pod["metadata"]["uid"] for pod in workload.server.objects(resources.PODS)}


def found_by_helm(fleet: SimFleet) -> list[str]:
    """The Secrets by which Helm finds releases."""
    (workload,) = fleet.workloads.values()
    return [
        secret["metadata"]["name"]
        for secret in workload.server.objects(resources.SECRETS, NAMESPACE)
        if (secret["metadata"].get("labels") or {}).get("owner") == "helm"
    ]


def shared(fleet: SimFleet) -> list[str]:
    """Objects that are not ours alone: without our label, or with fields of Helm."""
    (workload,) = fleet.workloads.values()
    wrong = []
    for kind in TAKEN:
        for obj in workload.server.objects(kind, NAMESPACE):
            metadata = obj["metadata"]
            if metadata["name"] == RELEASE:
                continue
            managers = {entry["manager"] for entry in metadata["managedFields"]}
            if names.RECORD_LABEL not in (metadata.get("labels") or {}) or "helm" in managers:
                wrong.append(f"{kind.kind} {metadata['name']}: {sorted(managers)}")
    return wrong


ALL = (adoption, given_back, adopted_and_changed)
