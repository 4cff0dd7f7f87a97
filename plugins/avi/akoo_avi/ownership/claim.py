"""The claim: who may take the objects of a cluster away from an Avi Controller.

A StringGroup in tenant admin. It carries AKO's own marker, so that whoever can list a cluster's
objects sees the claim, too, and a second marker with a management id and an epoch. It is left out
of all counts: it is ours and not AKO's. ``decide`` says what is to be done about one, and
:mod:`akoo_avi.ownership.claiming` does it. Pure.
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


class Damaged(structs.Struct, frozen=True, kw_only=True):
    """Something is there that should be the claim and cannot be read as one."""

    why: str


class Nothing(structs.Struct, frozen=True, kw_only=True):
    """It is as it should be."""


class Make(structs.Struct, frozen=True, kw_only=True):
    """There is none, and there may be one: make it."""


class Rewrite(structs.Struct, frozen=True, kw_only=True):
    """It is ours by now: write our id and epoch into it."""

    uuid: str


class Refuse(structs.Struct, frozen=True, kw_only=True):
    """Somebody must decide."""

    reason: Literal["ClaimLost", "ClaimedElsewhere", "NewerRecord", "ClaimDamaged"]
    message: str


Found = Claim | Damaged | None
Decision = Nothing | Make | Rewrite | Refuse


def is_claim(obj: structs.JSON) -> bool:
    """Whether an object of any kind is a claim: by name and by marker."""
    if not str(obj.get("name", "")).startswith(names.CLAIM_PREFIX):
        return False
    return any(marker.get("key") == names.CLAIM_MARKER for marker in obj.get("markers") or ())


def has_marker(obj: structs.JSON, cluster_name: str) -> bool:
    """Whether the query by AKO's marker shows the object."""
    return any(
        marker.get("key") == names.CLUSTER_MARKER and cluster_name in (marker.get("values") or ())
        for marker in obj.get("markers") or ()
    )


def body(cluster_name: str, management_id: str, epoch: int) -> structs.JSON:
    """The object. No ``created_by``: AKO takes what has it for its own."""
    return {
        "name": names.claim(cluster_name),
        "type": TYPE,
        "markers": [
            {"key": names.CLUSTER_MARKER, "values": [cluster_name]},
            {"key": names.CLAIM_MARKER, "values": [management_id, str(epoch)]},
        ],
    }


def read(cluster_name: str, objects: Iterable[structs.JSON]) -> Found:
    """The claim among the objects that carry the cluster's marker, in any tenant."""
    name = names.claim(cluster_name)
    found = [one for one in objects if is_claim(one) or one.get("name") == name]
    if not found:
        return None
    if len(found) > 1:
        return Damaged(why=f"there are {len(found)} of them ({', '.join(map(_where, found))})")
    return _read(name, found[0])


def _read(name: str, obj: structs.JSON) -> Claim | Damaged:
    if obj.get("name") != name:
        return Damaged(why=f'it is called "{obj.get("name")}"')
    tenant = references.uuid_of(obj.get("tenant_ref"))
    if tenant not in ("", names.ADMIN_TENANT):
        return Damaged(why=f"it is in the tenant {references.name_of(obj['tenant_ref'])}")
    if obj.get("type", TYPE) != TYPE:
        return Damaged(why=f"it is a StringGroup of type {obj['type']}")
    values = [marker.get("values") for marker in obj.get("markers") or () if _is_ours(marker)]
    if len(values) != 1 or not isinstance(values[0], list) or len(values[0]) != 2:
        return Damaged(why=f"its marker {names.CLAIM_MARKER} does not hold an id and an epoch")
    management_id, epoch = map(str, values[0])
    if not management_id or not (epoch.isascii() and epoch.isdigit()):
        return Damaged(why=f"its marker {names.CLAIM_MARKER} does not hold an id and an epoch")
    return Claim(management_id=management_id, epoch=int(epoch), uuid=str(obj.get("uuid", "")))


def _is_ours(marker: structs.JSON) -> bool:
    return marker.get("key") == names.CLAIM_MARKER


def _where(obj: structs.JSON) -> str:
    return str(obj.get("uuid") or obj.get("name"))


def decide(spec: RecordSpec, found: Found, *, claimed_epoch: int | None) -> Decision:
    """What to do about the claim of a record that lives.

    ``claimed_epoch``: of the claim that was this record's here before. A claim of others is never
    taken over without a person's word (``spec.handover``), and one that is missing is never
    silently made again.
    """
    if isinstance(found, Damaged):
        told = f"{_called(spec)}: {found.why}. {_MEND}: then {adopting(spec)}."
        return Refuse(reason="ClaimDamaged", message=told)
    if found is None:
        return _missing(spec, claimed_epoch)
    if found.epoch > spec.epoch and found.management_id == spec.management_id:
        return Refuse(reason="NewerRecord", message=_newer(spec, found))
    if found.management_id == spec.management_id:
        return Rewrite(uuid=found.uuid) if found.epoch < spec.epoch else Nothing()
    former = spec.handover
    if former is not None and found.management_id == former.management_id:
        if found.epoch < spec.epoch:
            return Rewrite(uuid=found.uuid)
        return Refuse(reason="NewerRecord", message=_newer(spec, found))
    told = _elsewhere(spec, found, known=claimed_epoch is not None)
    return Refuse(reason="ClaimedElsewhere", message=told)


def _missing(spec: RecordSpec, claimed_epoch: int | None) -> Decision:
    if claimed_epoch is None:
        return Make()
    former = spec.handover
    # The person who says adopt with our own id says: make it again, once.
    own = former is not None and former.management_id == spec.management_id
    if own and spec.epoch > claimed_epoch:
        return Make()
    return Refuse(reason="ClaimLost", message=lost(spec))


def lost(spec: RecordSpec) -> str:
    """What to read when a claim that was ours is gone."""
    return (
        f"{_called(spec)} is gone; somebody deleted it. Without it nobody knows who may take this "
        f"cluster's objects away. If that is this management cluster, say so: {adopting(spec)}. "
        "The claim is then made again."
    )


def adopting(spec: RecordSpec) -> str:
    """The command that says of a record of ours, once more, that it is ours."""
    ref = spec.cluster_ref
    return f"akoo-core adopt {ref.namespace}/{ref.name} --former {spec.management_id}"


def _newer(spec: RecordSpec, found: Claim) -> str:
    return (
        f"{_called(spec)} has epoch {found.epoch} of management cluster {found.management_id}, "
        f"this record has epoch {spec.epoch}: a newer record of this cluster exists or existed. "
        "Find or restore that one, and delete this one."
    )


def _elsewhere(spec: RecordSpec, found: Claim, *, known: bool) -> str:
    """``known``: the claim was ours here, so that another is not made without a person's word."""
    again = f"then {adopting(spec)}" if known else "it is made again for this record"
    return (
        f"{_called(spec)} says that this cluster belongs to management cluster "
        f"{found.management_id}; this record says {spec.management_id}. Nothing is touched. If "
        f"that one has given it up for good, delete the StringGroup: {again}."
    )


def _called(spec: RecordSpec) -> str:
    name = names.claim(spec.ako_cluster_name)
    return f'The claim (StringGroup "{name}", tenant {names.ADMIN_TENANT})'


_MEND = "Look who made it; what is not the claim must go, or all of it"
