"""The stories whose external calls are enumerated. Each ends when the operator is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from akoo_core.kube import resource as resources
from akoo_core.objects import names
from tests.sim.sim_fleet import SimFleet


async def until(condition: Callable[[], bool]) -> None:
    """Virtual time costs nothing: looked at every second, ended by the deadline of the run."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(1.0)


async def onboard(fleet: SimFleet) -> str:
    """Until AKO runs; the Cluster's UID."""
    await fleet.config(onUnmatch="Orphan")
    uid = await fleet.create_cluster("shop")
    await until(lambda: phase(fleet, uid) == "Running")
    return uid


async def onboarding(fleet: SimFleet) -> None:
    await onboard(fleet)
    await asyncio.sleep(30)


async def config_change(fleet: SimFleet) -> None:
    uid = await onboard(fleet)
    fleet.begins()
    await fleet.change_config(**fleet.cast.change)
    await until(lambda: log_level(fleet) == "DEBUG" and phase(fleet, uid) == "Running")
    await asyncio.sleep(30)


async def removal(fleet: SimFleet) -> None:
    """Unselected under the policy Remove: AKO leaves, the Cluster stays."""
    uid = await onboard(fleet)
    await fleet.change_config(onUnmatch="Remove")
    await asyncio.sleep(30)
    fleet.begins()
    await fleet.patch_cluster("shop", {"metadata": {"labels": {"lb": None}}})
    await until(lambda: phase(fleet, uid) == "Finished" and not held(fleet))
    await asyncio.sleep(30)


async def deletion(fleet: SimFleet) -> None:
    uid = await onboard(fleet)
    fleet.begins()
    await fleet.delete_cluster("shop")
    await until(lambda: not fleet.clusters() and phase(fleet, uid) == "Finished")
    await asyncio.sleep(30)


def phase(fleet: SimFleet, uid: str) -> str:
    record = fleet.record_of(uid)
    return record.status.phase or "" if record is not None else ""


def log_level(fleet: SimFleet) -> str:
    """Of the AKO that is deployed."""
    for workload in fleet.workloads.values():
        for config_map in workload.server.objects(resources.CONFIG_MAPS):
            if config_map["metadata"]["name"] == "avi-k8s-config":
                return str(config_map["data"]["logLevel"])
    return ""


def held(fleet: SimFleet) -> bool:
    """True if demo/shop carries our finalizer."""
    cluster = fleet.clusters().get("shop")
    return cluster is not None and names.FINALIZER in (cluster["metadata"].get("finalizers") or ())


ALL = (onboarding, config_change, removal, deletion)
