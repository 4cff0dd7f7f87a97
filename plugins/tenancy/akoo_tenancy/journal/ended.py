"""The end of an account before: for the condition, and once for an Event. Pure."""

from __future__ import annotations

import datetime
from typing import Final

from akoo_core.plugin import api, structs
from akoo_tenancy.journal.record import Record
from akoo_tenancy.spec.facts import TenancyAccount

REASON: Final = "AccountEnded"
"""Of the Event."""


def at(time: datetime.datetime) -> str:
    """The time as sentences have it."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def noted(account: TenancyAccount, current: Record) -> TenancyAccount:
    """The account with the last end that the record knows, unless the fact has it already."""
    ended = current.ended
    if ended is None or (account.ended_at is not None and ended.at <= account.ended_at):
        return account
    listed = ", ".join(map(str, ended.sequences))
    sentence = f"Account {listed} stopped working at {at(ended.at)}."
    return structs.replace(account, ended=sentence, ended_at=ended.at)


def announced(view: api.View, result: api.Result) -> api.Result:
    """The result with a notice, if its account has another end than the stored one."""
    before = view.fact(TenancyAccount)
    if before is None or not isinstance(result, api.Done):
        return result
    for fact in result.facts:
        if isinstance(fact, TenancyAccount) and fact.ended not in ("", before.ended):
            notice = api.Notice(reason=REASON, message=fact.ended)
            return structs.replace(result, notices=(notice,))
    return result
