"""release: delete the user of AKOO if it may go, and give the claim back, last of all."""

from __future__ import annotations

from akoo_avi.cleanup import ancestor_removal
from akoo_avi.client import AviClient
from akoo_avi.ownership import claiming
from akoo_avi.spec.placement import Stored
from akoo_core.plugin import api


async def release(ctx: api.VerbContext, avi: AviClient, stored: Stored) -> api.Result:
    """One call of the verb. A claim of somebody else is left. Raises AviErrors and KubeErrors.

    Only a claim that was confirmed is given back: after a person let a cluster go, the claim shows
    whose its remains are.
    """
    leaving = ctx.view.spec.leaving
    if leaving is None or leaving.confirmed_at is None:
        return api.Done(message="The claim is left: it was never confirmed to be ours.")
    user = await ancestor_removal.remove(ctx, avi, stored)
    left = await claiming.give_back(avi, ctx.view.spec)
    message = left or f"Nothing of ours is left on {stored.reach.address}."
    return api.Done(message=f"{message} {user}".strip())
