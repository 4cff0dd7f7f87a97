"""The client of a vCenter in memory.

::

    vc = MemoryVCenter()                      # a VCenterClient of an empty vCenter
    switch = vc.hand.add_switch(vc.hand.add_datacenter("DC0"), "DVS0")
    await vc.create(switch, {"name": "edge"})
    vc.vcenter.faults.add(Fault(method="create", lost=True))
    vc.vcenter.calls["create"]

Several clients share a vCenter: ``MemoryVCenter(vc.vcenter, username="other")``. Each call goes
through the seam of external calls, at the sites of the real client: an interceptor sees it. Logins
are no calls here.
"""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import external
from akoo_core.plugin.structs import JSON
from akoo_vsphere.allocation import VlanUser
from akoo_vsphere.client import api, errors
from akoo_vsphere.testing import operations, reads
from akoo_vsphere.testing.hand import Hand
from akoo_vsphere.testing.inventory import Entity
from akoo_vsphere.testing.line import AFTER, Line
from akoo_vsphere.testing.vcenter import SimulatedVCenter
from akoo_vsphere.testing.waits import Waits

ADDRESS: Final = "vcenter.example.com"
USERNAME: Final = "operator@vsphere.local"


class MemoryVCenter:
    """A VCenterClient of one simulated vCenter; an empty one is made if none is passed.

    ``through`` is the seam of external calls (its interceptor sees every request).
    """

    def __init__(
        self,
        vcenter: SimulatedVCenter | None = None,
        through: external.External | None = None,
        *,
        username: str = USERNAME,
        address: str = ADDRESS,
    ) -> None:
        self.vcenter = vcenter or SimulatedVCenter()
        self.hand = Hand(self.vcenter)
        self._user = username
        self._line = Line(self.vcenter, through or external.External(), username, address)
        self._waits = Waits(self._line)

    @property
    def address(self) -> str:
        return self._line.address

    @property
    def silent(self) -> bool:
        """False: a vCenter in memory that does not answer says so at once."""
        return False

    async def about(self) -> api.About:
        return await self._line.read("about", "", lambda: reads.about(self.vcenter))

    async def inventory(self) -> api.Inventory:
        return await self._line.read(
            "inventory", "", lambda: reads.inventory(self.vcenter, self._user)
        )

    async def port_groups(self, switch: str) -> tuple[api.Listed, ...]:
        listed = await self._line.read(
            "port_groups", switch, lambda: reads.port_groups(self.vcenter, self._user, switch)
        )
        await self._line.further(*AFTER["port_groups"])
        return listed

    async def descriptions(self, switch: str) -> dict[str, str]:
        return await self._line.read(
            "descriptions", switch, lambda: reads.descriptions(self.vcenter, self._user, switch)
        )

    async def vlans(self, switch: str) -> tuple[VlanUser, ...]:
        return await self._line.read(
            "vlans", switch, lambda: reads.vlans(self.vcenter, self._user, switch)
        )

    async def port_group(self, mo_ref: str) -> JSON:
        return await self._line.read(
            "port_group", mo_ref, lambda: reads.port_group(self.vcenter, self._user, mo_ref)
        )

    async def port_group_at(self, path: str) -> str:
        return await self._line.read(
            "port_group_at", "", lambda: reads.port_group_at(self.vcenter, self._user, path)
        )

    async def child(self, folder: str, name: str) -> api.Child | None:
        return await self._line.read(
            "child", folder, lambda: reads.child(self.vcenter, self._user, folder, name)
        )

    async def path(self, mo_ref: str) -> str:
        def read() -> str:
            reads.readable(self.vcenter, self._user, mo_ref, Entity)
            return self.vcenter.inventory.path(mo_ref)

        return await self._line.read("path", mo_ref, read)

    async def users(self, mo_ref: str, switch: str) -> api.Users:
        users = await self._line.read(
            "users", mo_ref, lambda: reads.users(self.vcenter, self._user, mo_ref, switch)
        )
        ports, names = AFTER["users"]
        await self._line.further(*((ports, names) if users.ports or users.machines else (ports,)))
        return users

    async def missing_privileges(
        self, mo_refs: tuple[str, ...], privileges: tuple[str, ...]
    ) -> tuple[tuple[str, str], ...]:
        def read() -> tuple[tuple[str, str], ...]:
            has = self.vcenter.rights.has
            pairs = ((mo_ref, privilege) for mo_ref in mo_refs for privilege in privileges)
            return tuple(pair for pair in pairs if not has(self._user, pair[1], pair[0]))

        return await self._line.read("missing_privileges", "", read)

    async def attributes(self) -> dict[int, str]:
        return await self._line.read("attributes", "", lambda: dict(self.vcenter.inventory.fields))

    async def define_attribute(self, name: str) -> int:
        known = await self.attributes()
        for key, defined in known.items():
            if defined == name:
                return key
        made = await self._line.write(
            "define_attribute", "", lambda: operations.define(self.vcenter, self._user, name)
        )
        await self._line.further(*AFTER["define_attribute"])
        return made

    async def create(self, switch: str, spec: JSON, folder: str = "") -> str:
        await self._line.task(
            "create",
            switch,
            lambda: operations.check_create(self.vcenter, self._user, switch, spec),
            lambda: operations.create(self.vcenter, switch, spec),
        )
        parent, name = AFTER["create"]
        await self._line.further(*((name,) if folder else (parent, name)))
        made = operations.named(self.vcenter, switch, spec["name"])
        if not made:
            raise errors.OutcomeUnknownError(
                f'{self.address} made "{spec["name"]}", but does not show it. Read again.'
            )
        return made

    async def reconfigure(self, mo_ref: str, spec: JSON) -> None:
        await self._line.task(
            "reconfigure",
            mo_ref,
            lambda: operations.check_reconfigure(self.vcenter, self._user, mo_ref, spec),
            lambda: operations.reconfigure(self.vcenter, mo_ref, spec),
        )

    async def rename(self, mo_ref: str, name: str) -> None:
        await self._line.task(
            "rename",
            mo_ref,
            lambda: operations.check_rename(self.vcenter, self._user, mo_ref, name),
            lambda: operations.rename(self.vcenter, mo_ref, name),
        )

    async def set_attribute(self, mo_ref: str, key: int, value: str) -> None:
        await self._line.write(
            "set_attribute",
            mo_ref,
            lambda: operations.set_value(self.vcenter, self._user, mo_ref, key, value),
        )

    async def destroy(self, mo_ref: str) -> None:
        await self._line.task(
            "destroy",
            mo_ref,
            lambda: operations.check_destroy(self.vcenter, self._user, mo_ref),
            lambda: operations.destroy(self.vcenter, mo_ref),
        )

    async def task(self, mo_ref: str) -> api.TaskState:
        task = await self._line.read("task", mo_ref, lambda: self.vcenter.tasks.get(mo_ref))
        if task is None:
            return api.TaskState(state="unknown")
        return api.TaskState(state=task.state, message=str(task.error or ""))

    async def changes(self, version: str, seconds: int = api.MAX_WAIT_SECONDS) -> api.Changes:
        return await self._waits.changes(version, seconds)
