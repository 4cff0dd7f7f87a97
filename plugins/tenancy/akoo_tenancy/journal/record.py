"""The record of one cluster's accounts, as the store keeps it. Pure.

Every change is a function from a record to the next; the store writes it with the version that was
read (compare-and-set), so that of two operators one wins and the other reads again. Each function
raises NotAllowed where the record does not permit it: a caller that decided on an old record.
"""

from __future__ import annotations

import datetime
from typing import Final, Literal

from akoo_core.plugin import structs
from akoo_tenancy.spec import names

SCHEMA_VERSION: Final = 1

State = Literal["living", "revoking", "revoked"]
Reason = Literal["First", "Age", "Requested", "Compromised", "LoginsRefused", "Regressed"]
"""Cause of a rotation."""


class NotAllowed(Exception):  # noqa: N818 - a refused step, no fault
    """The record does not permit this step."""


class Owner(structs.Struct, frozen=True, kw_only=True):
    """The management cluster that the record belongs to."""

    management_id: str
    epoch: int


class Account(structs.Struct, frozen=True, kw_only=True):
    """One user on Avi. ``password`` is secret."""

    sequence: int
    username: str
    password: str
    user_uuid: str = ""


class Pending(structs.Struct, frozen=True, kw_only=True):
    """An account on its way to AKO."""

    account: Account
    rotation_id: str
    reason: Reason
    grace_seconds: int
    """The time that its predecessors stay valid after it is in use."""
    staged_at: datetime.datetime
    made_at: datetime.datetime | None = None
    """The user is there, with its password and access: from now on it may be given to AKO."""
    pushed_at: datetime.datetime | None = None
    """The time of the write of avi-secret, by the clock of the workload cluster."""


class Retired(structs.Struct, frozen=True, kw_only=True):
    """An account that AKO does not use any more, until its user is deleted."""

    sequence: int
    not_before: datetime.datetime
    user_uuid: str = ""


class Ended(structs.Struct, frozen=True, kw_only=True):
    """The accounts that stopped working last."""

    sequences: tuple[int, ...]
    at: datetime.datetime


class Record(structs.Struct, frozen=True, kw_only=True):
    """All accounts of one cluster. Holds passwords: never shown, logged or put into a fact."""

    schema_version: int = SCHEMA_VERSION
    name: str
    """Of the AKODeployment; begins the names of all users."""
    owner: Owner
    state: State = "living"
    highest: int = 0
    """The greatest sequence that was ever staged. It never falls, so that none is used twice."""
    active: Account | None = None
    active_since: datetime.datetime | None = None
    pending: Pending | None = None
    superseded: tuple[Account, ...] = ()
    """Pending accounts that a newer one followed. AKO may use one of them."""
    retired: tuple[Retired, ...] = ()
    ended: Ended | None = None
    """Kept here so that a process whose write had no answer reports it with the same time."""

    @property
    def offered(self) -> int:
        """Sequence of the account that AKO is to use; 0: none was made yet."""
        if self.pending is not None and self.pending.made_at is not None:
            return self.pending.account.sequence
        usable = (*self.superseded, *((self.active,) if self.active else ()))
        return max((account.sequence for account in usable), default=0)

    def account(self, sequence: int) -> Account | None:
        """The account of that sequence, if it may still be given to AKO."""
        if self.state != "living":
            return None
        pending = self.pending
        made = (pending.account,) if pending is not None and pending.made_at else ()
        usable = (*made, *self.superseded, *((self.active,) if self.active else ()))
        return next((account for account in usable if account.sequence == sequence), None)


def new(name: str, owner: Owner, *, highest: int = 0) -> Record:
    """The record of a cluster that has none. ``highest``: of the users that are there already."""
    return Record(name=name, owner=owner, highest=highest)


def stage(
    record: Record,
    *,
    password: str,
    rotation_id: str,
    reason: Reason,
    grace: datetime.timedelta,
    now: datetime.datetime,
) -> Record:
    """A new account, before it exists anywhere else. An earlier pending one is superseded."""
    if record.state == "revoking":
        raise NotAllowed("the accounts are being revoked")
    sequence = record.highest + 1
    account = Account(
        sequence=sequence,
        username=names.username(record.name, sequence),
        password=password,
    )
    before = record.pending
    superseded = record.superseded
    if before is not None and before.made_at is not None:
        superseded = (*superseded, before.account)
    pending = Pending(
        account=account,
        rotation_id=rotation_id,
        reason=reason,
        grace_seconds=int(grace.total_seconds()),
        staged_at=now,
    )
    return structs.replace(
        record, state="living", highest=sequence, pending=pending, superseded=superseded
    )


def made(record: Record, sequence: int, *, user_uuid: str, now: datetime.datetime) -> Record:
    """The user of the pending account exists, read back."""
    pending = _pending(record, sequence)
    if pending.made_at is not None:
        raise NotAllowed(f"the user of sequence {sequence} was made already")
    account = structs.replace(pending.account, user_uuid=user_uuid)
    return structs.replace(record, pending=structs.replace(pending, account=account, made_at=now))


def remade(record: Record, sequence: int, *, user_uuid: str) -> Record:
    """The user of an account in use, which somebody deleted, is there again with its password."""
    account = record.account(sequence)
    if account is None:
        raise NotAllowed(f"sequence {sequence} is in no use")
    again = structs.replace(account, user_uuid=user_uuid)
    active, pending = record.active, record.pending
    if active is not None and active.sequence == sequence:
        return structs.replace(record, active=again)
    if pending is not None and pending.account.sequence == sequence:
        return structs.replace(record, pending=structs.replace(pending, account=again))
    others = (again if older.sequence == sequence else older for older in record.superseded)
    return structs.replace(record, superseded=tuple(others))


def pushed(record: Record, sequence: int, *, at: datetime.datetime) -> Record:
    """avi-secret in the workload cluster has the pending account."""
    pending = _pending(record, sequence)
    if pending.made_at is None or pending.pushed_at is not None:
        raise NotAllowed(f"sequence {sequence} is not about to be pushed")
    return structs.replace(record, pending=structs.replace(pending, pushed_at=at))


def promoted(record: Record, sequence: int, *, now: datetime.datetime) -> Record:
    """AKO was seen with the pending account: it is the active one, and all others retire."""
    pending = _pending(record, sequence)
    if pending.pushed_at is None:
        raise NotAllowed(f"sequence {sequence} was not pushed")
    not_before = now + datetime.timedelta(seconds=pending.grace_seconds)
    before = (*((record.active,) if record.active else ()), *record.superseded)
    retired = (_retired(account, not_before) for account in before)
    return structs.replace(
        record,
        active=pending.account,
        active_since=now,
        pending=None,
        superseded=(),
        retired=(*record.retired, *retired),
    )


def _retired(account: Account, not_before: datetime.datetime) -> Retired:
    return Retired(sequence=account.sequence, not_before=not_before, user_uuid=account.user_uuid)


def forget(record: Record, sequences: frozenset[int], *, now: datetime.datetime) -> Record:
    """The users of these sequences are deleted. Only those below the active one can be."""
    if any(sequence not in retirable(record) for sequence in sequences):
        raise NotAllowed("only accounts below the active one are forgotten")
    left = (retired for retired in record.retired if retired.sequence not in sequences)
    ended = Ended(sequences=tuple(sorted(sequences)), at=now)
    return structs.replace(record, retired=tuple(left), ended=ended)


def retirable(record: Record) -> range:
    """Sequences whose users may be deleted in a living cluster, once their grace is over."""
    return range(1, record.active.sequence if record.active is not None else 1)


def revoking(record: Record) -> Record:
    """No account may be given any more."""
    return structs.replace(record, state="revoking")


def revoked(record: Record) -> Record:
    """The tombstone: no passwords, and the highest sequence."""
    return structs.replace(
        record,
        state="revoked",
        active=None,
        active_since=None,
        pending=None,
        superseded=(),
        retired=(),
    )


def revived(record: Record) -> Record:
    """A cluster that comes back after it left: every former account stays dead."""
    if record.state == "living":
        raise NotAllowed("the record lives")
    return structs.replace(revoked(record), state="living", ended=None)


def taken_over(record: Record, owner: Owner) -> Record:
    """The record under a new owner or epoch."""
    return structs.replace(record, owner=owner)


def adopted(record: Record, account: Account, *, highest: int, now: datetime.datetime) -> Record:
    """A record that fell behind, or was lost, with the account that AKO has now.

    ``highest``: the greatest sequence that was seen anywhere. Whatever the record says of other
    accounts is older than the live one, so all of them retire when the next rotation is done.
    """
    pending = (record.pending.account,) if record.pending is not None else ()
    before = (record.active, *record.superseded, *pending)
    sequences = {older.sequence for older in before if older is not None}
    kept = {retired.sequence for retired in record.retired}
    retired = (
        Retired(sequence=sequence, not_before=now)
        for sequence in sorted(sequences - kept - {account.sequence})
    )
    return structs.replace(
        record,
        state="living",
        highest=max(record.highest, highest, account.sequence),
        active=account,
        active_since=now,
        pending=None,
        superseded=(),
        retired=(*record.retired, *retired),
    )


def _pending(record: Record, sequence: int) -> Pending:
    pending = record.pending
    if record.state != "living" or pending is None or pending.account.sequence != sequence:
        raise NotAllowed(f"sequence {sequence} is not pending")
    return pending
