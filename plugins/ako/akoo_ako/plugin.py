"""The AKO plugin: deploys AKO, says how it is, asks it to clean up, and stops it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from akoo_ako import (
    credential,
    desired,
    drain,
    fence,
    images,
    installed,
    names,
    options,
    prepare,
    settings,
)
from akoo_ako.adoption import again, former, hand_back, look, render, request, shape, watch
from akoo_ako.chart import effective
from akoo_ako.helm import objects as of_chart
from akoo_ako.helm import renderings
from akoo_ako.installs import read
from akoo_ako.refusals import fit, notes, refusal
from akoo_ako.releases import config_map, stored
from akoo_ako.rendering import objects
from akoo_ako.running import observe, observing, starts
from akoo_core.plugin import api, errors, structs
from akoo_core.plugin.kube import Resource
from akoo_core.plugin.records import Record

PLACEMENT_SECONDS = 60.0
"""Until a placement is asked for again that nobody gave; a new fact asks at once."""


class AkoPlugin(api.Plugin):
    """The verbs, each handed to the module of its name. In the management cluster it only lists
    who may own an AKO that is adopted; the Secrets it names are read by the core."""

    signals: ClassVar[str] = "akoo_ako.signals:SIGNALS"
    settings_type: ClassVar[type[structs.StrictStruct] | None] = settings.Settings
    config_type: ClassVar[type[structs.StrictStruct] | None] = options.Options
    reads_config_maps: ClassVar[bool] = True
    needs_kubernetes_version: ClassVar[bool] = True
    conditions: ClassVar[tuple[str, ...]] = (notes.UNVERIFIED, fit.UPGRADE)
    provides: ClassVar[tuple[type[api.Fact], ...]] = (
        starts.AkoStarts,
        effective.AkoValues,
        installed.AkoInstall,
        shape.AkoShape,
        former.AkoFormerOwner,
        api.AdoptedName,
    )
    annotations: ClassVar[tuple[api.PluginAnnotation, ...]] = (request.HAND_BACK,)
    reads: ClassVar[tuple[Resource, ...]] = read.MANAGEMENT
    accepts: ClassVar[tuple[type[api.Fact], ...]] = (
        api.WorkloadCredential,
        api.LoadBalancerPlacement,
        api.LoadBalancerTenant,
    )

    def __init__(self, configured: settings.Settings | None = None) -> None:
        super().__init__(configured or settings.Settings())
        self._settings: settings.Settings = self.settings
        self._settings.check()
        self.config_map = self._settings.releases_config_map
        self._configured = self._settings.releases
        self._charts = renderings.Renderer()

    def take_config_map(self, texts: Mapping[str, str] | None, records: tuple[Record, ...]) -> str:
        """The rows of a ConfigMap join those of the settings."""
        configured = self._configured
        try:
            rows = config_map.rows(texts, configured)
        except errors.InputError as error:
            return str(error)
        before = self._settings.releases[len(configured) :]
        problem = config_map.in_use(before, rows, records)
        if not problem:
            self._settings = structs.replace(self._settings, releases=(*configured, *rows))
        return problem

    def adopts(self, section: structs.JSON) -> bool:
        """``existing: Adopt``."""
        return section.get("existing") == "Adopt"

    def only_observes(self, section: structs.JSON) -> bool:
        """``existing: Observe``, and ``Adopt`` until the install was looked at."""
        return section.get("existing") in ("Observe", "Adopt")

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        """The name AKO marks its Avi objects with, the version, and how long it may sleep between
        two full syncs. While leaving, and without a config, what was intended before holds."""
        before = view.intent(names.PLUGIN)
        if view.spec.leaving is not None or not view.config:
            return api.Intent(data=before.data) if before else None
        if render.as_it_stands(view, self._settings):
            return render.intent(view)
        try:
            wanted, values = desired.intended(view, self._settings)
        except refusal.Refusal as error:
            if error.reason == fit.UPGRADE and before is not None:
                release = desired.release_of(view, self._settings)
                others = notes.conditions(release, self._settings.table)
                return api.Intent(data=before.data, conditions=(notes.upgrade(str(error)), *others))
            return api.Blocked(reason=error.reason, message=str(error))
        return api.Intent(
            data={
                "clusterName": wanted.cluster_name,
                "version": wanted.release.version,
                fence.FULL_SYNC: wanted.full_sync_seconds,
                **({"values": values} if values else {}),
                **stored.data(wanted.release),
            },
            conditions=notes.conditions(wanted.release, self._settings.table),
        )

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result | None:
        """See :mod:`akoo_ako.prepare`, and :mod:`akoo_ako.adoption.watch`."""
        result = await prepare.prepare(ctx, self._settings, self._charts)
        return watch.kept(ctx.view, self._settings, result)

    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: api.PlannedVerb
    ) -> tuple[api.PlannedAction, ...] | None:
        """The values of AKO's chart that prepare would settle, with their sources."""
        return await prepare.plan(ctx, self._settings) if verb == "prepare" else ()

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait | api.Blocked:
        """AKO's objects, and the Secret with its account. What runs is left while it waits."""
        refused = _only_observes(view)
        if refused is not None:
            return refused
        taken_back = _taken_back(view)
        if taken_back is not None:
            return taken_back
        if api.LoadBalancerPlacement.fact_name in view.awaited:
            return api.Wait(
                reason="PlacementAwaited",
                message=(
                    "AKO is deployed after its place on the Avi Controller is checked. The "
                    "plugin that checks it says what is missing."
                ),
                after=PLACEMENT_SECONDS,
                expected_seconds=300.0,
            )
        tenant_awaited = api.LoadBalancerTenant.fact_name in view.awaited
        if tenant_awaited and view.fact(api.LoadBalancerPlacement) is None:
            return api.Wait(
                reason="TenantAwaited",
                message=(
                    "AKO is deployed after its tenant is there. The plugin that makes it says what "
                    "is missing."
                ),
                after=PLACEMENT_SECONDS,
                expected_seconds=300.0,
            )
        credential_awaited = credential.awaited(view)
        if credential_awaited is not None:
            return credential_awaited
        if desired.options_of(view).values_from and view.fact(effective.AkoValues) is None:
            return api.Wait(
                reason="ValuesAwaited",
                message="AKO is deployed after the values of its cluster are settled.",
                after=PLACEMENT_SECONDS,
            )
        try:
            if render.adopted(view) is not None:
                of_chart.check_not_adopted(desired.options_of(view))
                return render.contribution(view, self._settings)
            wanted = desired.decide(view, self._settings)
            secret = credential.secret(view, wanted.spec, wanted.options)
            rendered = objects.render(wanted)
        except refusal.Refusal as error:
            if error.reason == of_chart.AWAITED:
                return api.Wait(reason="ChartAwaited", message=str(error), after=PLACEMENT_SECONDS)
            return api.Blocked(reason=error.reason, message=str(error))
        return api.Contribution(
            objects=rendered,
            secrets=(secret, *map(images.copied, wanted.pull_secret_copies)),
            definitions=objects.definitions(wanted),
        )

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_ako.running.observe`; for others' AKO, ``observing`` beside it."""
        if ctx.view.spec.observed and desired.options_of(ctx.view).existing != "Adopt":
            return await observing.look(ctx, self._settings.table)
        if hand_back.is_asked(ctx.view):
            return await hand_back.observe(ctx)
        if ctx.view.spec.observed or watch.under_way(ctx.view):
            return await look.look(ctx, self._settings)
        owner = await again.look(ctx) if render.adopted(ctx.view) is not None else None
        result: api.Result | None = await watch.restarted(ctx)
        if result is None:
            result = await observe.observe(ctx, self._settings.table)
            result = prepare.observed(ctx, result)
        return again.noted(ctx, owner, result)

    @api.hookimpl
    async def drain(self, ctx: api.VerbContext) -> api.Result:
        """See :mod:`akoo_ako.drain`."""
        return await drain.drain(ctx)

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait:
        """See :mod:`akoo_ako.fence`."""
        return await fence.fence(ctx)

    @api.hookimpl
    def secret_references(self, view: api.View) -> tuple[api.SecretPair, ...]:
        """The Secrets that avi-secret is made of, and those that are copied."""
        copies = desired.copies(desired.options_of(view), self._settings)
        pairs = ((copy.namespace, copy.name) for copy in copies)
        return tuple(sorted({*credential.references(view), *pairs}))


def _taken_back(view: api.View) -> api.Contribution | api.Wait | api.Blocked | None:
    """An adopted AKO that is given back, or whose former owner writes it again."""
    try:
        given_back = hand_back.contribution(view)
    except refusal.Refusal as error:
        return api.Blocked(reason=error.reason, message=str(error))
    if given_back is not None or render.adopted(view) is None:
        return given_back
    return former.active(view)


def _only_observes(view: api.View) -> api.Blocked | None:
    """The config asks to observe, but the record was begun to manage the cluster."""
    wanted = view.plugin_config
    observes = isinstance(wanted, options.Options) and wanted.existing == "Observe"
    if not observes or view.spec.inventory:
        return None
    return api.Blocked(
        reason="ObserveTooLate",
        message=(
            "spec.plugins.ako.existing: Observe has no effect on a cluster that is managed "
            "already: other plugins may have made things for it. AKO is not deployed. Annotate the "
            "record akoo.io/leave=sweep, and remove the annotation when the record is finished."
        ),
    )
