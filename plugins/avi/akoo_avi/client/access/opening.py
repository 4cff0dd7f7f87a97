"""Opens a client of a controller: reads the Secrets, and goes by the refused logins that the core
remembers."""

from __future__ import annotations

from typing import Protocol

from akoo_avi import client
from akoo_avi.client import refusals
from akoo_avi.client.access.reach import Reach
from akoo_core.plugin import accounts, api, external
from akoo_core.plugin import errors as core_errors


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

    Raises AviErrors, and the core's BlockedError for a Secret that is missing, not allowed or not
    for this address: ``answer`` has a result for each.
    """
    key = str(reach.credential)
    try:
        account = await accounts.read(
            ctx.secrets, reach.credential, reach.address, ca=reach.ca, ca_beside=True
        )
    except core_errors.SecretMissingError:
        known = controllers.last_good(reach.address, key) if remembered else None
        if known is None:
            raise
        return await controllers.client(reach.address, known, external=ctx.external, key=key)
    credential = client.Credential(
        account.username,
        account.password,
        account.ca_pem,
        source=f"Secret {reach.credential}",
        ca_source=f"key {accounts.CA} of Secret {reach.ca or reach.credential}",
    )
    memory = None
    if ctx.logins is not None and account.named.version:
        memory = _LoginRefusals(ctx.logins, account.named)
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
