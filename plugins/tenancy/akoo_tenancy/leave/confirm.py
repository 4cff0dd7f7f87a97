"""confirm: check that users and record are still ours to take away. Reads only."""

from __future__ import annotations

from akoo_core.plugin import api
from akoo_tenancy.live import journal, reaching
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec.facts import Stored
from akoo_tenancy.store import errors
from akoo_tenancy.users import applying as users


async def confirm(ctx: api.VerbContext, tools: Tools, place: Stored) -> api.Result:
    """One call of the verb. Raises Refusal, AviErrors and ConflictError."""
    kept = tools.journal(ctx, ctx.view.record_name)
    try:
        await kept.read(fresh=True)
        await kept.claimed(ctx.view)
        return api.Done(message="The record in the store is ours.")
    except errors.ConflictError:
        raise
    except errors.StoreError as error:
        obstacle = str(error)
    avi = await reaching.open(ctx, tools, place)
    rows = await users.of_record(avi, ctx.view.record_name)
    users.check_ours(rows.values(), journal.owners(ctx.view), avi.address)
    return api.Done(message=f"The users on {avi.address} are ours. The store was away: {obstacle}")
