"""Logging in: one at a time for a credential, and not again soon once it was refused."""

from __future__ import annotations

import asyncio
import copy
import datetime

from akoo_avi.client import answers, calls, credential, door, errors, lease, refusals, retry
from akoo_core.plugin import clock, external


class Budget:
    """The time that all requests of one exchange have together, as the event loop counts it."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + seconds

    def take(self) -> float:
        """The seconds left. Raises LostError when they are not worth a request."""
        left = self._deadline - self._loop.time()
        if left < retry.MIN_SECONDS:
            raise calls.LostError("no time was left to send it", sent=False, ours=True)
        return left

    @property
    def left(self) -> float:
        return self._deadline - self._loop.time()


class Logins:
    """The session of one credential with one controller, made when there is none.

    However many callers find it refused at once, one of them logs in; the others get the session
    it got, or share its failure.
    """

    def __init__(
        self,
        address: str,
        who: credential.Credential,
        through: door.Door,
        *,
        refused: refusals.Refusals,
        now: clock.Clock,
    ) -> None:
        self._address = address
        self._who = who
        self._door = through
        self._refused = refused
        self._clock = now
        self._key = (address, who.login_id)
        self._lock = asyncio.Lock()
        self._current: lease.Lease | None = None
        self._attempts = 0
        self._failure: errors.AviError | None = None
        self._closed = False
        self.memory: refusals.Memory | None = None
        """Of who asked for a client last."""

    @property
    def current(self) -> lease.Lease | None:
        """The session as it is, if there is one."""
        return self._current

    async def session(
        self, through: external.External, budget: Budget, *, not_this: lease.Lease | None = None
    ) -> lease.Lease:
        """A session; another than ``not_this``, which the controller refused."""
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
                raise copy.copy(self._failure)  # of who tried while this one waited
            self._drop()
            return await self._try(through, budget)

    async def _try(self, through: external.External, budget: Budget) -> lease.Lease:
        self._failure = None
        try:
            self._current = lease.Lease(await self._log_in(through, budget))
        except errors.AviError as error:
            self._failure = error
            raise
        finally:
            self._attempts += 1
        return self._current

    async def _log_in(self, through: external.External, budget: Budget) -> door.Session:
        left = self._refused.seconds_left(self._key, self._clock.monotonic())
        if left:
            raise self._refusal(left)
        remembered = await self.memory.refused() if self.memory else None
        if remembered is not None:
            raise self._refusal(remembered.retry_seconds, remembered)
        try:
            session = await self._knock(through, min(budget.take(), through.deadline_seconds))
        except calls.LostError as lost:
            raise calls.given_up(calls.LOGIN, lost, self._address) from None
        self._refused.accept(self._key)
        if self.memory is not None:
            await self.memory.accept()
        return session

    async def _knock(self, through: external.External, seconds: float) -> door.Session:
        try:
            async with through.call(
                "avi",
                calls.LOGIN.operation,
                write=False,
                subject=self._address,
                deadline_seconds=seconds,
            ):
                got = await self._door.login(self._who, seconds=seconds)
                if not isinstance(got, calls.Answer):
                    return got
        except TimeoutError:
            raise calls.LostError(f"nothing came within {seconds:.3g} s", sent=True) from None
        raise await self._turned_away(got)

    async def _turned_away(self, answer: calls.Answer) -> errors.AviError:
        error = answers.error(calls.LOGIN, answer, self._address)
        # The words differ: a locked account may read as a wrong password, or as forbidden.
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
            f'{self._address} refused user "{self._who.username}"{when}: the password is wrong, or '
            f"the account is locked. Check {self._who.source}; "
            f"{(remembered.advice if remembered else '') or again}."
        )
        error.retry_after_seconds = seconds
        return error

    def close(self) -> None:
        """No more sessions; the one there is ends with its last request."""
        self._closed = True
        self._drop()

    def _drop(self) -> None:
        if self._current is not None:
            self._current.drop()
            self._current = None
