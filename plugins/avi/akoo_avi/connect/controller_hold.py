"""The holds on an AviController: removal on Avi needs its address and account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from akoo_avi.client.access import refusal
from akoo_avi.spec import ip_pool as pools
from akoo_avi.spec import resources
from akoo_core.plugin import errors, kube, uses

FINALIZER: Final = "akoo.io/avi-controller"
"""On an AviController that records use."""
CONTROLLERS = resources.AVI_CONTROLLERS


def needs(pool: kube.Object) -> Iterator[str]:
    """The AviController by whose account a pool, possibly unreadable otherwise, has or had ranges.
    Pure."""
    controller = (pool.get("spec") or {}).get("controller")
    if controller and pools.FINALIZER in (pool["metadata"].get("finalizers") or ()):
        yield controller


POOLS_HOLD: Final = uses.Holding(
    holder=resources.AVI_IP_POOLS, held=CONTROLLERS, finalizer=pools.FINALIZER, needs=needs
)


async def hold(client: kube.KubeClient, pool: pools.Pool) -> None:
    """Hold the AviController before a pool puts its first range on Avi.

    Raises Refusal for an AviController that is being deleted: it stays for existing users, and
    takes no new ones. Raises KubeError if it cannot be written.
    """
    if not pool.spec.controller:
        return
    try:
        await uses.hold(client, POOLS_HOLD, pool.spec.controller)
    except errors.HolderRefusedError as error:
        raise refusal.Refusal(
            "AviControllerDeleting",
            f"AviController/{pool.spec.controller} is being deleted, so nothing new is put on Avi "
            f"by its account. Name another in spec.controller of AviIPPool/{pool.name}.",
        ) from error
