"""Names of users, of their marks and of secret keys. Pure.

All of them derive from the name of the record, so that a crash between a write and its answer loses
nothing: the next attempt finds the thing again.

::

    user        akoo-0f3b2c1d4e5a-000003        <record>-<sequence>, six digits
    mark        akoo-core <management id> <epoch>        in the user's full_name
    secret key  akoo-0f3b2c1d4e5a/3/password

A user is ours by its whole name and its mark, never by a prefix alone.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

PLUGIN: Final = "tenancy"
HIGHEST: Final = 999_999
"""The greatest sequence number that fits into a user name."""
_USER = re.compile(r"(?P<record>.+)-(?P<sequence>\d{6})")
_MARK = re.compile(r"akoo-core (?P<management_id>\S+) (?P<epoch>\d+)")
_KEY = re.compile(r"(?P<record>[^/]+)/(?P<sequence>[1-9]\d{0,5})/(?P<field>username|password)")

Field = Literal["username", "password"]


class Mark(NamedTuple):
    """The owner of a user: a management cluster, and the epoch in which it last took it."""

    management_id: str
    epoch: int


class SecretKey(NamedTuple):
    """One immutable value: a field of one account of one record."""

    record: str
    sequence: int
    field: Field


def username(record: str, sequence: int) -> str:
    """Name of a user on Avi. Raises ValueError for a sequence that does not fit."""
    if not 1 <= sequence <= HIGHEST:
        raise ValueError(f"sequence {sequence} is not between 1 and {HIGHEST}")
    return f"{record}-{sequence:06d}"


def sequence(record: str, user: str) -> int | None:
    """Sequence of a user of that record; None for any other name."""
    match = _USER.fullmatch(user)
    if match is None or match["record"] != record:
        return None
    return int(match["sequence"]) or None


def owner_of(user: str) -> str | None:
    """The record that a user name belongs to; None for a name that is not of our form."""
    match = _USER.fullmatch(user)
    return match["record"] if match is not None else None


def mark(management_id: str, epoch: int) -> str:
    """The mark of a user, for its full_name."""
    return f"akoo-core {management_id} {epoch}"


def read_mark(full_name: str) -> Mark | None:
    """The mark in a full_name; None where there is none of ours."""
    match = _MARK.fullmatch(full_name.strip())
    return Mark(match["management_id"], int(match["epoch"])) if match is not None else None


def secret_key(record: str, sequence: int, field: Field) -> str:
    """Key of a SecretSource of this plugin."""
    return f"{record}/{sequence}/{field}"


def read_secret_key(key: str) -> SecretKey | None:
    """The parts of such a key; None for another text."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    field: Field = "username" if match["field"] == "username" else "password"
    return SecretKey(match["record"], int(match["sequence"]), field)
