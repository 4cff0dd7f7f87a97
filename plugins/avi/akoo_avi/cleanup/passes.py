"""Passes over what is own on a controller: delete, read all anew, until nothing goes any more.

What a controller answers to a DELETE proves nothing: it may say 204 and show the object for a
while, or 404 for an object that our user may read and not write. Gone is what the next reading
lacks. What was answered once is not asked for again within a call.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable

from akoo_avi.cleanup import holders, sweep_plan
from akoo_avi.client import AviClient, change, errors
from akoo_avi.connect import bounded
from akoo_avi.ownership import inventory, kinds, labels, marks, routes
from akoo_avi.ownership.judged import Inventory, JudgedObject, SharedObject
from akoo_avi.ownership.references import Key
from akoo_core.plugin import clock, structs

BUDGET_SECONDS = 200.0
"""Of one call; no delete is begun later. The verb may take 300 s, and a last reading follows."""
PASSES = 5
WIDTH = 8
"""Deletes at the same time; the client's own bound comes after it."""

Logger = logging.LoggerAdapter[logging.Logger]

ABORTING = (
    errors.UnreachableError,
    errors.TlsError,
    errors.RedirectedError,
    errors.NotAviError,
    errors.CredentialRefusedError,
    errors.SessionLostError,
    errors.UpgradingError,
    errors.NotReadyError,
    errors.RateLimitedError,
)
"""What concerns the controller and not one object: the rest would fail alike."""


class Outcome(structs.Struct, frozen=True, kw_only=True):
    """How far one call came."""

    left: Inventory
    """What the last reading found."""
    deleted: int = 0
    """Objects and entries that readings lacked after they were asked to go."""
    held: tuple[sweep_plan.Held, ...] = ()
    refused: tuple[str, ...] = ()
    """What the controller said to deletes that failed, in the last pass."""
    forbidden: bool = False
    hidden: tuple[JudgedObject, ...] = ()
    """Listed, and not to be seen by a DELETE: our user may read them and not write them."""
    lingering: int = 0
    """Deletes that were accepted, and whose objects are still listed."""
    stopped: bool = False
    """There is more to be done at once; the time or the passes of this call are over."""


async def run(
    client: AviClient, mark: marks.Mark, first: Inventory, *, clock: clock.Clock, log: Logger
) -> Outcome:
    """Pass after pass until nothing is left, a pass removed nothing, or the time is over."""
    deadline = clock.monotonic() + BUDGET_SECONDS
    seen, deleted = first, 0
    accepted: set[Key] = set()
    hidden: set[Key] = set()
    for number in range(PASSES):
        if not seen.own_count:
            break
        one = _Pass(client, mark, clock=clock, deadline=deadline)
        await one.run(sweep_plan.plan(seen, accepted | hidden))
        accepted |= one.accepted
        hidden |= one.missing
        before = seen
        seen = await inventory.collect(client, mark, suspects=False)
        gone = len(_pieces(before) - _pieces(seen))
        deleted += gone
        _log(log, client.address, number + 1, gone, one, before)
        if not gone or one.stopped:
            return await _rest(client, mark, seen, deleted, one, accepted, hidden)
    return Outcome(left=seen, deleted=deleted, stopped=seen.own_count > 0)


def _pieces(seen: Inventory) -> frozenset[tuple[str, ...]]:
    """All that is own: objects, and entries of shared ones."""
    entries = {
        (part.kind, part.uuid, str(number), entry.name)
        for part in seen.parts
        for number, entry in enumerate(part.own)
    }
    return frozenset({one.key for one in seen.own} | entries)


def _log(log: Logger, address: str, number: int, gone: int, one: _Pass, before: Inventory) -> None:
    log.info(
        "swept",
        extra={
            "controller": address,
            "number": number,
            "deleted": gone,
            "refused": len(one.stuck) + len(one.refused) + len(one.missing),
            "own": before.own_count,
        },
    )


async def _rest(
    client: AviClient,
    mark: marks.Mark,
    seen: Inventory,
    deleted: int,
    last: _Pass,
    accepted: Iterable[Key],
    hidden: Iterable[Key],
) -> Outcome:
    left = {one.key: one for one in seen.own}
    return Outcome(
        left=seen,
        deleted=deleted,
        held=await holders.of_refused(client, mark, seen, last.stuck),
        refused=tuple(last.refused),
        forbidden=last.forbidden,
        hidden=tuple(left[key] for key in hidden if key in left),
        lingering=sum(key in left for key in accepted),
        stopped=last.stopped,
    )


class _Pass:
    """One pass over a plan."""

    def __init__(
        self, client: AviClient, mark: marks.Mark, *, clock: clock.Clock, deadline: float
    ) -> None:
        self._client = client
        self._mark = mark
        self._clock = clock
        self._deadline = deadline
        self.accepted: set[Key] = set()
        self.missing: set[Key] = set()
        """The DELETE was answered as if there were no such object."""
        self.stuck: dict[Key, tuple[str, ...]] = {}
        """Others refer to it: their names in the controller's words."""
        self.refused: list[str] = []
        self._referred: set[Key] = set()
        """What the accepted ones refer to."""
        self._linger = False
        """One of these was refused: what is accepted is not gone at once on this controller."""
        self.forbidden = False
        self.stopped = False

    async def run(self, plan: sweep_plan.Plan) -> None:
        for level in plan.levels:
            kept = self._kept(plan)
            work = [functools.partial(self._delete, one) for one in level if one.key not in kept]
            await bounded.run(work, width=WIDTH)
        await bounded.run([functools.partial(self._edit, edit) for edit in plan.edits], width=1)

    def _kept(self, plan: sweep_plan.Plan) -> frozenset[Key]:
        """What cannot go any more in this pass: not asked for, so nobody is asked in vain."""
        if not self.stuck:
            return frozenset()
        return sweep_plan.kept(self.stuck, plan)

    async def _delete(self, one: JudgedObject) -> None:
        if self._is_over() or (self._linger and one.key in self._referred):
            return
        try:
            if await self._client.delete(one.kind, one.uuid, tenant=one.tenant_uuid):
                self.accepted.add(one.key)
                self._referred |= one.targets
            else:
                self.missing.add(one.key)
        except ABORTING:
            raise
        except errors.ReferencedError as error:
            self.stuck[one.key] = error.referrers
            self._linger = self._linger or one.key in self._referred
        except errors.AviError as error:
            self._note(error)
        except ValueError as error:  # a uuid that no path can hold; the others go on
            self.refused.append(f"{one}: {error}.")

    async def _edit(self, part: SharedObject) -> None:
        if self._is_over():
            return
        without = routes.without_own if part.kind == kinds.VRF.path else labels.without_own
        decide = functools.partial(without, mark=self._mark, our_cloud=part.our_cloud)
        try:
            await change(self._client, part.kind, part.uuid, decide, tenant=part.tenant_uuid)
        except ABORTING:
            raise
        except errors.AviError as error:
            self._note(error)

    def _note(self, error: errors.AviError) -> None:
        forbidden = isinstance(error, errors.ForbiddenError)
        self.refused.insert(0 if forbidden else len(self.refused), str(error))
        self.forbidden = self.forbidden or forbidden

    def _is_over(self) -> bool:
        self.stopped = self.stopped or self._clock.monotonic() >= self._deadline
        return self.stopped
