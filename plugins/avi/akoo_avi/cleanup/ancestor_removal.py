"""The end of the user that the Go ancestor made, after the clean-up of a deleted Cluster is proven.

The user goes only if the record has its UUID from the adoption, and nothing speaks against it. Else
it is left, with the reason in the message of release, and audit lists it. A controller that refuses
the deletion holds nothing; one that does not answer is asked again, as for the claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

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
_KEPT: Final = "its Cluster was not deleted"
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


async def planned(
    ctx: api.VerbContext, avi: client.AviClient, stored: placement.Stored
) -> tuple[api.PlannedAction, ...]:
    """The action on the user after the clean-up of its Cluster; () where there is no such user.

    A Cluster that does not leave is taken for one that is deleted. Raises AviErrors, as ``remove``.
    """
    fact = ctx.view.fact(AviAncestorUser)
    if fact is None or not fact.uuid:
        return ()
    why = foreseen(ctx.view.spec, fact, stored.place)
    try:
        seen = await _evidence(ctx, avi, fact)
        if seen is None:
            return ()
        why = why or objection(ctx.view.spec, fact, seen)
    except (*_REFUSED, kube.KubeError) as error:
        why = why or f"it was not looked at: {error}"
    made = f"AKOO made it for this Cluster; UUID {fact.uuid} was stored at the adoption"
    action: Literal["delete", "keep"] = "keep" if why else "delete"
    reason = why or "it goes once it is proven that nothing else is left"
    return (
        api.PlannedAction(
            action=action,
            kind="User",
            name=fact.name,
            where=f"{avi.address}, tenant {names.ADMIN_TENANT}",
            why=f"{made}; {reason}",
        ),
    )


def obstacle(spec: RecordSpec, fact: AviAncestorUser, place: placement.Place) -> str:
    """The reason in the record for which the user is left; "" for none. Pure."""
    if spec.leaving is None:
        return _KEPT
    return _of_leaving(spec) or _of_proof(spec) or _of_user(spec, fact, place)


def foreseen(spec: RecordSpec, fact: AviAncestorUser, place: placement.Place) -> str:
    """The same before the proof, which is taken for granted, and before the Cluster is deleted.
    Pure."""
    proof = _of_proof(spec) if spec.leaving is not None and spec.leaving.proof is not None else ""
    return _of_leaving(spec) or proof or _of_user(spec, fact, place)


def _of_leaving(spec: RecordSpec) -> str:
    leaving = spec.leaving
    if spec.orphaned is not None or (leaving is not None and leaving.cause != "ClusterDeleted"):
        return _KEPT
    if leaving is not None and leaving.let_go is not None and leaving.let_go.why == "Moved":
        return "its Cluster was moved"
    return ""


def _of_proof(spec: RecordSpec) -> str:
    proof = spec.leaving.proof if spec.leaving is not None else None
    if proof is None or not proof.clean or proof.unseen:
        return "it is not proven that nothing is left of its Cluster"
    return ""


def _of_user(spec: RecordSpec, fact: AviAncestorUser, place: placement.Place) -> str:
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
    seen = await _evidence(ctx, avi, fact)
    if seen is None:
        return ""
    why = objection(ctx.view.spec, fact, seen)
    if why or await avi.delete(ancestor_user.KIND, fact.uuid, tenant=names.ADMIN_TENANT):
        return why
    if await _user(avi, fact) is None:
        return ""
    return f"{avi.address} answers its deletion as if it were not there: {GRANT}"


async def _evidence(
    ctx: api.VerbContext, avi: client.AviClient, fact: AviAncestorUser
) -> Evidence | None:
    """All that speaks for or against its end; None where the user is gone."""
    spec = ctx.view.spec
    used_by = (
        *holders(fact, ctx.view.record_name, await _records(ctx)),
        *claimants(spec, fact, await _claims(avi)),
    )
    there = await claiming.find(avi, spec.ako_cluster_name)
    user = await _user(avi, fact)
    if user is None:
        return None
    return Evidence(user=user, claim=there, own_username=avi.username, used_by=used_by)


async def _user(avi: client.AviClient, fact: AviAncestorUser) -> structs.JSON | None:
    path = f"{ancestor_user.KIND}/{fact.uuid}"
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
