"""A cluster that clusterctl moves to another management cluster, and that is deleted there."""

from __future__ import annotations

from typing import Any

from akoo_testbed import clusterctl, kubeapi
from akoo_testbed.bed import CLUSTER, Bed
from akoo_testbed.management import Management
from akoo_testbed.provider import manifests

from akoo_core.sandbox import demo, process, stage
from akoo_core.sandbox.avi import SandboxAvi
from akoo_core.sandbox.stage import RECORD, STEP_SECONDS
from hack.compat import operators
from hack.compat.steps import Steps

NAMESPACE, NAME = "moving", "shop"
RECORD_ANNOTATION = "akoo.io/record"

Object = dict[str, Any]


async def play(bed: Bed, controller: SandboxAvi, show: Steps) -> None:
    """Make a cluster, move it, adopt it, delete it with a proof.

    The first management cluster has its config and its operator already.
    """
    with show.step("create another cluster") as step:
        await _create(bed)
        record = await _running(bed.api)
        step.result = f"record {record['metadata']['name']} is Running"
    second = await bed.second_management("second")
    operator = await operators.operator_of(bed, second.api, second.server.url, "operator-second")
    await _furnish(second, controller)
    async with process.running(operator):
        name = record["metadata"]["name"]
        with show.step("move it with clusterctl") as step:
            await _move(bed, second, name)
            moved = await _running(second.api)
            step.result = f"dropped at the source, {moved['status']['phase']} at the target"
        with show.step("adopt it") as step:
            former = moved["spec"]["managementId"]
            target = stage.SandboxStage(bed, controller, show)
            target.operator = operator
            await target.command("adopt", f"{NAMESPACE}/{NAME}", "--former", former, "--yes")
            await second.api.wait_for(
                RECORD, None, name, lambda obj: _management(obj) != former, STEP_SECONDS
            )
            step.result = "the record belongs to the target"
        with show.step("delete it there") as step:
            await second.api.delete(CLUSTER, NAMESPACE, NAME)
            await second.api.wait_for(
                CLUSTER, NAMESPACE, NAME, lambda obj: obj is None, STEP_SECONDS
            )
            step.result = await operators.proof_of(second.api, controller, name)


async def _create(bed: Bed) -> None:
    await bed.api.apply(_namespace())
    made = manifests.cluster(NAMESPACE, NAME, labels=demo.LABELS, workers=0)
    pool = manifests.machine_pool(NAMESPACE, NAME, 1, machine_delete_seconds=demo.NODE_SECONDS)
    await bed.create([*made, *pool])
    await bed.available(NAMESPACE, NAME)


async def _furnish(second: Management, controller: SandboxAvi) -> None:
    """The same config and Secrets as at the source."""
    for secret in demo.credentials(
        controller.ca_pem, controller.password, controller.operator_password
    ):
        await second.api.apply(secret)
    await second.api.apply(demo.config(**controller.config()))
    await second.api.apply(_namespace())


async def _move(bed: Bed, second: Management, record: str) -> None:
    """Move, with the provider of the source stopped: both would open and close the same API."""
    for api in (bed.api, second.api):
        await clusterctl.prepare(api)
    await bed.provider.stop()
    await clusterctl.move(
        bed.base,
        bed.management.kubeconfig,
        second.server.kubeconfig,
        NAMESPACE,
        recipe=bed.options.versions.cluster_api,
    )
    await bed.api.wait_for(RECORD, None, record, lambda obj: obj is None, STEP_SECONDS)


async def _running(api: kubeapi.KubeApi) -> Object:
    """The record of the cluster, once it is Running for the Cluster that is there now."""
    cluster = await api.wait_for(CLUSTER, NAMESPACE, NAME, _named, STEP_SECONDS) or {}
    name = cluster["metadata"]["annotations"][RECORD_ANNOTATION]
    uid = cluster["metadata"]["uid"]

    def accept(obj: Object | None) -> bool:
        spec, status = (obj or {}).get("spec") or {}, (obj or {}).get("status") or {}
        of_cluster = (spec.get("clusterRef") or {}).get("uid") == uid
        return of_cluster and status.get("phase") == "Running"

    return await api.wait_for(RECORD, None, name, accept, STEP_SECONDS) or {}


def _named(cluster: Object | None) -> bool:
    metadata = (cluster or {}).get("metadata") or {}
    return RECORD_ANNOTATION in (metadata.get("annotations") or {})


def _management(record: Object | None) -> str:
    return str(((record or {}).get("spec") or {}).get("managementId", ""))


def _namespace() -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
