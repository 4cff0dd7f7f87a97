"""open_secret: the value of one account's user name or password. One read of the store."""

from __future__ import annotations

from akoo_core.plugin import api
from akoo_core.plugin import errors as core_errors
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec import names


class AccountGoneError(core_errors.BlockedError):
    """A key names an account that is not to be given to anybody any more."""

    reason = "AccountGone"


async def open_secret(
    source: api.SecretSource, ctx: api.SecretContext, tools: Tools
) -> bytes | None:
    """The value. Raises AccountGoneError, Refusal and StoreErrors."""
    key = names.read_secret_key(source.key)
    if key is None:
        raise AccountGoneError(f"{source.key!r} names no account of this plugin.")
    if key.field == "username":
        return names.username(key.record, key.sequence).encode()
    kept = tools.journal(ctx, key.record)
    current = await kept.read()
    account = current.account(key.sequence) if current is not None else None
    if account is None:
        current = await kept.read(fresh=True)
        account = current.account(key.sequence) if current is not None else None
    if account is None:
        raise AccountGoneError(
            f"Account {key.sequence} of {key.record} is in the store no more, or not yet. The "
            "Secret in the workload cluster is left as it is."
        )
    return account.password.encode()
