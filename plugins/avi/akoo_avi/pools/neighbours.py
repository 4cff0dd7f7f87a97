"""The other AviIPPools: those on the same network have a say in what a pool may do there."""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi.pools import marking
from akoo_avi.pools.inputs import Other
from akoo_avi.spec import ip_pool, refusal, resources
from akoo_avi.spec.ip_pool import Pool
from akoo_core.plugin import kube, structs


class Neighbours(NamedTuple):
    """Pools on one network that are not being deleted, but for the one that asks."""

    pools: tuple[Pool, ...]

    @property
    def usable_heir(self) -> Pool | None:
        """The oldest that wants the network to be usable."""
        able = (pool for pool in self.pools if pool.status.network_uuid)
        return next((one for one in able if one.spec.usable), None)

    def others(self, pool: Pool, management_id: str) -> tuple[Other, ...]:
        """For the plan of ``pool``."""
        return tuple(_other(one, pool, management_id) for one in self.pools)


async def every(client: kube.KubeClient) -> tuple[Pool, ...]:
    """All pools as the API server has them now; one that cannot be read does nothing, either."""
    found: list[Pool] = []
    token = ""
    while True:
        page = await client.list(resources.AVI_IP_POOLS, token=token)
        for item in page.items:
            try:
                found.append(ip_pool.from_object(item))
            except structs.DecodeError:
                continue
        token = page.token
        if not token:
            return tuple(sorted(found, key=lambda one: one.age))


async def on_network(client: kube.KubeClient, pool: Pool, network_uuid: str) -> Neighbours:
    """The others on that network, the oldest first."""
    return Neighbours(
        tuple(
            one
            for one in await every(client)
            if one.uid != pool.uid and not one.deleting and _there(one, pool, network_uuid)
        )
    )


def _there(one: Pool, pool: Pool, network_uuid: str) -> bool:
    """By what was found, or, before anything was, by the names."""
    if one.status.network_uuid:
        return one.status.network_uuid == network_uuid
    return _place(one.spec) == _place(pool.spec)


def _place(spec: ip_pool.Spec) -> tuple[object, ...]:
    return spec.controller, spec.address, spec.tenant, spec.cloud, spec.network


def _other(one: Pool, pool: Pool, management_id: str) -> Other:
    try:
        subnets = ip_pool.desired(one.spec)
    except refusal.Refusal:
        subnets = ()
    return Other(
        name=one.name,
        owner=marking.owner(management_id, one.name),
        older=one.age < pool.age,
        subnets=subnets,
        inline=bool(one.config),
        recorded=one.recorded,
        settled=bool(one.status.network_uuid),
    )
