"""Reads claims, makes them, takes them over, and takes them back. Thin: ``claim`` decides."""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.client.access import refusal
from akoo_avi.ownership import claim
from akoo_avi.spec import names
from akoo_core.plugin import structs
from akoo_core.plugin.records import RecordSpec

TRIES = 4
"""Attempts, if somebody wrote in between or an answer was lost."""


async def find(avi: client.AviClient, cluster_name: str) -> claim.ClaimState:
    """The claim, by the query that also finds a cluster's StringGroups: a user who may not see
    these sees no claim either. Raises AviErrors."""
    params = {"label_key": names.CLUSTER_MARKER, "label_value": cluster_name}
    return claim.read(cluster_name, await avi.list(claim.KIND, params=params))


async def settle(
    avi: client.AviClient, spec: RecordSpec, *, claimed_epoch: int | None, make: bool = True
) -> None:
    """Bring the claim to the record's id and epoch; ``make`` False: without making a first one.

    Safe to stop and to call again at any line. Raises Refusal if a person must decide, and
    AviErrors.
    """
    name = spec.ako_cluster_name
    for _ in range(TRIES):
        decision = claim.decide(spec, await find(avi, name), claimed_epoch=claimed_epoch)
        if isinstance(decision, claim.KeepClaim):
            return
        if isinstance(decision, claim.RefuseClaim):
            raise refusal.Refusal(decision.reason, decision.message)
        if isinstance(decision, claim.MakeClaim) and claimed_epoch is None and not make:
            return
        try:
            await _act(avi, spec, decision)
        except (client.OutcomeUnknownError, client.NotFoundError):
            continue  # the result, or the claim's state, shows when it is read again
        except client.ExistsError:
            await _refuse_stranger(avi, name)
    raise client.ConflictError(
        f"The claim of {name} on {avi.address} changed {TRIES} times while it was written. Tried "
        "again."
    )


async def _act(
    avi: client.AviClient, spec: RecordSpec, decision: claim.MakeClaim | claim.RewriteClaim
) -> None:
    wanted = claim.body(spec.ako_cluster_name, spec.management_id, spec.epoch)
    if isinstance(decision, claim.MakeClaim):
        await avi.create(claim.KIND, wanted, tenant=names.ADMIN_TENANT)
        return

    def rewritten(current: structs.JSON) -> structs.JSON | None:
        seen = claim.read(spec.ako_cluster_name, [current])
        again = claim.decide(spec, seen, claimed_epoch=spec.epoch)
        if not isinstance(again, claim.RewriteClaim):
            return None  # somebody was faster; the claim is read and decided again
        return {**current, "markers": wanted["markers"]}

    await client.change(avi, claim.KIND, decision.uuid, rewritten, tenant=names.ADMIN_TENANT)


async def _refuse_stranger(avi: client.AviClient, cluster_name: str) -> None:
    """Raise Refusal for a StringGroup of the claim's name that the query by marker does not
    show."""
    name = names.claim(cluster_name)
    named = await avi.list(claim.KIND, tenant=names.ADMIN_TENANT, params={"name": name})
    strangers = [obj for obj in named if claim.read(cluster_name, [obj]) is not None]
    marked = [stranger for stranger in strangers if claim.has_marker(stranger, cluster_name)]
    if strangers and not marked:
        raise refusal.Refusal(
            "ClaimDamaged",
            f'The claim (StringGroup "{name}", tenant {names.ADMIN_TENANT}) on {avi.address} does '
            f"not carry the marker {names.CLUSTER_MARKER}={cluster_name}. Look who made it, and "
            "delete it: it is made again.",
        )


async def give_back(avi: client.AviClient, spec: RecordSpec) -> str:
    """Delete the claim if it is this record's. The remainder in words, or "". Raises AviErrors."""
    current = await find(avi, spec.ako_cluster_name)
    if current is None:
        return ""
    if isinstance(current, claim.DamagedClaim):
        return f"The claim is left: {current.why}."
    if current.management_id != spec.management_id or current.epoch > spec.epoch:
        return f"The claim is left: it is that of {current.management_id}, epoch {current.epoch}."
    await avi.delete(claim.KIND, current.uuid, tenant=names.ADMIN_TENANT)
    return ""
