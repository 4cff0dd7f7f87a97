"""prepare: give AKO an account. At rest it answers from stored facts, without any call.

::

    another provider is chosen ............ Done, declines WorkloadCredential
    the AviTenant is not in force yet ..... Wait
    nothing is due ........................ Done
    place unknown or changed .............. Wait, with the place as a fact; intend stores it
    roles missing, changed, drifted ....... made, repaired, read back
    journal: stage, make .................. Done with the fact of the new sequence
    AKO may have another account .......... Done without one; observe looks which
    an obstacle, and there is an account .. Done with that account; observe says RotationDelayed
"""

from __future__ import annotations

from akoo_avi.client import UpgradingError
from akoo_avi.client.access import open as open_avi

from akoo_core.plugin import api, structs
from akoo_tenancy.journal.record import Reason
from akoo_tenancy.live import answers, placing, reaching, rights, settling, tenant, wishes
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec import facts, requests, wanted
from akoo_tenancy.spec.facts import Stored, TenancyAccount, TenancyPlace
from akoo_tenancy.spec.wanted import Asked
from akoo_tenancy.takeover import former

LEAVING_SECONDS = 30.0
"""Retry interval while the old place is left."""
DECLINED = (api.WorkloadCredential.fact_name, api.LoadBalancerTenant.fact_name)


async def prepare(ctx: api.VerbContext, tools: Tools) -> api.Result:
    """One call of the verb. Raises the errors of ``answers``."""
    asked = wanted.of_view(ctx.view)
    if asked.choice == "Tenancy" and (awaited := await tenant.settle(ctx)) is not None:
        return awaited
    account, place = ctx.view.fact(TenancyAccount), ctx.view.fact(TenancyPlace)
    if asked.choice != "Tenancy":
        return _declined(ctx.view, asked, account, place)
    known = place is not None and place.asked == asked and _is_stored(ctx.view, place.stored)
    if account is None or place is None:
        return await _work(ctx, tools, asked, None, "First")
    if account.phase == "Left":
        # Not given again on the strength of a fact: it may be half removed.
        return await _work(ctx, tools, asked, None, None)
    due = wishes.due(ctx, tools, account) if known else None
    if (
        known
        and due is None
        and not account.repair
        and _same_rights(ctx.view, asked, account, place)
    ):
        held = wishes.held(ctx, tools, account)
        return _offer(ctx.view, place, structs.replace(account, delayed=held))
    try:
        return await _work(ctx, tools, asked, account, due)
    except answers.ANSWERED as error:
        if isinstance(error, UpgradingError):
            tools.upgrades.note(place.stored.reach.address, ctx.clock)
        return _offer(ctx.view, place, _delayed(account, error))


def _declined(
    view: api.View, asked: Asked, account: TenancyAccount | None, place: TenancyPlace | None
) -> api.Done:
    """The account of another provider counts. Ours is left alone until AKO was seen without it."""
    gone = account is not None and account.phase == "Left" and account.retiring_at is None
    kept = () if gone else tuple(fact for fact in (account, place) if fact is not None)
    return api.Done(
        facts=kept,
        declines=DECLINED,
        message=wanted.elsewhere(asked.choice),
        consumed=requests.handled(view),
    )


def _delayed(account: TenancyAccount, error: Exception) -> TenancyAccount:
    regressed = isinstance(error, settling.RegressedError)
    return structs.replace(account, delayed=answers.delay(error), regressed=regressed)


def _is_stored(view: api.View, place: Stored) -> bool:
    return facts.stored(view) == place


def _same_rights(
    view: api.View, asked: Asked, account: TenancyAccount, place: TenancyPlace
) -> bool:
    needed = wanted.needs(
        view,
        asked,
        controller=wanted.release(account.rights.controller),
        own_engines=place.stored.own_engines,
    )
    return wanted.digest(needed) == account.rights.digest


def _offer(view: api.View, place: TenancyPlace, account: TenancyAccount) -> api.Done:
    ca = wanted.ca_source(view, place.stored.reach)
    own = tenant.facts_of(view, place.stored)
    reduced = account.rights.reduced
    credential = () if former.is_unknown(account) else (facts.credential(view, account, ca),)
    return api.Done(
        facts=(place, account, *credential, *own),
        message=f"IsolationReduced: {reduced}" if reduced else "",
    )


async def _work(
    ctx: api.VerbContext,
    tools: Tools,
    asked: Asked,
    account: TenancyAccount | None,
    due: Reason | None,
) -> api.Result:
    reach, controller = await reaching.of_config(ctx, asked)
    avi = await open_avi(ctx, tools.clients, reach)
    way = placing.Way(asked=asked, reach=reach, controller=controller)
    before = facts.stored(ctx.view) if account is not None and not account.repair else None
    place = TenancyPlace(asked=asked, stored=await placing.find(ctx, tools, avi, way, before))
    if not _is_stored(ctx.view, place.stored):
        return _not_stored(ctx.view, place)
    applied = account.rights if account is not None else None
    if (
        account is None
        or applied is None
        or account.repair
        or not _same_rights(ctx.view, asked, account, place)
    ):
        applied = await rights.apply(ctx, tools, avi, asked=asked, place=place.stored)
        if account is not None:
            account = await settling.repair(
                ctx, tools, avi, place=place.stored, rights=applied, account=account
            )
        tools.snapshots.forget(avi.address)
    after = await settling.settle(
        ctx, tools, avi, place=place.stored, rights=applied, account=account, due=due
    )
    if account is None:
        after = structs.replace(after, former=former.unseen(ctx.view))
    return structs.replace(_offer(ctx.view, place, after), consumed=_served(ctx.view, due))


def _served(view: api.View, due: Reason | None) -> tuple[str, ...]:
    """The annotation that the rotation, or the first account, serves."""
    asked = requests.cause(view)
    served = asked is not None and due in (asked, settling.FIRST)
    return (requests.ROTATE,) if served else ()


def _not_stored(view: api.View, place: TenancyPlace) -> api.Wait:
    """A wait until the place is the stored intent: nothing may be touched there before."""
    stored, known = facts.stored(view), view.fact(TenancyPlace) == place
    if known and stored is not None:
        where = stored.reach.address
        message = f"The account on the earlier controller, {where}, is revoked first."
        return api.Wait(reason="PlacementLeaving", message=message, after=LEAVING_SECONDS)
    return api.Wait(
        reason="PlacementFound",
        message=f"Found on {place.stored.reach.address}: tenant {place.stored.tenants[0].name}.",
        after=LEAVING_SECONDS if known else 0.0,
        facts=(place, *tenant.facts_of(view, place.stored)),
    )
