"""A pool's network and IPAM profile on Avi: read whole, changed by pure decisions."""

from __future__ import annotations

import dataclasses

from akoo_avi import client
from akoo_avi.ownership.references import tenant_uuid, uuid_of
from akoo_avi.pools import plan, usable, usage
from akoo_avi.pools.inputs import Allocated, NetworkPlan, PlanInputs
from akoo_avi.spec import names
from akoo_core.plugin import structs


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Outside:
    """One network on one controller."""

    avi: client.AviClient
    network_uuid: str
    tenant: str = names.ADMIN_TENANT

    async def network(self) -> structs.JSON:
        """The network as it is now. Raises NotFoundError."""
        return await self.avi.get(f"network/{self.network_uuid}", tenant=self.tenant)

    async def allocated(self) -> tuple[Allocated, ...]:
        """Its addresses that are in use. Raises NotFoundError for a network that is gone.

        A controller may have no runtime of a network that never gave an address.
        """
        path = f"networkruntime/{self.network_uuid}"
        try:
            return usage.allocated(await self.avi.get(path, tenant=self.tenant))
        except client.NotFoundError:
            await self.network()  # the answer counts only while the network itself is seen
            return ()

    async def write(self, inputs: PlanInputs) -> structs.JSON | None:
        """Make the network match the plan, which is made anew if somebody else wrote. The body that
        was written, or None."""

        def decide(current: structs.JSON) -> structs.JSON | None:
            decided: NetworkPlan = plan.plan(current, inputs)
            return decided.network

        return await client.change(
            self.avi, "network", self.network_uuid, decide, tenant=self.tenant
        )

    async def profile(self, network: structs.JSON) -> tuple[str, str]:
        """UUIDs of the IPAM profile of the network's cloud and of its tenant; "" without a
        profile."""
        clouds = await self.avi.list("cloud", params={"uuid": uuid_of(network.get("cloud_ref"))})
        wanted = uuid_of(clouds[0].get("ipam_provider_ref")) if clouds else ""
        if not wanted:
            return "", ""
        profiles = await self.avi.list("ipamdnsproviderprofile", params={"uuid": wanted})
        return (wanted, tenant_uuid(profiles[0])) if profiles else ("", "")

    async def open(self, profile_uuid: str, tenant: str) -> None:
        """Make the network usable."""
        await client.change(
            self.avi,
            "ipamdnsproviderprofile",
            profile_uuid,
            lambda current: usable.add(current, self.network_uuid),
            tenant=tenant,
        )

    async def shut(self, profile_uuid: str, tenant: str) -> None:
        """Take the network out of the usable ones."""
        await client.change(
            self.avi,
            "ipamdnsproviderprofile",
            profile_uuid,
            lambda current: usable.remove(current, self.network_uuid),
            tenant=tenant,
        )
