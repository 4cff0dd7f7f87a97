"""One credential's line to one controller: requests in a session that is renewed when refused."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from akoo_avi.client import (
    answers,
    calls,
    credential,
    door,
    errors,
    lease,
    login,
    refusals,
    retry,
    slots,
)
from akoo_core.plugin import clock, external

LOGOUT_SECONDS = 2.0


class Connection:
    """A line. For one event loop."""

    def __init__(
        self,
        address: str,
        who: credential.Credential,
        through: door.Door,
        *,
        refused: refusals.Refusals,
        now: clock.Clock,
        bound: slots.Slots | None = None,
        write_seconds: float = external.MAX_DEADLINE_SECONDS,
    ) -> None:
        """``bound`` is shared by all lines to a controller; None: this is the only one."""
        self.address = address
        self._slots = bound or slots.Slots()
        self._write_seconds = write_seconds
        self.username = who.username
        self._logins = login.Logins(address, who, through, refused=refused, now=now)
        self._clock = now
        self._active = 0
        self._when_idle: Callable[[], None] | None = None
        self._version_login_after = 0.0
        self.last_used = now.monotonic()

    def remember_in(self, memory: refusals.Memory | None) -> None:
        """Ask ``memory`` before each login, and tell it what came of it."""
        self._logins.memory = memory

    async def version(self, through: external.External) -> str:
        """The controller's release as it said at login; logs in if there is no session."""
        with self:
            held = self._logins.current
            if held is None:
                async with self._slots.slot(write=False):
                    budget = login.Budget(through.deadline_seconds)
                    held = await self._logins.session(through, budget)
            return held.session.version

    async def exchange(self, call: calls.Call, through: external.External) -> calls.Answer:
        """The good answer to ``call``; all others are raised as AviErrors.

        From when it has its slot, the whole of a read takes no longer than ``through`` says, and of
        a write no longer than ``write_seconds`` or the longest call there: controllers take their
        time to delete.
        """
        async with self._busy(write=call.writes):
            longest = min(self._write_seconds, through.longest_seconds)
            budget = login.Budget(longest if call.writes else through.deadline_seconds)
            try:
                return await self._exchange(call, through, budget)
            except calls.LostError as lost:
                raise calls.given_up(call, lost, self.address) from None

    async def _exchange(
        self, call: calls.Call, through: external.External, budget: login.Budget
    ) -> calls.Answer:
        refusals_met = losses = 0
        refused: lease.Lease | None = None
        while True:
            held = await self._logins.session(through, budget, not_this=refused)
            try:
                return await _send(held, call, through, budget.take(), self.address)
            except calls.LostError as lost:
                if not retry.after_loss(call, lost, before=losses, seconds=budget.left):
                    raise
                losses += 1
            except calls.SessionRefusedError as error:
                if refusals_met or not self._login_may_help(held, error.answer):
                    raise answers.error(call, error.answer, self.address) from None
                refusals_met, refused = refusals_met + 1, held

    def _login_may_help(self, refused: lease.Lease, answer: calls.Answer) -> bool:
        """Whether to send a request again in another session than ``refused``."""
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
        """Tell the controller that the session ends. Nobody minds if that fails."""
        held = self._logins.current
        if held is None:
            return
        try:
            await _send(held, calls.LOGOUT, through, LOGOUT_SECONDS, self.address)
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
    held: lease.Lease,
    call: calls.Call,
    through: external.External,
    seconds: float,
    address: str,
) -> calls.Answer:
    progress = calls.Progress()
    try:
        async with through.call(
            "avi",
            call.operation,
            write=call.writes,
            subject=f"{address} {call.object_name}",
            deadline_seconds=seconds,
        ) as span:
            with held as session:
                answer = await session.send(call, progress, seconds=seconds)
            span.set_attribute("http.response.status_code", answer.status)
            if answers.refuses_session(answer) or answers.refuses_version(answer):
                raise calls.SessionRefusedError(answer)
            answers.check(call, answer, address)
            return answer
    except TimeoutError:
        problem = f"no answer came within {seconds:.3g} s"
        raise calls.LostError(problem, sent=progress.sent) from None
