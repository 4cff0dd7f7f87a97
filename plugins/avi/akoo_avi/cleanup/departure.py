"""The way to the controller of a leaving cluster: from the stored intent, or from the current
config.

Addresses and Secrets change while clusters live, and the last change may not have been stored when
a cluster leaves. Every way must lead to the very controller that was recorded.
"""

from __future__ import annotations

from akoo_avi.client import AviClient, Controllers, access
from akoo_avi.client.access import refusal
from akoo_avi.client.access.reach import Reach
from akoo_avi.connect import shared
from akoo_avi.ownership import visibility
from akoo_avi.spec import wanted
from akoo_avi.spec.placement import Stored
from akoo_core.plugin import api, kube


async def open(  # noqa: A001 - as access.open
    ctx: api.VerbContext, controllers: Controllers, stored: Stored
) -> AviClient:
    """A client of the recorded controller. Raises Refusal, and the errors of access.open."""
    try:
        return await _at(ctx, controllers, stored, stored.reach)
    except access.ANSWERED as error:
        other = await _configured(ctx, stored)
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
        answering = str((await avi.get("cluster")).get("uuid", ""))
    except visibility.HIDDEN:
        return avi  # The claim decides, and an object that is not seen does not count as gone.
    if answering != stored.place.controller_uuid:
        raise refusal.Refusal(
            "ControllerChanged",
            f"{reach.address} is another Avi Controller now (cluster {answering}); this cluster's "
            f"objects are on {stored.place.controller_uuid}. Bring that one back to this address, "
            f"or give its address in {wanted.config_name(ctx.view)}.",
        )
    return avi


async def _configured(ctx: api.VerbContext, stored: Stored) -> Reach | None:
    """The way that the config leads, if it exists and differs."""
    if not ctx.view.config:
        return None
    try:
        reach, _ = await shared.reach(ctx, wanted.of_view(ctx.view))
    except (refusal.Refusal, kube.KubeError):
        return None
    return reach if reach != stored.reach else None
