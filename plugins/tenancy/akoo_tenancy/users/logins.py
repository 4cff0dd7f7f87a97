"""Logins as the controller counts them: the proof that AKO uses an account.

We never log in as a user of an AKO between its creation and its promotion, and nobody else knows
its password. So any login that is seen is AKO's.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from akoo_avi.client import AviClient, ForbiddenError, InvalidError, NotFoundError
from akoo_avi.client.access import refusal

from akoo_core.plugin import structs

KIND: Final = "useractivity"
_ALL: Final = {"include_service_accounts": "true"}


class Activity(NamedTuple):
    """The logins of one user."""

    logged_in: bool
    """There was a login at some time."""
    refused: int
    """Refused logins since the last one that was accepted."""
    last: str = ""
    """The time of the last login in the words of the controller."""
    live: bool = False
    """It has a session now."""


NEVER: Final = Activity(logged_in=False, refused=0)


async def of(avi: AviClient, username: str) -> Activity:
    """The logins of a user. Raises Refusal where our account may not see them."""
    try:
        rows = await avi.list(KIND, tenant="admin", params={"name": username, **_ALL})
    except (ForbiddenError, InvalidError, NotFoundError) as error:
        raise refusal.Refusal(
            "LoginsNotSeen",
            f"{avi.address} does not show the logins of users ({error}), so a new account is "
            "never seen in use. Give our account READ on USER in tenant admin.",
        ) from error
    for row in rows:
        if row.get("name") == username:
            return _read(row)
    return NEVER


async def everybody(avi: AviClient) -> dict[str, Activity]:
    """The logins of all users by name. Raises AviErrors."""
    rows = await avi.list(KIND, tenant="admin", params=_ALL)
    return {str(row.get("name", "")): _read(row) for row in rows}


def _read(row: structs.JSON) -> Activity:
    # The times end with a login that is accepted; the count may not.
    times = row.get("login_failure_timestamps")
    refused = row.get("failed_login_attempts") if times is None else len(times)
    last = row.get("last_login_timestamp")
    return Activity(
        logged_in=_known(last),
        refused=int(refused or 0),
        last=structs.encode_json(last).decode() if _known(last) else "",
        live=bool(row.get("logged_in") or row.get("concurrent_sessions")),
    )


def _known(stamp: Any) -> bool:
    """A time that is not the beginning of all times."""
    if isinstance(stamp, dict):
        return bool(stamp.get("secs"))
    return bool(stamp) and not str(stamp).startswith("1970-01-01")
