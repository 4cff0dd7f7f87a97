"""The Avi plugin: keeps the Avi Controller in order for every cluster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeVar

from akoo_avi import client, plan, rights
from akoo_avi.check import ask
from akoo_avi.cleanup import audit, confirm, departure, never_placed, release, sweep, verify
from akoo_avi.client import access
from akoo_avi.controllers import configs, keeping, port_groups, reconcile
from akoo_avi.health import observe, snapshot
from akoo_avi.place import (
    ancestor_user,
    catalog,
    contribute,
    exclusive,
    infra_setting,
    intend,
    late,
    prepare,
)
from akoo_avi.pools import configs as config_pools
from akoo_avi.pools import planned
from akoo_avi.pools import reconcile as pools
from akoo_avi.spec import ancestor_user as ancestor_spec
from akoo_avi.spec import options, placement, settings, shared_name, wanted
from akoo_core.plugin import api, structs
from akoo_core.plugin import errors as core_errors

VerbResult = TypeVar("VerbResult")
Departing = Callable[[api.VerbContext, client.AviClient, placement.Stored], Awaitable[VerbResult]]


class AviPlugin(api.Plugin):
    """The verbs, each handed to the module of its name.

    ``clients`` is for tests: a registry of controllers that need no network.
    """

    settings_type: ClassVar[type[structs.StrictStruct] | None] = settings.Settings
    config_type: ClassVar[type[structs.StrictStruct] | None] = options.Options
    intent_version: ClassVar[int] = placement.INTENT_VERSION
    provides: ClassVar[tuple[type[api.Fact], ...]] = (
        api.LoadBalancerPlacement,
        placement.AviTarget,
        placement.AviClaimed,
        placement.AviPoolsExhausted,
        placement.AviNameExclusive,
        placement.AviSettingSeen,
        ancestor_spec.AviAncestorUser,
        api.ClusterNameUse,
    )
    conditions: ClassVar[tuple[str, ...]] = (shared_name.CONDITION,)
    accepts: ClassVar[tuple[type[api.Fact], ...]] = (api.PortGroup, api.LoadBalancerTenant)
    rbac: ClassVar[tuple[api.RbacRule, ...]] = rights.RULES
    manifests: ClassVar[str] = "akoo_avi:manifests"
    signals: ClassVar[str] = "akoo_avi.signals:SIGNALS"
    chapter: ClassVar[str] = "akoo_avi.testing.chapter:CHAPTER"

    def __init__(
        self, chosen: settings.Settings | None = None, clients: client.Controllers | None = None
    ) -> None:
        super().__init__(chosen or settings.Settings())
        own: settings.Settings = self.settings
        self._clients: client.Controllers = clients or access.SharedControllers(
            pool_size=own.pool_size, page_size=own.page_size
        )
        self._catalogs = catalog.Catalogs(seconds=own.catalog_seconds)
        self._snapshots = snapshot.Snapshots(seconds=own.snapshot_seconds)

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        """See :mod:`akoo_avi.place.intend`."""
        return intend.intend(view)

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_avi.place.prepare`."""
        try:
            return await prepare.prepare(ctx, self._clients, self._catalogs)
        except access.ANSWERED as error:
            return access.answer(error)

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        """See :mod:`akoo_avi.place.contribute`."""
        return contribute.contribute(view)

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_avi.health.observe`, and :mod:`akoo_avi.place.exclusive`."""
        stored = placement.stored(ctx.view)
        if stored is None:
            return never_placed.done()
        try:
            avi = await access.open(ctx, self._clients, stored.reach)
            result = await observe.observe(ctx, avi, stored, self._snapshots)
            use = await exclusive.look(ctx, avi, stored)
            setting = await infra_setting.look(ctx, stored)
            facts = (*result.facts, *use, *setting, *ancestor_user.kept(ctx.view))
            return structs.replace(result, facts=facts)
        except access.ANSWERED as error:
            return access.answer(error)

    @api.hookimpl
    async def confirm(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_avi.cleanup.confirm`, and :mod:`akoo_avi.place.late`."""
        verb = late.settle if placement.found_late(ctx.view) else confirm.confirm
        answer = await self._departing(ctx, verb)
        if answer is None:
            try:
                answer = await late.look(ctx, self._clients, self._catalogs)
            except access.ANSWERED as error:
                return access.answer(error)
        return answer or never_placed.done()

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_avi.cleanup.sweep`."""
        return await self._departing(ctx, sweep.sweep) or never_placed.done()

    @api.hookimpl
    async def verify(
        self, ctx: api.VerbContext
    ) -> api.Proof | api.Unverified | api.Wait | api.Blocked:
        """See :mod:`akoo_avi.cleanup.verify`."""
        return await self._departing(ctx, verify.verify) or never_placed.verified(ctx.view)

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_avi.cleanup.release`."""
        return await self._departing(ctx, release.release) or never_placed.done()

    async def _departing(
        self, ctx: api.VerbContext, verb: Departing[VerbResult]
    ) -> VerbResult | api.Wait | api.Blocked | None:
        """The result of a leaves verb on the recorded controller; None if nothing was placed."""
        stored = placement.stored(ctx.view)
        if stored is None:
            return None
        try:
            avi = await departure.open(ctx, self._clients, stored)
            return await verb(ctx, avi, stored)
        except access.ANSWERED as error:
            return access.answer(error)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        """The controllers of AviControllers, of configs, and of AviIPPools."""
        return (
            reconcile.AviControllers(self._clients).registration(),
            keeping.registration(),
            configs.ConfigControllers(self._clients, self._catalogs).registration(),
            pools.IpPools(self._clients, self._catalogs).registration(),
            config_pools.registration(planned.of_config),
            port_groups.PortGroups(self._clients, self._catalogs).registration(),
        )

    @api.hookimpl
    def secret_references(self, view: api.View) -> tuple[api.SecretPair, ...]:
        """The Secrets with the controller's credential and CA: the current and the stored ones."""
        return wanted.secrets(view)

    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: api.PlannedVerb
    ) -> tuple[api.PlannedAction, ...]:
        """See :mod:`akoo_avi.plan`."""
        try:
            if verb == "prepare":
                return await plan.prepare(ctx, self._clients, self._catalogs)
            return await plan.sweep(ctx, self._clients)
        except access.ANSWERED as error:
            answer = access.answer(error)
            raise core_errors.BlockedError(answer.message, reason=answer.reason) from None

    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...]:
        """See :mod:`akoo_avi.check`."""
        return await ask.ask(ctx, self._clients, self._catalogs)

    @api.hookimpl
    async def audit(self, ctx: api.AuditContext) -> api.Audit:
        """See :mod:`akoo_avi.cleanup.audit`."""
        return await audit.audit(ctx, self._clients)

    @api.hookimpl
    async def remove_stray(self, ctx: api.AuditContext, owner: str) -> api.Result:
        """See :mod:`akoo_avi.cleanup.audit`."""
        return await audit.remove(ctx, self._clients, owner)

    async def close(self) -> None:
        """Log out everywhere."""
        await self._clients.close()
