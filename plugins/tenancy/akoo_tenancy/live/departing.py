"""A cluster that gets its account from elsewhere now: ours goes once AKO was seen without it."""

from __future__ import annotations

from akoo_core.plugin import api, structs
from akoo_tenancy.journal import ended
from akoo_tenancy.leave import revoking
from akoo_tenancy.live import workload
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec import config, names, wanted
from akoo_tenancy.spec.facts import Stored, TenancyAccount

AGAIN_SECONDS = 15.0


async def depart(
    ctx: api.VerbContext, tools: Tools, place: Stored, account: TenancyAccount
) -> api.Result:
    """Wait for AKO, then for the grace, then remove users, roles and passwords.

    Raises KubeErrors and the errors of ``answers``.
    """
    now = ctx.clock.now()
    if account.phase != "Left":
        if not await _is_left(ctx):
            return api.Wait(
                reason="PickupAwaited",
                message="AKO is to take the account of spec.workloadCredentialRef; its own one "
                "stays valid until then.",
                after=AGAIN_SECONDS,
                expected_seconds=300.0,
            )
        grace = config.timing(wanted.options_of(ctx.view).rotation).grace
        left = structs.replace(account, phase="Left", since=now, retiring_at=now + grace)
        return api.Done(facts=(left,), message=wanted.elsewhere("Reference"))
    message = wanted.elsewhere("Reference")
    if account.retiring_at is None:
        return api.Done(message=message)
    if now < account.retiring_at:
        seconds = (account.retiring_at - now).total_seconds()
        return api.Done(message=message, recheck_seconds=min(seconds, 600.0))
    await revoking.revoke(ctx, tools, place)
    await revoking.bury(ctx, tools, place)
    sentence = f"Account {account.sequence} stopped working at {ended.at(now)}."
    gone = structs.replace(account, retiring_at=None, ended=sentence)
    return api.Done(facts=(gone,), message=message)


async def _is_left(ctx: api.VerbContext) -> bool:
    """avi-secret has another user, and every Pod of AKO runs since then."""
    if ctx.workload is None:
        return False
    live = await workload.secret(ctx.workload)
    if live is None or names.sequence(ctx.view.record_name, live.username) is not None:
        return False
    starts = await workload.starts(ctx.workload)
    since = live.written_at
    return (
        bool(starts)
        and since is not None
        and all(start is not None and start >= since for start in starts)
    )
