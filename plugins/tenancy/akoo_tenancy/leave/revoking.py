"""Users of a cluster revoked, and the rest of its account buried. Used while leaving, and when the
account of a living cluster comes from elsewhere."""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi.client import AviClient
from akoo_avi.client.access import refusal

from akoo_core.plugin import api
from akoo_tenancy.journal import record
from akoo_tenancy.journal.record import Account, Record
from akoo_tenancy.live import journal, reaching
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.roles import applying as roles
from akoo_tenancy.spec.facts import Stored
from akoo_tenancy.store import errors
from akoo_tenancy.users import applying as users


class Revocation(NamedTuple):
    """The result of a revocation: no user of the cluster is listed any more."""

    avi: AviClient
    removed: tuple[str, ...]
    """Names of the users that were deleted now."""
    account: Account | None
    """The last account, where the store gave its password."""
    store: str
    """The obstacle at the store; "" for none."""


async def revoke(ctx: api.VerbContext, tools: Tools, place: Stored) -> Revocation:
    """Delete every user of the cluster. Raises Refusal, AviErrors and NotAllowed.

    A store that is away, or whose record is unusable, holds up nothing: the names of the users
    derive from that of the record, and their marks say whose they are.
    """
    account, obstacle = None, ""
    try:
        account = _last(await _mark(ctx, tools))
    except errors.ConflictError:
        raise
    except errors.StoreError as error:
        obstacle = str(error)
    avi = await reaching.open(ctx, tools, place)
    rows = await users.of_record(avi, ctx.view.record_name)
    users.check_ours(rows.values(), journal.owners(ctx.view), avi.address)
    for row in rows.values():
        await users.remove(avi, row)
    tools.snapshots.forget(avi.address)
    left = await users.of_record(avi, ctx.view.record_name) if rows else {}
    if left:
        shown = ", ".join(str(row.get("name")) for row in left.values())
        raise refusal.Delay(
            "UsersLeft", f"{avi.address} still lists users that were deleted: {shown}."
        )
    removed = tuple(sorted(str(row.get("name")) for row in rows.values()))
    return Revocation(avi, removed, account, obstacle)


async def _mark(ctx: api.VerbContext, tools: Tools) -> Record | None:
    """From now on nobody stages, makes or opens an account; the record as it was before."""
    kept = tools.journal(ctx, ctx.view.record_name)
    await kept.read(fresh=True)
    current = await kept.claimed(ctx.view)
    if current is not None and current.state == "living":
        await kept.write(record.revoking(current))
    return current


def _last(current: Record | None) -> Account | None:
    if current is None:
        return None
    pending = current.pending
    if pending is not None and pending.made_at is not None:
        return pending.account
    return current.active


async def bury(ctx: api.VerbContext, tools: Tools, place: Stored) -> None:
    """Delete the roles; leave a tombstone. Raises Refusal, AviErrors and StoreErrors."""
    avi = await reaching.open(ctx, tools, place)
    await roles.remove(avi, ctx.view.record_name)
    kept = tools.journal(ctx, ctx.view.record_name)
    await kept.read(fresh=True)
    current = await kept.claimed(ctx.view)
    if current is None:
        return
    if current.state != "revoked":
        await kept.write(record.revoked(current))
    await kept.destroy_all_older()
