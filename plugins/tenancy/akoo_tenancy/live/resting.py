"""A look at an account at rest: by the snapshot of its controller, shared by all clusters."""

from __future__ import annotations

import datetime

from akoo_avi.client import AviClient

from akoo_core.plugin import api, structs
from akoo_tenancy.live import journal, reaching, rights, wishes
from akoo_tenancy.live.snapshot import Snapshot
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.roles import applying, plan
from akoo_tenancy.spec import names, requests, wanted
from akoo_tenancy.spec.facts import Stored, TenancyAccount
from akoo_tenancy.takeover import former
from akoo_tenancy.users import applying as users
from akoo_tenancy.users import wire

LOOK_SECONDS = 600.0
"""Between two looks at an account at rest."""


async def look(
    ctx: api.VerbContext, tools: Tools, place: Stored, account: TenancyAccount
) -> api.Result:
    """Flag drift for prepare, delete strays. Raises Refusal and AviErrors."""
    avi = await reaching.open(ctx, tools, place)
    snapshot = await tools.snapshots.of(avi, ctx.clock)
    mine = users.of_rows(snapshot.users, ctx.view.record_name)
    fresh = snapshot.taken_at > account.since and not account.delayed
    if fresh:
        await _delete_strays(ctx, tools, avi, account, mine)
    suspected = _suspected(ctx, account, snapshot)
    repair = _drift(ctx.view, place, account, snapshot, mine) if fresh else account.repair
    if not account.delayed and await reaching.current(ctx, place) != place.reach:
        repair = "the AviController has another address or credential now"
    after = structs.replace(account, repair=repair, suspected_at=suspected)
    released = requests.releases_former(ctx.view)
    if after.former is not None and after.former.left_at is not None:
        if released:
            after = structs.replace(after, former=structs.replace(after.former, released=True))
        after = await former.look(ctx, avi, after, snapshot)
    due = wishes.age_at(ctx.view, account)
    return api.Done(
        facts=(after,),
        recheck_seconds=min(
            _recheck(ctx.clock.now(), due, account.retiring_at),
            wishes.again_seconds(ctx, tools, account) or LOOK_SECONDS,
        ),
        message=_message(after),
        consumed=(requests.REMOVE_FORMER,) if released else (),
    )


def _message(account: TenancyAccount) -> str:
    reduced = account.rights.reduced
    since = f"Account {account.sequence}, in use since {account.since:%Y-%m-%d %H:%M} UTC."
    left = account.former
    former_user = (
        f'User "{left.username}", which AKO had before, is left: {left.kept}.' if left else ""
    )
    parts = (since, account.ended, former_user, f"IsolationReduced: {reduced}" if reduced else "")
    return " ".join(filter(None, parts))


def _recheck(now: datetime.datetime, *times: datetime.datetime | None) -> float:
    ahead = ((time - now).total_seconds() for time in times if time is not None)
    return min(max(seconds, 1.0) for seconds in (*ahead, LOOK_SECONDS) if seconds > 0)


def _suspected(
    ctx: api.VerbContext, account: TenancyAccount, snapshot: Snapshot
) -> datetime.datetime | None:
    if snapshot.activity is None:
        return account.suspected_at
    activity = snapshot.activity.get(names.username(ctx.view.record_name, account.sequence))
    if activity is None or not activity.refused:
        return account.suspected_at
    return account.suspected_at or ctx.clock.now()


def _drift(
    view: api.View,
    place: Stored,
    account: TenancyAccount,
    snapshot: Snapshot,
    mine: dict[int, structs.JSON],
) -> str:
    """The first difference of user and roles on the controller, in words; "" for none."""
    if snapshot.version != account.rights.controller:
        return f"the controller has release {snapshot.version} now"
    user = mine.get(account.sequence)
    shape = rights.shape(view, place, account.rights, account.sequence)
    if user is None:
        return f"user {shape.username} is missing"
    problems = wire.differences(shape, user)
    if problems:
        return f"user {shape.username}: {problems[0]}"
    needed = wanted.needs(
        view,
        wanted.of_view(view),
        controller=wanted.release(account.rights.controller),
        own_engines=place.own_engines,
    )
    planned = plan.plan(structs.replace(needed, isolation=account.rights.isolation))
    by_name = {plan.ADMIN: plan.ADMIN} | {row.name: row.uuid for row in place.tenants}
    missing = [role for role in planned.roles if role.tenant not in by_name]
    if missing:
        return ""
    return next(iter(applying.drift(planned, by_name, snapshot.roles)), "")


async def _delete_strays(
    ctx: api.VerbContext,
    tools: Tools,
    avi: AviClient,
    account: TenancyAccount,
    mine: dict[int, structs.JSON],
) -> None:
    """Users below the account in use that no step knows of any more, such as one that an operator
    made that was frozen for long."""
    if account.phase != "Active" or account.retiring_at is not None:
        return
    strays = [row for sequence, row in mine.items() if sequence < account.sequence]
    if not strays:
        return
    users.check_ours(strays, journal.owners(ctx.view), avi.address)
    for row in strays:
        await users.remove(avi, row)
    tools.snapshots.forget(avi.address)
