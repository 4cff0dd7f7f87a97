"""prepare: reads the ConfigMaps of ``valuesFrom``, and settles the values of the cluster.

All else that a cluster's values come from is in the view. The values that count are a fact: they
stay what they are until the next prepare, whatever the Cluster says by then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal

from akoo_ako import desired, settings
from akoo_ako.chart import cluster_values, effective
from akoo_ako.chart import values as chart_values
from akoo_ako.helm import renderings
from akoo_ako.refusals import refusal
from akoo_ako.rendering import objects
from akoo_core.plugin import api, errors, structs

CONFIG_MAP_SECONDS: Final = 120.0
"""Between two reads of ConfigMaps."""


async def prepare(
    ctx: api.VerbContext, ours: settings.Settings, renderer: renderings.Renderer
) -> api.Result | None:
    """The fact AkoValues for a config with values, and the rendering of its chart; else nothing to
    do."""
    chosen = desired.options_of(ctx.view)
    if chosen.chart is None and not chosen.values and not chosen.values_from:
        return None
    try:
        if chosen.chart is not None:
            await _render(ctx, ours, renderer)
        if not chosen.values and not chosen.values_from:
            return None
        return api.Done(facts=(await _settled(ctx, ours),))
    except refusal.Refusal as error:
        return api.Blocked(reason=error.reason, message=str(error))


async def _render(
    ctx: api.VerbContext, ours: settings.Settings, renderer: renderings.Renderer
) -> None:
    """Render the chart, and look at what it becomes in this cluster. Raises Refusal."""
    decided = desired.decide(ctx.view, ours)
    await renderer.render(decided, ctx)
    if not _awaits(ctx.view):
        objects.render(decided)


async def _settled(ctx: api.VerbContext, ours: settings.Settings) -> effective.AkoValues:
    chosen = desired.options_of(ctx.view)
    fixed = chart_values.settings(ctx.view.config, chosen, desired.release_of(ctx.view, ours))
    settled, resolved = await _settled_of_cluster(ctx, ours)
    return effective.noted(settled, fixed, resolved)


async def _settled_of_cluster(
    ctx: api.VerbContext, ours: settings.Settings
) -> tuple[effective.AkoValues, tuple[chart_values.Setting, ...]]:
    """The values of the cluster that count from now on, and all as they are now."""
    view, chosen = ctx.view, desired.options_of(ctx.view)
    if not chosen.values_from:
        return effective.AkoValues(), ()
    release = desired.release_of(view, ours)
    cluster_values.check(view.config, chosen, release)
    read = await config_maps(ctx)
    where = ctx.config_maps.namespace if ctx.config_maps is not None else ""
    raw = view.cluster.raw if view.cluster is not None else {}
    resolved = cluster_values.resolve(chosen, release, raw, read, namespace=where)
    wanted = {each.row.path: each.value for each in resolved}
    previous = view.fact(effective.AkoValues) or effective.AkoValues()
    if _awaits(view):
        settled = structs.replace(previous, values=wanted) if not previous.template else previous
    else:
        settled = effective.step(
            previous, wanted, lambda each: template(view, ours, each), ctx.clock.now()
        )
    return settled, resolved


async def plan(ctx: api.VerbContext, ours: settings.Settings) -> tuple[api.PlannedAction, ...]:
    """Each value of the chart with its source. Raises BlockedError where one is wrong."""
    chosen = desired.options_of(ctx.view)
    if not ctx.view.config or not (chosen.values or chosen.values_from):
        return ()
    try:
        release = desired.release_of(ctx.view, ours)
        fixed = chart_values.settings(ctx.view.config, chosen, release)
        settled, resolved = await _settled_of_cluster(ctx, ours)
    except refusal.Refusal as error:
        raise errors.BlockedError(str(error), reason=error.reason) from None
    before = ctx.view.fact(effective.AkoValues) or effective.AkoValues()
    rows = [_planned(each, "keep", "") for each in fixed]
    for each in resolved:
        path = each.row.path
        if settled.values.get(path) != each.value:
            rows.append(_planned(each, "change", " after the pause between two restarts"))
        else:
            same = before.values.get(path) == each.value
            rows.append(_planned(each, "keep" if same else "change", ""))
    return tuple(sorted(rows, key=lambda row: row.name))


def _planned(
    setting: chart_values.Setting, action: Literal["keep", "change"], later: str
) -> api.PlannedAction:
    value = chart_values.text(setting.value)
    return api.PlannedAction(
        action=action,
        kind="value",
        name=setting.row.path,
        where=chart_values.target(setting.row),
        why=f"{value}{later}, from {setting.source}",
    )


def observed(ctx: api.VerbContext, result: api.Result) -> api.Result:
    """The result of observe, or a Wait for values that wait. ConfigMaps are not watched: they are
    read again soon."""
    if not isinstance(result, api.Done):
        return result
    held = effective.waiting(ctx.view.fact(effective.AkoValues), ctx.clock.now())
    if held is not None:
        return structs.replace(held, facts=result.facts, version=result.version)
    if not cluster_values.config_maps(desired.options_of(ctx.view)):
        return result
    again = min(result.recheck_seconds or CONFIG_MAP_SECONDS, CONFIG_MAP_SECONDS)
    return structs.replace(result, recheck_seconds=again)


async def config_maps(ctx: api.VerbContext) -> cluster_values.ConfigMaps:
    """The ConfigMaps that the config names."""
    names = cluster_values.config_maps(desired.options_of(ctx.view))
    reader = ctx.config_maps
    return {name: await reader.read(name) if reader is not None else None for name in names}


def _awaits(view: api.View) -> bool:
    """Nothing is deployed now, and what will be is not known."""
    facts = (api.LoadBalancerPlacement, api.LoadBalancerTenant, api.WorkloadCredential)
    return any(fact.fact_name in view.awaited for fact in facts)


def template(view: api.View, ours: settings.Settings, wanted: Mapping[str, Any]) -> str:
    """Digest of AKO's Pod template with these values; "" while nothing is deployed. Raises
    Refusal."""
    decided = desired.decide(view, ours, wanted)
    if not view.spec.inventory:
        return ""
    rendered = objects.stateful_set(decided)["spec"]["template"]
    return hashlib.sha256(structs.encode_json(rendered)).hexdigest()[:16]
