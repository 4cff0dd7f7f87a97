"""Planned rotations: spread over the fleet, in their window, a few at a time."""

from __future__ import annotations

import datetime

import pytest
from akoo_avi.client.access.refusal import Refusal
from akoo_tenancy.journal import due
from akoo_tenancy.journal.due import Obstacles
from akoo_tenancy.journal.record import Reason
from akoo_tenancy.spec import config, names
from akoo_tenancy.spec.config import Options, Rotation, TenantTemplate, Window
from hypothesis import given
from hypothesis import strategies as st

SUNDAY = datetime.datetime(2026, 11, 29, tzinfo=datetime.UTC)
MONTH = datetime.timedelta(days=30)
NIGHT = Window(days=("Sat",), start="22:00", end="04:00")
moments = st.integers(0, 400 * 86400).map(
    lambda seconds: SUNDAY + datetime.timedelta(seconds=seconds)
)
times = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
windows = st.builds(
    Window, days=st.sets(st.sampled_from(config.DAYS)).map(tuple), start=times, end=times
)


@given(st.text(), moments)
def test_age_is_spread_and_never_longer_than_asked(name: str, since: datetime.datetime) -> None:
    assert MONTH * 0.9 <= due.due_at(name, since, MONTH) - since <= MONTH


def test_a_fleet_that_was_made_at_once_does_not_rotate_at_once() -> None:
    days = {due.due_at(f"akoo-{number}", SUNDAY, MONTH).date() for number in range(100)}
    assert len(days) == 3 or len(days) == 4


@given(windows, moments)
def test_a_window_opens_at_its_start_or_is_open(window: Window, now: datetime.datetime) -> None:
    opens = due.opens_at(window, now)
    assert due.is_open(window, opens)
    if opens != now:
        assert f"{opens:%H:%M}" == window.start
        assert not due.is_open(window, now)
        assert not due.is_open(window, opens - datetime.timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("hours", "is_open"),
    [(-2.1, False), (-2, True), (0, True), (3.9, True), (4, False), (22, False)],
)
def test_a_window_over_midnight_belongs_to_the_day_of_its_start(
    hours: float, is_open: bool
) -> None:
    assert due.is_open(NIGHT, SUNDAY + datetime.timedelta(hours=hours)) is is_open


@pytest.mark.parametrize(
    ("reason", "obstacles", "free", "starts"),
    [
        ("Age", Obstacles(), True, False),
        ("Requested", Obstacles(), True, True),
        ("Requested", Obstacles(), False, False),
        ("Requested", Obstacles(silent=True), True, False),
        ("Requested", Obstacles(upgrading=True), True, False),
        ("Compromised", Obstacles(), False, True),
        ("Compromised", Obstacles(silent=True), True, False),
        ("Compromised", Obstacles(leaving=True), True, False),
        ("First", Obstacles(silent=True, upgrading=True), False, True),
        ("First", Obstacles(leaving=True), True, False),
        ("LoginsRefused", Obstacles(), True, False),
    ],
)
def test_start_outside_of_the_window(
    reason: Reason, obstacles: Obstacles, free: bool, starts: bool
) -> None:
    noon = SUNDAY + datetime.timedelta(hours=12)
    may = due.may_start(reason, noon, window=NIGHT, obstacles=obstacles, free=free)
    assert may is starts
    if reason in ("Age", "LoginsRefused"):
        assert due.may_start(reason, SUNDAY, window=NIGHT, obstacles=obstacles, free=free)
        assert due.may_start(reason, noon, window=None, obstacles=obstacles, free=free)


@given(st.integers(1, names.HIGHEST))
def test_a_user_name_says_record_and_sequence(sequence: int) -> None:
    user = names.username("akoo-0f3b2c1d4e5a", sequence)
    assert names.sequence("akoo-0f3b2c1d4e5a", user) == sequence
    assert names.sequence("akoo-0f3b2c1d4e5", user) is None
    assert names.owner_of(user) == "akoo-0f3b2c1d4e5a"


@pytest.mark.parametrize(
    "user",
    ["akoo-x", "akoo-x-1", "akoo-x-0000001", "akoo-x-000000", "akoo-x-00000a", "akoo-x-y-000001"],
)
def test_a_prefix_alone_is_no_match(user: str) -> None:
    assert names.sequence("akoo-x", user) is None


def test_marks_and_keys_are_read_back() -> None:
    assert names.read_mark(names.mark("0d3c", 4)) == ("0d3c", 4)
    assert names.read_mark("Anna Schmidt") is None
    key = names.secret_key("akoo-x", 3, "password")
    assert names.read_secret_key(key) == ("akoo-x", 3, "password")
    for other in ("akoo-x/3/token", "akoo-x/0/password", "akoo-x/password", "a/b/3/password"):
        assert names.read_secret_key(other) is None


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (Options(rotation=Rotation(every="30")), "rotation.every"),
        (Options(rotation=Rotation(every="")), "rotation.every"),
        (Options(rotation=Rotation(every="5m")), "rotation.every"),
        (Options(rotation=Rotation(every="400d")), "rotation.every"),
        (Options(rotation=Rotation(grace="31d")), "rotation.grace"),
        (Options(rotation=Rotation(pickup_timeout="5s")), "rotation.pickupTimeout"),
        (Options(rotation=Rotation(window=Window(start="24:00", end="02:00"))), "window.start"),
        (Options(rotation=Rotation(window=Window(start="22:00", end="2"))), "window.end"),
        (Options(tenant_ref="Not A Name"), "tenantRef"),
        (Options(additional_tenants=("*",)), "additionalTenants"),
        (Options(tenant_ref="shop", tenant_template=TenantTemplate(per="Config")), "tenantRef"),
    ],
)
def test_options_that_cannot_be_used_name_their_field(options: Options, field: str) -> None:
    with pytest.raises(Refusal, match=field):
        config.check(options)


def test_defaults_can_be_used() -> None:
    config.check(Options())
    hours = datetime.timedelta(hours=1)
    assert config.timing(Rotation()) == (MONTH, hours, hours / 6)


@pytest.mark.parametrize(
    ("enabled", "reference", "management", "choice"),
    [
        (None, False, False, "Tenancy"),
        (True, False, False, "Tenancy"),
        (False, False, False, "Disabled"),
        (None, True, False, "Reference"),
        (False, True, False, "Reference"),
        (None, False, True, "Disabled"),
        (None, True, True, "Reference"),
    ],
)
def test_provider(enabled: bool | None, reference: bool, management: bool, choice: str) -> None:
    options = Options(enabled=enabled)
    assert config.choice(options, reference=reference, management=management) == choice


def test_a_reference_beside_an_account_of_its_own_is_a_conflict() -> None:
    with pytest.raises(Refusal) as raised:
        config.choice(Options(enabled=True), reference=True, management=False)
    assert raised.value.reason == "ConfigConflict"
