"""The look whether the former owner of an adopted AKO is still harmless. It only reads."""

from __future__ import annotations

import datetime
from typing import Final

from akoo_ako import desired, installed, names
from akoo_ako.adoption import former, harmless, render
from akoo_ako.adoption.former import AkoFormerOwner
from akoo_ako.installs import checked
from akoo_ako.running import workload
from akoo_core.plugin import api, structs
from akoo_core.plugin.kube import CONFIG_MAPS, STATEFUL_SETS, KubeClient

_OWN: Final = ((STATEFUL_SETS, names.STATEFUL_SET), (CONFIG_MAPS, names.CONFIG_MAP))
_RELEASES: Final = 50
"""Secrets, or ConfigMaps, of one Helm release that are looked at."""


async def look(ctx: api.VerbContext) -> AkoFormerOwner | None:
    """The former owner of an AKO that was adopted, as it is now; None where there is nothing to
    look at."""
    stored = ctx.view.fact(AkoFormerOwner)
    if ctx.workload is None or stored is None or not stored.objects:
        return None
    if not render.written(ctx.view):
        return None
    packages = [each for each in stored.objects if each.kind == "PackageInstall"]
    live = {each.uid: await harmless.read(ctx.workload, each) for each in packages}
    there = {uid: obj for uid, obj in live.items() if obj is not None}
    releases = await _releases(ctx.workload, stored)
    own = await _own(ctx)
    active = former.reverted(stored, there, releases, own, ctx.clock.now())
    return structs.replace(stored, active=active)


async def _releases(kube: KubeClient, stored: AkoFormerOwner) -> list[structs.JSON]:
    listed: list[structs.JSON] = []
    for kind, namespace, release in sorted(former.releases(stored)):
        selector = f"{former.OWNER_LABEL}={former.HELM_OWNER},name={release}"
        page = await kube.list(
            harmless.KINDS[kind],
            namespace,
            label_selector=selector,
            limit=_RELEASES,
            metadata_only=True,
        )
        for obj in page.items:
            checked.check(harmless.KINDS[kind], obj)
            listed.append({**obj, "kind": kind})
    return listed


async def _own(ctx: api.VerbContext) -> list[structs.JSON]:
    """AKO's StatefulSet and ConfigMap, where they are marked as ours: an object that is not yet
    taken over has the fields of its former owner."""
    if ctx.workload is None:
        return []
    namespace = installed.namespace_of(ctx.view)
    listed = []
    for kind, name in _OWN:
        obj = await workload.get(ctx.workload, kind, name, namespace)
        if obj is None:
            continue
        checked.check(kind, obj)
        if workload.is_ours(obj, ctx.view.record_name):
            listed.append({**obj, "kind": kind.kind})
    return listed


def noted(ctx: api.VerbContext, now: AkoFormerOwner | None, result: api.Result) -> api.Result:
    """The result of observe, with the former owner as it was seen. One that is active is the
    result itself; what else is wrong with AKO may be its work."""
    if now is None:
        return result
    name = former.adopted_name(ctx.view, now, desired.options_of(ctx.view).adopt_at_once)
    if now.active:
        waiting = former.waiting(now)
        return structs.replace(waiting, facts=(now, name))
    if isinstance(result, api.Blocked):
        result = api.Wait(reason=result.reason, message=result.message, after=result.after)
    noted = structs.replace(result, facts=(*result.facts, now, name))
    left = _left(now, ctx.clock.now())
    if isinstance(noted, api.Wait) or not left:
        return noted
    return structs.replace(noted, recheck_seconds=min(noted.recheck_seconds or left, left))


def _left(now: AkoFormerOwner, at: datetime.datetime) -> float:
    """Seconds until two intervals of the owner are over; 0.0 after that."""
    due = (now.harmless_at or at) + former.TWO_INTERVALS
    return max((due - at).total_seconds(), 0.0)
