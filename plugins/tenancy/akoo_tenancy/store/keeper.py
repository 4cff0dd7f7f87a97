"""Keeps the one token of this process: login, renewal, and the answer to a refusal.

There is no task in the background. A call that meets a token in the last third of its life renews
it first; with nothing to do, nothing is called, and the token ends by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import math
from typing import Final

from akoo_core.plugin import clock, external, metrics
from akoo_tenancy.spec import settings
from akoo_tenancy.store import answers, errors, logins
from akoo_tenancy.store.calls import Route, TokenRefusedError, VaultCall
from akoo_tenancy.store.exchange import Exchange
from akoo_tenancy.store.logins import Token

SHORTEST_SECONDS: Final = 5.0
"""Time between two logins, also of successful ones."""
LONGEST_SECONDS: Final = 60.0
CLOSE_SECONDS: Final = 2.0


class Keeper:
    """The token. However many callers need one at once, one of them logs in."""

    def __init__(self, login: settings.Login, exchange: Exchange, now: clock.Clock) -> None:
        self._login = login
        self._exchange = exchange
        self._clock = now
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._logged_in_at = self._next_login = self._next_renewal = -math.inf
        self._failures = 0
        self._failure: errors.StoreError | None = None
        self._blind = False
        """True: the policy did not let a new token look at itself, so that a token that lacks a
        right looks like a dead one."""
        self._closed = False
        self._through: external.External | None = None
        self.logins = 0
        """Logins that were accepted."""

    async def token(self, through: external.External) -> Token:
        """A token with some life left. Raises a StoreError."""
        self._through = through
        if self._token is not None and self._clock.monotonic() < self._token.renew_at:
            return self._token
        async with self._lock:
            return await self._fresh(through)

    async def refused(self, token: Token, call: VaultCall, through: external.External) -> Token:
        """A token in place of one that was refused. Raises DeniedError if that one is alive."""
        async with self._lock:
            if self._token is not None and self._token is not token:
                return self._token
            if await self._alive(token, through):
                raise answers.denied(call, self._exchange.place)
            if self._login_is_useless():
                raise answers.denied_unseen(call, self._exchange.place)
            self._token = None
            new = await self._log_in(through)
            self._blind = not await self._alive(new, through)
            return new

    async def look(self, through: external.External) -> str:
        """The account of the token, as the server names it; "" if it may not say."""
        token = await self.token(through)
        try:
            answer = await self._exchange.send(VaultCall(route=Route.LOOKUP), token.secret, through)
        except TokenRefusedError:
            return ""
        return str(answer.data.get("display_name", ""))

    async def close(self) -> None:
        """Revoke the token, in 2 seconds at most. A failure is ignored: it ends by itself."""
        self._closed = True
        token, self._token = self._token, None
        if token is None or not token.ours or self._through is None:
            return
        with contextlib.suppress(errors.StoreError, TokenRefusedError):
            await self._exchange.send(
                VaultCall(route=Route.REVOKE), token.secret, self._through, seconds=CLOSE_SECONDS
            )

    async def _fresh(self, through: external.External) -> Token:
        now = self._clock.monotonic()
        token = self._token
        if token is not None and now < token.renew_at:
            return token
        if token is None or now >= token.dead_at:
            self._token = None
            return await self._log_in(through)
        if now >= self._next_renewal:
            self._next_renewal = now + SHORTEST_SECONDS
            try:
                self._token = await logins.renew(
                    token, self._exchange, through, now
                ) or await self._log_in(through)
            except errors.StoreError:
                self._token = token  # it is still alive
        return self._token or token

    async def _log_in(self, through: external.External) -> Token:
        if self._closed:
            raise errors.UnavailableError(
                "This process ends, and does not log in to Vault any more.", errors.Cause.LOGIN
            )
        now = self._clock.monotonic()
        if now < self._next_login:
            raise self._too_soon(self._next_login - now)
        try:
            token = await logins.log_in(self._login, self._exchange, through, now)
        except errors.StoreError as error:
            metrics.STORE_LOGINS.labels("failed").inc()
            self._failure = error
            self._failures += 1
            pause = SHORTEST_SECONDS * 2.0 ** min(self._failures - 1, 10)
            self._next_login = now + min(pause, LONGEST_SECONDS)
            raise
        self._failures, self._failure = 0, None
        self._logged_in_at, self._next_login = now, now + SHORTEST_SECONDS
        self._next_renewal = -math.inf
        self.logins += 1
        metrics.STORE_LOGINS.labels("ok").inc()
        self._token = token
        return token

    def _too_soon(self, seconds: float) -> errors.StoreError:
        error = copy.copy(self._failure) if self._failure is not None else _ended()
        error.retry_seconds = math.ceil(seconds)
        return error

    async def _alive(self, token: Token, through: external.External) -> bool:
        """True if the token may look at itself."""
        try:
            await self._exchange.send(VaultCall(route=Route.LOOKUP), token.secret, through)
        except TokenRefusedError:
            return False
        self._blind = False
        return True

    def _login_is_useless(self) -> bool:
        """True for a token that is new, or that could never be probed and is not old: its policy,
        more likely than its death, is the cause."""
        age = self._clock.monotonic() - self._logged_in_at
        self._blind |= age < SHORTEST_SECONDS
        return self._blind and age < LONGEST_SECONDS


def _ended() -> errors.UnavailableError:
    return errors.UnavailableError(
        "The token lives for less than 5 seconds. Give the role of the operator in Vault a longer "
        "token_ttl, such as 20m.",
        errors.Cause.LOGIN,
    )
