"""release: give back roles and passwords, last of all."""

from __future__ import annotations

from akoo_core.plugin import api
from akoo_tenancy.leave import revoking
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec.facts import Stored, TenancyAccount
from akoo_tenancy.takeover import former


async def release(ctx: api.VerbContext, tools: Tools, place: Stored) -> api.Result:
    """One call of the verb. Raises Refusal, AviErrors and StoreErrors.

    Only things that were confirmed to be ours are given back.
    """
    leaving = ctx.view.spec.leaving
    if leaving is None or leaving.confirmed_at is None:
        return api.Done(message="Users and record are left: they were never confirmed to be ours.")
    revoked = await revoking.revoke(ctx, tools, place)
    account, other = ctx.view.fact(TenancyAccount), ""
    if account is not None:
        other = await former.at_release(ctx, revoked.avi, account)
    await revoking.bury(ctx, tools, place)
    return api.Done(message=f"Nothing of ours is left on {place.reach.address}.{other}")
