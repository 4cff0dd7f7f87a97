"""observe: is the account in use, and is it still as it was made?

::

    Pending   first the account that AKO has is noted, before it gets ours; then
              avi-secret, Pods, login -> push noted, promoted; else PickupAwaited, PickupTimeout
    Active    former accounts retired after the grace; the snapshot compared: drift, strays,
              refused logins
    Left      another account is in use: ours is removed after the grace

A step that prepare could not make is reported here, as RotationDelayed.
"""

from __future__ import annotations

from akoo_avi.client import access

from akoo_core.plugin import api
from akoo_core.plugin.kube import KubeError
from akoo_tenancy.live import adopting, answers, departing, pickup, resting
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec import facts, wanted
from akoo_tenancy.spec.facts import TenancyAccount
from akoo_tenancy.takeover import former

SILENT_SECONDS = 15.0
DELAY_SECONDS = 30.0


async def observe(ctx: api.VerbContext, tools: Tools) -> api.Result:
    """One call of the verb. Raises the errors of ``answers``."""
    account, place = ctx.view.fact(TenancyAccount), facts.stored(ctx.view)
    choice = wanted.of_view(ctx.view).choice
    if account is None or place is None:
        return api.Done(message="" if choice == "Tenancy" else wanted.elsewhere(choice))
    try:
        if choice != "Tenancy":
            return await departing.depart(ctx, tools, place, account)
        if account.regressed:
            return await adopting.adopt(ctx, tools, place, account)
        if former.is_unknown(account):
            return await former.look_at_takeover(ctx, tools, place, account)
        if account.phase == "Pending":
            return await pickup.look(ctx, tools, place, account)
        if account.retiring_at is not None and ctx.clock.now() >= account.retiring_at:
            return await pickup.retire(ctx, tools, place, account)
    except KubeError as error:
        message = f"The workload cluster does not answer, so AKO's account cannot be seen: {error}"
        return api.Wait(reason="WorkloadUnreachable", message=message, after=SILENT_SECONDS)
    result = await _rest(ctx, tools, place, account)
    if account.delayed:
        return api.Wait(reason="RotationDelayed", message=account.delayed, after=DELAY_SECONDS)
    return result


async def _rest(
    ctx: api.VerbContext, tools: Tools, place: facts.Stored, account: TenancyAccount
) -> api.Result:
    try:
        return await resting.look(ctx, tools, place, account)
    except access.ANSWERED as error:
        if account.delayed:
            return api.Done()
        return answers.answer(error)
