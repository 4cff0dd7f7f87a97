"""The rotation that is due for a cluster, if it may start now."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Final

from akoo_core.plugin import api
from akoo_tenancy.journal import due as dues
from akoo_tenancy.journal.due import Obstacles
from akoo_tenancy.journal.record import Reason
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec import config, facts, requests, wanted
from akoo_tenancy.spec.facts import TenancyAccount

SUSPICION_AGE: Final = datetime.timedelta(days=1)
"""An account that is younger is not rotated for refused logins: whoever knows its name can cause
them, and each rotation restarts AKO."""


def due(ctx: api.VerbContext, tools: Tools, account: TenancyAccount) -> Reason | None:
    """The reason of a rotation that may start now; None: none is due, or it has to wait."""
    for reason in _allowed(ctx, tools, account):
        urgent = reason in dues.URGENT
        if urgent or tools.turns.take(ctx.view.record_name, ctx.clock):
            return reason
    return None


def again_seconds(ctx: api.VerbContext, tools: Tools, account: TenancyAccount) -> float | None:
    """Time until a rotation that waits for its turn is to be tried again; None: none waits."""
    waits = any(reason not in dues.URGENT for reason in _allowed(ctx, tools, account))
    return tools.turns.again_seconds(ctx.view.record_name, ctx.clock) if waits else None


def held(ctx: api.VerbContext, tools: Tools, account: TenancyAccount) -> str:
    """The obstacle of a rotation that is due, as a fact keeps it; "" for none."""
    address = _upgrading(ctx, tools)
    if not address or next(wishes(ctx.view, account, ctx.clock.now()), None) is None:
        return ""
    return f"ControllerUpgrading: {address} is being upgraded. No rotation starts before its end."


def _upgrading(ctx: api.VerbContext, tools: Tools) -> str:
    """The address of the controller, if it is being upgraded; else ""."""
    stored = facts.stored(ctx.view)
    address = stored.reach.address if stored is not None else ""
    return address if tools.upgrades.running(address, ctx.clock) else ""


def _allowed(ctx: api.VerbContext, tools: Tools, account: TenancyAccount) -> Iterator[Reason]:
    """Reasons for which a rotation may start now, if it has a turn."""
    options, now = wanted.options_of(ctx.view), ctx.clock.now()
    obstacles = Obstacles(
        leaving=ctx.view.spec.leaving is not None,
        upgrading=bool(_upgrading(ctx, tools)),
        silent=ctx.workload_silent_seconds > 0,
    )
    for reason in wishes(ctx.view, account, now):
        if dues.may_start(
            reason, now, window=options.rotation.window, obstacles=obstacles, free=True
        ):
            yield reason


def wishes(view: api.View, account: TenancyAccount, now: datetime.datetime) -> Iterator[Reason]:
    """Reasons for a rotation, the most urgent first. Raises Refusal."""
    if account.regressed:
        return
    asked = requests.cause(view)
    if asked is not None:
        yield asked
    if account.adopted:
        yield "Regressed"
    if account.phase != "Active":
        return
    suspected = account.suspected_at
    if suspected is not None and now - account.since > SUSPICION_AGE:
        yield "LoginsRefused"
    if now >= age_at(view, account):
        yield "Age"


def age_at(view: api.View, account: TenancyAccount) -> datetime.datetime:
    """The time at which the account gets too old. Raises Refusal."""
    every = config.timing(wanted.options_of(view).rotation).every
    return dues.due_at(view.record_name, account.since, every)
