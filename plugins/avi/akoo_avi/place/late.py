"""confirm of an adopted AKO that was never placed: its cluster left before the first prepare.

That AKO has made objects, so its place is looked for now, by the config. The rules are those of a
living cluster: the place is stored before it is touched, the claim is made, and the clusterName is
this cluster's alone only if all objects with it are shown to be of its Services and the like.
"""

from __future__ import annotations

from typing import Final

from akoo_avi.client import AviClient, Controllers, access
from akoo_avi.client.access import refusal
from akoo_avi.connect import shared
from akoo_avi.ownership import claiming, visibility
from akoo_avi.place import ancestor_user, catalog, exclusive, prepare, resolve, suitable
from akoo_avi.spec import names, placement, shared_name, wanted
from akoo_core.plugin import api

SILENT_SECONDS: Final = 120.0
"""After this long from the beginning of leaving, a workload cluster that is silent is not asked."""
AGAIN_SECONDS: Final = 15.0


async def look(
    ctx: api.VerbContext, controllers: Controllers, catalogs: catalog.Catalogs
) -> api.Wait | None:
    """The place, in a fact; None for a cluster that has none. Raises Refusal and AviErrors."""
    view = ctx.view
    if names.made_by_us(view.spec.ako_cluster_name) or not view.config:
        return None
    asked = wanted.of_view(view)
    reach, controller = await shared.reach(ctx, asked)
    avi = await access.open(ctx, controllers, reach)
    known = await catalogs.get(avi, reach, ctx.clock, seconds=suitable.FRESH_SECONDS)
    known = await catalog.settled(avi, known, suitable.sought(asked))
    problem = resolve.problem_of(known)
    if problem:
        return api.Wait(reason="ControllerNotReady", message=problem, after=AGAIN_SECONDS)
    place = resolve.resolve(asked, known, wanted.config_name(view))
    stored = prepare.stored_of(
        view, asked, place, known=known, reach=reach, controller=controller, pools=()
    )
    target = placement.AviTarget(wanted=asked, stored=stored, controller_version=known.version)
    return api.Wait(
        reason="PlacementFound",
        message=f'Found on {reach.address}: cloud "{stored.cloud}", tenant "{stored.tenant}".',
        after=0.0,
        facts=(target, *await ancestor_user.look(ctx, avi, stored)),
    )


async def settle(ctx: api.VerbContext, avi: AviClient, stored: placement.Stored) -> api.Result:
    """Claim the place, and find out whose the clusterName is. Raises Refusal, AviErrors and
    KubeErrors."""
    view = ctx.view
    epoch = placement.claimed_epoch(view, stored.place)
    try:
        await claiming.settle(avi, view.spec, claimed_epoch=epoch)
    except visibility.HIDDEN as error:
        message = f"{avi.address}: {error}. The claim is not seen, so nothing is removed."
        return api.Blocked(reason=visibility.REASON, message=message, after=refusal.AFTER_SECONDS)
    claimed = prepare.claimed(view, stored)
    if shared_name.use(view) or placement.sweep_tenants(view, stored.place):
        return api.Done(message=f"The claim on {avi.address} is ours.", facts=(claimed,))
    use = await exclusive.look(ctx, avi, stored)
    if use:
        return api.Done(message=f"The claim on {avi.address} is ours.", facts=(claimed, *use))
    leaving = view.spec.leaving
    since = leaving.started_at if leaving is not None else ctx.clock.now()
    if (ctx.clock.now() - since).total_seconds() < SILENT_SECONDS:
        return api.Wait(
            reason="WorkloadUnreachable",
            message=f"The workload cluster does not answer, so nobody knows yet whose the objects "
            f'with the clusterName "{stored.cluster_name}" are.',
            after=AGAIN_SECONDS,
            expected_seconds=SILENT_SECONDS,
            facts=(claimed,),
        )
    unknown = await exclusive.not_compared(avi, stored)
    return api.Done(message=shared_name.described(unknown), facts=(claimed, unknown))
