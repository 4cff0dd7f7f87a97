"""sweep: deletes what is left of a cluster on its Avi Controller, in dependency order.

Level by level, at once within a level; what refused is tried again in the next pass, after all was
read anew: an object is deleted only if it was read as own in that very pass. It can be broken off
anywhere and goes on from what is there. It says Done when a whole reading found nothing own.
"""

from __future__ import annotations

import functools
import logging

from akoo_avi import (
    bounded,
    claim,
    holders,
    inventory,
    kinds,
    labels,
    marks,
    names,
    placement,
    routes,
    sight,
    sweepplan,
    taken_up,
)
from akoo_avi.client import AviClient, change, errors
from akoo_avi.found import Found, Inventory, Part
from akoo_avi.references import Key
from akoo_core import clock, structs
from akoo_core.plugins import api

SHARED = "NameNotExclusive"
BUDGET_SECONDS = 200.0
"""Of one call; no delete is begun later. The verb may take 300 s, and a last reading follows."""
PASSES = 5
WIDTH = 8
"""Deletes at the same time; the client's own bound comes after it."""
GOES_ON_SECONDS = 1.0
REFUSED_SECONDS = 15.0
HELD_SECONDS = 60.0

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
    held: tuple[sweepplan.Held, ...] = ()
    refused: tuple[str, ...] = ()
    """What the controller said to deletes that failed, in the last pass."""
    forbidden: bool = False
    stopped: bool = False
    """The time of this call is over."""


async def sweep(ctx: api.VerbContext, client: AviClient, stored: placement.Stored) -> api.Result:
    """One call of the verb. Raises AviErrors that concern the whole controller."""
    mark = mark_of(stored)
    first = await inventory.collect(client, mark, suspects=False)
    first = await taken_up.seen_after(ctx, client, stored, first, suspects=False)
    refusal = claim_problem(ctx.view, stored, first)
    if refusal is not None and refusal.reason == "ClaimLost":
        return await _without_claim(client, refusal, first)
    if refusal is not None:
        return refusal
    if first.shared_by:
        return api.Blocked(reason=SHARED, message=shared(stored.cluster_name, first))
    outcome = await run(client, mark, first, clock=ctx.clock, log=ctx.log)
    return result(client.address, outcome)


async def _without_claim(client: AviClient, refusal: api.Blocked, first: Inventory) -> api.Result:
    """The claim was not found: lost, or hidden from us, as other objects then may be, too."""
    if blind := await sight.missing(client):
        message = f"{client.address}: {blind}. The claim is not seen, so nothing is deleted."
        return api.Blocked(reason=sight.REASON, message=message)
    if first.own_count:
        return refusal
    return api.Done(message=f"Nothing of it is left on {client.address}.")


def mark_of(stored: placement.Stored) -> marks.Mark:
    """Whose objects the stored intent names."""
    return marks.Mark(cluster_name=stored.cluster_name, cloud_uuid=stored.place.cloud_uuid)


def shared(name: str, seen: Inventory) -> str:
    """Why nothing under a name that somebody else has, too, is swept. Pure."""
    return (
        f'The name "{name}" was found in the cluster, not given by us, and somebody else uses it, '
        f"too ({seen.shared_by}). Nothing is deleted: delete this cluster's objects by hand, then "
        "let it go."
    )


def claim_problem(view: api.View, stored: placement.Stored, seen: Inventory) -> api.Blocked | None:
    """Why nothing may be taken away; None if the claim is ours. Pure.

    A claim that was never made does not hold up what was never deployed; but only a name that we
    made is then known to be this cluster's.
    """
    found = claim.read(stored.cluster_name, seen.claims)
    epoch = placement.claimed_epoch(view, stored.place)
    if found is None and epoch is None:
        return None if names.made_by_us(stored.cluster_name) else _unclaimed(stored)
    decision = claim.decide(view.spec, found, claimed_epoch=epoch)
    if isinstance(decision, claim.Refuse):
        return api.Blocked(reason=decision.reason, message=decision.message)
    return None


def _unclaimed(stored: placement.Stored) -> api.Blocked:
    return api.Blocked(
        reason="ClaimLost",
        message=(
            f'"{stored.cluster_name}" was found in the cluster, not given by us, and was never '
            f"claimed on {stored.reach.address}: nobody knows whether it is this cluster's alone. "
            "Delete what is left by hand (akoo-core audit avi), and let the Cluster go."
        ),
    )


async def run(
    client: AviClient, mark: marks.Mark, first: Inventory, *, clock: clock.Clock, log: Logger
) -> Outcome:
    """Passes over what is own until nothing is left, nothing moves, or the time is over."""
    deadline = clock.monotonic() + BUDGET_SECONDS
    seen, deleted = first, 0
    for number in range(PASSES):
        if not seen.own_count:
            break
        one = _Pass(client, mark, clock=clock, deadline=deadline)
        await one.run(sweepplan.plan(seen))
        deleted += one.gone
        log.info(
            "swept",
            extra={
                "controller": client.address,
                "number": number + 1,
                "deleted": one.gone,
                "refused": len(one.stuck) + len(one.refused),
                "own": seen.own_count,
            },
        )
        seen = await inventory.collect(client, mark, suspects=False)
        if not one.gone or one.stopped:
            return await _rest(client, mark, seen, deleted, one)
    if not seen.own_count:
        return Outcome(left=seen, deleted=deleted)
    return await _rest(client, mark, seen, deleted, None)


async def _rest(
    client: AviClient, mark: marks.Mark, seen: Inventory, deleted: int, last: _Pass | None
) -> Outcome:
    stuck = last.stuck if last else {}
    only = [one for one in seen.own if one.key in stuck]
    held = await holders.find(client, mark, seen, only) if only else ()
    return Outcome(
        left=seen,
        deleted=deleted,
        held=held,
        refused=tuple(last.refused) if last else (),
        forbidden=last.forbidden if last else False,
        stopped=last.stopped if last else True,
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
        self.gone = 0
        self.stuck: dict[Key, tuple[str, ...]] = {}
        self.refused: list[str] = []
        self.forbidden = False
        self.stopped = False

    async def run(self, plan: sweepplan.Plan) -> None:
        for level in plan.levels:
            kept = self._kept(plan)
            work = [functools.partial(self._delete, one) for one in level if one.key not in kept]
            await bounded.run(work, width=WIDTH)
        await bounded.run([functools.partial(self._edit, one) for one in plan.edits], width=1)

    def _kept(self, plan: sweepplan.Plan) -> frozenset[Key]:
        """What cannot go any more in this pass: not asked for, so nobody is asked in vain."""
        if not self.stuck:
            return frozenset()
        return sweepplan.kept(self.stuck, plan)

    async def _delete(self, one: Found) -> None:
        if self._is_over():
            return
        try:
            await self._client.delete(one.kind, one.uuid, tenant=one.tenant_uuid)
        except ABORTING:
            raise
        except errors.ReferencedError as error:
            self.stuck[one.key] = error.referrers
        except errors.AviError as error:
            self._note(error)
        else:
            self.gone += 1

    async def _edit(self, part: Part) -> None:
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
        else:
            self.gone += len(part.own)

    def _note(self, error: errors.AviError) -> None:
        self.refused.append(str(error))
        self.forbidden = self.forbidden or isinstance(error, errors.ForbiddenError)

    def _is_over(self) -> bool:
        self.stopped = self.stopped or self._clock.monotonic() >= self._deadline
        return self.stopped


def result(address: str, outcome: Outcome) -> api.Result:
    """What the verb says. Pure."""
    left = outcome.left.own_count
    if not left:
        return api.Done(message=f"Nothing of it is left on {address}.")
    told = f"{left} own objects are left on {address}"
    if outcome.stopped:
        return api.Wait(
            reason="SweepGoesOn", message=f"{told}; going on.", after=GOES_ON_SECONDS, left=left
        )
    if outcome.held:
        return api.Wait(
            reason="ForeignReference",
            message=f"{holders.told(outcome.held)}. {_FREE} {told}.",
            after=HELD_SECONDS,
            left=left,
        )
    if outcome.refused:
        return api.Wait(
            reason="PermissionMissing" if outcome.forbidden else "SweepGoesOn",
            message=f"{told}: {outcome.refused[0]}",
            after=REFUSED_SECONDS,
            left=left,
        )
    return api.Wait(
        reason="SweepGoesOn", message=f"{told}; tried again.", after=REFUSED_SECONDS, left=left
    )


_FREE = "Remove that reference."
