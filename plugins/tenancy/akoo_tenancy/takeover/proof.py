"""The proof that the account before may be deleted. Pure.

An account of others is deleted only if all of this holds; else it stays, and audit lists it:

- this cluster had it: avi-secret named it when ours took its place, and its UUID was stored then
- an annotation of the record marks it as made for this cluster alone
- no other record of this management cluster had the same one
- it is an ordinary user: no superuser, no mark of akoo-core, not the operator's own
- nobody uses it: no session, and the same last login for longer than any session can last
"""

from __future__ import annotations

import datetime
from typing import Final

from akoo_core.plugin import structs
from akoo_tenancy.spec import names
from akoo_tenancy.spec.facts import Former
from akoo_tenancy.users.logins import Activity

UNMARKED: Final = "it is not marked as made for this cluster alone"
QUIET: Final = datetime.timedelta(hours=25)
"""A controller ends each session after a day (api_force_timeout): whoever uses the account logs in
anew within that time."""


class Evidence(structs.Struct, frozen=True, kw_only=True):
    """The user on the controller, and everything that speaks against its end."""

    user: structs.JSON
    activity: Activity | None
    """None: our account may not see it."""
    own_username: str
    """Of the operator's account."""
    shared_with: tuple[str, ...] = ()
    """Other records that had the same user before."""


def objection(former: Former, seen: Evidence) -> str:
    """The reason for which the user is never deleted by us, as a sentence; "" for none."""
    user = seen.user
    if str(user.get("uuid")) != former.user_uuid or user.get("name") != former.username:
        return "another user has its name now"
    if user.get("is_superuser"):
        return "it is a superuser"
    if names.read_mark(str(user.get("full_name", ""))) is not None:
        return "it carries the mark of akoo-core"
    if former.username == seen.own_username:
        return "akoo-core itself works with it"
    if seen.shared_with:
        return f"AKO of {', '.join(seen.shared_with)} had it, too"
    if not former.released:
        return UNMARKED
    return ""


def watched(former: Former, activity: Activity | None, now: datetime.datetime) -> Former:
    """The former account after a look at its logins: any sign of use begins the time anew."""
    if activity is None or activity.live:
        why = "its logins are not seen" if activity is None else "it has a session"
        return _kept(structs.replace(former, quiet_since=None), why)
    since = former.quiet_since
    if since is None or activity.last != former.last_login:
        since = now
    after = structs.replace(former, quiet_since=since, last_login=activity.last)
    return _kept(after, f"it has to be unused until {since + QUIET:%Y-%m-%d %H:%M} UTC")


def _kept(former: Former, why: str) -> Former:
    return structs.replace(former, kept=why if former.released else UNMARKED)


def is_unused(former: Former, activity: Activity | None, now: datetime.datetime) -> bool:
    """Nobody used it for so long that nobody can have a session."""
    return (
        former.left_at is not None
        and activity is not None
        and not activity.live
        and activity.last == former.last_login
        and former.quiet_since is not None
        and former.quiet_since >= former.left_at
        and now - former.quiet_since >= QUIET
    )
