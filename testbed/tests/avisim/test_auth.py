"""Sessions, passwords, lock-out, tokens, cookies."""

import base64
import typing
from collections.abc import Callable

import pytest
from akoo_testbed.avisim import client, values

PASSWORD = "Correct-horse-1"
Make = Callable[..., client.Client]


def user(admin: client.Client, name: str = "u", **more: object) -> client.Client:
    role = "/api/role?name=Tenant-Admin"
    access = [{"role_ref": role, "tenant_ref": "/api/tenant?name=admin"}]
    admin.post("user", {"name": name, "password": PASSWORD, "access": access, **more})
    return admin.as_user(name, PASSWORD)


def cookies(response: values.Response) -> list[str]:
    return [value for name, value in response.headers if name == "Set-Cookie"]


@pytest.mark.parametrize("form", ["json", "form"])
def test_login(admin: client.Client, form: str) -> None:
    body, kind = {
        "json": (b'{"username":"admin","password":"%s"}' % PASSWORD.encode(), "application/json"),
        "form": (
            f"username=admin&password={PASSWORD}".encode(),
            "application/x-www-form-urlencoded",
        ),
    }[form]
    response = admin.controller.handle(
        values.Request(method="POST", target="/login", headers={"content-type": kind}, body=body)
    )
    assert response.status == 200
    welcome = response.json
    assert welcome["session_cookie_name"] == "avi-sessionid"
    assert welcome["version"]["Version"] == "30.2.2"
    assert welcome["user"]["username"] == "admin"
    assert welcome["controller"] == {"api_idle_timeout": 15}
    assert "password" not in welcome["user"]
    csrf, session, old = cookies(response)
    assert csrf.startswith("csrftoken=")
    assert csrf.endswith("Max-Age=31449600; Path=/; Secure")
    assert session.startswith("avi-sessionid=")
    assert session.endswith("HttpOnly; Max-Age=86400; Path=/; Secure")
    assert old == session.removeprefix("avi-")


def test_answers_renew_the_session_but_not_the_csrf_token(admin: client.Client) -> None:
    for response in (admin.call("GET", "pool"), admin.call("GET", "pool/none")):
        assert [each.partition("=")[0] for each in cookies(response)] == [
            "avi-sessionid",
            "sessionid",
        ]
        assert admin.cookies["avi-sessionid"] in cookies(response)[0]


def test_the_last_of_repeated_cookies_counts(admin: client.Client) -> None:
    admin.login()
    good = "; ".join(f"{name}={value}" for name, value in admin.cookies.items())
    wrong = "avi-sessionid=wrong; sessionid=wrong"
    assert admin.call("GET", "pool", cookie=f"{wrong}; {good}").status == 200
    assert admin.call("GET", "pool", cookie=f"{good}; {wrong}").status == 401
    assert admin.call("GET", "pool", cookie=f"sessionid={admin.cookies['sessionid']}").status == 200


def test_a_session_ends_when_idle(admin: client.Client, clock: typing.Any) -> None:
    admin.get("pool")
    for _ in range(3):
        clock.now += 14 * 60
        admin.get("pool")
    clock.now += 15 * 60
    status, text = admin.refused("GET", "pool")
    assert (status, "credentials were not provided" in text) == (401, True)
    assert admin.login().status == 200


def test_a_session_ends_after_a_day(admin: client.Client, clock: typing.Any) -> None:
    admin.get("pool")
    for _ in range(24 * 6 - 1):
        clock.now += 10 * 60
        admin.get("pool")
    clock.now += 10 * 60
    assert admin.refused("GET", "pool")[0] == 401


def test_idle_and_hard_limits_are_settings(admin: client.Client, clock: typing.Any) -> None:
    admin.put("controller/properties", {"api_idle_timeout": 1})
    clock.now += 61
    assert admin.refused("GET", "pool")[0] == 401


def test_old_sessions_are_forgotten(admin: client.Client, clock: typing.Any) -> None:
    for _ in range(1001):
        admin.login()
    assert len(admin.controller.state.accounts.sessions) == 1001
    clock.now += 15 * 60
    admin.login()
    assert len(admin.controller.state.accounts.sessions) == 1
    assert admin.get("pool")["count"] == 0


def test_csrf(admin: client.Client) -> None:
    admin.login()
    plain = (401, "CSRF token missing or incorrect.")
    for headers in ({"x_csrftoken": "wrong"}, {"x_csrftoken": None}, {"referer": None}):
        assert admin.refused("POST", "pool", {"name": "p"}, **headers) == plain
        assert admin.call("GET", "pool", **headers).status == 200
    assert admin.names("pool") == []


def test_three_wrong_passwords_lock_an_account(admin: client.Client, clock: typing.Any) -> None:
    other = user(admin)
    wrong = admin.as_user("u", "wrong")
    for _ in range(2):
        response = wrong.login()
        assert (response.status, response.body) == (401, b'{"error": "Invalid credentials"}')
    assert other.login().status == 200
    for _ in range(3):
        wrong.login()
    assert other.login().status == 401
    clock.now += 30 * 60
    assert other.login().status == 200
    assert admin.as_user("nobody", "wrong").login().status == 401


def test_service_users_are_not_locked(admin: client.Client) -> None:
    profile = "/api/useraccountprofile?name=No-Lockout-User-Account-Profile"
    other = user(admin, user_profile_ref=profile)
    for _ in range(10):
        assert admin.as_user("u", "wrong").login().status == 401
    assert other.login().status == 200


def test_sessions_of_a_user_may_be_limited(admin: client.Client) -> None:
    admin.post("useraccountprofile", {"name": "two", "max_concurrent_sessions": 2})
    user(admin, user_profile_ref="/api/useraccountprofile?name=two")
    sessions = [admin.as_user("u", PASSWORD) for _ in range(3)]
    for each in sessions:
        assert each.login().status == 200
    assert [each.call("GET", "pool").status for each in sessions] == [401, 200, 200]


def test_basic_authentication(admin: client.Client) -> None:
    header = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()

    def ask() -> values.Response:
        headers = {"authorization": header, "x-avi-version": "30.2.2"}
        body = b'{"name": "p"}'
        return admin.controller.handle(
            values.Request(method="POST", target="/api/pool", headers=headers, body=body)
        )

    assert ask().status == 401
    configuration = admin.get("systemconfiguration")
    configuration["portal_configuration"]["allow_basic_authentication"] = True
    admin.put("systemconfiguration", configuration)
    response = ask()
    assert response.status == 201
    assert [each.partition(";")[0] for each in cookies(response)] == [
        "avi-sessionid=None",
        "sessionid=None",
    ]
    header = "Basic " + base64.b64encode(b"admin:wrong").decode()
    assert ask().status == 401


def test_user_tokens(admin: client.Client, clock: typing.Any) -> None:
    token = admin.post("user-token", {"hours": "240"})
    assert token["expires_at"].endswith("+00:00")
    listed = admin.get("user-token")
    assert listed["results"][0]["uuid"] == token["uuid"]
    assert token["token"] not in str(listed)

    def login(text: str) -> int:
        body = f"username=admin&token={text}".encode()
        return admin.controller.handle(
            values.Request(method="POST", target="/login", body=body)
        ).status

    assert login(token["token"]) == 200
    assert login("wrong") == 401
    clock.now += 240 * 3600
    assert login(token["token"]) == 401
    admin.login()
    admin.delete(f"user-token/{token['uuid']}")
    assert admin.refused("DELETE", f"user-token/{token['uuid']}")[0] == 404
    assert admin.refused("POST", "user-token", {"hours": "many"})[0] == 400


def test_ones_own_password(admin: client.Client) -> None:
    other = user(admin)
    old, new = PASSWORD, "Another-one-2"
    refused = other.refused("PUT", "useraccount", {"old_password": "wrong", "password": new})
    assert refused[0] == 400
    response = other.call(
        "PUT", "useraccount", {"old_password": old, "password": new, "full_name": "U"}
    )
    assert (response.status, response.body) == (200, b"")
    assert other.get("useraccount")["full_name"] == "U"
    assert admin.as_user("u", old).login().status == 401
    assert admin.as_user("u", new).login().status == 200
    back = other.refused("PUT", "useraccount", {"old_password": new, "password": old})
    assert "used before" in back[1]


def test_passwords_of_users(admin: client.Client) -> None:
    assert admin.refused("POST", "user", {"name": "u"}) == (
        400,
        '{"error": "Password is required"}',
    )
    assert "8 characters" in admin.refused("POST", "user", {"name": "u", "password": "short"})[1]
    made = admin.post("user", {"name": "u", "password": PASSWORD})
    assert not {"password", "password_history"} & set(made)
    again = admin.refused("POST", "user", {"name": "v", "username": "u", "password": PASSWORD})
    assert "User with this Username already exist" in again[1]
    admin.put(f"user/{made['uuid']}", {**made, "password": PASSWORD})
    admin.put(f"user/{made['uuid']}", {**admin.get(f"user/{made['uuid']}"), "full_name": "U"})
    assert admin.as_user("u", PASSWORD).login().status == 200


def test_a_deleted_user_is_out_at_once(admin: client.Client) -> None:
    other = user(admin)
    other.get("pool")
    admin.delete(f"user/{admin.get('user?name=u')['results'][0]['uuid']}")
    assert other.refused("GET", "pool")[0] == 401
    assert other.login().status == 401


def test_inactive_users_stay_out(admin: client.Client) -> None:
    assert user(admin, is_active=False).login().status == 401


def test_inactive_users_stay_out_with_basic_authentication_too(admin: client.Client) -> None:
    configuration = admin.get("systemconfiguration")
    configuration["portal_configuration"]["allow_basic_authentication"] = True
    admin.put("systemconfiguration", configuration)
    header = "Basic " + base64.b64encode(f"u:{PASSWORD}".encode()).decode()
    headers = {"authorization": header, "x-avi-version": "30.2.2"}
    asked = values.Request(method="GET", target="/api/pool", headers=headers)
    user(admin)
    assert admin.controller.handle(asked).status == 200
    uuid = admin.get("user?name=u")["results"][0]["uuid"]
    admin.patch(f"user/{uuid}", {"replace": {"is_active": False}})
    assert admin.controller.handle(asked).status == 401


def test_only_superusers_make_superusers(admin: client.Client) -> None:
    other = user(admin)
    refused = other.refused(
        "POST", "user", {"name": "x", "password": PASSWORD, "is_superuser": True}
    )
    assert refused[0] == 403


def test_secrets_are_in_no_repr(admin: client.Client) -> None:
    admin.login()
    (session,) = admin.controller.state.accounts.sessions.values()
    text = repr(session) + repr(admin)
    assert not any(secret in text for secret in (session.id, session.csrf, PASSWORD))
