"""Steps of the journal that no machine reaches: owners, records that fell behind, refusals."""

from __future__ import annotations

import datetime

import pytest
from akoo_tenancy.journal import decide, record
from akoo_tenancy.journal.decide import Seen
from akoo_tenancy.journal.record import Account, NotAllowed, Owner, Reason, Record
from akoo_tenancy.spec import names
from akoo_tenancy.store import api

from akoo_core.plugin import structs

NAME = "akoo-0f3b2c1d4e5a"
NOW = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
US = Owner(management_id="us", epoch=2)


def staged(before: Record, reason: Reason = "Age") -> Record:
    return record.stage(
        before,
        password=f"password {before.highest + 1}",
        rotation_id="r",
        reason=reason,
        grace=HOUR,
        now=NOW,
    )


def made(before: Record, reason: Reason = "Age") -> Record:
    after = staged(before, reason)
    return record.made(after, after.highest, user_uuid=f"user-{after.highest}", now=NOW)


def active(before: Record) -> Record:
    after = made(before)
    return record.promoted(record.pushed(after, after.highest, at=NOW), after.highest, now=NOW)


FIRST = active(record.new(NAME, US))
SECOND = active(FIRST)


def test_a_record_survives_the_store() -> None:
    data = structs.to_object(made(SECOND))
    api.check_data(data)
    assert structs.convert(data, Record) == made(SECOND)


@pytest.mark.parametrize(
    ("owner", "before", "expected"),
    [
        (US, None, decide.Ours(owner=US)),
        (Owner(management_id="us", epoch=1), None, decide.Ours(owner=US)),
        (
            Owner(management_id="us", epoch=3),
            None,
            decide.Theirs(owner=Owner(management_id="us", epoch=3), newer=True),
        ),
        (
            Owner(management_id="them", epoch=1),
            None,
            decide.Theirs(owner=Owner(management_id="them", epoch=1), newer=False),
        ),
        (
            Owner(management_id="them", epoch=1),
            Owner(management_id="them", epoch=1),
            decide.Ours(owner=US),
        ),
        (
            Owner(management_id="them", epoch=2),
            Owner(management_id="them", epoch=1),
            decide.Theirs(owner=Owner(management_id="them", epoch=2), newer=True),
        ),
        (
            Owner(management_id="others", epoch=1),
            Owner(management_id="them", epoch=1),
            decide.Theirs(owner=Owner(management_id="others", epoch=1), newer=False),
        ),
    ],
)
def test_owner(owner: Owner, before: Owner | None, expected: object) -> None:
    assert decide.ownership(structs.replace(FIRST, owner=owner), US, before) == expected


def test_a_record_that_fell_behind_takes_the_live_account_and_goes_on_above_it() -> None:
    assert decide.regressed(None, 1)
    assert decide.regressed(SECOND, 3)
    assert not decide.regressed(SECOND, 2)
    live = Account(sequence=4, username=names.username(NAME, 4), password="live")
    behind = made(SECOND)
    after = record.adopted(behind, live, highest=6, now=NOW)
    assert after.active == live
    assert after.offered == 4
    assert {row.sequence for row in after.retired} == {1, 2, 3}
    assert staged(after).highest == 7
    assert decide.deletable(after, 3, NOW)
    assert not decide.deletable(after, 4, NOW)


def test_an_account_in_its_grace_is_left() -> None:
    assert decide.ripe_for_deletion(SECOND, NOW) == ()
    assert not decide.deletable(SECOND, 1, NOW)
    assert decide.observe(SECOND, Seen(), NOW, patience=HOUR) == decide.Rest(until=NOW + HOUR)
    later = NOW + HOUR
    assert decide.observe(SECOND, Seen(), later, patience=HOUR) == decide.Retire(sequences=(1,))
    assert record.forget(SECOND, frozenset({1}), now=NOW).retired == ()
    with pytest.raises(NotAllowed):
        record.forget(SECOND, frozenset({2}), now=NOW)


def test_a_superseded_account_can_still_be_given() -> None:
    after = staged(made(SECOND))
    assert after.offered == 3
    account = after.account(3)
    assert account is not None
    assert account.password == "password 3"
    assert after.account(4) is None, "it was not made yet"


@pytest.mark.parametrize(
    ("reason", "due", "overdue", "stages"),
    [
        ("Age", "Requested", False, False),
        ("Age", "Requested", True, True),
        ("Age", "Age", True, False),
        ("Age", "Compromised", False, True),
        ("Compromised", "Compromised", False, False),
        ("Compromised", "Compromised", True, True),
        ("Requested", "LoginsRefused", True, False),
    ],
)
def test_a_rotation_under_way_is_followed_only_where_it_does_not_serve(
    reason: Reason, due: Reason, overdue: bool, stages: bool
) -> None:
    step = decide.prepare(made(SECOND, reason), due, overdue=overdue)
    assert isinstance(step, decide.Stage) is stages


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        (Seen(), "cannot be read"),
        (Seen(secret_username=names.username(NAME, 2)), "another user"),
        (Seen(secret_username=names.username(NAME, 3)), "no Pod"),
        (Seen(secret_username=names.username(NAME, 3), started=(NOW, None)), "not every Pod"),
        (
            Seen(secret_username=names.username(NAME, 3), started=(NOW, NOW - HOUR)),
            "not every Pod",
        ),
        (Seen(secret_username=names.username(NAME, 3), started=(NOW,)), "no login"),
    ],
)
def test_overdue_says_what_is_missing(seen: Seen, missing: str) -> None:
    current = record.pushed(made(SECOND), 3, at=NOW)
    before = decide.observe(current, seen, NOW + HOUR, patience=HOUR)
    assert isinstance(before, decide.Retire), "the first account is not kept by it"
    current = record.forget(current, frozenset({1}), now=NOW)
    before = decide.observe(current, seen, NOW + HOUR, patience=HOUR)
    assert isinstance(before, decide.Pickup)
    late = decide.observe(current, seen, NOW + 2 * HOUR, patience=HOUR)
    assert isinstance(late, decide.Overdue)
    assert missing in late.missing


def test_a_tombstone_has_no_password_and_keeps_the_highest_sequence() -> None:
    tombstone = record.revoked(record.revoking(made(SECOND)))
    assert "password " not in str(structs.to_object(tombstone))
    with pytest.raises(NotAllowed):
        record.made(tombstone, 3, user_uuid="user-3", now=NOW)
    assert staged(record.revived(tombstone)).highest == 4


def test_nothing_is_staged_while_accounts_are_revoked() -> None:
    with pytest.raises(NotAllowed):
        staged(record.revoking(SECOND))


def test_a_user_that_was_deleted_by_hand_is_made_again_under_the_same_password() -> None:
    after = record.remade(SECOND, 2, user_uuid="user-9")
    account = after.account(2)
    assert account is not None
    assert (account.user_uuid, account.password) == ("user-9", "password 2")
    with pytest.raises(NotAllowed):
        record.remade(SECOND, 1, user_uuid="user-9")
