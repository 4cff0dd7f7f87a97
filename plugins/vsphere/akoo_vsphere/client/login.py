"""Logging in: one at a time for an account, and after a refusal not again soon."""

from __future__ import annotations

import asyncio
import copy
import datetime
import hashlib
from typing import Final

from akoo_core.plugin import clock, external
from akoo_vsphere.client import door, errors, wire
from akoo_vsphere.client.account import Account, RefusalMemory
from akoo_vsphere.client.patience import Patience
from akoo_vsphere.client.refusals import Refusals
from akoo_vsphere.client.wire import Exchange, Fault, LostError, Ref

OPERATION: Final = "Login"
MIN_SECONDS: Final = 0.05
"""With less time left no request begins."""
_REASONS: Final = {
    "PasswordExpired": "the password has expired. Set a new one in vCenter",
    "InvalidLogin": "the user or the password is wrong, or the account is locked",
    "NoPermission": "the account has no permission on anything. Give it a role",
}
"""Faults of a login that are refusals, the narrowest first."""


class TimeBudget:
    """The common time of all requests of one operation, by the clock of the event loop."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + seconds

    @property
    def left(self) -> float:
        return self._deadline - self._loop.time()

    def take(self) -> float:
        """The seconds left. Raises LostError if they are not worth a request."""
        if self.left < MIN_SECONDS:
            raise LostError("no time was left to send it", sent=False, ours=True)
        return self.left


class LiveSession:
    """A session, its number, and its property collectors."""

    def __init__(self, session: door.VCenterSession, generation: int) -> None:
        self.session = session
        self.generation = generation
        self.content = session.content
        self.idle_collectors: list[Ref] = [self.content["propertyCollector"]]
        """Collectors without a read under way: the token of a page belongs to one read."""

    @property
    def instance_uuid(self) -> str:
        return str(self.content["about"]["instanceUuid"])

    def manager(self, name: str) -> Ref:
        """A manager of the service. Raises UnknownToReleaseError if this vCenter has none."""
        ref = self.content.get(name)
        if not isinstance(ref, Ref):
            raise wire.UnknownToReleaseError(f"this vCenter has no {name}")
        return ref


class Logins:
    """The session of one account, made on demand.

    If many callers see it dead at once, one of them logs in. The others get its session, or share
    its failure.
    """

    def __init__(
        self,
        account: Account,
        through: door.Door,
        *,
        refusals: Refusals,
        patience: Patience,
        now: clock.Clock,
    ) -> None:
        self.account = account
        """The account of the last caller: its Secret may have another version meanwhile."""
        self._door = through
        self._refusals = refusals
        self._patience = patience
        self._clock = now
        self._key = (account.address, account.username)
        self._lock = asyncio.Lock()
        self._generation = 0
        self._attempts = 0
        self._failure: Exception | None = None
        self._closed = False
        self.current: LiveSession | None = None
        """The current session, if there is one."""
        self.memory: RefusalMemory | None = None
        """The memory of the last caller of ``client``."""

    async def session(
        self,
        through: external.External,
        budget: TimeBudget,
        *,
        not_this: LiveSession | None = None,
    ) -> LiveSession:
        """A session; a new one in place of ``not_this``, which has ended.

        Raises CredentialRefusedError, SessionLostError (closed), and what the door raises.
        """
        before = self._attempts
        async with self._lock:
            if self._closed:
                raise errors.SessionLostError(
                    f"The session with {self.account.address} was closed: its account was "
                    "replaced, or this process ends. Ask for a client again."
                )
            if self.current is not None and self.current is not not_this:
                return self.current
            if self._attempts != before and self._failure is not None:
                raise copy.copy(self._failure)  # of the login that this one waited for
            self.current = None
            return await self._try(through, budget)

    def close(self) -> None:
        """End: no more sessions."""
        self._closed = True
        self.current = None

    async def _try(self, through: external.External, budget: TimeBudget) -> LiveSession:
        self._failure = None
        try:
            return await self._log_in(through, budget)
        except Exception as error:
            self._failure = error
            raise
        finally:
            self._attempts += 1

    async def _log_in(self, through: external.External, budget: TimeBudget) -> LiveSession:
        left = self._refusals.seconds_left(self._key, self._attempt, self._clock.monotonic())
        remembered = await self.memory.refused() if self.memory is not None else 0.0
        if max(left, remembered) > 0:
            raise self._refusal(max(left, remembered), "it did so before")
        try:
            session = await self._open(through, budget)
        except Fault as fault:
            raise await self._refused(fault) from None
        # Kept before anything else is awaited: a session that nobody knows stays until vCenter
        # ends it.
        self._generation += 1
        self.current = LiveSession(session, self._generation)
        self._refusals.accept(self._key)
        if self.memory is not None:
            await self.memory.accept()
        return self.current

    async def _open(self, through: external.External, budget: TimeBudget) -> door.VCenterSession:
        seconds = min(budget.take(), through.longest_seconds)
        exchange = Exchange.lasting(seconds)
        try:
            async with through.call(
                wire.SYSTEM,
                OPERATION,
                write=False,
                subject=self.account.address,
                deadline_seconds=seconds,
            ):
                with self._patience.request(seconds, exchange):
                    return await self._door.login(exchange)
        except TimeoutError:
            raise LostError(f"no answer came within {seconds:.3g} s", sent=exchange.sent) from None

    async def _refused(self, fault: Fault) -> Exception:
        """The error of a login that failed with a fault; counts it if it is a refusal."""
        reason = next((words for kind, words in _REASONS.items() if kind in fault.kinds), None)
        if reason is None or "NotAuthenticated" in fault.kinds:
            return fault
        seconds = self._refusals.note(self._key, self._attempt, self._clock.monotonic())
        if self.memory is not None:
            seconds = max(seconds, await self.memory.note())
        return self._refusal(seconds, reason)

    def _refusal(self, seconds: float, reason: str) -> errors.CredentialRefusedError:
        at = self._clock.now() + datetime.timedelta(seconds=seconds)
        source = self.account.source or "the Secret of spec.credentialRef"
        return errors.CredentialRefusedError(
            f'{self.account.address} refuses user "{self.account.username}": {reason}. Correct '
            f"{source}; tried again when it changes, or at {at:%H:%M:%S} UTC.",
            seconds,
        )

    @property
    def _attempt(self) -> str:
        """A digest of what would be tried: another Secret version is another attempt."""
        text = f"{self.account.id}@{self.account.secret_version}"
        return hashlib.sha256(text.encode()).hexdigest()
