"""prepare: check that the place exists and can be used, then claim it. Writes only the claim.

The checks come first and only read, so a mistake is reported before anything is left or taken. The
place that was found goes into a fact and from there into the stored intent; only then it is
touched.
"""

from __future__ import annotations

from akoo_avi.client import AviClient, Controllers, access
from akoo_avi.client.access.reach import Reach
from akoo_avi.connect import shared
from akoo_avi.ownership import claim, claiming
from akoo_avi.place import ancestor_user, catalog, exclusive, networks, suitable
from akoo_avi.place.catalog import Catalog, Catalogs
from akoo_avi.place.resolve import Resolved
from akoo_avi.spec import placement, wanted
from akoo_avi.spec.placement import (
    AviClaimed,
    AviPoolsExhausted,
    AviTarget,
    PlacedNetwork,
    Stored,
    WantedPlace,
)
from akoo_core.plugin import api, structs

LEAVING_SECONDS = 30.0
"""Retry interval while the old place is left."""


async def prepare(ctx: api.VerbContext, controllers: Controllers, catalogs: Catalogs) -> api.Result:
    """One call of the verb. Raises Refusal and AviErrors."""
    view = ctx.view
    asked = wanted.of_view(view)
    awaited = wanted.awaited(view)
    if awaited is not None:
        return awaited
    reach, controller = await shared.reach(ctx, asked)
    pools = await shared.pools(ctx, asked)
    avi = await access.open(ctx, controllers, reach)
    known, place = await suitable.judged(ctx, avi, reach, catalogs, asked)
    if isinstance(place, api.Wait):
        return place
    target = AviTarget(
        wanted=asked,
        stored=stored_of(
            view, asked, place, known=known, reach=reach, controller=controller, pools=pools.refs
        ),
        controller_version=known.version,
    )
    waiting = pools.unready or _not_stored(view, target)
    if waiting is not None:
        return waiting
    await _claim(avi, view, target.stored, known)
    facts = (
        target,
        claimed(view, target.stored),
        _placement(target),
        *exclusive.kept(view, target.stored),
        *await ancestor_user.look(ctx, avi, target.stored),
    )
    if pools.exhausted:
        return api.Done(facts=(*facts, AviPoolsExhausted(pools=pools.exhausted)))
    return api.Done(facts=facts)


def stored_of(
    view: api.View,
    asked: WantedPlace,
    place: Resolved,
    *,
    known: Catalog,
    reach: Reach,
    controller: placement.ControllerRef | None,
    pools: tuple[placement.PoolRef, ...],
) -> Stored:
    """The intent for a place. Pure."""
    return Stored(
        cluster_name=view.spec.ako_cluster_name,
        reach=reach,
        place=place.place,
        cloud=asked.cloud,
        tenant=asked.tenant,
        se_group=asked.se_group,
        networks=tuple(_named_as_before(network, view, known, place) for network in place.networks),
        control_plane=place.control_plane,
        controller=controller,
        pools=pools,
    )


def _named_as_before(
    network: PlacedNetwork, view: api.View, known: Catalog, place: Resolved
) -> PlacedNetwork:
    """A network that AKO knows by its name keeps that while no other network of its cloud has it: a
    config that begins to choose the port group of its network must not restart AKO."""
    before = placement.stored(view)
    by_name = structs.replace(network, unique=True)
    scope = networks.NetworkScope(catalog=known, cloud=place.cloud, tenant=place.tenant, correct="")
    others = catalog.called(network.name, networks.visible(scope))
    alone = all(row["uuid"] == network.uuid for row in others)
    return by_name if alone and before is not None and by_name in before.networks else network


def _not_stored(view: api.View, target: AviTarget) -> api.Wait | None:
    """A wait until the found place is the stored intent: nothing may be touched there before."""
    stored = placement.stored(view)
    if stored == target.stored:
        return None
    known = view.fact(AviTarget) == target
    if known and stored is not None:
        message = f"The earlier place, in cloud {stored.cloud}, is left first."
        return api.Wait(reason="PlacementLeaving", message=message, after=LEAVING_SECONDS)
    place = target.stored
    return api.Wait(
        reason="PlacementFound",
        message=(
            f'Found on {place.reach.address}: cloud "{place.cloud}", tenant "{place.tenant}", '
            f'service engine group "{place.se_group}".'
        ),
        after=LEAVING_SECONDS if known else 0.0,
        facts=(target,),
    )


async def _claim(avi: AviClient, view: api.View, stored: Stored, known: Catalog) -> None:
    """Settle the claim. No request if the catalog shows the claim as we last had it."""
    spec, epoch = view.spec, placement.claimed_epoch(view, stored.place)
    mine = [row for row in known.claims if claim.has_marker(row, stored.cluster_name)]
    shown = claim.read(stored.cluster_name, mine)
    if epoch == spec.epoch and isinstance(
        claim.decide(spec, shown, claimed_epoch=epoch), claim.KeepClaim
    ):
        return
    await claiming.settle(avi, spec, claimed_epoch=epoch)


def claimed(view: api.View, stored: Stored) -> AviClaimed:
    """The fact that the claim is ours there."""
    return AviClaimed(identity=stored.place.identity, epoch=view.spec.epoch)


def _placement(target: AviTarget) -> api.LoadBalancerPlacement:
    place = target.stored
    return api.LoadBalancerPlacement(
        controller=place.reach.address,
        controller_version=target.controller_version,
        cloud=place.cloud,
        tenant=place.tenant,
        service_engine_group=place.se_group,
        networks=tuple(
            api.VipNetwork(
                name=network.name, uuid="" if network.unique else network.uuid, cidr=network.cidr
            )
            for network in place.networks
        ),
        ako=target.wanted.ako,
    )
