"""An operation: calls in one session of a vCenter, within one budget of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from akoo_core.plugin import external
from akoo_vsphere.client import errors, wire
from akoo_vsphere.client.answers import faults, properties
from akoo_vsphere.client.answers.properties import Row
from akoo_vsphere.client.login import LiveSession, TimeBudget
from akoo_vsphere.client.patience import Patience
from akoo_vsphere.client.wire import DeadSessionError, Exchange, Fault, LostError, Ref, SoapCall

MAX_PAGES: Final = 10_000
"""Pages of one read: a server that never comes to the end is broken."""


class References:
    """Types of objects that were seen: VMware's switches have one of their own."""

    def __init__(self) -> None:
        self._refs: dict[str, Ref] = {}

    def learn(self, refs: Iterable[Ref]) -> None:
        """Remember the types of these."""
        self._refs.update({ref.value: ref for ref in refs})

    def ref(self, mo_ref: str) -> Ref:
        """The reference of a moRef, by the type that was seen, or that its name says."""
        return self._refs.get(mo_ref) or wire.ref(mo_ref)


class Operation:
    """A piece of work. Its methods raise WireErrors and VCenterErrors."""

    def __init__(
        self,
        address: str,
        session: LiveSession,
        through: external.External,
        budget: TimeBudget,
        *,
        patience: Patience,
        references: References,
    ) -> None:
        self.address = address
        self.session = session
        self.budget = budget
        self.references = references
        self._through = through
        self._patience = patience

    def manager(self, name: str) -> Ref:
        """A manager of the service."""
        return self.session.manager(name)

    def renew(self) -> None:
        """Begin the time anew: for a read that makes progress from page to page."""
        self.budget = TimeBudget(self._through.longest_seconds)

    async def call(self, call: SoapCall, *, waits: bool = False) -> Any:
        """The result of a call. ``waits``: in the thread of the waiting call."""
        seconds = min(self.budget.take(), self._through.longest_seconds)
        exchange = Exchange.lasting(seconds)
        try:
            async with self._through.call(
                wire.SYSTEM,
                call.operation,
                write=call.write,
                subject=f"{self.address} {call.subject or call.target.value}",
                deadline_seconds=seconds,
                waiting=waits,
            ) as span:
                try:
                    with self._patience.request(seconds, exchange):
                        answer = await self.session.session.call(call, exchange, waits=waits)
                except Fault as fault:
                    span.set_attribute("vsphere.fault", fault.name)
                    if faults.session_is_dead(fault):
                        raise DeadSessionError from None
                    raise
                if waits and answer is not None:
                    span.add_event("changed")
                return answer
        except TimeoutError:
            late = LostError(f"no answer came within {seconds:.3g} s", sent=exchange.sent)
            late.call = call
            raise late from None
        except wire.WireError as error:
            error.call = call
            raise

    async def rows(self, spec: properties.Spec, *, label: str, subject: str = "") -> list[Row]:
        """All pages of a read of properties. Raises DeadSessionError for a dead session, which
        answers with nothing."""
        idle = self.session.idle_collectors
        collector = idle.pop() if idle else await self.new_collector()
        try:
            rows = await self._pages(collector, spec, label=label, subject=subject)
        except Fault as fault:
            if faults.missing_object(fault) != collector.value:
                raise
            # The collector is gone: with its session, which shows now, or alone.
            collector = await self.new_collector()
            rows = await self._pages(collector, spec, label=label, subject=subject)
        # After an error its state is not known: it ends with the session.
        idle.append(collector)
        return rows

    async def _pages(
        self, collector: Ref, spec: properties.Spec, *, label: str, subject: str
    ) -> list[Row]:
        """All pages, by a collector that no other read uses meanwhile: a token belongs to its
        latest read."""
        first = properties.retrieve(collector, spec, label=label, subject=subject)
        rows, token = properties.page(await self.call(first))
        for _ in range(MAX_PAGES):
            if not token:
                return rows
            further = properties.further(collector, token, label=label, subject=subject)
            more, token = properties.page(await self.call(further))
            rows += more
        raise errors.NotVCenterError(
            f"A read of properties of {self.address} does not come to its end."
        )

    async def row(self, ref: Ref, paths: tuple[str, ...]) -> Row:
        """The row of one object. Raises NotFoundError, UnreadableError."""
        spec = properties.filter_spec([ref], {ref.type: paths})
        rows = await self.rows(spec, label=ref.type, subject=ref.value)
        return await self.own(rows, ref.value)

    async def own(self, rows: list[Row], mo_ref: str) -> Row:
        """The row of this object among others. Raises NotFoundError if it is proven to be gone,
        UnreadableError if it is not there for another reason."""
        own = next((row for row in rows if row.ref.value == mo_ref), None)
        if own is not None and not own.gone:
            return own
        await self.prove_alive()
        if own is not None:
            raise errors.NotFoundError(f"{mo_ref} is not on {self.address} any more.", mo_ref)
        raise self.unreadable(mo_ref)

    async def prove_alive(self) -> None:
        """Return if the session is alive. Raises DeadSessionError, also if not even the root folder
        is in the answer: then nothing can be concluded from anything."""
        root = self.manager("rootFolder")
        spec = properties.filter_spec([root], {root.type: ("name",)})
        rows = await self.rows(spec, label="session", subject=root.value)
        if not any(row.ref == root for row in rows):
            raise DeadSessionError

    def unreadable(self, mo_ref: str, row: Row | None = None) -> errors.UnreadableError:
        """The error of an object whose fields are missing."""
        paths = ", ".join(sorted(row.missing)) if row is not None else ""
        return errors.UnreadableError(
            f"{mo_ref} on {self.address} could not be read{f' ({paths})' if paths else ''}: it is "
            "not there, or not for this account. Check the account's role on it, with "
            "propagation from its folder.",
            mo_ref,
        )

    async def new_collector(self) -> Ref:
        """A property collector of the session, which ends with it."""
        made = await self.call(
            SoapCall(method="CreatePropertyCollector", target=self.manager("propertyCollector"))
        )
        if not isinstance(made, Ref):
            raise errors.NotVCenterError(f"{self.address} makes no property collector.")
        return made
