"""The connection of one credential to one controller; renews the session when it is refused."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from akoo_avi.client import (
    answers,
    calls,
    door,
    errors,
    lease,
    login,
    refusals,
    retry,
    slots,
)
from akoo_avi.client.credential import Credential
from akoo_core.plugin import clock, external

LOGOUT_SECONDS = 2.0


class AviConnection:
    """A connection. For one event loop."""

    def __init__(
        self,
        address: str,
        credential: Credential,
        through: door.Door,
        *,
        refused: refusals.Refusals,
        now: clock.Clock,
        bound: slots.Slots | None = None,
        write_seconds: float = external.MAX_DEADLINE_SECONDS,
    ) -> None:
        """``bound`` is shared by all connections to a controller; None: this is the only one."""
        self.address = address
        self._slots = bound or slots.Slots()
        self._write_seconds = write_seconds
        self.username = credential.username
        self._logins = login.Logins(address, credential, through, refused=refused, now=now)
        self._clock = now
        self._active = 0
        self._when_idle: Callable[[], None] | None = None
        self._version_login_after = 0.0
        self.last_used = now.monotonic()

    def remember_in(self, memory: refusals.RefusalMemory | None) -> None:
        """Ask ``memory`` before each login, and report the result to it."""
        self._logins.memory = memory

    async def version(self, through: external.External) -> str:
        """The controller's release as it said at login; logs in if there is no session."""
        with self:
            current = self._logins.current
            if current is None:
                async with self._slots.slot(write=False):
                    budget = login.TimeBudget(through.deadline_seconds)
                    current = await self._logins.session(through, budget)
            return current.session.version

    async def exchange(self, call: calls.AviCall, through: external.External) -> calls.AviAnswer:
        """The good answer to ``call``; all others are raised as AviErrors.

        The time runs from the moment when the call has its slot. A read takes at most the deadline
        of ``through``; a write at most ``write_seconds`` or the longest call there, because
        controllers take their time to delete.
        """
        async with self._busy(write=call.writes):
            longest = min(self._write_seconds, through.longest_seconds)
            budget = login.TimeBudget(longest if call.writes else through.deadline_seconds)
            try:
                return await self._exchange(call, through, budget)
            except calls.LostError as lost:
                raise calls.given_up(call, lost, self.address) from None

    async def _exchange(
        self, call: calls.AviCall, through: external.External, budget: login.TimeBudget
    ) -> calls.AviAnswer:
        refusals_met = losses = 0
        refused: lease.SessionLease | None = None
        while True:
            current = await self._logins.session(through, budget, not_this=refused)
            try:
                return await _send(current, call, through, budget.take(), self.address)
            except calls.LostError as lost:
                if not retry.after_loss(call, lost, before=losses, seconds=budget.left):
                    raise
                losses += 1
            except errors.TlsError:
                self._logins.distrust(current)
                raise
            except calls.SessionRefusedError as error:
                if refusals_met or not self._login_may_help(current, error.answer):
                    raise answers.error(call, error.answer, self.address) from None
                refusals_met, refused = refusals_met + 1, current

    def _login_may_help(self, refused: lease.SessionLease, answer: calls.AviAnswer) -> bool:
        """A new session in place of ``refused`` may help."""
        if not answers.refuses_version(answer) or refused is not self._logins.current:
            return True  # another session may be there already
        now = self._clock.monotonic()
        if now < self._version_login_after:
            return False
        self._version_login_after = now + retry.VERSION_LOGIN_SECONDS
        return True

    @contextlib.asynccontextmanager
    async def _busy(self, *, write: bool) -> AsyncIterator[None]:
        with self:
            async with self._slots.slot(write=write):
                yield

    async def logout(self, through: external.External) -> None:
        """Tell the controller that the session ends. A failure is ignored."""
        current = self._logins.current
        if current is None:
            return
        try:
            await _send(current, calls.LOGOUT, through, LOGOUT_SECONDS, self.address)
        except (calls.LostError, calls.SessionRefusedError, errors.AviError):
            return

    def close(self) -> None:
        """Take no more calls; sockets and files go back with the last one under way."""
        self._logins.close()

    @property
    def active(self) -> int:
        """Calls under way."""
        return self._active

    def when_idle(self, do: Callable[[], None]) -> None:
        """Call ``do`` as soon as no call is under way; at once if none is."""
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


async def _send(
    current: lease.SessionLease,
    call: calls.AviCall,
    through: external.External,
    seconds: float,
    address: str,
) -> calls.AviAnswer:
    progress = calls.RequestProgress()
    try:
        async with through.call(
            "avi",
            call.operation,
            write=call.writes,
            subject=f"{address} {call.object_name}",
            deadline_seconds=seconds,
        ) as span:
            with current as session:
                answer = await session.send(call, progress, seconds=seconds)
            span.set_attribute("http.response.status_code", answer.status)
            if answers.refuses_session(answer) or answers.refuses_version(answer):
                raise calls.SessionRefusedError(answer)
            answers.check(call, answer, address)
            return answer
    except TimeoutError:
        problem = f"no answer came within {seconds:.3g} s"
        raise calls.LostError(problem, sent=progress.sent) from None
