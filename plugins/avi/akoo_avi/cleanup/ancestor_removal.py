"""The end of the user that the Go ancestor made, after the clean-up of a deleted Cluster is proven.

The user goes only if the record has its UUID from the adoption, and nothing speaks against it. Else
it is left, with the reason in the message of release, and audit lists it. A controller that refuses
the deletion holds nothing; one that does not answer is asked again, as for the claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from akoo_avi import client
from akoo_avi.ownership import claim, claiming
from akoo_avi.spec import ancestor_user, names, placement
from akoo_avi.spec.ancestor_user import AviAncestorUser
from akoo_core.plugin import api, kube, structs
from akoo_core.plugin.records import RecordSpec

_REFUSED = (
    client.ForbiddenError,
    client.TenantMissingError,
    client.InvalidError,
    client.ConflictError,
    client.ReferencedError,
)
"""Answers after which the user is left: the same call would get the same answer."""
GRANT: Final = f"give our user WRITE_ACCESS on {ancestor_user.PERMISSION}"


class Evidence(structs.Struct, frozen=True, kw_only=True):
    """The user and the claim on the controller, and everybody else who may use the user."""

    user: structs.JSON
    claim: claim.ClaimState
    own_username: str
    """Of the operator's account."""
    used_by: tuple[str, ...] = ()
    """Other records, and claims of other clusters, to which the user may belong."""


async def remove(ctx: api.VerbContext, avi: client.AviClient, stored: placement.Stored) -> str:
    """Delete the user if it may go; the result as a sentence, "" where there is no such user.

    Safe to stop and to call again at any line, before the claim is given back. Raises AviErrors and
    KubeErrors.
    """
    fact = ctx.view.fact(AviAncestorUser)
    if fact is None or not fact.uuid:
        return ""
    why = obstacle(ctx.view.spec, fact, stored.place)
    try:
        why = why or await _remove(ctx, avi, fact)
    except _REFUSED as error:
        why = f"{error}. If it was a right that is missing, {GRANT}"
    if not why:
        ctx.log.info("the user of AKOO is deleted", extra={"user": fact.name, "uuid": fact.uuid})
        return f'User "{fact.name}" of AKOO is deleted.'
    ctx.log.warning("the user of AKOO is left", extra={"user": fact.name, "why": why})
    return f'User "{fact.name}" of AKOO is left: {why}. akoo-core audit avi lists it.'


def obstacle(spec: RecordSpec, fact: AviAncestorUser, place: placement.Place) -> str:
    """The reason in the record for which the user is left; "" for none. Pure."""
    leaving = spec.leaving
    if leaving is None or leaving.cause != "ClusterDeleted" or spec.orphaned is not None:
        return "its Cluster was not deleted"
    if leaving.let_go is not None and leaving.let_go.why == "Moved":
        return "its Cluster was moved"
    if leaving.proof is None or not leaving.proof.clean or leaving.proof.unseen:
        return "it is not proven that nothing is left of its Cluster"
    if not ancestor_user.is_adopted(spec) or fact.name != ancestor_user.name_of(spec.cluster_ref):
        return "it is not the user of this Cluster"
    if api.WorkloadCredential.fact_name in spec.facts:
        return "another plugin replaced it, and decides about it"
    relocated = any(ended.plugin == names.PLUGIN for ended in spec.ended_placements)
    if relocated or fact.controller_uuid != place.controller_uuid:
        return "its Cluster was relocated"
    return ""


def objection(spec: RecordSpec, fact: AviAncestorUser, seen: Evidence) -> str:
    """The reason outside of the record for which the user is left; "" for none. Pure."""
    user = seen.user
    if user.get("uuid") != fact.uuid or user.get("name") != fact.name:
        return "it has another name now"
    if user.get("is_superuser"):
        return "it is a superuser"
    if seen.own_username in (user.get("name"), user.get("username")):
        return "akoo-core itself works with it"
    mine = isinstance(seen.claim, claim.Claim) and (
        seen.claim.management_id == spec.management_id and seen.claim.epoch <= spec.epoch
    )
    if not mine:
        return f'the claim on "{spec.ako_cluster_name}" is not ours'
    if seen.used_by:
        return f"it may be that of {', '.join(seen.used_by)}, too"
    return ""


def holders(fact: AviAncestorUser, own: str, records: Iterable[structs.JSON]) -> Iterator[str]:
    """The other unfinished records whose Cluster may have the user. Pure."""
    for obj in records:
        other = obj.get("spec") or {}
        if obj["metadata"]["name"] == own or other.get("finishedAt"):
            continue
        ref = other.get("clusterRef") or {}
        data = ((other.get("facts") or {}).get(AviAncestorUser.fact_name) or {}).get("data") or {}
        named = ancestor_user.name_for(ref.get("name", ""), ref.get("namespace", ""))
        if named == fact.name or data.get("uuid") == fact.uuid:
            yield f"AKODeployment/{obj['metadata']['name']}"


def claimants(spec: RecordSpec, fact: AviAncestorUser, claims: Iterable[structs.JSON]) -> list[str]:
    """The claims of other clusters that may have the user. Pure."""
    others = ancestor_user.cluster_names(fact.name) - {spec.ako_cluster_name}
    called = {names.claim(other) for other in others}
    return sorted(f"claim {obj['name']}" for obj in claims if obj.get("name") in called)


async def _remove(ctx: api.VerbContext, avi: client.AviClient, fact: AviAncestorUser) -> str:
    """Delete the user; the reason why it is left, "" once it is gone."""
    path, spec = f"{ancestor_user.KIND}/{fact.uuid}", ctx.view.spec
    seen = Evidence(
        used_by=(
            *holders(fact, ctx.view.record_name, await _records(ctx)),
            *claimants(spec, fact, await _claims(avi)),
        ),
        claim=await claiming.find(avi, spec.ako_cluster_name),
        own_username=avi.username,
        user=await _user(avi, path) or {},
    )
    if not seen.user:
        return ""
    why = objection(spec, fact, seen)
    if why or await avi.delete(ancestor_user.KIND, fact.uuid, tenant=names.ADMIN_TENANT):
        return why
    if await _user(avi, path) is None:
        return ""
    return f"{avi.address} answers its deletion as if it were not there: {GRANT}"


async def _user(avi: client.AviClient, path: str) -> structs.JSON | None:
    try:
        return await avi.get(path, tenant=names.ADMIN_TENANT)
    except client.NotFoundError:
        return None


async def _claims(avi: client.AviClient) -> tuple[structs.JSON, ...]:
    return await avi.list(claim.KIND, params={"label_key": names.CLAIM_MARKER})


async def _records(ctx: api.VerbContext) -> list[structs.JSON]:
    if ctx.shared is None:
        raise RuntimeError("no controller of this plugin watches records")
    records: list[structs.JSON] = []
    token = ""
    while True:
        page = await ctx.shared.list(kube.AKO_DEPLOYMENTS, token=token)
        records += page.items
        token = page.token
        if not token:
            return records
