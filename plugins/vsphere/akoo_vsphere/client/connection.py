"""The connection of one account: operations in its session, which is renewed when it has ended.

Only reads are repeated: once in a new session, and once after a lost connection. A write is sent
again only if its session was dead, which proves that it did nothing, and if the same vCenter
answers the new login.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

from akoo_core.plugin import clock, external
from akoo_core.plugin.errors import AkooError
from akoo_core.plugin.structs import JSON
from akoo_vsphere.client import door, errors, wire
from akoo_vsphere.client.account import Account, RefusalMemory
from akoo_vsphere.client.answers import faults, properties
from akoo_vsphere.client.answers.properties import Row
from akoo_vsphere.client.login import LiveSession, Logins, TimeBudget
from akoo_vsphere.client.patience import Patience
from akoo_vsphere.client.refusals import Refusals
from akoo_vsphere.client.wire import (
    DeadSessionError,
    Exchange,
    Fault,
    LostError,
    Ref,
    SoapCall,
    StrangeAnswerError,
)

T = TypeVar("T")

_LOGIN: Final = SoapCall(
    method="Login", target=Ref("SessionManager", "SessionManager"), subject="the session"
)
MAX_PAGES: Final = 10_000
"""Pages of one read: a server that never comes to the end is broken."""


class Operation:
    """A piece of work in one session, within one budget of time."""

    def __init__(
        self,
        connection: VCenterConnection,
        session: LiveSession,
        through: external.External,
        budget: TimeBudget,
    ) -> None:
        self._connection = connection
        self._through = through
        self.session = session
        self.budget = budget

    async def call(self, call: SoapCall, *, waits: bool = False) -> Any:
        """The result of a call. Raises WireErrors. ``waits``: in the thread of the waiting call."""
        return await self._connection.send(
            self.session, call, self._through, self.budget, waits=waits
        )

    async def rows(self, spec: properties.Spec, *, label: str, subject: str = "") -> list[Row]:
        """All pages of a read of properties. Raises DeadSessionError for a dead session, also
        where it answered with nothing."""
        async with self._collector() as collector:
            first = properties.retrieve(collector, spec, label=label, subject=subject)
            rows, token = properties.page(await self.call(first))
            for _ in range(MAX_PAGES):
                if not token:
                    return rows
                further = properties.further(collector, token, label=label, subject=subject)
                more, token = properties.page(await self.call(further))
                rows += more
        raise errors.NotVCenterError("A read of properties does not come to its end.")

    async def prove_alive(self) -> None:
        """Return if the session is alive. Raises DeadSessionError, UnreadableError."""
        root = self.session.manager("rootFolder")
        spec = properties.filter_spec([root], {root.type: ("name",)})
        rows = await self.rows(spec, label="session", subject=root.value)
        if not any("name" in row.fields or row.missing for row in rows):
            raise errors.UnreadableError(
                "vCenter answers with nothing, so nothing can be concluded from it.", root.value
            )

    @contextlib.asynccontextmanager
    async def _collector(self) -> AsyncIterator[Ref]:
        """A property collector that no other read uses meanwhile."""
        idle = self.session.idle_collectors
        if idle:
            collector = idle.pop()
        else:
            collector = await self.new_collector()
        yield collector
        # After an error its state is not known: it ends with the session.
        idle.append(collector)

    async def new_collector(self) -> Ref:
        made = await self.call(
            SoapCall(
                method="CreatePropertyCollector", target=self.session.manager("propertyCollector")
            )
        )
        if not isinstance(made, Ref):
            raise errors.NotVCenterError("vCenter makes no property collector.")
        return made


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
        threads: int = door.THREADS,
    ) -> None:
        self.account = account
        self.address = account.address
        self._door = through
        self._patience = patience
        self._clock = now
        self._slots = asyncio.Semaphore(threads)
        self._logins = Logins(account, through, refusals=refusals, patience=patience, now=now)
        self._refs: dict[str, Ref] = {}
        self._active = 0
        self._when_idle: Callable[[], None] | None = None
        self.last_used = now.monotonic()

    def remember_in(self, memory: RefusalMemory | None) -> None:
        """Ask ``memory`` before each login, and report the result to it."""
        self._logins.memory = memory

    async def reading(
        self,
        read: Callable[[Operation], Awaitable[T]],
        through: external.External,
        *,
        seconds: float | None = None,
        waits: bool = False,
    ) -> T:
        """The result of a read, with VCenterErrors for all that can go wrong.

        ``seconds`` from the moment when it has its slot; None: the deadline of ``through``.
        ``waits``: it takes no slot.
        """
        with self:
            async with contextlib.AsyncExitStack() as slot:
                if not waits:
                    await slot.enter_async_context(self._slots)
                budget = TimeBudget(through.deadline_seconds if seconds is None else seconds)
                with self._translated():
                    return await self._repeated(read, through, budget)

    async def _repeated(
        self,
        read: Callable[[Operation], Awaitable[T]],
        through: external.External,
        budget: TimeBudget,
    ) -> T:
        deaths = losses = 0
        dead: LiveSession | None = None
        while True:
            session = await self._logins.session(through, budget, not_this=dead)
            operation = Operation(self, session, through, budget)
            try:
                return await self._proven(read, operation)
            except DeadSessionError:
                if deaths:
                    raise
                deaths, dead = deaths + 1, session
            except LostError as lost:
                if losses or not lost.sent:
                    raise
                losses += 1

    async def _proven(self, read: Callable[[Operation], Awaitable[T]], operation: Operation) -> T:
        """The result of ``read``. Only a session that is alive proves that an object is gone."""
        try:
            return await read(operation)
        except Fault as fault:
            mo_ref = faults.missing_object(fault)
            if mo_ref is None:
                raise
            call = fault.call
            await operation.prove_alive()
            raise self._gone(mo_ref, call) from None

    def _gone(self, mo_ref: str, call: SoapCall | None) -> errors.VCenterError:
        if call is not None and mo_ref in (call.subject, call.target.value):
            return errors.NotFoundError(f"{mo_ref} is not on {self.address} any more.", mo_ref)
        return errors.UnreadableError(
            f"{call.subject if call else 'An object'} on {self.address} could not be read: "
            f"{mo_ref or 'something'} vanished meanwhile. It is read again.",
            call.subject if call else "",
        )

    def learn(self, refs: Iterable[Ref]) -> None:
        """Remember the types of objects: switches of VMware have one of their own."""
        self._refs.update({ref.value: ref for ref in refs})

    def ref(self, mo_ref: str) -> Ref:
        """The reference of a moRef, by the type that was seen, or that its name says."""
        return self._refs.get(mo_ref) or wire.ref(mo_ref)

    async def writing_to(
        self,
        manager: str,
        method: str,
        arguments: JSON,
        through: external.External,
        *,
        subject: str,
    ) -> Any:
        """The result of a write to a manager of the service."""

        def call(session: LiveSession) -> SoapCall:
            return SoapCall(
                method=method,
                target=session.manager(manager),
                arguments=arguments,
                write=True,
                subject=subject,
            )

        return await self.writing(call, through)

    async def writing(
        self, call: SoapCall | Callable[[LiveSession], SoapCall], through: external.External
    ) -> Any:
        """The result of a write, with VCenterErrors for all that can go wrong."""
        with self:
            async with self._slots:
                budget = TimeBudget(through.longest_seconds)
                with self._translated():
                    return await self._written(call, through, budget)

    async def _written(
        self,
        call: SoapCall | Callable[[LiveSession], SoapCall],
        through: external.External,
        budget: TimeBudget,
    ) -> Any:
        session = await self._logins.session(through, budget)
        try:
            return await self._write(session, call, through, budget)
        except DeadSessionError:
            renewed = await self._logins.session(through, budget, not_this=session)
            if renewed.instance_uuid != session.instance_uuid:
                raise
        return await self._write(renewed, call, through, budget)

    async def _write(
        self,
        session: LiveSession,
        call: SoapCall | Callable[[LiveSession], SoapCall],
        through: external.External,
        budget: TimeBudget,
    ) -> Any:
        made = call if isinstance(call, SoapCall) else call(session)
        operation = Operation(self, session, through, budget)

        async def write(operation: Operation) -> Any:
            return await operation.call(made)

        return await self._proven(write, operation)

    async def send(
        self,
        session: LiveSession,
        call: SoapCall,
        through: external.External,
        budget: TimeBudget,
        *,
        waits: bool = False,
    ) -> Any:
        """Send one call. Raises internal errors."""
        seconds = min(budget.take(), through.longest_seconds)
        exchange = Exchange.lasting(seconds)
        try:
            async with through.call(
                wire.SYSTEM,
                call.operation,
                write=call.write,
                subject=f"{self.address} {call.subject or call.target.value}",
                deadline_seconds=seconds,
            ) as span:
                try:
                    with self._patience.request(seconds, exchange):
                        return await session.session.call(call, exchange, waits=waits)
                except Fault as fault:
                    span.set_attribute("vsphere.fault", fault.name)
                    if faults.session_is_dead(fault):
                        raise DeadSessionError from None
                    raise
        except TimeoutError:
            late = LostError(f"no answer came within {seconds:.3g} s", sent=exchange.sent)
            late.call = call
            raise late from None
        except wire.WireError as error:
            error.call = call
            raise

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Internal errors as VCenterErrors."""
        try:
            yield
        except wire.WireError as error:
            raise self._error(error) from None

    def _error(self, error: wire.WireError) -> errors.VCenterError:
        match error:
            case DeadSessionError():
                return errors.SessionLostError(
                    f"{self.address} ended the session twice in a row, or another vCenter answers "
                    "there. It is tried again."
                )
            case Fault():
                return faults.error(error, error.call or _LOGIN, self.address)
            case wire.UnknownToReleaseError():
                return errors.UnsupportedError(
                    f"{self.address} cannot do it: {error}. Upgrade vCenter, or remove the field."
                )
            case LostError(sent=True) | StrangeAnswerError() if error.write is not None:
                return self._unknown(error.write, str(error))
            case StrangeAnswerError(status=503):
                return errors.OverloadedError(
                    f"{self.address} answers HTTP 503: it starts, or has too many sessions. Tried "
                    "again."
                )
            case StrangeAnswerError():
                return errors.NotVCenterError(
                    f"{self.address} does not answer as a vCenter: {error}. Check the address and "
                    "what stands between (a proxy, a load balancer)."
                )
        return errors.UnreachableError(
            f"No answer from {self.address}: {error}. Check the address, the network, and whether "
            "vCenter runs; tried again."
        )

    def _unknown(self, write: SoapCall, problem: str) -> errors.VCenterError:
        return errors.OutcomeUnknownError(
            f"{write.method} of {write.subject or write.target.value} was sent to {self.address}, "
            f"and its answer was lost: {problem}. Whether it had its effect shows when the object "
            "is read again."
        )

    async def logout(self, through: external.External) -> None:
        """Tell vCenter that the session ends. A failure is ignored."""
        current = self._logins.current
        if current is None:
            return
        with contextlib.suppress(wire.WireError, AkooError):
            await self.send(
                current, door.logout(current.content), through, TimeBudget(door.LOGOUT_SECONDS)
            )

    def close(self) -> None:
        """Take no more calls, and close all connections."""
        self._logins.close()
        self._door.close()

    @property
    def active(self) -> int:
        """Operations under way."""
        return self._active

    def when_idle(self, do: Callable[[], None]) -> None:
        """Call ``do`` as soon as no operation is under way; at once if none is."""
        self._when_idle = do
        self._idle()

    def __enter__(self) -> None:
        self._active += 1

    def __exit__(self, *_: object) -> None:
        self._active -= 1
        self.last_used = self._clock.monotonic()
        self._idle()

    def _idle(self) -> None:
        if self._active == 0 and self._when_idle is not None:
            do, self._when_idle = self._when_idle, None
            do()
