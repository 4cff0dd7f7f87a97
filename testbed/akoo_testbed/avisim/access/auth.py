"""Accounts: passwords, lock-out, sessions, tokens. Pure; times are seconds of the caller's clock.

Recorded of real controllers: a login gives a new session and leaves the old ones; each answer
renews the session cookie but never csrftoken; three wrong passwords lock an account for half an
hour; a session ends when it was idle for `api_idle_timeout` and after `api_force_timeout` anyway.
"""

import base64
import dataclasses
import hashlib
import hmac
import random
from collections.abc import Iterable, Iterator

from akoo_testbed.avisim.objects import store

HARD_SECONDS_PER_HOUR = 3600.0
MANY_SESSIONS = 1000
COOKIE_SECONDS = 86400
CSRF_SECONDS = 31449600


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The session that a login gives. Replaced by a newer value on every use."""

    id: str = dataclasses.field(repr=False)
    csrf: str = dataclasses.field(repr=False)
    user: str
    """uuid."""
    created: float
    used: float

    def is_over(self, now: float, idle_seconds: float, hard_seconds: float) -> bool:
        """True if it was idle too long, or is too old."""
        return now - self.used >= idle_seconds or now - self.created >= hard_seconds


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A user token: a password that expires."""

    token: str = dataclasses.field(repr=False)
    uuid: str
    user: str
    hours: float
    expires: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The part of an account profile that says when wrong passwords lock an account."""

    allowed: int = 0
    """Wrong passwords that lock an account; 0 means no limit."""
    seconds: float = 0.0
    """The time that it stays locked."""
    window_seconds: float = 0.0
    """Wrong passwords older than this do not count; 0 means that all count."""


@dataclasses.dataclass(frozen=True, slots=True)
class Failures:
    """Wrong passwords of one user since the last right one, the oldest first."""

    times: tuple[float, ...] = ()

    def since(self, now: float, window_seconds: float) -> "Failures":
        """Those that still count at `now`."""
        if not window_seconds:
            return self
        return Failures(tuple(each for each in self.times if now - each < window_seconds))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """The last login of a user and the age of its password."""

    login: float | None = None
    address: str = ""
    """The address that the last login came from."""
    password_set: float = 0.0
    failures_before: int = 0
    """Wrong passwords between the last login and the one before it."""


class Accounts:
    """Accounts and their sessions. Its dictionaries hold immutable values: copies of them are a
    snapshot."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.sessions: dict[str, Session] = {}
        self.tokens: dict[str, Token] = {}
        """By uuid."""
        self.failures: dict[str, Failures] = {}
        """By user."""
        self.activities: dict[str, Activity] = {}
        """By user."""
        self.deleted_users: dict[str, store.Stored] = {}
        """Users who are deleted and whose sessions go on, by uuid."""

    def secret(self, length: int = 32) -> str:
        """Random letters and digits."""
        return "".join(self._rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))

    def login(self, user: str, now: float, limit: int) -> Session:
        """A new session; the oldest of this user go if there are more than `limit` (0: any)."""
        session = Session(id=self.secret(), csrf=self.secret(), user=user, created=now, used=now)
        own = [each for each in self.sessions.values() if each.user == user]
        for old in own[: len(own) + 1 - limit] if limit else ():
            del self.sessions[old.id]
        self.sessions[session.id] = session
        return session

    def use(
        self, session_id: str, now: float, *, idle_seconds: float, hard_seconds: float
    ) -> Session | None:
        """The session if it still lives; it is used now."""
        session = self.sessions.get(session_id)
        if session is None:
            return None
        if session.is_over(now, idle_seconds, hard_seconds):
            del self.sessions[session_id]
            return None
        if session.used != now:
            session = dataclasses.replace(session, used=now)
            self.sessions[session_id] = session
        return session

    def forget_old(self, now: float, *, idle_seconds: float, hard_seconds: float) -> None:
        """Drop sessions that nobody can use any more, if there are many."""
        if len(self.sessions) > MANY_SESSIONS:
            every = self.sessions.values()
            self.end([each for each in every if each.is_over(now, idle_seconds, hard_seconds)])

    def end(self, sessions: Iterable[Session]) -> None:
        """Forget these sessions."""
        for each in list(sessions):
            self.sessions.pop(each.id, None)

    def of_user(self, user: str) -> Iterator[Session]:
        """The sessions of a user."""
        return (each for each in self.sessions.values() if each.user == user)

    def is_locked(self, user: str, now: float, lock: Lock) -> bool:
        """True if too many wrong passwords came. The window does not unlock an account."""
        failures = self.failures.get(user)
        if failures is None or not lock.allowed:
            return False
        last = failures.times[-1]
        if len(failures.since(last, lock.window_seconds).times) < lock.allowed:
            return False
        if now - last >= lock.seconds:
            del self.failures[user]
            return False
        return True

    def failed(self, user: str, now: float, lock: Lock) -> None:
        """Count a wrong password."""
        earlier = self.failures.get(user, Failures()).since(now, lock.window_seconds)
        self.failures[user] = Failures((*earlier.times, now))

    def succeeded(self, user: str, now: float, address: str) -> None:
        """Take in a login: the wrong passwords before it are over."""
        before = len(self.failures.pop(user, Failures()).times)
        self.activities[user] = dataclasses.replace(
            self.activities.get(user, Activity()),
            login=now,
            address=address,
            failures_before=before,
        )

    def password_set(self, user: str, now: float) -> None:
        """Take in a new password: its age begins, and wrong passwords are forgotten."""
        self.failures.pop(user, None)
        activity = self.activities.get(user, Activity())
        self.activities[user] = dataclasses.replace(activity, password_set=now)

    def forget(self, user: str) -> None:
        """Forget failures, activity and tokens of a user who is no more."""
        self.failures.pop(user, None)
        self.activities.pop(user, None)
        self.tokens = {k: t for k, t in self.tokens.items() if t.user != user}

    def token(self, token: str, user: str, now: float) -> Token | None:
        """The user's token if it is still good."""
        for each in self.tokens.values():
            if each.user == user and hmac.compare_digest(each.token, token):
                return each if now < each.expires else None
        return None


def hash_password(password: str, salt: str) -> str:
    """The hash that is kept of a password."""
    digest = hashlib.sha256(f"{salt}:{password}".encode()).hexdigest()
    return f"sha256:{salt}:{digest}"


def password_matches(kept: str, password: str) -> bool:
    """True if this is the password."""
    _, salt, _ = kept.split(":")
    return hmac.compare_digest(kept, hash_password(password, salt))


def read_cookies(header: str) -> dict[str, str]:
    """Cookies of a request. Clients send some twice: the last one counts."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value.strip('"') for name, _, value in pairs if name}


def read_basic(header: str) -> tuple[str, str] | None:
    """User and password of an Authorization header, None if it is not basic."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if colon else None


def session_cookies(session_id: str) -> list[tuple[str, str]]:
    """Set-Cookie headers that give, or renew, a session under both of its names."""
    rest = f"HttpOnly; Max-Age={COOKIE_SECONDS}; Path=/; Secure"
    return [
        ("Set-Cookie", f"avi-sessionid={session_id}; {rest}"),
        ("Set-Cookie", f"sessionid={session_id}; {rest}"),
    ]


def csrf_cookie(csrf: str) -> tuple[str, str]:
    """The Set-Cookie header of the CSRF token: only login sends it."""
    return "Set-Cookie", f"csrftoken={csrf}; Max-Age={CSRF_SECONDS}; Path=/; Secure"


NO_SESSION_COOKIES = [
    ("Set-Cookie", f"{name}=None; HttpOnly; Path=/; SameSite=None; Secure")
    for name in ("avi-sessionid", "sessionid")
]
"""Headers of an answer to basic authentication, as recorded."""
