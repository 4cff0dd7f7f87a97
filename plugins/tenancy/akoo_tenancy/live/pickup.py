"""A new account on its way to AKO, and a former one on its way out.

The facts say as much as is needed to look; the record in the store is read and written only where a
step is made.
"""

from __future__ import annotations

import datetime

from akoo_avi.client import AviClient

from akoo_core.plugin import api, structs
from akoo_tenancy.journal import decide, ended, record
from akoo_tenancy.journal.record import Account, Owner, Pending, Record
from akoo_tenancy.live import journal, reaching, workload
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec import config, names, wanted
from akoo_tenancy.spec.facts import Stored, TenancyAccount
from akoo_tenancy.takeover import former
from akoo_tenancy.users import applying as users
from akoo_tenancy.users import logins

AGAIN_SECONDS = (1.0, 15.0)
"""Between two looks at an account that AKO is to take: at first, and later."""
OVERDUE_SECONDS = 30.0
LOGIN_SECONDS = 5.0
"""AKO logs in at its start: earlier than this after it, the controller is asked in vain."""
_NOBODY = Owner(management_id="", epoch=0)


async def look(
    ctx: api.VerbContext, tools: Tools, place: Stored, account: TenancyAccount
) -> api.Result:
    """Make the step that the evidence allows. Raises KubeErrors and the errors of ``answers``."""
    now, patience = ctx.clock.now(), _patience(ctx.view)
    shadow = _shadow(ctx.view, account)
    seen = await _seen(ctx, tools, place, shadow)
    step = decide.observe(shadow, seen, now, patience=patience)
    match step:
        case decide.NotePush(sequence=sequence, at=at):
            await _note_push(ctx, tools, sequence, at)
            return _awaited(structs.replace(account, pushed_at=at), "AKO restarts with it", 1.0)
        case decide.Promote(sequence=sequence):
            return api.Done(facts=(await _promote(ctx, tools, account, sequence),))
        case decide.Overdue(missing=missing):
            return api.Blocked(
                reason="PickupTimeout",
                message=f"AKO does not use account {_username(ctx.view, account)} yet: {missing}. "
                "It and the one before stay valid. See AKO's Pod in namespace avi-system.",
                after=OVERDUE_SECONDS,
            )
        case decide.Pickup(missing=missing):
            return _awaited(account, missing, _again(account, now))
    raise AssertionError(f"{step} of a pending account")


def _username(view: api.View, account: TenancyAccount) -> str:
    return names.username(view.record_name, account.sequence)


def _patience(view: api.View) -> datetime.timedelta:
    return config.timing(wanted.options_of(view).rotation).pickup_timeout


def _again(account: TenancyAccount, now: datetime.datetime) -> float:
    soon, later = AGAIN_SECONDS
    return min(max((now - (account.pushed_at or account.since)).total_seconds() / 5, soon), later)


def _awaited(account: TenancyAccount, missing: str, after: float) -> api.Wait:
    return api.Wait(
        reason="PickupAwaited",
        message=f"AKO takes its new account: {missing}.",
        after=after,
        expected_seconds=300.0,
        facts=(account,),
    )


def _shadow(view: api.View, account: TenancyAccount) -> Record:
    """The record as the fact knows it, without any password."""
    pending = Pending(
        account=Account(
            sequence=account.sequence,
            username=_username(view, account),
            password="",
            user_uuid=account.user_uuid,
        ),
        rotation_id="",
        reason=account.reason,
        grace_seconds=0,
        staged_at=account.since,
        made_at=account.since,
        pushed_at=account.pushed_at,
    )
    return Record(name=view.record_name, owner=_NOBODY, highest=account.sequence, pending=pending)


async def _seen(ctx: api.VerbContext, tools: Tools, place: Stored, shadow: Record) -> decide.Seen:
    """The evidence, each part only where the ones before it are there."""
    pending = shadow.pending
    if ctx.workload is None or pending is None:
        return decide.Seen()
    live = await workload.secret(ctx.workload)
    seen = decide.Seen(
        secret_username=live.username if live is not None else "",
        secret_at=live.written_at if live is not None else None,
    )
    username = pending.account.username
    if seen.secret_username != username or pending.pushed_at is None:
        return seen
    seen = structs.replace(seen, started=await workload.starts(ctx.workload))
    if not decide.started_since(seen, pending.pushed_at) or _starts(seen, ctx.clock.now()):
        return seen
    avi = await reaching.open(ctx, tools, place)
    activity = await logins.of(avi, username)
    return structs.replace(seen, logged_in=activity.logged_in)


def _starts(seen: decide.Seen, now: datetime.datetime) -> bool:
    """A Pod started a moment ago. A start in the future is of another clock and counts not."""
    ages = [(now - start).total_seconds() for start in seen.started if start is not None]
    return any(0 <= age < LOGIN_SECONDS for age in ages)


async def _note_push(
    ctx: api.VerbContext, tools: Tools, sequence: int, at: datetime.datetime
) -> None:
    kept = tools.journal(ctx, ctx.view.record_name)
    current = await kept.claimed(ctx.view)
    pending = current.pending if current is not None else None
    if current is None or pending is None or pending.pushed_at is not None:
        return
    await kept.write(record.pushed(current, sequence, at=at))


async def _promote(
    ctx: api.VerbContext, tools: Tools, account: TenancyAccount, sequence: int
) -> TenancyAccount:
    kept = tools.journal(ctx, ctx.view.record_name)
    current = await kept.claimed(ctx.view)
    if current is None:
        raise record.NotAllowed("there is no record")
    if current.active is None or current.active.sequence != sequence:
        if current.pending is not None and current.pending.pushed_at is None:
            at = account.pushed_at or ctx.clock.now()
            await kept.write(current := record.pushed(current, sequence, at=at))
        await kept.write(current := record.promoted(current, sequence, now=ctx.clock.now()))
    active = structs.replace(
        account,
        phase="Active",
        since=current.active_since or ctx.clock.now(),
        retiring_at=min((row.not_before for row in current.retired), default=None),
        suspected_at=None,
    )
    return former.left(ended.noted(active, current), ctx.clock.now())


async def retire(
    ctx: api.VerbContext, tools: Tools, place: Stored, account: TenancyAccount
) -> api.Result:
    """Delete the users whose grace is over. Raises the errors of ``answers``."""
    now = ctx.clock.now()
    kept = tools.journal(ctx, ctx.view.record_name)
    current = await kept.claimed(ctx.view)
    if current is None:
        raise record.NotAllowed("there is no record")
    ripe = decide.ripe_for_deletion(current, now)
    if ripe:
        avi = await reaching.open(ctx, tools, place)
        for row in current.retired:
            if row.sequence in ripe:
                await _delete(ctx.view, avi, row)
        # Destroyed first: a process that dies before the write comes back to it.
        await kept.destroy_older()
        current = record.forget(current, frozenset(ripe), now=now)
        await kept.write(current)
    after = min((row.not_before for row in current.retired), default=None)
    return api.Done(facts=(ended.noted(structs.replace(account, retiring_at=after), current),))


async def _delete(view: api.View, avi: AviClient, row: record.Retired) -> None:
    if row.user_uuid:
        await users.empty_and_delete(avi, row.user_uuid)
        return
    user = await users.find(avi, names.username(view.record_name, row.sequence))
    if user is not None:
        users.check_ours((user,), journal.owners(view), avi.address)
        await users.remove(avi, user)
