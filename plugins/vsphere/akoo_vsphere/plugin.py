"""The vSphere plugin: keeps the distributed port groups that are declared as objects."""

from __future__ import annotations

from typing import ClassVar

from akoo_core.plugin import api, structs
from akoo_vsphere import rights
from akoo_vsphere.client.account import VCenters
from akoo_vsphere.client.sessions import SharedVCenters
from akoo_vsphere.controllers import audit
from akoo_vsphere.controllers.connections import Connections
from akoo_vsphere.controllers.index import Index
from akoo_vsphere.controllers.port_groups import PortGroups


class VSpherePlugin(api.Plugin):
    """The hooks, each handed to the module of its name.

    ``vcenters`` is for tests: a registry of vCenters that need no network.
    """

    rbac: ClassVar[tuple[api.RbacRule, ...]] = rights.RULES

    def __init__(
        self, chosen: structs.StrictStruct | None = None, vcenters: VCenters | None = None
    ) -> None:
        super().__init__(chosen)
        self._vcenters: VCenters = vcenters or SharedVCenters()
        self._index = Index()

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        """The controllers of VSphereConnections and VSpherePortGroups."""
        return (
            *Connections(self._vcenters, self._index).registrations(),
            PortGroups(self._vcenters, index=self._index).registration(),
        )

    @api.hookimpl
    async def audit(self, ctx: api.AuditContext) -> api.Audit:
        """See :mod:`akoo_vsphere.controllers.audit`."""
        return await audit.audit(ctx, self._vcenters)

    async def close(self) -> None:
        """Log out everywhere."""
        await self._vcenters.close()
