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


@dataclasses.dataclass(frozen=True, slots=True)
class Failures:
    """Wrong passwords of one user since the last right one."""

    count: int = 0
    last: float = 0.0


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

    def is_locked(self, user: str, now: float, *, allowed: int, lock_seconds: float) -> bool:
        """True if too many wrong passwords came; `allowed` 0 means no limit."""
        failures = self.failures.get(user)
        if failures is None or not allowed or failures.count < allowed:
            return False
        if now - failures.last >= lock_seconds:
            del self.failures[user]
            return False
        return True

    def failed(self, user: str, now: float) -> None:
        """Count a wrong password."""
        count = self.failures.get(user, Failures()).count + 1
        self.failures[user] = Failures(count, now)

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
