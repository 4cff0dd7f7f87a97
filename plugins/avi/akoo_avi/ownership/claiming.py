"""Reads claims, makes them, takes them over, and takes them back. Thin: ``claim`` decides."""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.ownership import claim
from akoo_avi.spec import names, refusal
from akoo_core.plugin import structs
from akoo_core.plugin.records import RecordSpec

TRIES = 4
"""Of deciding again when somebody wrote in between, or an answer was lost."""


async def find(avi: client.AviClient, cluster_name: str) -> claim.Found:
    """The claim, through the very query that finds a cluster's StringGroups: who sees none of
    these sees no claim either. Raises AviErrors."""
    params = {"label_key": names.CLUSTER_MARKER, "label_value": cluster_name}
    return claim.read(cluster_name, await avi.list(claim.KIND, params=params))


async def settle(
    avi: client.AviClient, spec: RecordSpec, *, claimed_epoch: int | None, make: bool = True
) -> None:
    """Bring the claim to what the record says; ``make`` False: without making a first one.

    Safe to stop and to call again at any line. Raises Refusal for what a person must decide, and
    AviErrors.
    """
    name = spec.ako_cluster_name
    for _ in range(TRIES):
        decision = claim.decide(spec, await find(avi, name), claimed_epoch=claimed_epoch)
        if isinstance(decision, claim.Nothing):
            return
        if isinstance(decision, claim.Refuse):
            raise refusal.Refusal(decision.reason, decision.message)
        if isinstance(decision, claim.Make) and claimed_epoch is None and not make:
            return
        try:
            await _act(avi, spec, decision)
        except (client.OutcomeUnknownError, client.NotFoundError):
            continue  # what came of it, or of the claim, shows when it is read again
        except client.ExistsError:
            await _refuse_stranger(avi, name)
    raise client.ConflictError(
        f"The claim of {name} on {avi.address} changed {TRIES} times while it was written. Tried "
        "again."
    )


async def _act(
    avi: client.AviClient, spec: RecordSpec, decision: claim.Make | claim.Rewrite
) -> None:
    wanted = claim.body(spec.ako_cluster_name, spec.management_id, spec.epoch)
    if isinstance(decision, claim.Make):
        await avi.create(claim.KIND, wanted, tenant=names.ADMIN_TENANT)
        return

    def rewritten(current: structs.JSON) -> structs.JSON | None:
        found = claim.read(spec.ako_cluster_name, [current])
        again = claim.decide(spec, found, claimed_epoch=spec.epoch)
        if not isinstance(again, claim.Rewrite):
            return None  # somebody was faster; it is read and decided again
        return {**current, "markers": wanted["markers"]}

    await client.change(avi, claim.KIND, decision.uuid, rewritten, tenant=names.ADMIN_TENANT)


async def _refuse_stranger(avi: client.AviClient, cluster_name: str) -> None:
    """A StringGroup of the claim's name that the query by marker does not show."""
    name = names.claim(cluster_name)
    found = await avi.list(claim.KIND, tenant=names.ADMIN_TENANT, params={"name": name})
    strangers = [one for one in found if claim.read(cluster_name, [one]) is not None]
    marked = [stranger for stranger in strangers if claim.has_marker(stranger, cluster_name)]
    if strangers and not marked:
        raise refusal.Refusal(
            "ClaimDamaged",
            f'The claim (StringGroup "{name}", tenant {names.ADMIN_TENANT}) on {avi.address} does '
            f"not carry the marker {names.CLUSTER_MARKER}={cluster_name}. Look who made it, and "
            "delete it: it is made again.",
        )


async def give_back(avi: client.AviClient, spec: RecordSpec) -> str:
    """Delete the claim if it is this record's. What was left, in words, or "". Raises AviErrors."""
    found = await find(avi, spec.ako_cluster_name)
    if found is None:
        return ""
    if isinstance(found, claim.Damaged):
        return f"The claim is left: {found.why}."
    if found.management_id != spec.management_id or found.epoch > spec.epoch:
        return f"The claim is left: it is that of {found.management_id}, epoch {found.epoch}."
    await avi.delete(claim.KIND, found.uuid, tenant=names.ADMIN_TENANT)
    return ""
