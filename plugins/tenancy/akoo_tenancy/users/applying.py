"""Users on the controller: each function makes a few requests, and none is repeated blindly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from akoo_avi.client import AviClient, ExistsError, NotFoundError, change
from akoo_avi.client.access import refusal

from akoo_core.plugin import structs
from akoo_tenancy import passwords
from akoo_tenancy.spec import names
from akoo_tenancy.users import wire
from akoo_tenancy.users.wire import Shape

KIND: Final = "user"
ADMIN: Final = "admin"
"""Users belong to no tenant; requests about them are made in tenant admin."""
_ALL: Final = {"include_service_accounts": "true"}


class ForeignUserError(refusal.Refusal):
    """A user of our name that is not marked as ours is neither changed nor deleted."""

    def __init__(self, username: str, address: str) -> None:
        super().__init__(
            "ForeignUser",
            f'User "{username}" on {address} has the name of an account of ours, and its full '
            "name is not our mark. Delete or rename it; it is left as it is.",
        )


async def find(avi: AviClient, username: str) -> structs.JSON | None:
    """The user of exactly that name."""
    rows = await avi.list(KIND, tenant=ADMIN, params={"name": username, **_ALL})
    return next((row for row in rows if row.get("name") == username), None)


async def of_record(avi: AviClient, record: str) -> dict[int, structs.JSON]:
    """All users of a record by sequence, of the list of all users.

    The list has to show our own account, which proves that it shows users at all. Raises Refusal.
    """
    rows = await avi.list(KIND, tenant=ADMIN, params=_ALL)
    if all(row.get("name") != avi.username for row in rows):
        raise refusal.Refusal(
            "NoSight",
            f'The list of users on {avi.address} does not show our own account "{avi.username}", '
            "so it proves nothing. Give that account READ on USER in tenant admin.",
        )
    return of_rows(rows, record)


async def every(avi: AviClient) -> tuple[structs.JSON, ...]:
    """All users, with those of services."""
    return await avi.list(KIND, tenant=ADMIN, params=_ALL)


def of_rows(rows: Iterable[structs.JSON], record: str) -> dict[int, structs.JSON]:
    """The users of a record among others, by sequence. Pure."""
    by_sequence = {names.sequence(record, str(row.get("name", ""))): row for row in rows}
    return {sequence: row for sequence, row in by_sequence.items() if sequence is not None}


async def make(
    avi: AviClient,
    shape: Shape,
    *,
    password: str,
    rules: passwords.Rules,
    owners: frozenset[str],
) -> str:
    """Make the user of an account that was not given to AKO yet; its UUID.

    ``owners``: management ids whose users are ours. Raises ForeignUserError, and Refusal where the
    user does not read back as it was written.
    """
    nobody = passwords.new(rules)
    try:
        existing = await avi.create(KIND, wire.locked(shape, password=nobody), tenant=ADMIN)
    except ExistsError:
        there = await find(avi, shape.username)
        if there is None:
            raise
        check_ours((there,), owners, avi.address)
        existing = there
    await _open(avi, shape, existing, password=password)
    uuid = str(existing["uuid"])
    await _read_back(avi, shape, uuid)
    return uuid


async def _open(avi: AviClient, shape: Shape, existing: structs.JSON, *, password: str) -> None:
    body = wire.opened(shape, existing, password=password)
    if not body.get("_last_modified"):
        current = await avi.get(f"{KIND}/{existing['uuid']}", tenant=ADMIN)
        body = wire.opened(shape, current, password=password)
    await avi.replace(KIND, str(existing["uuid"]), body, tenant=ADMIN)


async def _read_back(avi: AviClient, shape: Shape, uuid: str) -> None:
    current = await avi.get(f"{KIND}/{uuid}", tenant=ADMIN)
    problems = wire.differences(shape, current)
    if current.get("name") != shape.username:
        problems = (f'its name is "{current.get("name")}"', *problems)
    if problems:
        raise refusal.Refusal(
            "UserNotAsWritten",
            f'User "{shape.username}" on {avi.address} does not read back as it was written: '
            f"{', '.join(problems)}. AKO does not get it.",
        )


async def repair(avi: AviClient, shape: Shape, uuid: str) -> tuple[str, ...]:
    """Restore mark, profile and access of a user; its differences before. The password stays."""
    seen: list[tuple[str, ...]] = []

    def decide(current: structs.JSON) -> structs.JSON | None:
        seen.append(wire.differences(shape, current))
        if not seen[-1]:
            return None
        return {**wire.opened(shape, current, password=None), "is_active": True}

    await change(avi, KIND, uuid, decide, tenant=ADMIN)
    return seen[-1]


async def remove(avi: AviClient, existing: structs.JSON) -> None:
    """Empty the access of a user, then delete it. One that is gone meanwhile is no error."""
    uuid = str(existing["uuid"])
    try:
        if wire.has_access(existing):
            await change(avi, KIND, uuid, _emptied, tenant=ADMIN)
        await avi.delete(KIND, uuid, tenant=ADMIN)
    except NotFoundError:
        return


def _emptied(current: structs.JSON) -> structs.JSON | None:
    return wire.emptied(current) if wire.has_access(current) else None


def check_ours(rows: Iterable[structs.JSON], owners: frozenset[str], address: str) -> None:
    """Raise ForeignUserError for a user that another management cluster, or a person, made."""
    for row in rows:
        mark = names.read_mark(str(row.get("full_name", "")))
        if mark is None or mark.management_id not in owners:
            raise ForeignUserError(str(row.get("name", "")), address)


class Profile(NamedTuple):
    """The profile of our users."""

    uuid: str
    age_days: int
    """Age at which a password ends; 0: never."""


async def profile(avi: AviClient) -> Profile:
    """The profile without a lock-out. Raises Refusal."""
    params = {"name": wire.PROFILE}
    rows = await avi.list("useraccountprofile", tenant=ADMIN, params=params)
    for row in rows:
        if row.get("name") == wire.PROFILE and not row.get("max_login_failure_count"):
            return Profile(str(row["uuid"]), int(row.get("credentials_timeout_threshold") or 0))
    raise refusal.Refusal(
        "ProfileMissing",
        f'{avi.address} has no user account profile "{wire.PROFILE}" with max_login_failure_count '
        "0. Create it: with another one, three wrong passwords of anybody lock an AKO out.",
    )


async def empty(avi: AviClient, uuid: str) -> None:
    """Take all access of a user: its sessions can do nothing any more."""
    await avi.patch(KIND, uuid, {"replace": {"access": []}}, tenant=ADMIN)


async def empty_and_delete(avi: AviClient, uuid: str) -> None:
    """The same as ``remove`` for a user that only its UUID is known of: two requests."""
    try:
        await empty(avi, uuid)
        await avi.delete(KIND, uuid, tenant=ADMIN)
    except NotFoundError:
        return
