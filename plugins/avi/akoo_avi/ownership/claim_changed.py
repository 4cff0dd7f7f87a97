"""The claim after an annotation during leaving: it is written before anything goes.

A record may be adopted in the middle of leaving: it was moved here half-way, or its claim was lost.
Then confirm is over, and the claim still has the former content.
"""

from __future__ import annotations

from akoo_avi.client import AviClient
from akoo_avi.client.access import refusal
from akoo_avi.ownership import claim, claiming, inventory, marks, visibility
from akoo_avi.ownership.judged import Inventory
from akoo_avi.spec import placement
from akoo_core.plugin import api


async def inventory_after(
    ctx: api.VerbContext,
    client: AviClient,
    stored: placement.Stored,
    before: Inventory,
    *,
    suspects: bool,
) -> Inventory:
    """``before``, or a new inventory once the claim was taken over, or made again.

    Only ``akoo.io/adopt`` makes it again, and only for a user who would see an existing claim.
    Raises Refusal and AviErrors.
    """
    spec, epoch = ctx.view.spec, placement.claimed_epoch(ctx.view, stored.place)
    current = claim.read(stored.cluster_name, before.claims)
    match claim.decide(spec, current, claimed_epoch=epoch):
        case claim.MakeClaim() if epoch is not None:
            if blind := await visibility.missing(client):
                message = (
                    f"{client.address}: {blind}. The claim is not seen, so nothing is deleted."
                )
                raise refusal.Refusal(visibility.REASON, message)
        case claim.RewriteClaim():
            pass
        case _:
            return before
    await claiming.settle(client, spec, claimed_epoch=epoch, make=False)
    tenants = placement.sweep_tenants(ctx.view, stored.place)
    mark = marks.of(stored.cluster_name, stored.place.cloud_uuid, tenants)
    return await inventory.collect(client, mark, suspects=suspects)
