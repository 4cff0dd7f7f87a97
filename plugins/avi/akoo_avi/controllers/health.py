"""The health of an Avi Controller as a whole: a handful of reads, whatever it holds."""

from __future__ import annotations

from akoo_avi.client import AviClient, ForbiddenError
from akoo_avi.ownership import visibility
from akoo_core.plugin import structs

USABLE_STATES = (
    "CLUSTER_UP_NO_HA",
    "CLUSTER_UP_HA_ACTIVE",
    "CLUSTER_UP_HA_COMPROMISED",
)
"""States of ``/api/cluster/runtime`` in which a controller takes configuration."""


class ControllerHealth(structs.Struct, frozen=True, kw_only=True):
    """The state of a controller and of our account there."""

    address: str
    version: str = ""
    cluster_uuid: str = ""
    state: str = ""
    """``cluster_state.state``; empty if our account may not read it."""
    nodes: int = 0
    nodes_up: int = 0
    license_tier: str = ""
    unseen: str = ""
    """The objects that our account may not see, and the permission to grant; "" if it sees all."""


async def look(client: AviClient) -> ControllerHealth:
    """The health of a controller. Raises AviErrors."""
    cluster = await client.get("cluster")
    try:
        runtime = await client.get("cluster/runtime")
    except ForbiddenError:
        runtime = {}
    try:
        system = await client.get("systemconfiguration")
    except ForbiddenError:
        system = {}
    nodes = runtime.get("node_states") or ()
    return ControllerHealth(
        address=client.address,
        version=await client.version(),
        cluster_uuid=str(cluster.get("uuid", "")),
        state=str((runtime.get("cluster_state") or {}).get("state", "")),
        nodes=len(nodes),
        nodes_up=sum(1 for node in nodes if node.get("state") == "CLUSTER_ACTIVE"),
        license_tier=str(system.get("default_license_tier", "")),
        unseen=await visibility.missing(client),
    )
