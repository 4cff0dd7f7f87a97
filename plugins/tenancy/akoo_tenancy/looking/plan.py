"""plan: the account of a cluster, by its config, its stored facts and the time. Pure."""

from __future__ import annotations

import datetime
from typing import Literal

from akoo_avi.client.access import refusal

from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError
from akoo_tenancy.live import wishes
from akoo_tenancy.spec import facts, tenant_used, wanted
from akoo_tenancy.spec.facts import TenancyAccount

KIND = "Account"


def plan(
    view: api.View, verb: api.PlannedVerb, now: datetime.datetime
) -> tuple[api.PlannedAction, ...]:
    """The actions on user and roles. Raises BlockedError with the reason of an attempt that would
    fail."""
    stored, name = facts.stored(view), view.record_name
    if verb == "sweep":
        if stored is None:
            return ()
        why = "its users are revoked before the sweep, its roles and passwords after it"
        where = stored.reach.address
        own = api.PlannedAction(action="delete", kind=KIND, name=name, where=where, why=why)
        known = view.fact(TenancyAccount)
        return (own, *(_former(known, where) if known is not None else ()))
    try:
        asked = wanted.of_view(view)
    except refusal.Refusal as error:
        raise BlockedError(str(error), reason=error.reason) from None
    account = view.fact(TenancyAccount)
    where = stored.reach.address if stored is not None else ""
    if asked.choice != "Tenancy":
        if account is None or account.retiring_at is None:
            return ()
        why = wanted.elsewhere(asked.choice)
        return (api.PlannedAction(action="delete", kind=KIND, name=name, where=where, why=why),)
    tenant = tenant_used.of_view(view)
    place = f"in AviTenant/{tenant}" if tenant else f"in tenant {asked.tenants[0]}"
    if account is None:
        why = f"the config names no account, so the cluster gets one of its own {place}"
        return (api.PlannedAction(action="create", kind=KIND, name=name, where=where, why=why),)
    why = account.delayed or f"account {account.sequence} is {account.phase.lower()}, {place}"
    rows = [api.PlannedAction(action="keep", kind=KIND, name=name, where=where, why=why)]
    reason = _rotation(view, account, now)
    if reason:
        rows = [api.PlannedAction(action="change", kind=KIND, name=name, where=where, why=reason)]
    return (*rows, *_repairs(account, where), *_former(account, where))


def _rotation(view: api.View, account: TenancyAccount, now: datetime.datetime) -> str:
    """The rotation that is due, with its reason; "" for none."""
    reason = next(wishes.wishes(view, account, now), None)
    if reason is None:
        return ""
    return (
        f"account {account.sequence} is replaced by a new one ({reason}), for which AKO restarts "
        "once; a planned rotation waits for its window and its turn"
    )


def _repairs(account: TenancyAccount, where: str) -> tuple[api.PlannedAction, ...]:
    if not account.repair:
        return ()
    name = f"sequence {account.sequence}"
    return (
        api.PlannedAction(action="change", kind=KIND, name=name, where=where, why=account.repair),
    )


def _former(account: TenancyAccount, where: str) -> tuple[api.PlannedAction, ...]:
    """The account of others that AKO had before."""
    former = account.former
    if former is None or former.left_at is None:
        return ()
    action: Literal["delete", "keep"] = "delete" if former.released else "keep"
    why = f"AKO had it before (UUID {former.user_uuid})"
    why += f": {former.kept}" if former.kept else ""
    return (
        api.PlannedAction(
            action=action, kind="FormerUser", name=former.username, where=where, why=why
        ),
    )
