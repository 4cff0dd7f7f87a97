"""plan: the account of a cluster, by its config and its stored facts. Pure."""

from __future__ import annotations

from akoo_avi.client.access import refusal

from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError
from akoo_tenancy.spec import facts, tenant_used, wanted
from akoo_tenancy.spec.facts import TenancyAccount

KIND = "Account"


def plan(view: api.View, verb: api.PlannedVerb) -> tuple[api.PlannedAction, ...]:
    """The actions on user and roles. Raises BlockedError with the reason of an attempt that would
    fail."""
    stored, name = facts.stored(view), view.record_name
    if verb == "sweep":
        if stored is None:
            return ()
        why = "its users are revoked before the sweep, its roles and passwords after it"
        where = stored.reach.address
        return (api.PlannedAction(action="delete", kind=KIND, name=name, where=where, why=why),)
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
    own = tenant_used.of_view(view)
    place = f"in AviTenant/{own}" if own else f"in tenant {asked.tenants[0]}"
    if account is None:
        why = f"the config names no account, so the cluster gets one of its own {place}"
        return (api.PlannedAction(action="create", kind=KIND, name=name, where=where, why=why),)
    why = account.delayed or f"account {account.sequence} is {account.phase.lower()}, {place}"
    return (api.PlannedAction(action="keep", kind=KIND, name=name, where=where, why=why),)
