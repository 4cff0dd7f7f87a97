"""Login, logout, sessions, basic authentication, and what protects them."""

import json
import typing
import urllib.parse

from akoo_testbed.avisim import values, versions
from akoo_testbed.avisim.access import auth
from akoo_testbed.avisim.objects import references, store
from akoo_testbed.avisim.objects import state as states
from akoo_testbed.avisim.requests import problems

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SESSION_COOKIES = ("avi-sessionid", "sessionid")
_SECONDS_PER_MINUTE = 60.0
_SECONDS_PER_DAY = 86400.0


def login(state: states.State, request: values.Request) -> values.Response:
    """POST /login with username and password or token, as form or as JSON."""
    body = _credentials(request)
    user = _known(state, str(body.get("username", "")))
    _check(state, user, str(body.get("password") or ""), str(body.get("token") or ""))
    state.accounts.forget_old(state.clock(), **limits(state))
    limit = int(account_profile(state, user).get("max_concurrent_sessions", 0))
    session = state.accounts.login(user.uuid, state.clock(), limit)
    state.accounts.succeeded(user.uuid, state.clock(), request.peer)
    response = values.answer(_welcome(state, user, request.origin))
    response.headers += [auth.csrf_cookie(session.csrf), *auth.session_cookies(session.id)]
    return response


def _credentials(request: values.Request) -> dict[str, typing.Any]:
    if "json" in request.headers.get("content-type", ""):
        try:
            body = json.loads(request.body or b"{}")
        except (ValueError, RecursionError):
            raise problems.bad_request("the body is not JSON") from None
        return body if isinstance(body, dict) else {}
    return dict(urllib.parse.parse_qsl(request.body.decode(errors="replace")))


def _known(state: states.State, name: str) -> store.Stored:
    """The user of this name, unless it is suspended. Raises RefusedError."""
    user = state.user_named(name)
    if user is None or not user.data.get("is_active", True):
        raise problems.invalid_credentials()
    return user


def _check(state: states.State, user: store.Stored, password: str, token: str) -> None:
    profile = account_profile(state, user)
    now = state.clock()
    lock = lock_of(profile)
    if state.accounts.is_locked(user.uuid, now, lock):
        if state.switches["locked-login"] == "locked":
            raise problems.RefusedError(401, "Account is locked, try again later")
        raise problems.invalid_credentials()
    if password:
        right = auth.password_matches(user.data["password"], password)
    else:
        right = bool(token) and state.accounts.token(token, user.uuid, now) is not None
    if not right:
        state.accounts.failed(user.uuid, now, lock)
        raise problems.invalid_credentials()
    if password and _is_expired(state, user, profile):
        if state.switches["expired-login"] == "expired":
            raise problems.RefusedError(401, "Password has expired, change it")
        raise problems.invalid_credentials()


def lock_of(profile: dict[str, typing.Any]) -> auth.Lock:
    """The rule of an account profile for wrong passwords."""
    return auth.Lock(
        allowed=int(profile.get("max_login_failure_count", 0)),
        seconds=float(profile.get("account_lock_timeout", 0)) * _SECONDS_PER_MINUTE,
        window_seconds=float(profile.get("login_failure_count_expiry_window", 0))
        * _SECONDS_PER_MINUTE,
    )


def _is_expired(state: states.State, user: store.Stored, profile: dict[str, typing.Any]) -> bool:
    """True if the password is older than the profile allows; 0 days mean no limit."""
    days = float(profile.get("credentials_timeout_threshold", 0))
    activity = state.accounts.activities.get(user.uuid)
    if not days or activity is None:
        return False
    return state.clock() - activity.password_set >= days * _SECONDS_PER_DAY


def account_profile(state: states.State, user: store.Stored) -> dict[str, typing.Any]:
    """The user's account profile."""
    profile = state.objects.get("useraccountprofile", user.data.get("user_profile_ref", ""))
    return profile.data if profile else {}


def version_answer(state: states.State) -> dict[str, typing.Any]:
    """The controller's way to name its release."""
    version = versions.dotted(state.profile.version)
    return {
        "Version": version,
        "build": state.profile.build,
        "Tag": f"{version}-{state.profile.build}-{state.profile.date[:10].replace('-', '')}",
        "Date": state.profile.date,
        "Product": "controller",
        "ProductName": "Avi Controller",
        "min_version": 18.2,
    }


def _welcome(state: states.State, user: store.Stored, origin: str) -> dict[str, typing.Any]:
    writer = references.Writer(
        state.kinds,
        state.name_of,
        origin=origin,
        include_name=False,
        version=state.profile.version,
    )
    shown = writer.message(state.kinds.kinds["user"], user.data)
    rights = state.rights_of(user)
    tenants = [
        {"uuid": tenant.uuid, "name": tenant.name, "url": writer.reference("tenant", tenant.uuid)}
        for tenant in state.objects.of_kind("tenant")
        if rights.enters(tenant.uuid)
    ]
    return {
        "user_initialized": True,
        "version": version_answer(state),
        "user": shown,
        "tenants": tenants,
        "system_config": {"default_license_tier": _tier(state)},
        "controller": {"api_idle_timeout": _idle_minutes(state)},
        "session_cookie_name": "avi-sessionid",
    }


def _tier(state: states.State) -> str:
    return str(state.system_configuration.get("default_license_tier", "ENTERPRISE"))


def _idle_minutes(state: states.State) -> float:
    properties = state.objects.get("controller/properties", "global")
    return float(properties.data.get("api_idle_timeout", 15)) if properties else 15.0


def logout(state: states.State, request: values.Request) -> values.Response:
    """POST /logout ends the session."""
    _, session = authenticate(state, request)
    if session is not None:
        state.accounts.end([session])
    return values.Response(body=b"{}")


def authenticate(
    state: states.State, request: values.Request
) -> tuple[store.Stored, auth.Session | None]:
    """The user and the session (None for basic authentication). Raises RefusedError."""
    header = request.headers.get("authorization", "")
    if header:
        return _basic(state, header), None
    session = _session(state, request)
    user = _of_session(state, session) if session else None
    if session is None or user is None:
        raise problems.not_authenticated(int(state.switches["no-session-status"]))
    if request.method not in _SAFE:
        token = request.headers.get("x-csrftoken", "")
        if token != session.csrf or not request.headers.get("referer"):
            raise problems.csrf_failed(state.switches["csrf-body"])
    return user, session


def _of_session(state: states.State, session: auth.Session) -> store.Stored | None:
    """The user of a session; a switch keeps those of deleted users."""
    user = state.objects.get("user", session.user)
    return user or state.accounts.deleted_users.get(session.user)


def limits(state: states.State) -> dict[str, float]:
    """Idle and hard limit of sessions."""
    portal = state.system_configuration.get("portal_configuration", {})
    return {
        "idle_seconds": _idle_minutes(state) * _SECONDS_PER_MINUTE,
        "hard_seconds": portal.get("api_force_timeout", 24) * auth.HARD_SECONDS_PER_HOUR,
    }


def _session(state: states.State, request: values.Request) -> auth.Session | None:
    cookies = auth.read_cookies(request.headers.get("cookie", ""))
    for name in _SESSION_COOKIES:
        if name in cookies:
            return state.accounts.use(cookies[name], state.clock(), **limits(state))
    return None


def _basic(state: states.State, header: str) -> store.Stored:
    portal = state.system_configuration.get("portal_configuration", {})
    basic = auth.read_basic(header)
    if basic is None or not portal.get("allow_basic_authentication"):
        raise problems.not_authenticated()
    user = _known(state, basic[0])
    _check(state, user, basic[1], "")
    state.accounts.failures.pop(user.uuid, None)
    return user
