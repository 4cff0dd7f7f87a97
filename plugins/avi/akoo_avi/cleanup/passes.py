"""Passes over the own objects on a controller: delete, read everything anew, until nothing goes.

The answer to a DELETE proves nothing: a controller may answer 204 and show the object for a while,
or 404 for an object that our user may read and not write. An object is gone if the next reading
lacks it. An object whose DELETE was answered is not deleted again within a call.
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
"""Time of one call; no delete begins later. The verb may take 300 s, and a last reading follows."""
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
"""Errors of the controller, not of one object: the rest would fail alike."""


class SweepOutcome(structs.Struct, frozen=True, kw_only=True):
    """The progress of one call."""

    left: Inventory
    """The last reading."""
    deleted: int = 0
    """Objects and entries that were missing from readings after their deletion."""
    held: tuple[sweep_plan.HeldObject, ...] = ()
    refused: tuple[str, ...] = ()
    """Messages of deletes that failed, in the last pass."""
    forbidden: bool = False
    hidden: tuple[JudgedObject, ...] = ()
    """Objects that are listed and that a DELETE does not find: our user may read and not write
    them."""
    lingering: int = 0
    """Accepted deletes whose objects are still listed."""
    stopped: bool = False
    """Further work is possible at once; the time or the passes of this call are over."""


async def run(
    client: AviClient, mark: marks.Mark, first: Inventory, *, clock: clock.Clock, log: Logger
) -> SweepOutcome:
    """Run pass after pass until nothing is left, a pass removed nothing, or the time is over."""
    deadline = clock.monotonic() + BUDGET_SECONDS
    seen, deleted = first, 0
    accepted: set[Key] = set()
    hidden: set[Key] = set()
    for number in range(PASSES):
        if not seen.own_count:
            break
        attempt = _Pass(client, mark, clock=clock, deadline=deadline)
        await attempt.run(sweep_plan.plan(seen, accepted | hidden))
        accepted |= attempt.accepted
        hidden |= attempt.missing
        before = seen
        seen = await inventory.collect(client, mark, suspects=False)
        gone = len(_pieces(before) - _pieces(seen))
        deleted += gone
        _log(log, client.address, number + 1, gone, attempt, before)
        if not gone or attempt.stopped:
            return await _rest(client, mark, seen, deleted, attempt, accepted, hidden)
    return SweepOutcome(left=seen, deleted=deleted, stopped=seen.own_count > 0)


def _pieces(seen: Inventory) -> frozenset[tuple[str, ...]]:
    """Everything that is own: objects, and entries of shared ones."""
    entries = {
        (part.kind, part.uuid, str(number), entry.name)
        for part in seen.parts
        for number, entry in enumerate(part.own)
    }
    return frozenset({obj.key for obj in seen.own} | entries)


def _log(
    log: Logger, address: str, number: int, gone: int, attempt: _Pass, before: Inventory
) -> None:
    log.info(
        "swept",
        extra={
            "controller": address,
            "number": number,
            "deleted": gone,
            "refused": len(attempt.stuck) + len(attempt.refused) + len(attempt.missing),
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
) -> SweepOutcome:
    left = {obj.key: obj for obj in seen.own}
    return SweepOutcome(
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
    """A pass over a plan."""

    def __init__(
        self, client: AviClient, mark: marks.Mark, *, clock: clock.Clock, deadline: float
    ) -> None:
        self._client = client
        self._mark = mark
        self._clock = clock
        self._deadline = deadline
        self.accepted: set[Key] = set()
        self.missing: set[Key] = set()
        """Objects whose DELETE got the answer that there is no such object."""
        self.stuck: dict[Key, tuple[str, ...]] = {}
        """Objects that others refer to, with the names of these from the controller."""
        self.refused: list[str] = []
        self._referred: set[Key] = set()
        """The objects that the accepted ones refer to."""
        self._linger = False
        """One of these was refused: on this controller an accepted object is not gone at once."""
        self.forbidden = False
        self.stopped = False

    async def run(self, plan: sweep_plan.SweepPlan) -> None:
        for level in plan.levels:
            kept = self._kept(plan)
            deletes = [functools.partial(self._delete, obj) for obj in level if obj.key not in kept]
            await bounded.run(deletes, width=WIDTH)
        await bounded.run([functools.partial(self._edit, edit) for edit in plan.edits], width=1)

    def _kept(self, plan: sweep_plan.SweepPlan) -> frozenset[Key]:
        """Objects skipped in this pass because something refers to them."""
        if not self.stuck:
            return frozenset()
        return sweep_plan.kept(self.stuck, plan)

    async def _delete(self, obj: JudgedObject) -> None:
        if self._is_over() or (self._linger and obj.key in self._referred):
            return
        try:
            if await self._client.delete(obj.kind, obj.uuid, tenant=obj.tenant_uuid):
                self.accepted.add(obj.key)
                self._referred |= obj.targets
            else:
                self.missing.add(obj.key)
        except ABORTING:
            raise
        except errors.ReferencedError as error:
            self.stuck[obj.key] = error.referrers
            self._linger = self._linger or obj.key in self._referred
        except errors.AviError as error:
            self._note(error)
        except ValueError as error:  # a uuid that no path can hold; the others go on
            self.refused.append(f"{obj}: {error}.")

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
