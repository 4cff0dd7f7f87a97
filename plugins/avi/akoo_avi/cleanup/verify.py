"""verify: count the remains of a cluster, and prove that they would have been seen.

Three counts: own; held (others refer to them, or to their referrers); and suspects, which carry
only some of the marks and are named. Zero own is clean; a person decides about suspects.
"""

from __future__ import annotations

from collections.abc import Iterable

from akoo_avi.cleanup import holders, order, passes, sweep
from akoo_avi.cleanup.sweep_plan import HeldObject
from akoo_avi.client import AviClient
from akoo_avi.ownership import claim_changed, inventory, visibility
from akoo_avi.ownership.judged import Inventory, Query
from akoo_avi.spec import placement, shared_name
from akoo_core.plugin import api, structs

RETRY_SECONDS = 60.0

VerifyResult = api.Proof | api.Unverified | api.Wait | api.Blocked


async def verify(ctx: api.VerbContext, client: AviClient, stored: placement.Stored) -> VerifyResult:
    """One call of the verb. Raises AviErrors: a query that fails counts nothing."""
    mark = sweep.mark_of(stored, ctx.view)
    try:
        # Before and after the count: a role that was narrowed, or widened, in between shows.
        blind = await visibility.missing(client)
        seen = await inventory.collect(client, mark)
        if not blind:
            seen = await claim_changed.inventory_after(ctx, client, stored, seen, suspects=True)
        blind = blind or await visibility.missing(client)
    except visibility.HIDDEN as error:
        return _unverified(client, f"a query was refused: {error}")
    if blind:
        return _unverified(client, blind)
    refusal = sweep.claim_problem(ctx.view, stored, seen)
    if refusal is not None:
        return refusal
    claimed = placement.was_claimed(ctx.view, stored.place)
    if blind := visibility.blind_spots(seen, claimed=claimed):
        return _unverified(client, blind)
    shared_use = shared_name.use(ctx.view)
    if shared_use is not None:
        counts = proof(f"{client.address} ({await client.version()})", seen, ())
        return structs.replace(counts, unseen=(_whose(shared_use),))
    if seen.shared_by:
        message = sweep.shared(stored.cluster_name, seen)
        return api.Unverified(reason=sweep.SHARED, message=message, after=RETRY_SECONDS)
    if seen.outside and not seen.own_count:
        message = sweep.unnamed(stored.cluster_name, seen)
        return api.Unverified(reason=sweep.SHARED, message=message, after=RETRY_SECONDS)
    held = await holders.find(client, mark, seen) if seen.own else ()
    answer = proof(f"{client.address} ({await client.version()})", seen, held)
    _log(ctx.log, client.address, stored.cluster_name, answer, seen)
    return answer


def _whose(use: api.ClusterNameUse) -> str:
    return (
        f'whose the objects with the clusterName "{use.name}" are: others may use that name, too '
        f"({use.objects[0] if use.objects else 'nothing was compared'})"
    )


def _unverified(client: AviClient, blind: str) -> api.Unverified:
    return api.Unverified(
        reason=visibility.REASON,
        message=f"{client.address}: {blind}. Until then nobody can say that nothing is left.",
        after=RETRY_SECONDS,
    )


def _log(log: passes.Logger, where: str, name: str, answer: api.Proof, seen: Inventory) -> None:
    log.info(
        "counted what is left",
        extra={
            "controller": where,
            "ako_cluster": name,
            "own": answer.own,
            "suspect": answer.suspect,
            "held": answer.held,
            "held_by": answer.held_by,
            "queries": "; ".join(answer.queries),
        },
    )
    for suspect in seen.suspects_listed():
        log.warning(
            "carries some marks of a cluster that leaves, and is not deleted",
            extra={"controller": where, "ako_cluster": name, "suspect": suspect},
        )


def proof(where: str, seen: Inventory, held: Iterable[HeldObject]) -> api.Proof:
    """The counts of an inventory in the words of the record. Pure."""
    all_held = tuple(held)
    kept = order.kept_by((holding.object.key for holding in all_held), seen.own)
    return api.Proof(
        own=seen.own_count,
        suspect=seen.suspect_count,
        held=len(kept),
        queries=queries(where, seen),
        held_by=holders.described(all_held),
        suspects=seen.suspects_listed(),
    )


def queries(where: str, seen: Inventory) -> tuple[str, ...]:
    """The queries, their kinds and counts: one text for each question. Pure."""
    asked: dict[str, list[Query]] = {}
    for query in seen.queries:
        asked.setdefault(query.asked, []).append(query)
    texts: list[str] = []
    for question, answers in asked.items():
        scope = "" if texts else f"{where}, all tenants, "
        texts.append(f"{scope}{question}: {_counts(answers, short=bool(texts))}")
    return tuple(texts)


def _counts(answers: Iterable[Query], *, short: bool) -> str:
    """Every kind with its count, those with none together; ``short``: only the number of these.

    The record keeps everything, but Events and conditions have 1,024 characters.
    """
    counts = [f"{answer.kind} {answer.answers}" for answer in answers if answer.answers]
    none = [answer.kind for answer in answers if not answer.answers]
    if none:
        counts.append(f"0 of {f'{len(none)} kinds' if short else ' '.join(none)}")
    return ", ".join(counts)
