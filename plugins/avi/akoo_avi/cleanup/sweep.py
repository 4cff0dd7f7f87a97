"""sweep: delete the remains of a cluster on its Avi Controller, in dependency order.

Level by level, at once within a level. A refused object is tried again in the next pass, after
everything was read anew: an object is deleted only if it was read as own in that very pass. A sweep
may stop anywhere and continues from the current state. It is Done when a whole reading has nothing
own.
"""

from __future__ import annotations

from akoo_avi.cleanup import holders, passes
from akoo_avi.cleanup.passes import SweepOutcome
from akoo_avi.client import AviClient
from akoo_avi.ownership import claim, claim_changed, inventory, marks, visibility
from akoo_avi.ownership.judged import Inventory, JudgedObject
from akoo_avi.spec import names, placement, shared_name
from akoo_core.plugin import api
from akoo_core.plugin import names as core_names

SHARED = "NameNotExclusive"
NAMED = 5
"""Objects in other tenants that a message names."""
GOES_ON_SECONDS = 1.0
REFUSED_SECONDS = 15.0
HELD_SECONDS = 60.0
"""Also where our user lacks a permission: a person must act first."""
LINGERING_SECONDS = 5.0
SWEEP_SECONDS = 600.0
"""A sweep usually takes no longer."""


async def sweep(ctx: api.VerbContext, client: AviClient, stored: placement.Stored) -> api.Result:
    """One call of the verb. Raises AviErrors that concern the whole controller."""
    shared_use = shared_name.use(ctx.view)
    if shared_use is not None:
        return api.Done(message=shared_name.described(shared_use))
    mark = mark_of(stored, ctx.view)
    first = await inventory.collect(client, mark, suspects=False)
    first = await claim_changed.inventory_after(ctx, client, stored, first, suspects=False)
    refusal = claim_problem(ctx.view, stored, first)
    if refusal is not None and refusal.reason == "ClaimLost":
        return await _without_claim(client, refusal, first)
    if refusal is not None:
        return refusal
    if first.shared_by:
        return api.Blocked(reason=SHARED, message=shared(stored.cluster_name, first))
    if first.outside and not mark.tenants:
        return api.Blocked(reason=SHARED, message=unnamed(stored.cluster_name, first))
    outcome = await passes.run(client, mark, first, clock=ctx.clock, log=ctx.log)
    return result(client.address, outcome)


async def _without_claim(client: AviClient, refusal: api.Blocked, first: Inventory) -> api.Result:
    """The result without a claim: it is lost, or hidden from us, as other objects then may be,
    too."""
    if blind := await visibility.missing(client):
        message = f"{client.address}: {blind}. The claim is not seen, so nothing is deleted."
        return api.Blocked(reason=visibility.REASON, message=message)
    if first.own_count:
        return refusal
    return api.Done(message=f"Nothing of it is left on {client.address}.")


def mark_of(stored: placement.Stored, view: api.View) -> marks.Mark:
    """The cluster whose objects may be removed, and the tenants in which they may be."""
    tenants = placement.sweep_tenants(view, stored.place)
    return marks.of(stored.cluster_name, stored.place.cloud_uuid, tenants)


def shared(name: str, seen: Inventory) -> str:
    """The reason why nothing under a name that somebody else has, too, is swept. Pure."""
    return (
        f'The name "{name}" was found in the cluster, not given by us, and somebody else uses it, '
        f"too ({seen.shared_by}). Nothing is deleted: delete this cluster's objects by hand, then "
        "let it go."
    )


def unnamed(name: str, seen: Inventory) -> str:
    """The reason why objects in tenants that nobody named stay, and the remedy. Pure."""
    shown = "; ".join(seen.outside[:NAMED])
    more = len(seen.outside) - NAMED
    rest = f"; and {more} more" if more > 0 else ""
    return (
        f'In tenants that nobody named, {len(seen.outside)} objects carry the name "{name}" and '
        f"may be somebody else's: {shown}{rest}. They stay. Look whose they are, and annotate the "
        f"record with {core_names.SWEEP_TENANTS_ANNOTATION}=<tenant>,... for the tenants in which "
        "all that has this name is this cluster's; else delete by hand what is, and let the "
        "Cluster go."
    )


def claim_problem(view: api.View, stored: placement.Stored, seen: Inventory) -> api.Blocked | None:
    """The reason why nothing may be removed; None if the claim is ours. Pure.

    A claim that was never made does not block a cluster that was never deployed; but then only a
    name that we made certainly belongs to this cluster.
    """
    current = claim.read(stored.cluster_name, seen.claims)
    epoch = placement.claimed_epoch(view, stored.place)
    if current is None and epoch is None:
        return None if names.made_by_us(stored.cluster_name) else _unclaimed(stored)
    decision = claim.decide(view.spec, current, claimed_epoch=epoch)
    if isinstance(decision, claim.RefuseClaim):
        return api.Blocked(reason=decision.reason, message=decision.message)
    return None


def _unclaimed(stored: placement.Stored) -> api.Blocked:
    return api.Blocked(
        reason="ClaimLost",
        message=(
            f'"{stored.cluster_name}" was found in the cluster, not given by us, and was never '
            f"claimed on {stored.reach.address}: nobody knows whether it is this cluster's alone. "
            "Delete what is left by hand (akoo-core audit avi), and let the Cluster go."
        ),
    )


def result(address: str, outcome: SweepOutcome) -> api.Result:
    """The result of the verb. Pure."""
    left = outcome.left.own_count
    if not left:
        return api.Done(message=_none_left(address, outcome.left))
    count = f"{left} own objects are left on {address}"
    if outcome.stopped:
        return _wait(left, "SweepGoesOn", f"{count}; going on.", GOES_ON_SECONDS)
    if outcome.held:
        message = f"{holders.described(outcome.held)}. {_FREE} {count}."
        return _wait(left, "ForeignReference", message, HELD_SECONDS)
    if outcome.hidden:
        message = f"{count}: {_hidden(outcome.hidden)}"
        return _wait(left, "PermissionMissing", message, HELD_SECONDS)
    if outcome.forbidden:
        message = f"{count}: {outcome.refused[0]}"
        return _wait(left, "PermissionMissing", message, HELD_SECONDS)
    if outcome.refused:
        return _wait(left, "SweepGoesOn", f"{count}: {outcome.refused[0]}", REFUSED_SECONDS)
    if outcome.lingering:
        message = (
            f"{count}: the controller accepted the deletion of {outcome.lingering} that it still "
            "lists; looked at again."
        )
        return _wait(left, "SweepGoesOn", message, LINGERING_SECONDS)
    return _wait(left, "SweepGoesOn", f"{count}; tried again.", REFUSED_SECONDS)


def _none_left(address: str, seen: Inventory) -> str:
    if not seen.outside:
        return f"Nothing of it is left on {address}."
    return (
        f"Nothing of it is left on {address} in the tenants that were named; {len(seen.outside)} "
        "objects of that name stay in others."
    )


def _wait(left: int, reason: str, message: str, after: float) -> api.Wait:
    usual = SWEEP_SECONDS if reason == "SweepGoesOn" else 0.0
    return api.Wait(reason=reason, message=message, after=after, expected_seconds=usual, left=left)


def _hidden(objects: tuple[JudgedObject, ...]) -> str:
    more = f" and {len(objects) - 1} more" if len(objects) > 1 else ""
    return (
        f"{objects[0]}{more} can be read and not deleted: the controller answers a DELETE as if "
        "nothing were there. Give our user WRITE_ACCESS on that kind in that tenant, without a "
        "role filter that leaves these objects out."
    )


_FREE = "Remove that reference."
