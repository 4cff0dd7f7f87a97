"""Logins: the call of each method, made of files that are read anew each time."""

from __future__ import annotations

import dataclasses
import math
from typing import Final

from akoo_core.plugin import external, redaction
from akoo_tenancy.spec import settings
from akoo_tenancy.store import answers, errors
from akoo_tenancy.store.calls import (
    NO_TOKEN,
    Route,
    Secret,
    TokenRefusedError,
    VaultAnswer,
    VaultCall,
)
from akoo_tenancy.store.exchange import Exchange

SHARE: Final = 2 / 3
"""Share of a token's life after which it is renewed."""
_ROUTES: Final = {
    "Kubernetes": Route.KUBERNETES,
    "JWT": Route.JWT,
    "AppRole": Route.APPROLE,
}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A token and its life, by the monotonic clock."""

    secret: Secret
    born: float
    seconds: float
    """Its life; inf: without end."""
    asked: float
    """The life at its login: a renewal that gives much less meets the maximum."""
    renewable: bool
    ours: bool
    """False: something else made it, and ends it."""

    @property
    def renew_at(self) -> float:
        return self.born + self.seconds * SHARE

    @property
    def dead_at(self) -> float:
        return self.born + self.seconds


async def log_in(
    login: settings.Login, exchange: Exchange, through: external.External, now: float
) -> Token:
    """A new token. Raises a StoreError."""
    if login.method == "TokenFile":
        return await _from_file(login, exchange, through, now)
    route = _ROUTES[login.method or ""]
    jwt = route is not Route.APPROLE
    file = login.jwt_file if jwt else login.secret_id_file
    call = VaultCall(
        route=route,
        mount=login.path,
        role=login.role if jwt else login.role_id,
        credential=exchange.read_file(file),
    )
    answer = await exchange.send(call, NO_TOKEN, through)
    return _token(answer, now, ours=True) or _none(call, exchange.place)


async def renew(
    token: Token, exchange: Exchange, through: external.External, now: float
) -> Token | None:
    """The token with a new life; None: it is near its maximum, or cannot be renewed: log in.

    Raises UnavailableError.
    """
    if not token.renewable:
        return None
    try:
        answer = await exchange.send(VaultCall(route=Route.RENEW), token.secret, through)
    except (TokenRefusedError, errors.UnexpectedError, errors.DeniedError):
        return None
    renewed = _token(answer, now, ours=token.ours)
    if renewed is None or renewed.seconds < token.asked * SHARE:
        return None
    return dataclasses.replace(renewed, asked=token.asked)


def _token(answer: VaultAnswer, now: float, *, ours: bool) -> Token | None:
    value, seconds = answer.auth.get("client_token"), answer.auth.get("lease_duration")
    if not isinstance(value, str) or not value or not isinstance(seconds, int):
        return None
    redaction.register(value)
    return Token(
        secret=Secret(value),
        born=now,
        seconds=seconds or math.inf,
        asked=seconds or math.inf,
        renewable=bool(answer.auth.get("renewable")) and seconds > 0,
        ours=ours,
    )


def _none(call: VaultCall, place: answers.Place) -> Token:
    raise errors.MisconfiguredError(
        f"{place.address} answered the login at auth/{call.mount} without a token. Correct "
        "plugins.tenancy.vault.login.mount."
    )


async def _from_file(
    login: settings.Login, exchange: Exchange, through: external.External, now: float
) -> Token:
    secret = exchange.read_file(login.token_file)
    try:
        answer = await exchange.send(VaultCall(route=Route.LOOKUP), secret, through)
    except TokenRefusedError:
        raise errors.UnavailableError(
            f"The token in {login.token_file} is not accepted by {exchange.place.address}, or may "
            "not look at itself (auth/token/lookup-self). Write a new one; it is read again.",
            errors.Cause.LOGIN,
            retry_seconds=5.0,
        ) from None
    seconds = answer.data.get("ttl")
    life = float(seconds) if isinstance(seconds, int) and seconds > 0 else math.inf
    return Token(
        secret=secret,
        born=now,
        seconds=life,
        asked=life,
        renewable=bool(answer.data.get("renewable")) and math.isfinite(life),
        ours=False,
    )
