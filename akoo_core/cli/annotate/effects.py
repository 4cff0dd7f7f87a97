"""The annotations a user may write on a record: effects, refusals, and the patch. Pure."""

from __future__ import annotations

from typing import Any, Literal

from akoo_core import structs
from akoo_core.cli import fleet
from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.record import Record
from akoo_core.reconcile.decide import user_annotations

Kind = Literal[
    "leave", "let-go", "pause", "resume", "confirm-removal", "adopt", "abandon-placement"
]

_ANNOTATIONS: dict[Kind, str] = {
    "leave": names.LEAVE_ANNOTATION,
    "let-go": names.LET_GO_ANNOTATION,
    "pause": names.PAUSED_ANNOTATION,
    "resume": names.PAUSED_ANNOTATION,
    "confirm-removal": names.CONFIRM_REMOVAL_ANNOTATION,
    "adopt": names.ADOPT_ANNOTATION,
    "abandon-placement": names.ABANDON_PLACEMENT_ANNOTATION,
}


class Annotation(structs.Struct, frozen=True, kw_only=True):
    """An annotation to write. ``value``: sweep, orphan or undo of ``leave``, the former id of
    ``adopt``, the reason of ``let-go`` and ``abandon-placement``."""

    kind: Kind
    value: str = ""

    @property
    def name(self) -> str:
        return _ANNOTATIONS[self.kind]

    @property
    def removes(self) -> bool:
        """The annotation is removed instead of set."""
        return self.kind == "resume" or (self.kind == "leave" and self.value == "undo")


def patch(annotation: Annotation, record: Record) -> structs.JSON:
    """The merge patch that sets the annotation, for exactly the version of the record that was
    read."""
    value = None if annotation.removes else annotation.value
    return merge_patch(record, annotation.name, value)


def merge_patch(record: Record, name: str, value: str | None) -> structs.JSON:
    """The merge patch that sets, or removes, one annotation of exactly that version."""
    metadata: dict[str, Any] = {
        "uid": record.uid,
        "resourceVersion": record.resource_version,
        "annotations": {name: value},
    }
    return {"metadata": metadata}


def already_set(annotation: Annotation, record: Record) -> bool:
    """The record has the annotation already; nothing to write."""
    if annotation.removes:
        return annotation.name not in record.annotations
    if annotation.kind in ("pause", "confirm-removal"):
        return annotation.name in record.annotations
    return record.annotations.get(annotation.name) == annotation.value


def refusal(annotation: Annotation, record: Record, cluster: Cluster | None) -> str:
    """The reason why the annotation would have no effect, or no useful one; "" for none."""
    key, spec = fleet.key_of(record), record.spec
    if spec.finished_at is not None and not annotation.removes:
        return f"{record.name} of {key} is Finished: the operator does nothing more for it"
    match annotation.kind:
        case "leave":
            return _leave_refusal(annotation, record)
        case "let-go":
            return _let_go_refusal(annotation, record, cluster)
        case "resume" if cluster is not None and cluster.paused:
            return (
                f"Cluster {key} itself is paused (spec.paused or annotation "
                f"{names.CAPI_PAUSED_ANNOTATION}); end the pause there"
            )
        case "confirm-removal" if not _removal_held(record):
            return f"no removal of {key} is held (RemovalHeld); there is nothing to confirm"
        case "adopt" if annotation.value != spec.management_id:
            return (
                f"{record.name} of {key} belongs to management id {spec.management_id}, not "
                f"{annotation.value!r}; repeat the command with that id if you mean it"
            )
        case "abandon-placement":
            return _abandon_refusal(annotation, record, cluster)
    return ""


def effects(annotation: Annotation, record: Record) -> tuple[str, ...]:
    """The consequences, in sentences."""
    key = fleet.key_of(record)
    pausing = user_annotations.read(record.annotations).paused
    waits = (f"{record.name} is paused: nothing of this happens until you resume it.",)
    leaves = annotation.kind == "leave"
    templates = _EFFECTS[f"leave {annotation.value}" if leaves else annotation.kind]
    sentences = tuple(text.format(key=key, reason=annotation.value) for text in templates)
    removes = leaves or annotation.kind == "confirm-removal"
    return sentences + (waits if pausing and removes else ())


def _leave_refusal(annotation: Annotation, record: Record) -> str:
    key = fleet.key_of(record)
    if annotation.value not in ("sweep", "orphan", "undo"):
        return f"leave is sweep, orphan or undo, not {annotation.value!r}"
    if record.spec.finished_at is not None:
        return ""
    if record.spec.leaving is None or record.spec.leaving.cause == "Relocated":
        return ""
    if annotation.value == "sweep":
        return f"AKO is being removed from {key} already; see akoo-core explain {key}"
    return f"AKO is being removed from {key} already; you can pause that, not undo it"


def _let_go_refusal(annotation: Annotation, record: Record, cluster: Cluster | None) -> str:
    key, leaving = fleet.key_of(record), record.spec.leaving
    if not annotation.value.strip():
        return "give a reason: --reason TEXT; the record keeps it"
    if leaving is not None and leaving.let_go is not None:
        return f"Cluster {key} was let go already ({leaving.let_go.why})"
    departs = leaving is not None and leaving.cause != "Relocated"
    if not departs and not (cluster is not None and cluster.deleting):
        return f"Cluster {key} is not being deleted and AKO is not leaving it; nothing holds it"
    return ""


def _abandon_refusal(annotation: Annotation, record: Record, cluster: Cluster | None) -> str:
    key, leaving = fleet.key_of(record), record.spec.leaving
    if not annotation.value.strip():
        return "give a reason: --reason TEXT; the record keeps it"
    if leaving is None or leaving.cause != "Relocated":
        return f"AKO of {key} is not being relocated; there is nothing to abandon"
    if cluster is not None and cluster.deleting:
        return f"Cluster {key} is being deleted; see akoo-core let-go"
    return ""


def _removal_held(record: Record) -> bool:
    return any(condition.reason == "RemovalHeld" for condition in record.status.conditions)


_EFFECTS: dict[str, tuple[str, ...]] = {
    "leave sweep": (
        "AKO is drained, stopped and removed from {key}; its objects are deleted, also outside.",
        "Addresses of its Services and Ingresses stop working.",
        "The Cluster itself stays. AKO does not come back while the annotation is there.",
        "Once this has begun, you can pause it, but not undo it.",
    ),
    "leave orphan": (
        "AKO stays in {key} and keeps working. The operator no longer manages it.",
        "The operator still cleans up when the Cluster is deleted.",
        "To undo this: akoo-core leave {key} undo.",
    ),
    "leave undo": (
        "AKO no longer leaves {key}: a config that selects the Cluster serves it again.",
        "If AKO was removed, it is deployed again, and addresses may change.",
    ),
    "let-go": (
        "Cluster {key} is let go now, whatever is left outside.",
        "Objects may stay on the Avi Controller, and their addresses in use.",
        'The record keeps the reason ("{reason}"), and the operator goes on sweeping what it can.',
        "This cannot be undone.",
    ),
    "adopt": (
        "The record of {key} names management cluster {reason}; now it belongs to this one.",
        "Only this management cluster cleans up its objects outside when AKO leaves.",
        "If {reason} is this one, a claim that was lost (ClaimLost) is made again outside.",
        "This cannot be undone from here.",
    ),
    "abandon-placement": (
        "What AKO of {key} has at its old place is abandoned; AKO is set up at the new one now.",
        "Objects may stay there, and their addresses in use. No cleanup looks there again.",
        'The record keeps the place and the reason ("{reason}"). This cannot be undone.',
    ),
    "pause": (
        "The operator does nothing for {key} until you resume it: no repair, upgrade or cleanup.",
        "AKO in the cluster keeps working.",
        "A Cluster that is deleted meanwhile hangs; the pause does not count towards its deadline.",
    ),
    "resume": ("The operator manages {key} again and continues with what it had begun.",),
    "confirm-removal": (
        "AKO is removed from {key} now, although many removals began within the hour.",
        "Addresses of its Services and Ingresses stop working. The Cluster itself stays.",
    ),
}
