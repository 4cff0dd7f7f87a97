"""The connection of one account: operations in its session, which is renewed when it has ended.

Only reads are repeated: once in a new session, and once after a lost connection. A write is sent
again only if its session was dead, which proves that it did nothing, and if the same vCenter
answers the new login.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from akoo_core.plugin import clock, external
from akoo_core.plugin.errors import AkooError
from akoo_vsphere.client import door, wire
from akoo_vsphere.client.account import Account, RefusalMemory
from akoo_vsphere.client.answers import faults, outcomes
from akoo_vsphere.client.login import LiveSession, Logins, TimeBudget
from akoo_vsphere.client.operation import Operation, References
from akoo_vsphere.client.patience import Patience
from akoo_vsphere.client.refusals import Refusals
from akoo_vsphere.client.wire import DeadSessionError, Fault, LostError, SoapCall

T = TypeVar("T")

Read = Callable[[Operation], Awaitable[T]]
MakeCall = Callable[[Operation], SoapCall]


class VCenterConnection:
    """A connection. For one event loop."""

    def __init__(
        self,
        account: Account,
        through: door.Door,
        *,
        refusals: Refusals,
        patience: Patience,
        now: clock.Clock,
        size: int = door.THREADS,
    ) -> None:
        """``size``: operations at the same time; others wait, and their time does not run yet."""
        self.address = account.address
        self.references = References()
        self._door = through
        self._patience = patience
        self._clock = now
        self._slots = asyncio.Semaphore(size)
        self._logins = Logins(account, through, refusals=refusals, patience=patience, now=now)
        self.active = 0
        """Operations under way."""
        self.last_used = now.monotonic()

    @property
    def silent(self) -> bool:
        """True while vCenter does not answer."""
        return self._patience.silent

    def log_in_as(self, account: Account, memory: RefusalMemory | None) -> None:
        """Take the latest version of the Secret; ask ``memory`` before each login, and report the
        result to it."""
        self._logins.account = account
        if memory is not None:
            self._logins.memory = memory

    async def reading(
        self,
        read: Read[T],
        through: external.External,
        *,
        seconds: float | None = None,
        waits: bool = False,
    ) -> T:
        """The result of a read, with VCenterErrors for all that can go wrong.

        ``seconds``: its time; None: the deadline of ``through``. ``waits``: it takes no slot.
        """
        with self._counted():
            async with contextlib.AsyncExitStack() as slot:
                if not waits:
                    await slot.enter_async_context(self._slots)
                longest = through.deadline_seconds if seconds is None else seconds
                budget = TimeBudget(min(longest, through.longest_seconds))
                try:
                    return await self._repeated(read, through, budget)
                except wire.WireError as error:
                    raise outcomes.error(error, self.address) from None

    async def writing(self, make: MakeCall, through: external.External) -> Any:
        """The result of a write, with VCenterErrors for all that can go wrong."""
        with self._counted():
            async with self._slots:
                budget = TimeBudget(through.longest_seconds)
                try:
                    return await self._written(make, through, budget)
                except wire.WireError as error:
                    raise outcomes.error(error, self.address) from None

    async def _repeated(self, read: Read[T], through: external.External, budget: TimeBudget) -> T:
        deaths = losses = 0
        dead: LiveSession | None = None
        while True:
            session = await self._logins.session(through, budget, not_this=dead)
            try:
                return await self._proven(read, self._operation(session, through, budget))
            except DeadSessionError:
                if deaths:
                    raise
                deaths, dead = deaths + 1, session
            except LostError as lost:
                if losses or not lost.sent:
                    raise
                losses += 1

    async def _written(self, make: MakeCall, through: external.External, budget: TimeBudget) -> Any:
        async def write(operation: Operation) -> Any:
            return await operation.call(make(operation))

        session = await self._logins.session(through, budget)
        try:
            return await self._proven(write, self._operation(session, through, budget))
        except DeadSessionError:
            renewed = await self._logins.session(through, budget, not_this=session)
            if renewed.instance_uuid != session.instance_uuid:
                raise
        return await self._proven(write, self._operation(renewed, through, budget))

    async def _proven(self, work: Read[T], operation: Operation) -> T:
        """The result of ``work``. Only a session that is alive proves that an object is gone."""
        try:
            return await work(operation)
        except Fault as fault:
            mo_ref = faults.missing_object(fault)
            if mo_ref is None:
                raise
            await operation.prove_alive()
            raise outcomes.gone(fault, mo_ref, self.address) from None

    def _operation(
        self, session: LiveSession, through: external.External, budget: TimeBudget
    ) -> Operation:
        return Operation(
            self.address,
            session,
            through,
            budget,
            patience=self._patience,
            references=self.references,
        )

    async def logout(self, through: external.External) -> None:
        """Tell vCenter that the session ends. A failure is ignored."""
        current = self._logins.current
        if current is None:
            return
        operation = self._operation(current, through, TimeBudget(door.LOGOUT_SECONDS))
        with contextlib.suppress(wire.WireError, AkooError):
            await operation.call(door.logout(current.content))

    def close(self) -> None:
        """Take no more calls, and close all connections."""
        self._logins.close()
        self._door.close()

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        self.active += 1
        try:
            yield
        finally:
            self.active -= 1
            self.last_used = self._clock.monotonic()
