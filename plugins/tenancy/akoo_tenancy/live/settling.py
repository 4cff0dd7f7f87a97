"""The journal walked to an account that AKO may have: staged, made, given. Thin.

Each step is one compare-and-set, and the record that was read or written last decides on the next.
"""

from __future__ import annotations

import datetime
import secrets
from typing import Final

from akoo_avi.client import AviClient
from akoo_avi.client.access import refusal

from akoo_core.plugin import api, structs
from akoo_tenancy import passwords
from akoo_tenancy.journal import decide, ended, record
from akoo_tenancy.journal.record import Account, Reason, Record
from akoo_tenancy.live import journal, rights
from akoo_tenancy.live.journal import Journal
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec import config, requests, wanted
from akoo_tenancy.spec.facts import AppliedRights, Stored, TenancyAccount
from akoo_tenancy.users import applying as users
from akoo_tenancy.users import wire

FIRST: Final[Reason] = "First"
STEPS = 8
"""More than any way through the journal has."""


class RegressedError(refusal.Refusal):
    """The store is older than the account that AKO has."""

    def __init__(self, name: str, known: int, highest: int) -> None:
        super().__init__(
            "RecordRegressed",
            f"The record of {name} in the store knows {highest} accounts, and AKO has number "
            f"{known}: the store was restored from a backup, or lost it. The account that AKO has "
            "is taken into the record, and replaced by a new one.",
        )


async def settle(
    ctx: api.VerbContext,
    tools: Tools,
    avi: AviClient,
    *,
    place: Stored,
    rights: AppliedRights,
    account: TenancyAccount | None,
    due: Reason | None,
) -> TenancyAccount:
    """The account for AKO. Raises Refusal, StoreErrors, AviErrors and NotAllowed."""
    stopped = ""
    if account is not None and due == "Compromised" and requests.stops(ctx.view):
        await users.empty(avi, account.user_uuid)
        time = ended.at(ctx.clock.now())
        stopped = f"Account {account.sequence} lost all rights at {time}."
    walk = _Walk(ctx, tools.journal(ctx, ctx.view.record_name), avi, place, rights)
    after = await walk.run(account, due)
    return structs.replace(after, ended=stopped) if stopped else after


async def repair(
    ctx: api.VerbContext,
    tools: Tools,
    avi: AviClient,
    *,
    place: Stored,
    rights: AppliedRights,
    account: TenancyAccount,
) -> TenancyAccount:
    """The account with its user as it was made. One that somebody deleted is made again, with the
    same password: AKO goes on without a restart."""
    walk = _Walk(ctx, tools.journal(ctx, ctx.view.record_name), avi, place, rights)
    return await walk.repair(account)


class _Walk:
    def __init__(
        self,
        ctx: api.VerbContext,
        kept: Journal,
        avi: AviClient,
        place: Stored,
        applied: AppliedRights,
    ) -> None:
        self._ctx = ctx
        self._view = ctx.view
        self._journal = kept
        self._avi = avi
        self._place = place
        self._rights = applied

    async def run(self, account: TenancyAccount | None, due: Reason | None) -> TenancyAccount:
        current = await self._journal.claimed(self._view)
        known = account.sequence if account is not None else 0
        if decide.regressed(current, known):
            highest = current.highest if current is not None else 0
            raise RegressedError(self._view.record_name, known, highest)
        verified = known
        for _ in range(STEPS):
            step = decide.prepare(current, due, overdue=self._overdue(current))
            match step:
                case decide.Start():
                    after = self._staged(await self._new(), due or "First")
                case decide.Revive() if current is not None:
                    after = self._staged(record.revived(current), due or "First")
                case decide.Stage(reason=reason) if current is not None:
                    after = self._staged(current, reason)
                case decide.Make(pending=pending) if current is not None:
                    uuid = await self._make(pending.account)
                    verified = pending.account.sequence
                    after = record.made(current, verified, user_uuid=uuid, now=self._now)
                case decide.Give(account=mine) if current is not None:
                    if mine.sequence == verified or await self._is_there(mine):
                        return self._offer(current, mine, account)
                    after = self._staged(current, "Regressed")
                case _:
                    raise AssertionError(f"{step} without a record")
            if not isinstance(step, decide.Make):
                due = None
            await self._journal.write(after)
            current = after
        raise AssertionError("the journal does not settle")

    async def repair(self, account: TenancyAccount) -> TenancyAccount:
        shape = self._shape(account.sequence)
        user = await users.find(self._avi, shape.username)
        if user is not None:
            users.check_ours((user,), journal.owners(self._view), self._avi.address)
            await users.repair(self._avi, shape, str(user["uuid"]))
            return account
        current = await self._journal.claimed(self._view)
        mine = current.account(account.sequence) if current is not None else None
        if current is None or mine is None:
            return account
        uuid = await self._make(mine)
        await self._journal.write(record.remade(current, account.sequence, user_uuid=uuid))
        return structs.replace(account, user_uuid=uuid)

    @property
    def _now(self) -> datetime.datetime:
        return self._ctx.clock.now()

    def _overdue(self, current: Record | None) -> bool:
        pending = current.pending if current is not None else None
        if pending is None or pending.made_at is None:
            return False
        patience = config.timing(wanted.options_of(self._view).rotation).pickup_timeout
        return self._now - pending.made_at > patience

    async def _new(self) -> Record:
        """The first record. Users of a record that the store lost keep their numbers."""
        rows = await users.of_record(self._avi, self._view.record_name)
        users.check_ours(rows.values(), journal.owners(self._view), self._avi.address)
        us = journal.owner(self._view)
        return record.new(self._view.record_name, us, highest=max(rows, default=0))

    def _staged(self, current: Record, cause: Reason) -> Record:
        timing = config.timing(wanted.options_of(self._view).rotation)
        try:
            password = passwords.new(self._rights.rules)
        except passwords.NoPasswordError as error:
            raise refusal.Refusal("PasswordRules", str(error)) from error
        return record.stage(
            current,
            password=password,
            rotation_id=secrets.token_hex(8),
            reason=cause,
            grace=datetime.timedelta() if cause == "Compromised" else timing.grace,
            now=self._now,
        )

    async def _make(self, account: Account) -> str:
        return await users.make(
            self._avi,
            self._shape(account.sequence),
            password=account.password,
            rules=self._rights.rules,
            owners=journal.owners(self._view),
        )

    def _shape(self, sequence: int) -> wire.Shape:
        return rights.shape(self._view, self._place, self._rights, sequence)

    async def _is_there(self, account: Account) -> bool:
        """The user of an account that no fact knows of exists, and works."""
        user = await users.find(self._avi, account.username)
        if user is None or str(user.get("uuid")) != account.user_uuid:
            return False
        if not wire.has_access(user):
            return False
        await users.repair(self._avi, self._shape(account.sequence), account.user_uuid)
        return True

    def _offer(
        self, current: Record, mine: Account, before: TenancyAccount | None
    ) -> TenancyAccount:
        """The account as a fact. One that was given before keeps what was seen of it."""
        pending = current.pending
        retiring = min((row.not_before for row in current.retired), default=None)
        last = current.ended.at if current.ended is not None else None
        ended_at = before.ended_at if before is not None else last
        if before is not None and before.sequence == mine.sequence:
            return structs.replace(
                before, rights=self._rights, delayed="", repair="", regressed=False
            )
        if pending is not None and pending.account.sequence == mine.sequence:
            return TenancyAccount(
                sequence=mine.sequence,
                user_uuid=mine.user_uuid,
                phase="Pending",
                reason=pending.reason,
                since=pending.made_at or self._now,
                pushed_at=pending.pushed_at,
                retiring_at=retiring,
                ended_at=ended_at,
                rights=self._rights,
                former=before.former if before is not None else None,
            )
        # No fact says that AKO has it: that is to be seen again.
        return TenancyAccount(
            sequence=mine.sequence,
            user_uuid=mine.user_uuid,
            phase="Pending",
            reason=FIRST,
            since=current.active_since or self._now,
            retiring_at=retiring,
            ended_at=ended_at,
            rights=self._rights,
            former=before.former if before is not None else None,
        )
