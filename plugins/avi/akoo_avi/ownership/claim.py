"""The claim: the right to remove the objects of a cluster from an Avi Controller.

A StringGroup in tenant admin. It carries AKO's own marker, so whoever can list a cluster's objects
sees the claim, too. A second marker has a management id and an epoch. No count includes it: it is
ours and not AKO's. ``decide`` chooses the action for a claim, and
:mod:`akoo_avi.ownership.claiming` performs it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from akoo_avi.ownership import references
from akoo_avi.spec import names
from akoo_core.plugin import structs
from akoo_core.plugin.records import RecordSpec

KIND: Final = "stringgroup"
TYPE: Final = "SG_TYPE_STRING"


class Claim(structs.Struct, frozen=True, kw_only=True):
    """One claim as it was read."""

    management_id: str
    epoch: int
    uuid: str = ""


class DamagedClaim(structs.Struct, frozen=True, kw_only=True):
    """An object that should be the claim and cannot be read as one."""

    why: str


class KeepClaim(structs.Struct, frozen=True, kw_only=True):
    """The claim is as it should be."""


class MakeClaim(structs.Struct, frozen=True, kw_only=True):
    """There is no claim, and there may be one: make it."""


class RewriteClaim(structs.Struct, frozen=True, kw_only=True):
    """The claim is ours by now: write our id and epoch into it."""

    uuid: str


class RefuseClaim(structs.Struct, frozen=True, kw_only=True):
    """A person must decide."""

    reason: Literal["ClaimLost", "ClaimedElsewhere", "NewerRecord", "ClaimDamaged"]
    message: str


ClaimState = Claim | DamagedClaim | None
Decision = KeepClaim | MakeClaim | RewriteClaim | RefuseClaim


def is_claim(obj: structs.JSON) -> bool:
    """True for a claim, of an object of any kind: by name and by marker."""
    if not str(obj.get("name", "")).startswith(names.CLAIM_PREFIX):
        return False
    return any(marker.get("key") == names.CLAIM_MARKER for marker in obj.get("markers") or ())


def has_marker(obj: structs.JSON, cluster_name: str) -> bool:
    """The query by AKO's marker shows the object."""
    return any(
        marker.get("key") == names.CLUSTER_MARKER and cluster_name in (marker.get("values") or ())
        for marker in obj.get("markers") or ()
    )


def body(cluster_name: str, management_id: str, epoch: int) -> structs.JSON:
    """The body of a claim. Without ``created_by``: AKO takes objects that have it for its own."""
    return {
        "name": names.claim(cluster_name),
        "type": TYPE,
        "markers": [
            {"key": names.CLUSTER_MARKER, "values": [cluster_name]},
            {"key": names.CLAIM_MARKER, "values": [management_id, str(epoch)]},
        ],
    }


def read(cluster_name: str, objects: Iterable[structs.JSON]) -> ClaimState:
    """The claim among the objects that carry the cluster's marker, in any tenant."""
    name = names.claim(cluster_name)
    claims = [obj for obj in objects if is_claim(obj) or obj.get("name") == name]
    if not claims:
        return None
    if len(claims) > 1:
        return DamagedClaim(
            why=f"there are {len(claims)} of them ({', '.join(map(_where, claims))})"
        )
    return _read(name, claims[0])


def _read(name: str, obj: structs.JSON) -> Claim | DamagedClaim:
    if obj.get("name") != name:
        return DamagedClaim(why=f'it is called "{obj.get("name")}"')
    tenant = references.uuid_of(obj.get("tenant_ref"))
    if tenant not in ("", names.ADMIN_TENANT):
        return DamagedClaim(why=f"it is in the tenant {references.name_of(obj['tenant_ref'])}")
    if obj.get("type", TYPE) != TYPE:
        return DamagedClaim(why=f"it is a StringGroup of type {obj['type']}")
    values = [marker.get("values") for marker in obj.get("markers") or () if _is_ours(marker)]
    if len(values) != 1 or not isinstance(values[0], list) or len(values[0]) != 2:
        return DamagedClaim(why=f"its marker {names.CLAIM_MARKER} does not hold an id and an epoch")
    management_id, epoch = map(str, values[0])
    if not management_id or not (epoch.isascii() and epoch.isdigit()):
        return DamagedClaim(why=f"its marker {names.CLAIM_MARKER} does not hold an id and an epoch")
    return Claim(management_id=management_id, epoch=int(epoch), uuid=str(obj.get("uuid", "")))


def _is_ours(marker: structs.JSON) -> bool:
    return marker.get("key") == names.CLAIM_MARKER


def _where(obj: structs.JSON) -> str:
    return str(obj.get("uuid") or obj.get("name"))


def decide(spec: RecordSpec, claim: ClaimState, *, claimed_epoch: int | None) -> Decision:
    """The action for the claim of a living record.

    ``claimed_epoch``: the epoch of this record's claim here before. Only a person's annotation
    (``spec.handover``) allows taking over a claim of others, and a missing claim is never made
    again silently.
    """
    if isinstance(claim, DamagedClaim):
        message = f"{_called(spec)}: {claim.why}. {_MEND}: then {adopting(spec)}."
        return RefuseClaim(reason="ClaimDamaged", message=message)
    if claim is None:
        return _missing(spec, claimed_epoch)
    if claim.epoch > spec.epoch and claim.management_id == spec.management_id:
        return RefuseClaim(reason="NewerRecord", message=_newer(spec, claim))
    if claim.management_id == spec.management_id:
        return RewriteClaim(uuid=claim.uuid) if claim.epoch < spec.epoch else KeepClaim()
    former = spec.handover
    if former is not None and claim.management_id == former.management_id:
        if claim.epoch < spec.epoch:
            return RewriteClaim(uuid=claim.uuid)
        return RefuseClaim(reason="NewerRecord", message=_newer(spec, claim))
    message = _elsewhere(spec, claim, known=claimed_epoch is not None)
    return RefuseClaim(reason="ClaimedElsewhere", message=message)


def _missing(spec: RecordSpec, claimed_epoch: int | None) -> Decision:
    if claimed_epoch is None:
        return MakeClaim()
    former = spec.handover
    # Adopt with our own id means: make it again, once.
    own = former is not None and former.management_id == spec.management_id
    if own and spec.epoch > claimed_epoch:
        return MakeClaim()
    return RefuseClaim(reason="ClaimLost", message=lost(spec))


def lost(spec: RecordSpec) -> str:
    """The message for a claim of ours that is gone."""
    return (
        f"{_called(spec)} is gone; somebody deleted it. Without it nobody knows who may remove "
        f"this cluster's objects. If that is this management cluster, say so: {adopting(spec)}. "
        "The claim is then made again."
    )


def adopting(spec: RecordSpec) -> str:
    """The command that claims a record of ours once more."""
    ref = spec.cluster_ref
    return f"akoo-core adopt {ref.namespace}/{ref.name} --former {spec.management_id}"


def _newer(spec: RecordSpec, claim: Claim) -> str:
    return (
        f"{_called(spec)} has epoch {claim.epoch} of management cluster {claim.management_id}, "
        f"this record has epoch {spec.epoch}: a newer record of this cluster exists or existed. "
        "Find or restore that one, and delete this one."
    )


def _elsewhere(spec: RecordSpec, claim: Claim, *, known: bool) -> str:
    """``known``: the claim was ours here, so only a person's annotation makes another."""
    again = f"then {adopting(spec)}" if known else "it is made again for this record"
    return (
        f"{_called(spec)} says that this cluster belongs to management cluster "
        f"{claim.management_id}; this record says {spec.management_id}. Nothing is touched. If "
        f"that one has given it up for good, delete the StringGroup: {again}."
    )


def _called(spec: RecordSpec) -> str:
    name = names.claim(spec.ako_cluster_name)
    return f'The claim (StringGroup "{name}", tenant {names.ADMIN_TENANT})'


_MEND = "Find out who made it, and delete what is not the claim, or all of it"
