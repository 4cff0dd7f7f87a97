"""prepare: the place is there and can be used, and it is claimed. Writes the claim, nothing else.

First come checks that only read, so that a mistake is told before anything is left or taken. What
was found goes into a fact, from there into the stored intent, and only then is it touched.
"""

from __future__ import annotations

from akoo_avi.client import AviClient, Controllers
from akoo_avi.connect import access
from akoo_avi.connect import shared as shared_
from akoo_avi.ownership import claim, claiming
from akoo_avi.place import suitable
from akoo_avi.place.catalog import Catalog, Catalogs
from akoo_avi.place.resolve import Resolved
from akoo_avi.spec import placement
from akoo_avi.spec import wanted as wanted_
from akoo_avi.spec.placement import AviClaimed, AviPoolsExhausted, AviTarget, Stored, Wanted
from akoo_core.plugin import api

LEAVING_SECONDS = 30.0
"""Until it is asked again whether the old place was left."""


async def prepare(ctx: api.VerbContext, controllers: Controllers, catalogs: Catalogs) -> api.Result:
    """One call of the verb. Raises Refusal and AviErrors."""
    view = ctx.view
    asked = wanted_.of_view(view)
    reach, controller = await shared_.reach(ctx, asked)
    pools = await shared_.pools(ctx, asked)
    avi = await access.open(ctx, controllers, reach)
    known, place = await suitable.judged(ctx, avi, reach, catalogs, asked)
    if isinstance(place, api.Wait):
        return place
    target = AviTarget(
        wanted=asked,
        found=_stored(view, asked, place, reach=reach, controller=controller, pools=pools.refs),
        controller_version=known.version,
    )
    waiting = pools.unready or _not_stored(view, target)
    if waiting is not None:
        return waiting
    await _claim(avi, view, target.found, known)
    facts = (target, _claimed(view, target.found), _placement(target))
    if pools.exhausted:
        return api.Done(facts=(*facts, AviPoolsExhausted(pools=pools.exhausted)))
    return api.Done(facts=facts)


def _stored(
    view: api.View,
    asked: Wanted,
    place: Resolved,
    *,
    reach: placement.Reach,
    controller: placement.ControllerRef | None,
    pools: tuple[placement.PoolRef, ...],
) -> Stored:
    return Stored(
        cluster_name=view.spec.ako_cluster_name,
        reach=reach,
        place=place.place,
        cloud=asked.cloud,
        tenant=asked.tenant,
        se_group=asked.se_group,
        networks=place.networks,
        control_plane=place.control_plane,
        controller=controller,
        pools=pools,
    )


def _not_stored(view: api.View, target: AviTarget) -> api.Wait | None:
    """What was found is not the stored intent yet: nothing may be touched there."""
    stored = placement.stored(view)
    if stored == target.found:
        return None
    known = view.fact(AviTarget) == target
    if known and stored is not None:
        message = f"The place before, in cloud {stored.cloud}, is left first."
        return api.Wait(reason="PlacementLeaving", message=message, after=LEAVING_SECONDS)
    found = target.found
    return api.Wait(
        reason="PlacementFound",
        message=(
            f'Found on {found.reach.address}: cloud "{found.cloud}", tenant "{found.tenant}", '
            f'service engine group "{found.se_group}".'
        ),
        after=LEAVING_SECONDS if known else 0.0,
        facts=(target,),
    )


async def _claim(avi: AviClient, view: api.View, found: Stored, known: Catalog) -> None:
    """Nothing is asked where the catalog shows the claim as it was when we had it last."""
    spec, epoch = view.spec, placement.claimed_epoch(view, found.place)
    mine = [one for one in known.claims if claim.has_marker(one, found.cluster_name)]
    shown = claim.read(found.cluster_name, mine)
    if epoch == spec.epoch and isinstance(
        claim.decide(spec, shown, claimed_epoch=epoch), claim.Nothing
    ):
        return
    await claiming.settle(avi, spec, claimed_epoch=epoch)


def _claimed(view: api.View, found: Stored) -> AviClaimed:
    return AviClaimed(identity=found.place.identity, epoch=view.spec.epoch)


def _placement(target: AviTarget) -> api.LoadBalancerPlacement:
    found = target.found
    return api.LoadBalancerPlacement(
        controller=found.reach.address,
        controller_version=target.controller_version,
        cloud=found.cloud,
        tenant=found.tenant,
        service_engine_group=found.se_group,
        networks=tuple(
            api.VipNetwork(
                name=network.name, uuid="" if network.unique else network.uuid, cidr=network.cidr
            )
            for network in found.networks
        ),
        ako=target.wanted.ako,
    )
