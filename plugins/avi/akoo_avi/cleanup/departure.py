"""The way to the controller of a cluster that leaves: by what was stored, or by what is said now.

Addresses and Secrets change while clusters live, and their last change may not have been stored
when a cluster leaves. What answers must be the very controller that was recorded, whatever way
leads there.
"""

from __future__ import annotations

from akoo_avi.client import AviClient, Controllers
from akoo_avi.connect import access
from akoo_avi.connect import shared as shared_
from akoo_avi.ownership import visibility
from akoo_avi.spec import refusal
from akoo_avi.spec import wanted as wanted_
from akoo_avi.spec.placement import Reach, Stored
from akoo_core.plugin import api, kube


async def open(  # noqa: A001 - as access.open
    ctx: api.VerbContext, controllers: Controllers, stored: Stored
) -> AviClient:
    """A client of the recorded controller. Raises what access.open raises, and Refusal."""
    try:
        return await _at(ctx, controllers, stored, stored.reach)
    except access.ANSWERED as error:
        other = await _said_now(ctx, stored)
        if other is None:
            raise
        try:
            return await _at(ctx, controllers, stored, other)
        except access.ANSWERED:
            raise error from None


async def _at(
    ctx: api.VerbContext, controllers: Controllers, stored: Stored, reach: Reach
) -> AviClient:
    avi = await access.open(ctx, controllers, reach, remembered=True)
    try:
        found = str((await avi.get("cluster")).get("uuid", ""))
    except visibility.HIDDEN:
        return avi  # The claim will tell, and what is not seen is not believed to be gone.
    if found != stored.place.controller_uuid:
        raise refusal.Refusal(
            "ControllerChanged",
            f"{reach.address} is another Avi Controller now (cluster {found}); this cluster's "
            f"objects are on {stored.place.controller_uuid}. Bring that one back to this address, "
            f"or give its address in {wanted_.config_name(ctx.view)}.",
        )
    return avi


async def _said_now(ctx: api.VerbContext, stored: Stored) -> Reach | None:
    """What the config leads to, if it is there and says something else."""
    if not ctx.view.config:
        return None
    try:
        reach, _ = await shared_.reach(ctx, wanted_.of_view(ctx.view))
    except (refusal.Refusal, kube.KubeError):
        return None
    return reach if reach != stored.reach else None
