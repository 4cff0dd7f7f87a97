"""confirm: check that the objects on Avi are still ours to remove. Writes only a claim's new
epoch."""

from __future__ import annotations

from akoo_avi.cleanup import sweep
from akoo_avi.client import AviClient
from akoo_avi.client.access import refusal
from akoo_avi.ownership import claim, claiming, inventory, visibility
from akoo_avi.spec import names, placement, shared_name
from akoo_avi.spec.placement import Stored
from akoo_core.plugin import api


async def confirm(ctx: api.VerbContext, avi: AviClient, stored: Stored) -> api.Result:
    """One call of the verb. Raises Refusal and AviErrors."""
    spec, epoch = ctx.view.spec, placement.claimed_epoch(ctx.view, stored.place)
    ours = names.made_by_us(stored.cluster_name)
    try:
        # A record that was handed over and leaves before it lived writes its epoch here.
        await claiming.settle(avi, spec, claimed_epoch=epoch, make=False)
    except visibility.HIDDEN as error:
        return _blind(ctx, avi, str(error))
    except refusal.Refusal as error:
        if error.reason != "ClaimLost":
            raise
        if blind := await visibility.missing(avi):
            return _blind(ctx, avi, blind)
        if not ours or not _dies(ctx) or await _anything(ctx, avi, stored):
            raise
        # AKO goes with its Cluster, whoever has the claim; verify waits for a person's annotation.
        return api.Done(message=f"Nothing of it is left on {avi.address}, but: {error}")
    if not ours and shared_name.use(ctx.view) is None:
        await _check_exclusive(ctx, avi, stored)
    if epoch is None:
        return api.Done(message="Nothing was ever deployed here.")
    return api.Done(message=f"The claim on {avi.address} is ours.")


def _blind(ctx: api.VerbContext, avi: AviClient, blind: str) -> api.Result:
    """The result while the claim cannot be seen, and may exist.

    A Cluster that is being deleted takes its AKO along anyway. On Avi, sweep and verify change and
    prove nothing until the claim is seen.
    """
    message = f"{avi.address}: {blind}. The claim is not seen, so nothing is removed."
    if _dies(ctx):
        return api.Done(message=message)
    return api.Blocked(reason=visibility.REASON, message=message, after=refusal.AFTER_SECONDS)


def _dies(ctx: api.VerbContext) -> bool:
    leaving = ctx.view.spec.leaving
    return leaving is not None and leaving.cause == "ClusterDeleted"


async def _anything(ctx: api.VerbContext, avi: AviClient, stored: Stored) -> bool:
    seen = await inventory.collect(avi, sweep.mark_of(stored, ctx.view), suspects=False)
    return seen.own_count > 0


async def _check_exclusive(ctx: api.VerbContext, avi: AviClient, stored: Stored) -> None:
    """For a name that was found, not given: raise Refusal unless all objects with it are this
    cluster's."""
    existing = await claiming.find(avi, stored.cluster_name)
    if not isinstance(existing, claim.Claim):
        raise refusal.Refusal(
            "NameNotExclusive",
            f'The name "{stored.cluster_name}" was found in the cluster and never claimed on '
            f"{avi.address}: objects of that name may belong to somebody else. Nothing is "
            "deleted; look at "
            "akoo-core audit avi.",
        )
    mark = sweep.mark_of(stored, ctx.view)
    seen = await inventory.collect(avi, mark)
    if seen.outside and not mark.tenants and not seen.shared_by:
        raise refusal.Refusal("NameNotExclusive", sweep.unnamed(stored.cluster_name, seen))
    # A person who named tenants has looked at the objects there.
    strange = seen.shared_by or ("" if mark.tenants else next(iter(seen.suspects_listed()), ""))
    if strange:
        raise refusal.Refusal(
            "NameNotExclusive",
            f'The name "{stored.cluster_name}" was found in the cluster, not given by us, and '
            f"somebody else on {avi.address} uses it, too ({strange}). Nothing is deleted: delete "
            "this cluster's objects by hand, then let it go.",
        )
