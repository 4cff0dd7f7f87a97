"""The way to an Avi Controller: reads Secrets, opens a session, turns errors into results."""

from __future__ import annotations

from typing import Protocol

from akoo_avi import client
from akoo_avi.client import address, refusals
from akoo_avi.client.access import refusal
from akoo_avi.client.access.reach import Reach
from akoo_core.plugin import api, external
from akoo_core.plugin import errors as core_errors

USERNAME = "username"
PASSWORD = "password"  # noqa: S105 - the name of a key
CA = "certificateAuthorityData"
HOSTS = "hosts"
"""Key of a credential's Secret: the addresses it may be sent to, separated by spaces or commas."""


class AccessContext(Protocol):
    """The common part of all contexts of the core."""

    @property
    def external(self) -> external.External: ...

    @property
    def secrets(self) -> api.SecretReader: ...

    @property
    def logins(self) -> api.LoginMemory | None: ...


async def open(  # noqa: A001 - access.open reads well
    ctx: AccessContext, controllers: client.Controllers, reach: Reach, *, remembered: bool = False
) -> client.AviClient:
    """A client that is logged in. Ask for one for each piece of work, so new Secrets count at once.

    ``remembered``: if the Secret is gone, use a credential of that very Secret that could log in
    there before; for work that must go on while a cluster leaves.

    Raises Refusal, AviErrors, and the core's BlockedError for a Secret that is missing or not
    allowed: ``answer`` has a result for each.
    """
    key = str(reach.credential)
    try:
        credential = await _credential(ctx.secrets, reach)
    except core_errors.SecretMissingError:
        known = controllers.last_good(reach.address, key) if remembered else None
        if known is None:
            raise
        credential = known
        return await controllers.client(reach.address, credential, external=ctx.external, key=key)
    version = await ctx.secrets.version(*reach.credential.pair)
    account = api.Account(secret=key, version=version, address=reach.address)
    memory = _LoginRefusals(ctx.logins, account) if ctx.logins is not None and version else None
    return await controllers.client(
        reach.address, credential, external=ctx.external, key=key, memory=memory
    )


class _LoginRefusals:
    """The refusals of one credential in the memory of the core."""

    def __init__(self, logins: api.LoginMemory, account: api.Account) -> None:
        self._logins = logins
        self._account = account

    async def refused(self) -> refusals.Remembered | None:
        known = await self._logins.refused(self._account)
        if known is None:
            return None
        advice = "no login is tried until it changes; --login tries one" if known.by_command else ""
        return refusals.Remembered(known.at, known.retry_seconds, advice)

    async def note(self) -> float:
        return await self._logins.note(self._account)

    async def accept(self) -> None:
        await self._logins.accept(self._account)


async def _credential(secrets: api.SecretReader, reach: Reach) -> client.Credential:
    allowed = await _read(secrets, reach.credential, HOSTS, optional=True)
    _check_host(reach, allowed.decode(errors="replace"))
    beside = reach.ca is None
    try:
        return client.Credential(
            await _read(secrets, reach.credential, USERNAME, single_line=True),
            await _read(secrets, reach.credential, PASSWORD, single_line=True),
            await _read(secrets, reach.ca or reach.credential, CA, optional=beside),
            source=f"Secret {reach.credential}",
            ca_source=f"key {CA} of Secret {reach.ca or reach.credential}",
        )
    except ValueError as error:
        raise refusal.Refusal(
            "SecretInvalid", f"Secret {reach.credential}: {error}. Correct it."
        ) from None


async def _read(
    secrets: api.SecretReader,
    secret: api.SecretName,
    key: str,
    *,
    optional: bool = False,
    single_line: bool = False,
) -> bytes:
    source = secret.source(key, optional=optional, single_line=single_line)
    return await secrets.read(source) or b""


def _check_host(reach: Reach, allowed: str) -> None:
    """Refuse other hosts: an author of configs could otherwise send any credential to any host."""
    hosts = allowed.replace(",", " ").split()
    if hosts and not _allowed(reach.address, hosts):
        raise refusal.Refusal(
            "HostNotAllowed",
            f"Secret {reach.credential} is not sent to {reach.address}: its key {HOSTS} "
            f"allows {', '.join(hosts)}. Correct the address, or add it there.",
        )


def _allowed(text: str, hosts: list[str]) -> bool:
    """The address is among the hosts, in any spelling. A text that is no address is in no list."""
    wanted = address.parse(text)
    known = (address.parse(host) for host in hosts)
    return wanted is not None and any(host is not None and host.allows(wanted) for host in known)
