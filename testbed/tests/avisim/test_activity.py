"""Activity of users, the age of their passwords, and the time that wrong passwords count."""

import json
import typing
from collections.abc import Callable

import pytest
from akoo_testbed.avisim import client, snapshots

PASSWORD = "Correct-horse-1"
MINUTE, DAY = 60, 86400


def user(admin: client.Client, name: str = "u", **more: object) -> client.Client:
    """A user who may use pools; its client."""
    access = [{"role_ref": "/api/role?name=Tenant-Admin", "tenant_ref": "/api/tenant?name=admin"}]
    admin.post("user", {"name": name, "password": PASSWORD, "access": access, **more})
    return admin.as_user(name, PASSWORD)


def activity(admin: client.Client, name: str = "u", **headers: str | None) -> dict[str, typing.Any]:
    """The only activity of that name."""
    page = admin.get(f"useractivity?name={name}", **headers)
    assert page["count"] == 1
    return dict(page["results"][0])


def profile(admin: client.Client, name: str, **fields: int) -> str:
    """An account profile; the reference to it."""
    admin.post("useraccountprofile", {"name": name, **fields})
    return f"/api/useraccountprofile?name={name}"


def test_a_user_who_never_logged_in(admin: client.Client, clock: typing.Any) -> None:
    clock.now = 1_700_000_000.5
    user(admin)
    shown = activity(admin)
    assert shown.pop("uuid").startswith("useractivity-")
    assert shown.pop("url").endswith(activity(admin)["uuid"])
    assert shown == {
        "name": "u",
        "failed_login_attempts": 0,
        "logged_in": False,
        "concurrent_sessions": 0,
        "last_password_update": "2023-11-14T22:13:20.500000+00:00",
        "login_failure_timestamps": [],
    }


def test_logins_and_failures_are_seen(admin: client.Client, clock: typing.Any) -> None:
    other = user(admin)
    clock.now += 10
    assert admin.as_user("u", "wrong").login().status == 401
    clock.now += 10
    assert admin.as_user("u", "wrong").login().status == 401
    shown = activity(admin)
    assert shown["failed_login_attempts"] == 2
    assert shown["login_failure_timestamps"] == [
        "2023-11-14T22:13:30.000000+00:00",
        "2023-11-14T22:13:40.000000+00:00",
    ]
    assert "last_login_timestamp" not in shown
    clock.now += 10
    assert other.login().status == 200
    assert admin.as_user("u", PASSWORD).login().status == 200
    shown = activity(admin)
    assert shown["last_login_timestamp"] == "2023-11-14T22:13:50.000000+00:00"
    assert shown["last_login_ip"] == "127.0.0.1"
    assert (shown["logged_in"], shown["concurrent_sessions"]) == (True, 2)
    assert (shown["failed_login_attempts"], shown["login_failure_timestamps"]) == (0, [])
    assert admin.get(f"useractivity/{shown['uuid']}") == shown


def test_a_user_is_logged_in_as_long_as_a_session_lives(
    admin: client.Client, clock: typing.Any
) -> None:
    other = user(admin)
    other.login()
    clock.now += 14 * MINUTE
    assert activity(admin)["logged_in"]
    clock.now += MINUTE
    admin.login()
    assert not activity(admin)["logged_in"]
    other.login()
    other.call("POST", "/logout")
    shown = activity(admin)
    assert (shown["logged_in"], shown["concurrent_sessions"]) == (False, 0)
    assert shown["last_login_timestamp"] == "2023-11-14T22:28:20.000000+00:00"


def test_only_reading_and_only_with_the_right_to_users(admin: client.Client) -> None:
    user(admin)
    uuid = activity(admin)["uuid"]
    for method in ("PUT", "PATCH", "DELETE"):
        assert admin.refused(method, f"useractivity/{uuid}", {})[0] == 405
    assert admin.refused("GET", f"useractivity/{uuid.replace('useractivity', 'user')}")[0] == 404
    privileges = [{"resource": "PERMISSION_POOL", "type": "WRITE_ACCESS"}]
    role = admin.post("role", {"name": "pools", "privileges": privileges})["uuid"]
    pools = user(admin, "pools", access=[{"role_ref": role, "tenant_ref": "admin"}])
    assert pools.refused("GET", "useractivity")[0] == 403
    assert pools.refused("GET", f"useractivity/{uuid}")[0] == 403


def test_failure_times_are_a_field_of_22_1_1(admin: client.Client) -> None:
    assert "login_failure_timestamps" not in activity(admin, "admin", x_avi_version="21.1.6")
    assert "login_failure_timestamps" in activity(admin, "admin", x_avi_version="22.1.1")


def test_the_activity_goes_with_its_user(admin: client.Client) -> None:
    user(admin).login()
    uuid = admin.get("user?name=u")["results"][0]["uuid"]
    admin.delete(f"user/{uuid}")
    assert admin.get("useractivity?name=u")["count"] == 0
    user(admin)
    assert "last_login_timestamp" not in activity(admin)


def test_activities_are_kept_in_snapshots_and_files(
    admin: client.Client, make: Callable[..., client.Client], clock: typing.Any
) -> None:
    user(admin)
    before = admin.controller.snapshot()
    admin.as_user("u", PASSWORD).login()
    shown = activity(admin)
    after = admin.controller.snapshot()
    assert not admin.controller.diff(before)
    admin.controller.restore(before)
    admin.login()
    assert "last_login_timestamp" not in activity(admin)
    text = snapshots.dump(after, "30.2.2")
    other = make()
    other.controller.restore(snapshots.load(text, "30.2.2"))
    assert activity(other)["last_login_timestamp"] == shown["last_login_timestamp"]
    old = {name: value for name, value in json.loads(text).items() if name != "activities"}
    other.controller.restore(snapshots.load(json.dumps(old), "30.2.2"))
    clock.now += 1000 * DAY
    assert other.as_user("u", PASSWORD).login().status == 200


def test_a_password_expires(admin: client.Client, clock: typing.Any) -> None:
    other = user(admin, user_profile_ref=profile(admin, "p", credentials_timeout_threshold=30))
    uuid = admin.get("user?name=u")["results"][0]["uuid"]
    clock.now += 30 * DAY - 1
    assert other.login().status == 200
    clock.now += 1
    assert other.call("GET", "pool").status == 200
    for _ in range(4):
        response = other.login()
        assert (response.status, response.body) == (401, b'{"error": "Invalid credentials"}')
    admin.login()
    assert activity(admin)["failed_login_attempts"] == 0
    admin.patch(f"user/{uuid}", {"replace": {"password": "Another-one-2"}})
    assert admin.as_user("u", "Another-one-2").login().status == 200
    clock.now += 30 * DAY
    assert admin.as_user("u", "Another-one-2").login().status == 401


def test_the_default_age_is_180_days_and_0_is_no_limit(
    admin: client.Client, clock: typing.Any
) -> None:
    default = user(admin, "default")
    ageless = user(
        admin, "ageless", user_profile_ref=profile(admin, "p", credentials_timeout_threshold=0)
    )
    service = "/api/useraccountprofile?name=No-Lockout-User-Account-Profile"
    bot = user(admin, "bot", user_profile_ref=service)
    clock.now += 180 * DAY - 1
    assert [each.login().status for each in (default, ageless, bot)] == [200, 200, 200]
    clock.now += 1
    assert [each.login().status for each in (default, ageless, bot)] == [401, 200, 401]


def test_ones_own_new_password_is_young(admin: client.Client, clock: typing.Any) -> None:
    other = user(admin)
    clock.now += 100 * DAY
    body = {"old_password": PASSWORD, "password": "Another-one-2"}
    other.login()
    assert other.call("PUT", "useraccount", body).status == 200
    clock.now += 100 * DAY
    assert admin.as_user("u", "Another-one-2").login().status == 200


def test_wrong_passwords_count_within_the_window(admin: client.Client, clock: typing.Any) -> None:
    window = profile(admin, "p", login_failure_count_expiry_window=10)
    other = user(admin, user_profile_ref=window)
    wrong = admin.as_user("u", "wrong")
    for _ in range(5):
        wrong.login()
        clock.now += 6 * MINUTE
    admin.login()
    assert activity(admin)["failed_login_attempts"] == 1
    assert other.login().status == 200
    for _ in range(3):
        wrong.login()
        clock.now += 2 * MINUTE
    assert other.login().status == 401


def test_the_window_does_not_unlock(admin: client.Client, clock: typing.Any) -> None:
    window = profile(admin, "p", login_failure_count_expiry_window=1)
    other = user(admin, user_profile_ref=window)
    for _ in range(3):
        admin.as_user("u", "wrong").login()
    clock.now += 14 * MINUTE
    assert other.login().status == 401
    assert activity(admin)["failed_login_attempts"] == 3
    clock.now += 16 * MINUTE
    assert other.login().status == 200


@pytest.mark.parametrize("version", ["22.1.3", "32.1.4"])
def test_every_release_has_it(make: Callable[..., client.Client], version: str) -> None:
    assert activity(make(profile=version), "admin")["logged_in"]
