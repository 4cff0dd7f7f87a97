"""What a person's word has made of the claim since confirm: it is written before anything goes.

A record may be adopted in the middle of leaving: moved here half-way, or its claim was lost. Then
confirm lies behind, and the claim says what was before.
"""

from __future__ import annotations

from akoo_avi.client import AviClient
from akoo_avi.ownership import claim, claiming, inventory, marks, visibility
from akoo_avi.ownership.found import Inventory
from akoo_avi.spec import placement, refusal
from akoo_core.plugin import api


async def seen_after(
    ctx: api.VerbContext,
    client: AviClient,
    stored: placement.Stored,
    seen: Inventory,
    *,
    suspects: bool,
) -> Inventory:
    """What was seen, or what is seen once the claim was taken over, or made again.

    Only ``akoo.io/adopt`` makes it again, and only for somebody who would see it if it were there.
    Raises Refusal and AviErrors.
    """
    spec, epoch = ctx.view.spec, placement.claimed_epoch(ctx.view, stored.place)
    found = claim.read(stored.cluster_name, seen.claims)
    match claim.decide(spec, found, claimed_epoch=epoch):
        case claim.Make() if epoch is not None:
            if blind := await visibility.missing(client):
                told = f"{client.address}: {blind}. The claim is not seen, so nothing is deleted."
                raise refusal.Refusal(visibility.REASON, told)
        case claim.Rewrite():
            pass
        case _:
            return seen
    await claiming.settle(client, spec, claimed_epoch=epoch, make=False)
    mark = marks.of(stored.cluster_name, stored.place.cloud_uuid, ctx.view.sweep_tenants)
    return await inventory.collect(client, mark, suspects=suspects)
