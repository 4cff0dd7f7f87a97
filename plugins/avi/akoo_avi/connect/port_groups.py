"""Reads VSpherePortGroups, and holds them while address pools need them.

The kinds belong to another plugin, and may not be served. A port group whose pool has ranges on Avi
must not go before these: its network would vanish under them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from akoo_avi.client.access import nearest, refusal
from akoo_avi.spec import ip_pool, port_group, resources
from akoo_avi.spec.placement import WantedPortGroup
from akoo_avi.spec.port_group import DeclaredPortGroup
from akoo_core.plugin import errors, kube, structs, uses

PORT_GROUPS = resources.VSPHERE_PORT_GROUPS


def needs(pool: kube.Object) -> Iterator[str]:
    """The VSpherePortGroup on whose network a pool, possibly unreadable otherwise, has or had
    ranges. Pure."""
    network = (pool.get("spec") or {}).get("network") or {}
    name = network.get("portGroupRef")
    if name and ip_pool.FINALIZER in (pool["metadata"].get("finalizers") or ()):
        yield name


POOLS_HOLD: Final = uses.Holding(
    holder=resources.AVI_IP_POOLS, held=PORT_GROUPS, finalizer=ip_pool.FINALIZER, needs=needs
)


async def hold(client: kube.KubeClient, pool: ip_pool.Pool) -> None:
    """Hold the port group before a pool puts its first range on its network. Raises Refusal for
    one that is being deleted, and KubeError if it cannot be written."""
    name = pool.spec.network.port_group_ref
    if not name:
        return
    try:
        await uses.hold(client, POOLS_HOLD, name)
    except errors.HolderRefusedError as error:
        raise refusal.Refusal(
            "VSpherePortGroupDeleting",
            f"VSpherePortGroup/{name} is being deleted, so nothing new is put on its network. "
            "Make a pool for another one.",
        ) from error


async def of_pool(client: kube.KubeClient, pool: ip_pool.Pool) -> WantedPortGroup | None:
    """The port group that a pool names; None for a pool that names another network.

    Raises Refusal for one that does not exist, and Delay while vCenter does not have it.
    """
    name = pool.spec.network.port_group_ref
    if not name:
        return None
    try:
        group = port_group.from_object(await client.get(PORT_GROUPS, name))
    except kube.NotFoundError:
        raise await _not_found(client, name, pool) from None
    except structs.DecodeError as error:
        raise refusal.Refusal(
            "InvalidPortGroup", f"VSpherePortGroup/{name} cannot be read: {error}."
        ) from error
    wanted = port_group.wanted(group, await vcenter_of(client, group))
    if wanted is None:
        raise refusal.Delay(
            "PortGroupAwaited",
            f"VSpherePortGroup/{name} is not in vCenter yet; see its conditions.",
        )
    return wanted


async def vcenter_of(client: kube.KubeClient, group: DeclaredPortGroup) -> str:
    """Address of the vCenter of a port group; "" where its connection does not exist."""
    try:
        obj = await client.get(resources.VSPHERE_CONNECTIONS, group.spec.connection)
    except kube.NotFoundError:
        return ""
    return str((obj.get("spec") or {}).get("address") or "")


async def _not_found(client: kube.KubeClient, name: str, pool: ip_pool.Pool) -> refusal.Refusal:
    correct = f"spec.network.portGroupRef of AviIPPool/{pool.name}"
    try:
        page = await client.list(PORT_GROUPS, metadata_only=True)
    except kube.NotFoundError:
        return refusal.Refusal(
            "VSpherePortGroupNotFound",
            f"{correct} is {name}, and no VSpherePortGroups are served here. Apply the definitions "
            "of the vSphere plugin.",
        )
    known = [item["metadata"]["name"] for item in page.items]
    return refusal.Refusal(
        "VSpherePortGroupNotFound",
        f"VSpherePortGroup/{name} does not exist. {nearest.sentence(name, known)} Correct "
        f"{correct}, or create it.",
    )
