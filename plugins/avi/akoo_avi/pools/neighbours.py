"""The other AviIPPools on the same network: a pool may not take their ranges."""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi.client.access import refusal
from akoo_avi.pools import marking
from akoo_avi.pools.inputs import Other
from akoo_avi.spec import ip_pool, resources
from akoo_avi.spec.ip_pool import Pool
from akoo_core.plugin import kube, structs


class Neighbours(NamedTuple):
    """Pools on one network that are not being deleted, without the pool that asks."""

    pools: tuple[Pool, ...]

    @property
    def usable_heir(self) -> Pool | None:
        """The oldest pool that wants the network to be usable."""
        able = (pool for pool in self.pools if pool.status.network_uuid)
        return next((pool for pool in able if pool.spec.usable), None)

    def others(self, pool: Pool, management_id: str) -> tuple[Other, ...]:
        """The others as inputs for the plan of ``pool``."""
        return tuple(_other(other, pool, management_id) for other in self.pools)


async def every(client: kube.KubeClient) -> tuple[Pool, ...]:
    """All pools, read from the API server, the oldest first; unreadable pools are left out."""
    pools: list[Pool] = []
    token = ""
    while True:
        page = await client.list(resources.AVI_IP_POOLS, token=token)
        for item in page.items:
            try:
                pools.append(ip_pool.from_object(item))
            except structs.DecodeError:
                continue
        token = page.token
        if not token:
            return tuple(sorted(pools, key=lambda pool: pool.age))


async def on_network(client: kube.KubeClient, pool: Pool, network_uuid: str) -> Neighbours:
    """The other pools on that network, the oldest first."""
    return Neighbours(
        tuple(
            other
            for other in await every(client)
            if other.uid != pool.uid and not other.deleting and _there(other, pool, network_uuid)
        )
    )


def _there(other: Pool, pool: Pool, network_uuid: str) -> bool:
    """Compare network UUIDs, or, before the first attempt, the names."""
    if other.status.network_uuid:
        return other.status.network_uuid == network_uuid
    return _place(other.spec) == _place(pool.spec)


def _place(spec: ip_pool.IpPoolSpec) -> tuple[object, ...]:
    return spec.controller, spec.address, spec.tenant, spec.cloud, spec.network


def _other(other: Pool, pool: Pool, management_id: str) -> Other:
    try:
        subnets = ip_pool.desired(other.spec)
    except refusal.Refusal:
        subnets = ()
    return Other(
        name=other.name,
        owner=marking.owner(management_id, other.name),
        older=other.age < pool.age,
        subnets=subnets,
        inline=bool(other.config),
        recorded=other.recorded,
        settled=bool(other.status.network_uuid),
    )
