"""The next step of a cluster's accounts: from the record, the things that were seen, and the time.

Pure. Two verbs walk through the journal, each step one compare-and-set::

    prepare                                  observe
    ----------------------------------       --------------------------------------------------
    no record ............. Start            avi-secret has it, not noted .... NotePush
    revoked ............... Revive           AKO works with it ............... Promote
    a rotation is due ..... Stage            not in time ..................... Overdue
    staged ................ Make             grace over ...................... Retire
    made .................. Give             nothing ......................... Rest

Reading the record comes first in each, so that a step that was lost, or done by another operator,
is seen and not done again.
"""

from __future__ import annotations

import datetime

from akoo_core.plugin import structs
from akoo_tenancy.journal import record as journal
from akoo_tenancy.journal.record import Account, Owner, Pending, Reason, Record


class Seen(structs.Struct, frozen=True, kw_only=True):
    """The workload cluster and Avi, as observe saw them."""

    secret_username: str | None = None
    """User name in avi-secret; None: it could not be read."""
    secret_at: datetime.datetime | None = None
    """The last write of avi-secret by the operator, by the clock of the workload cluster."""
    started: tuple[datetime.datetime | None, ...] = ()
    """For each Pod of AKO the start of its container; None: it is not ready."""
    logged_in: bool | None = None
    """Avi has seen a login of the pending user. We never log in as it. None: not looked at."""


class Start(structs.Struct, frozen=True, kw_only=True):
    """The first record of the cluster is to be written."""


class Revive(structs.Struct, frozen=True, kw_only=True):
    """The cluster left and came back: the tombstone becomes a record again."""


class Stage(structs.Struct, frozen=True, kw_only=True):
    """A new account is to be written, with a new password."""

    reason: Reason


class Make(structs.Struct, frozen=True, kw_only=True):
    """The user of the pending account is to be made on Avi, and then noted."""

    pending: Pending


class Give(structs.Struct, frozen=True, kw_only=True):
    """This account is the one for AKO."""

    account: Account


class NotePush(structs.Struct, frozen=True, kw_only=True):
    """avi-secret has the pending account."""

    sequence: int
    at: datetime.datetime


class Promote(structs.Struct, frozen=True, kw_only=True):
    """AKO works with the pending account."""

    sequence: int


class Overdue(structs.Struct, frozen=True, kw_only=True):
    """AKO did not take the pending account in time. Both accounts stay valid."""

    pending: Pending
    missing: str
    """The evidence that is missing, as the end of a sentence."""


class Pickup(structs.Struct, frozen=True, kw_only=True):
    """The pending account is on its way to AKO."""

    pending: Pending
    missing: str


class Retire(structs.Struct, frozen=True, kw_only=True):
    """The users of these sequences are to be emptied and deleted, and then forgotten."""

    sequences: tuple[int, ...]


class Rest(structs.Struct, frozen=True, kw_only=True):
    """Nothing to do before ``until``; None: before something changes."""

    until: datetime.datetime | None = None


PrepareStep = Start | Revive | Stage | Make | Give
ObserveStep = NotePush | Promote | Pickup | Overdue | Retire | Rest


def prepare(record: Record | None, due: Reason | None, *, overdue: bool = False) -> PrepareStep:
    """The next step of prepare. ``due``: the reason of a rotation that may start now.

    ``overdue``: the rotation under way was not picked up in time, so a person may ask for another.
    """
    if record is None:
        return Start()
    if record.state != "living":
        return Revive()
    pending = record.pending
    if pending is None and record.active is None:
        return Stage(reason=due or "First")
    if due is not None and not _under_way(pending, due, overdue=overdue):
        return Stage(reason=due)
    if pending is not None and pending.made_at is None:
        return Make(pending=pending)
    account = record.account(record.offered)
    if account is None:
        raise AssertionError("a living record without a pending account has an active one")
    return Give(account=account)


def _under_way(pending: Pending | None, due: Reason, *, overdue: bool) -> bool:
    """A rotation that is under way serves every reason but a newer compromise. One that is overdue
    does not serve a person's request either."""
    if pending is None:
        return False
    if due == "Compromised":
        return pending.reason == "Compromised" and not overdue
    return not (overdue and due == "Requested")


def observe(
    record: Record, seen: Seen, now: datetime.datetime, *, patience: datetime.timedelta
) -> ObserveStep:
    """The next step of observe."""
    if record.state != "living":
        return Rest()
    pending = record.pending
    missing = _missing(pending, seen) if pending is not None else ""
    if pending is not None and pending.made_at is not None:
        if pending.pushed_at is None and seen.secret_username == pending.account.username:
            at = seen.secret_at or pending.made_at
            return NotePush(sequence=pending.account.sequence, at=at)
        if not missing:
            return Promote(sequence=pending.account.sequence)
    ripe = ripe_for_deletion(record, now)
    if ripe:
        return Retire(sequences=ripe)
    if pending is not None and pending.made_at is not None:
        # The first account waits for a cluster that is being made, however long that takes.
        since = pending.pushed_at or (pending.made_at if pending.reason != "First" else None)
        late = since is not None and now - since > patience
        return (Overdue if late else Pickup)(pending=pending, missing=missing)
    return Rest(until=min((row.not_before for row in record.retired), default=None))


def _missing(pending: Pending, seen: Seen) -> str:
    """The evidence that AKO does not give yet; "" for none.

    Every Pod of AKO has to run since after the push: one that was not restarted would lose its
    account with the old user. A ready Pod alone proves nothing, since AKO answers its probe before
    it logs in. So the login counts, and nobody but AKO knows the password.
    """
    if seen.secret_username is None:
        return "avi-secret in the workload cluster cannot be read"
    if seen.secret_username != pending.account.username:
        return "avi-secret in the workload cluster has another user"
    since = pending.pushed_at
    if since is None:
        return "its write is not noted yet"
    if not seen.started:
        return "AKO has no Pod"
    if not started_since(seen, since):
        return "not every Pod of AKO is ready and was started after that"
    if not seen.logged_in:
        return "the Avi Controller has seen no login of it"
    return ""


def started_since(seen: Seen, since: datetime.datetime) -> bool:
    """There are Pods of AKO, and each is ready and was started at that time or later.

    Times of an API server have whole seconds: a start in the second of the write counts.
    """
    return bool(seen.started) and all(
        start is not None and start >= since for start in seen.started
    )


def ripe_for_deletion(record: Record, now: datetime.datetime) -> tuple[int, ...]:
    """Retired sequences below the active one whose grace is over."""
    below = journal.retirable(record)
    return tuple(
        row.sequence for row in record.retired if row.sequence in below and row.not_before <= now
    )


def deletable(record: Record, sequence: int, now: datetime.datetime) -> bool:
    """A user of that sequence on Avi may be deleted: it is below the active one, and not retired
    only a moment ago."""
    waiting = {row.sequence for row in record.retired if row.not_before > now}
    return sequence in journal.retirable(record) and sequence not in waiting


class Ours(structs.Struct, frozen=True, kw_only=True):
    """The record is ours. ``owner`` differs from the record's where it is to be written."""

    owner: Owner


class Theirs(structs.Struct, frozen=True, kw_only=True):
    """The record belongs to somebody else, or to a later epoch of ours."""

    owner: Owner
    newer: bool


def ownership(record: Record, us: Owner, before: Owner | None) -> Ours | Theirs:
    """The claim of a record. ``before``: the owner that handed this cluster over to us."""
    theirs = record.owner
    if theirs.management_id == us.management_id:
        return Theirs(owner=theirs, newer=True) if theirs.epoch > us.epoch else Ours(owner=us)
    if before is not None and theirs.management_id == before.management_id:
        return Ours(owner=us) if theirs.epoch <= before.epoch else Theirs(owner=theirs, newer=True)
    return Theirs(owner=theirs, newer=False)


def regressed(record: Record | None, known: int) -> bool:
    """The record is older than ``known``, the greatest sequence that we gave to AKO: the store
    was restored from a backup, or lost."""
    return known > (record.highest if record is not None else 0)
