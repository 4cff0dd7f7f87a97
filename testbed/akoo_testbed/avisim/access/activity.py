"""Activity of users, as /api/useractivity shows it. It is computed from the accounts."""

import datetime

from akoo_testbed.avisim.access import auth, login
from akoo_testbed.avisim.objects import schema, store
from akoo_testbed.avisim.requests import context

KIND = "useractivity"
_FAILURE_TIMES_SINCE = (22, 1, 1)


def shown_uuid(user: str) -> str:
    """The uuid of the activity of a user."""
    return f"{KIND}-{user.removeprefix('user-')}"


def user_uuid(uuid: str) -> str:
    """The uuid of the user whose activity this is; "" for any other object."""
    prefix = f"{KIND}-"
    return f"user-{uuid.removeprefix(prefix)}" if uuid.startswith(prefix) else ""


def show(ctx: context.Context, user: store.Stored) -> schema.Json:
    """The activity of a user. Hashes of old passwords (`previous_password`) are left out."""
    state = ctx.state
    accounts = state.accounts
    activity = accounts.activities.get(user.uuid, auth.Activity())
    times = _failures(ctx, user).times
    limits = login.limits(state)
    live = [e for e in accounts.of_user(user.uuid) if not e.is_over(state.clock(), **limits)]
    failed = len(times)
    if not failed and state.switches["failed-login-attempts"] == "kept":
        failed = activity.failures_before
    uuid = shown_uuid(user.uuid)
    out: schema.Json = {
        "uuid": uuid,
        "url": f"{ctx.request.origin}/api/{KIND}/{uuid}",
        "name": user.name,
        "failed_login_attempts": failed,
        "logged_in": bool(live),
        "concurrent_sessions": len(live),
        "last_password_update": _text(ctx, activity.password_set),
    }
    if activity.login is not None:
        out |= {
            "last_login_timestamp": _text(ctx, activity.login),
            "last_login_ip": activity.address,
        }
    if ctx.version >= _FAILURE_TIMES_SINCE:
        out["login_failure_timestamps"] = [_text(ctx, each) for each in times]
    return out


def _failures(ctx: context.Context, user: store.Stored) -> auth.Failures:
    """The wrong passwords that count; those of a locked account count until it is free."""
    failures = ctx.state.accounts.failures.get(user.uuid, auth.Failures())
    lock = login.lock_of(login.account_profile(ctx.state, user))
    now = ctx.state.clock()
    if ctx.state.accounts.is_locked(user.uuid, now, lock):
        return failures
    return failures.since(now, lock.window_seconds)


def _text(ctx: context.Context, seconds: float) -> str:
    form = ctx.state.switches["activity-time"]
    if form == "seconds":
        return f"{seconds:.6f}"
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(" " if form == "blank" else "T", timespec="microseconds")
