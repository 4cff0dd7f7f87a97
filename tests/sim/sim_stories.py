"""The stories whose external calls are enumerated. Each ends when the operator is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from akoo_core.kube import resource as resources
from akoo_core.objects import names
from tests.sim.sim_stage import Stage


async def until(what: Callable[[], bool]) -> None:
    """Virtual time costs nothing: looked at every second, ended by the deadline of the run."""
    while not what():  # noqa: ASYNC110
        await asyncio.sleep(1.0)


async def onboard(stage: Stage) -> str:
    """Until AKO runs; the Cluster's UID."""
    await stage.config(onUnmatch="Orphan")
    uid = await stage.create_cluster("shop")
    await until(lambda: phase(stage, uid) == "Running")
    return uid


async def onboarding(stage: Stage) -> None:
    await onboard(stage)
    await asyncio.sleep(30)


async def config_change(stage: Stage) -> None:
    uid = await onboard(stage)
    stage.begins()
    await stage.change_config(**stage.cast.change)
    await until(lambda: log_level(stage) == "DEBUG" and phase(stage, uid) == "Running")
    await asyncio.sleep(30)


async def removal(stage: Stage) -> None:
    """Unselected under the policy Remove: AKO leaves, the Cluster stays."""
    uid = await onboard(stage)
    await stage.change_config(onUnmatch="Remove")
    await asyncio.sleep(30)
    stage.begins()
    await stage.patch_cluster("shop", {"metadata": {"labels": {"lb": None}}})
    await until(lambda: phase(stage, uid) == "Finished" and not held(stage))
    await asyncio.sleep(30)


async def deletion(stage: Stage) -> None:
    uid = await onboard(stage)
    stage.begins()
    await stage.delete_cluster("shop")
    await until(lambda: not stage.clusters() and phase(stage, uid) == "Finished")
    await asyncio.sleep(30)


def phase(stage: Stage, uid: str) -> str:
    one = stage.record_of(uid)
    return one.status.phase or "" if one is not None else ""


def log_level(stage: Stage) -> str:
    """Of the AKO that is deployed."""
    for workload in stage.workloads.values():
        for one in workload.server.objects(resources.CONFIG_MAPS):
            if one["metadata"]["name"] == "avi-k8s-config":
                return str(one["data"]["logLevel"])
    return ""


def held(stage: Stage) -> bool:
    """Whether demo/shop carries our finalizer."""
    found = stage.clusters().get("shop")
    return found is not None and names.FINALIZER in (found["metadata"].get("finalizers") or ())


ALL = (onboarding, config_change, removal, deletion)
