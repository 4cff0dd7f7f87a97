"""The hold on an AviController by our finalizer: removal on Avi needs its address and account."""

from __future__ import annotations

from typing import Final

from akoo_avi.spec import ip_pool as pools
from akoo_avi.spec import refusal, resources
from akoo_core.plugin import kube, structs
from akoo_core.plugin.kube import Finalizers

FINALIZER: Final = "akoo.io/avi-controller"


CONTROLLERS = resources.AVI_CONTROLLERS


async def hold(client: kube.KubeClient, pool: pools.Pool) -> None:
    """Hold the AviController before a pool puts its first range on Avi.

    Raises Refusal for an AviController that is being deleted: it stays for existing users, and
    takes no new ones. Raises KubeError if it cannot be written.
    """
    if not pool.spec.controller:
        return
    obj = await client.get(CONTROLLERS, pool.spec.controller)
    if "deletionTimestamp" in obj["metadata"] or await add(client, obj) is None:
        raise refusal.Refusal(
            "AviControllerDeleting",
            f"AviController/{pool.spec.controller} is being deleted, so nothing new is put on Avi "
            f"by its account. Name another in spec.controller of AviIPPool/{pool.name}.",
        )


async def add(client: kube.KubeClient, obj: kube.Object) -> structs.JSON | None:
    """Add our finalizer. None for an AviController that is gone."""
    metadata = obj["metadata"]
    return await Finalizers(client).add(
        CONTROLLERS, FINALIZER, metadata["name"], None, uid=metadata["uid"], seen=obj
    )
