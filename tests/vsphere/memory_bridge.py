"""A bridge in virtual time: port groups of a vCenter in memory are networks of an avisim."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from akoo_testbed.avisim import Controller
from akoo_testbed.vcsim import PortGroupState
from akoo_testbed.vcsim.bridge import Bridge
from akoo_vsphere.observed import VLAN_ID
from akoo_vsphere.spec import names
from akoo_vsphere.testing import SimulatedVCenter
from akoo_vsphere.testing.inventory import PortGroupEntity

from akoo_core.plugin import clock


class MemorySource:
    """A vCenter in memory as the bridge looks at it."""

    def __init__(self, vcenter: SimulatedVCenter) -> None:
        self._vcenter = vcenter

    async def port_groups(self) -> Mapping[str, PortGroupState]:
        """All port groups by moRef. Raises ClientError while the vCenter does not answer."""
        if not self._vcenter.answers:
            raise aiohttp.ClientError
        groups = self._vcenter.inventory.each(PortGroupEntity)
        return {group.mo_ref: self._state(group) for group in groups}

    def _state(self, group: PortGroupEntity) -> PortGroupState:
        inventory = self._vcenter.inventory
        switch = self._vcenter.switch_of(group)
        datacenter = inventory.datacenter(group.mo_ref)
        plain = self._vcenter.plain(group)
        vlan = plain["config"]["defaultPortConfig"]["vlan"]
        return PortGroupState(
            reference=group.mo_ref,
            name=names.decoded(group.name),
            path=inventory.path(group.mo_ref),
            datacenter=names.decoded(datacenter.name) if datacenter is not None else "",
            datacenter_reference=datacenter.mo_ref if datacenter is not None else "",
            switch=names.decoded(switch.name) if switch is not None else "",
            switch_uuid=switch.value.uuid if switch is not None else "",
            vlan=vlan["vlanId"] if vlan["_typeName"] == VLAN_ID else -1,
            version=plain["config"]["configVersion"],
            uplink=bool(plain["config"].get("uplink")),
            connected=tuple(user.mo_ref for user in inventory.users(group.mo_ref)),
        )


def between(
    controller: Controller,
    vcenters: Mapping[str, SimulatedVCenter],
    time: clock.Clock,
    *,
    delay_seconds: float = 0.0,
) -> Bridge:
    """The bridge; a test awaits ``look()``, or lets ``run()`` go on beside the rest.

    ``vcenters``: by address, as clouds name it in ``vcenter_url``.
    """
    sources = {address: MemorySource(vcenter) for address, vcenter in vcenters.items()}
    return Bridge(controller, sources, delay_seconds=delay_seconds, clock=time.monotonic)
