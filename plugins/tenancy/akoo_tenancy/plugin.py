"""The tenancy plugin: an Avi account of its own for every cluster, rotated without a refused
login."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeVar

from akoo_avi.client import Controllers
from akoo_avi.client import access as avi_access
from akoo_avi.client.access import refusal

from akoo_core.plugin import api, structs
from akoo_tenancy import rights
from akoo_tenancy.controllers import templates
from akoo_tenancy.controllers.rotations import Rotations
from akoo_tenancy.controllers.tenants import AviTenants
from akoo_tenancy.journal import ended
from akoo_tenancy.leave import confirm, fence, release
from akoo_tenancy.live import answers, intend, observe, opening, prepare
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.looking import audit, check, plan
from akoo_tenancy.spec import config, facts, requests, settings, wanted
from akoo_tenancy.spec.facts import Stored, TenancyAccount, TenancyPlace
from akoo_tenancy.spec.tenant_used import TenantUsed
from akoo_tenancy.store import api as stores
from akoo_tenancy.store import chosen as chosen_store

VerbResult = TypeVar("VerbResult")
NOTHING = api.Done(message="The cluster never had an account of this plugin.")


class TenancyPlugin(api.Plugin):
    """The hooks, each handed to the module of its name.

    ``store`` and ``clients`` are for tests: a store and controllers that need no network.
    """

    settings_type: ClassVar[type[structs.StrictStruct] | None] = settings.Settings
    config_type: ClassVar[type[structs.StrictStruct] | None] = config.Options
    intent_version: ClassVar[int] = facts.INTENT_VERSION
    provides: ClassVar[tuple[type[api.Fact], ...]] = (
        api.WorkloadCredential,
        TenancyPlace,
        TenancyAccount,
        TenantUsed,
        api.LoadBalancerTenant,
    )
    annotations: ClassVar[tuple[api.PluginAnnotation, ...]] = (
        requests.ANNOTATION,
        requests.FORMER,
    )
    rbac: ClassVar[tuple[api.RbacRule, ...]] = rights.RULES
    manifests: ClassVar[str] = "akoo_tenancy:manifests"
    signals: ClassVar[str] = "akoo_tenancy.signals:SIGNALS"
    chapter: ClassVar[str] = "akoo_tenancy.testing.chapter:CHAPTER"

    def __init__(
        self,
        chosen: settings.Settings | None = None,
        store: stores.Stores | None = None,
        clients: Controllers | None = None,
    ) -> None:
        super().__init__(chosen)
        known = settings.checked(chosen) if store is None else chosen or settings.Settings()
        # Only the weaker store needs rights on Secrets in the operator's namespace.
        self.keeps = known.store == "Secret"
        self._rotations = Rotations(known.rotations_at_once)
        self._tools = Tools(
            store or chosen_store.stores(known),
            clients or avi_access.SharedControllers(),
            self._rotations,
        )

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        """See :mod:`akoo_tenancy.live.intend`."""
        return intend.intend(view)

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_tenancy.live.prepare`."""
        try:
            return ended.announced(ctx.view, await prepare.prepare(ctx, self._tools))
        except answers.ANSWERED as error:
            return answers.answer(error)

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_tenancy.live.observe`."""
        try:
            self._note_age(ctx.view)
            return ended.announced(ctx.view, await observe.observe(ctx, self._tools))
        except answers.ANSWERED as error:
            return answers.answer(error)

    def _note_age(self, view: api.View) -> None:
        """Take the config's age of accounts for the metric; a config that is wrong has none."""
        if not view.config:
            return
        with contextlib.suppress(refusal.Refusal):
            timing = config.timing(wanted.options_of(view).rotation)
            self._rotations.note_age(view.spec.config_ref.name, timing.every)

    @api.hookimpl
    async def confirm(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_tenancy.leave.confirm`."""
        return await self._departing(ctx, confirm.confirm) or NOTHING

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait | api.Blocked | None:
        """See :mod:`akoo_tenancy.leave.fence`."""
        return await self._departing(ctx, fence.fence)

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_tenancy.leave.release`."""
        return await self._departing(ctx, release.release) or NOTHING

    async def _departing(
        self,
        ctx: api.VerbContext,
        verb: Callable[[api.VerbContext, Tools, Stored], Awaitable[VerbResult]],
    ) -> VerbResult | api.Wait | api.Blocked | None:
        """The result of a leaves verb; None if the cluster never had an account."""
        place = facts.stored(ctx.view)
        if place is None:
            return None
        try:
            return await verb(ctx, self._tools, place)
        except answers.ANSWERED as error:
            return answers.answer(error)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        """The controller that counts the rotations under way, and those of AviTenants."""
        return (
            self._rotations.registration(),
            *AviTenants(self._tools.clients).registrations(),
            templates.registration(),
        )

    @api.hookimpl
    def secret_references(self, view: api.View) -> tuple[api.SecretPair, ...]:
        """The Secrets with the controller's credential and CA."""
        return intend.secrets(view)

    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: api.PlannedVerb
    ) -> tuple[api.PlannedAction, ...]:
        """See :mod:`akoo_tenancy.looking.plan`."""
        return plan.plan(ctx.view, verb, ctx.clock.now())

    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...]:
        """See :mod:`akoo_tenancy.looking.check`."""
        return await check.check(ctx, self._tools)

    @api.hookimpl
    async def audit(self, ctx: api.AuditContext) -> api.Audit:
        """See :mod:`akoo_tenancy.looking.audit`."""
        return await audit.audit(ctx, self._tools)

    @api.hookimpl
    async def remove_stray(self, ctx: api.AuditContext, owner: str) -> api.Result:
        """See :mod:`akoo_tenancy.looking.audit`."""
        try:
            return await audit.remove(ctx, self._tools, owner)
        except answers.ANSWERED as error:
            return answers.answer(error)

    async def open_secret(self, source: api.SecretSource, ctx: api.SecretContext) -> bytes | None:
        """See :mod:`akoo_tenancy.live.opening`."""
        return await opening.open_secret(source, ctx, self._tools)

    async def close(self) -> None:
        """End the login at the store, and log out everywhere."""
        await self._tools.stores.close()
        await self._tools.clients.close()
