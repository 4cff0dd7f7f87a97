"""The vSphere plugin: keeps the distributed port groups that are declared as objects."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import ClassVar

from akoo_core.plugin import api, structs
from akoo_core.plugin import errors as core_errors
from akoo_vsphere import rights
from akoo_vsphere.client.account import VCenters
from akoo_vsphere.client.sessions import SharedVCenters
from akoo_vsphere.controllers import audit
from akoo_vsphere.controllers.connections import Connections
from akoo_vsphere.controllers.index import Index
from akoo_vsphere.controllers.port_groups import PortGroups
from akoo_vsphere.looking import check
from akoo_vsphere.spec import config, refusal
from akoo_vsphere.templates.controller import Templates
from akoo_vsphere.verbs import intend, observe, planned, prepare
from akoo_vsphere.verbs.facts import PortGroupUsed


class VSpherePlugin(api.Plugin):
    """The hooks, each handed to the module of its name.

    ``vcenters`` is for tests: a registry of vCenters that need no network.
    """

    chapter: ClassVar[str] = "akoo_vsphere.testing.chapter:CHAPTER"
    config_type: ClassVar[type[structs.StrictStruct] | None] = config.Options
    provides: ClassVar[tuple[type[api.Fact], ...]] = (api.PortGroup, PortGroupUsed)
    rbac: ClassVar[tuple[api.RbacRule, ...]] = rights.RULES
    manifests: ClassVar[str] = "akoo_vsphere:manifests"
    signals: ClassVar[str] = "akoo_vsphere.signals:SIGNALS"

    def __init__(
        self, chosen: structs.StrictStruct | None = None, vcenters: VCenters | None = None
    ) -> None:
        super().__init__(chosen)
        self._vcenters: VCenters = vcenters or SharedVCenters()
        self._index = Index()

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        """See :mod:`akoo_vsphere.verbs.intend`."""
        return intend.intend(view)

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_vsphere.verbs.prepare`."""
        return await _answered(prepare.prepare(ctx))

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_vsphere.verbs.observe`."""
        return await _answered(observe.observe(ctx))

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result:
        """Nothing to give back in vCenter: the core ends the use of the port group."""
        return api.Done()

    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: api.PlannedVerb
    ) -> tuple[api.PlannedAction, ...]:
        """See :mod:`akoo_vsphere.verbs.planned`."""
        try:
            return await planned.plan(ctx, verb)
        except refusal.Refusal as error:
            raise core_errors.BlockedError(str(error), reason=error.reason) from None

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        """The controllers of VSphereConnections and VSpherePortGroups."""
        return (
            *Connections(self._vcenters, self._index).registrations(),
            PortGroups(self._vcenters, index=self._index).registration(),
            Templates(self._vcenters).registration(),
        )

    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...]:
        """See :mod:`akoo_vsphere.looking.check`."""
        return await check.check(ctx, self._vcenters)

    @api.hookimpl
    async def audit(self, ctx: api.AuditContext) -> api.Audit:
        """See :mod:`akoo_vsphere.controllers.audit`."""
        return await audit.audit(ctx, self._vcenters)

    async def close(self) -> None:
        """Log out everywhere."""
        await self._vcenters.close()


async def _answered(verb: Awaitable[api.Result]) -> api.Result:
    """The result of a verb, or of what it refuses."""
    try:
        return await verb
    except refusal.Refusal as error:
        return api.Blocked(reason=error.reason, message=str(error))
    except structs.DecodeError as error:
        return api.Blocked(reason="PortGroupUnreadable", message=str(error))
