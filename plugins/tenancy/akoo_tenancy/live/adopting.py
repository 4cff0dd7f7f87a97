"""A record that is older than the account in use: the live account is taken into it.

The password is read from avi-secret of the workload cluster, which alone still has it. The account
is replaced as soon as it is in the record.
"""

from __future__ import annotations

from akoo_core.plugin import api, structs
from akoo_tenancy.journal import record
from akoo_tenancy.journal.record import Account
from akoo_tenancy.live import journal, reaching, workload
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec import names
from akoo_tenancy.spec.facts import Stored, TenancyAccount
from akoo_tenancy.users import applying as users

AFTER_SECONDS = 15.0


async def adopt(
    ctx: api.VerbContext, tools: Tools, place: Stored, account: TenancyAccount
) -> api.Result:
    """Write the live account into the record. Raises KubeErrors and the errors of ``answers``."""
    name = ctx.view.record_name
    waiting = api.Wait(reason="RecordRegressed", message=account.delayed, after=AFTER_SECONDS)
    live = await workload.secret(ctx.workload) if ctx.workload is not None else None
    sequence = names.sequence(name, live.username) if live is not None else None
    if live is None or sequence is None or not live.password:
        return waiting
    avi = await reaching.open(ctx, tools, place)
    rows = await users.of_record(avi, name)
    users.check_ours(rows.values(), journal.owners(ctx.view), avi.address)
    user = rows.get(sequence)
    if user is None:
        return waiting
    kept = tools.journal(ctx, name)
    await kept.read(fresh=True)
    current = await kept.claimed(ctx.view) or record.new(name, journal.owner(ctx.view))
    mine = Account(
        sequence=sequence,
        username=live.username,
        password=live.password,
        user_uuid=str(user["uuid"]),
    )
    highest = max(account.sequence, *rows)
    now = ctx.clock.now()
    await kept.write(record.adopted(current, mine, highest=highest, now=now))
    after = structs.replace(
        account,
        sequence=sequence,
        user_uuid=mine.user_uuid,
        phase="Active",
        adopted=True,
        since=now,
        retiring_at=None,
        regressed=False,
        delayed="",
    )
    return api.Done(facts=(after,), message="The live account was taken into the record.")
