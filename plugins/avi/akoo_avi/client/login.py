"""Logging in: one at a time for a credential, and after a refusal not again soon."""

from __future__ import annotations

import asyncio
import copy
import datetime

from akoo_avi.client import answers, calls, door, errors, lease, refusals, retry
from akoo_avi.client.credential import Credential
from akoo_core.plugin import clock, external


class TimeBudget:
    """The common time of all requests of one exchange, by the clock of the event loop."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + seconds

    def take(self) -> float:
        """The seconds left. Raises LostError if they are not worth a request."""
        left = self._deadline - self._loop.time()
        if left < retry.MIN_SECONDS:
            raise calls.LostError("no time was left to send it", sent=False, ours=True)
        return left

    @property
    def left(self) -> float:
        return self._deadline - self._loop.time()


class Logins:
    """The session of one credential with one controller, made on demand.

    If many callers see it refused at once, one of them logs in. The others get its session, or
    share its failure.
    """

    def __init__(
        self,
        address: str,
        credential: Credential,
        through: door.Door,
        *,
        refused: refusals.Refusals,
        now: clock.Clock,
    ) -> None:
        self._address = address
        self._credential = credential
        self._door = through
        self._refused = refused
        self._clock = now
        self._key = (address, credential.login_id)
        self._lock = asyncio.Lock()
        self._current: lease.SessionLease | None = None
        self._attempts = 0
        self._failure: errors.AviError | None = None
        self._closed = False
        self.memory: refusals.RefusalMemory | None = None
        """The memory of the last caller of ``client``."""

    @property
    def current(self) -> lease.SessionLease | None:
        """The current session, if there is one."""
        return self._current

    async def session(
        self,
        through: external.External,
        budget: TimeBudget,
        *,
        not_this: lease.SessionLease | None = None,
    ) -> lease.SessionLease:
        """A session; a new one in place of ``not_this``, which the controller refused."""
        before = self._attempts
        async with self._lock:
            if self._closed:
                raise errors.SessionLostError(
                    f"The session with {self._address} was closed: its credential was replaced, or "
                    "this process ends. Ask for a client again."
                )
            if self._current is not None and self._current is not not_this:
                return self._current
            if self._attempts != before and self._failure is not None:
                raise copy.copy(self._failure)  # of the login that this one waited for
            self._drop()
            return await self._try(through, budget)

    async def _try(self, through: external.External, budget: TimeBudget) -> lease.SessionLease:
        self._failure = None
        try:
            self._current = lease.SessionLease(await self._log_in(through, budget))
        except errors.AviError as error:
            self._failure = error
            raise
        finally:
            self._attempts += 1
        return self._current

    async def _log_in(self, through: external.External, budget: TimeBudget) -> door.AviSession:
        left = self._refused.seconds_left(self._key, self._clock.monotonic())
        if left:
            raise self._refusal(left)
        remembered = await self.memory.refused() if self.memory else None
        if remembered is not None:
            raise self._refusal(remembered.retry_seconds, remembered)
        try:
            session = await self._open_session(
                through, min(budget.take(), through.deadline_seconds)
            )
        except calls.LostError as lost:
            raise calls.given_up(calls.LOGIN, lost, self._address) from None
        self._refused.accept(self._key)
        if self.memory is not None:
            await self.memory.accept()
        return session

    async def _open_session(self, through: external.External, seconds: float) -> door.AviSession:
        try:
            async with through.call(
                "avi",
                calls.LOGIN.operation,
                write=False,
                subject=self._address,
                deadline_seconds=seconds,
            ):
                got = await self._door.login(self._credential, seconds=seconds)
                if not isinstance(got, calls.AviAnswer):
                    return got
        except TimeoutError:
            raise calls.LostError(f"nothing came within {seconds:.3g} s", sent=True) from None
        raise await self._refused_error(got)

    async def _refused_error(self, answer: calls.AviAnswer) -> errors.AviError:
        error = answers.error(calls.LOGIN, answer, self._address)
        # The texts differ: a locked account may read as a wrong password, or as forbidden.
        if not isinstance(error, errors.SessionLostError | errors.ForbiddenError):
            return error
        seconds = self._refused.note(self._key, self._clock.monotonic())
        if self.memory is not None:
            seconds = max(seconds, await self.memory.note())
        return self._refusal(seconds)

    def _refusal(
        self, seconds: float, remembered: refusals.Remembered | None = None
    ) -> errors.CredentialRefusedError:
        at = self._clock.now() + datetime.timedelta(seconds=seconds)
        when = f" at {remembered.at:%H:%M:%S} UTC" if remembered else ""
        again = f"tried again when it changes, or at {at:%H:%M:%S} UTC"
        error = errors.CredentialRefusedError(
            f'{self._address} refused user "{self._credential.username}"{when}: the password is '
            f"wrong, or the account is locked. Check {self._credential.source}; "
            f"{(remembered.advice if remembered else '') or again}."
        )
        error.retry_after_seconds = seconds
        return error

    def distrust(self, session: lease.SessionLease) -> None:
        """Log in again for the next call: its TLS takes the CAs as they are then."""
        if self._current is session:
            self._drop()

    def close(self) -> None:
        """End: no more sessions; the current one ends with its last request."""
        self._closed = True
        self._drop()

    def _drop(self) -> None:
        if self._current is not None:
            self._current.drop()
            self._current = None
