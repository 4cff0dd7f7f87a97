"""The user's words to one record: what each will do, when it has no effect, its patch. Pure."""

from __future__ import annotations

from typing import Any, Literal

from akoo_core import structs
from akoo_core.cli import fleet
from akoo_core.objects import cluster, names, record
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


class Word(structs.Struct, frozen=True, kw_only=True):
    """One word. ``value``: sweep, orphan or undo of ``leave``, the former id of ``adopt``, the
    reason of ``let-go`` and ``abandon-placement``."""

    kind: Kind
    value: str = ""

    @property
    def annotation(self) -> str:
        return _ANNOTATIONS[self.kind]

    @property
    def takes_back(self) -> bool:
        """Whether the annotation goes instead of being set."""
        return self.kind == "resume" or (self.kind == "leave" and self.value == "undo")


def patch(word: Word, one: record.Record) -> structs.JSON:
    """The merge patch that says the word to the record as it was read, and to no newer one."""
    value = None if word.takes_back else word.value
    metadata: dict[str, Any] = {
        "uid": one.uid,
        "resourceVersion": one.resource_version,
        "annotations": {word.annotation: value},
    }
    return {"metadata": metadata}


def said_already(word: Word, one: record.Record) -> bool:
    """Whether the record says so as it is: there is nothing to write."""
    if word.takes_back:
        return word.annotation not in one.annotations
    if word.kind in ("pause", "confirm-removal"):
        return word.annotation in one.annotations
    return one.annotations.get(word.annotation) == word.value


def refusal(word: Word, one: record.Record, target: cluster.Cluster | None) -> str:
    """Why the word would have no effect (or none that anybody wants), or ""."""
    key, spec = fleet.key_of(one), one.spec
    if spec.finished_at is not None and not word.takes_back:
        return f"{one.name} of {key} is Finished: nothing is done for it any more"
    match word.kind:
        case "leave":
            return _leave_refusal(word, one)
        case "let-go":
            return _let_go_refusal(word, one, target)
        case "resume" if target is not None and target.paused:
            return (
                f"Cluster {key} itself is paused (spec.paused or annotation "
                f"{names.CAPI_PAUSED_ANNOTATION}); end that where it began"
            )
        case "confirm-removal" if not _removal_held(one):
            return f"no removal of {key} is held (RemovalHeld); there is nothing to confirm"
        case "adopt" if word.value != spec.management_id:
            return (
                f"{one.name} of {key} belongs to management id {spec.management_id}, not "
                f"{word.value!r}; name that one, if it is what you mean"
            )
        case "abandon-placement":
            return _abandon_refusal(word, one, target)
    return ""


def effects(word: Word, one: record.Record) -> tuple[str, ...]:
    """What will happen, in sentences."""
    key = fleet.key_of(one)
    pausing = user_annotations.read(one.annotations).paused
    waits = (f"{one.name} is paused: nothing of this happens before it is resumed.",)
    said = _EFFECTS[f"{word.kind} {word.value}" if word.kind == "leave" else word.kind]
    told = tuple(sentence.format(key=key, reason=word.value) for sentence in said)
    return told + (waits if pausing and word.kind in ("leave", "confirm-removal") else ())


def _leave_refusal(word: Word, one: record.Record) -> str:
    key = fleet.key_of(one)
    if word.value not in ("sweep", "orphan", "undo"):
        return f"leave is sweep, orphan or undo, not {word.value!r}"
    if one.spec.finished_at is not None:
        return ""
    if one.spec.leaving is None or one.spec.leaving.cause == "Relocated":
        return ""
    if word.value == "sweep":
        return f"AKO is being taken away from {key} already; see akoo-core explain {key}"
    return f"AKO is being taken away from {key} already; that can be paused, not taken back"


def _let_go_refusal(word: Word, one: record.Record, target: cluster.Cluster | None) -> str:
    key, leaving = fleet.key_of(one), one.spec.leaving
    if not word.value.strip():
        return "a reason is needed: --reason TEXT; it is kept in the record"
    if leaving is not None and leaving.let_go is not None:
        return f"Cluster {key} was let go already ({leaving.let_go.why})"
    departs = leaving is not None and leaving.cause != "Relocated"
    if not departs and not (target is not None and target.deleting):
        return f"Cluster {key} is not being deleted and AKO is not leaving it: nothing holds it"
    return ""


def _abandon_refusal(word: Word, one: record.Record, target: cluster.Cluster | None) -> str:
    key, leaving = fleet.key_of(one), one.spec.leaving
    if not word.value.strip():
        return "a reason is needed: --reason TEXT; it is kept in the record"
    if leaving is None or leaving.cause != "Relocated":
        return f"AKO of {key} is not moving to another place: there is nothing to abandon"
    if target is not None and target.deleting:
        return f"Cluster {key} is being deleted; see akoo-core let-go"
    return ""


def _removal_held(one: record.Record) -> bool:
    return any(condition.reason == "RemovalHeld" for condition in one.status.conditions)


_EFFECTS: dict[str, tuple[str, ...]] = {
    "leave sweep": (
        "AKO is removed from {key}: drained, stopped, its objects cleaned up, outside too.",
        "Addresses of its Services and Ingresses stop working.",
        "The Cluster itself stays. While the word stands, AKO does not come back.",
        "Once begun, this can be paused, not taken back.",
    ),
    "leave orphan": (
        "AKO stays in {key} as it is, goes on working, and is not looked after any more.",
        "When the Cluster is deleted, it is still cleaned up.",
        "To take it back: akoo-core leave {key} undo.",
    ),
    "leave undo": (
        "{key} is not to be left any more: a config that selects the Cluster serves it again.",
        "If AKO was removed, it is deployed anew, and addresses may be new.",
    ),
    "let-go": (
        "Cluster {key} is let go now, whatever is left outside.",
        "Objects may stay on the Avi Controller, and their addresses in use.",
        'The record notes the reason ("{reason}") and goes on sweeping what it can.',
        "This cannot be taken back.",
    ),
    "adopt": (
        "The record of {key} names management cluster {reason}; it belongs to this one now.",
        "What it has outside is taken away from here when AKO leaves, and from nowhere else.",
        "If {reason} is this one: the claim outside, which was lost (ClaimLost), is made again.",
        "This cannot be taken back from here.",
    ),
    "abandon-placement": (
        "What AKO of {key} has at its old place is given up; it is set up at the new one now.",
        "Objects may stay there, and their addresses in use. Nobody looks there again.",
        'The record notes the place and the reason ("{reason}"). This cannot be taken back.',
    ),
    "pause": (
        "Nothing is done for {key} until it is resumed: no repair, no upgrade, no cleanup.",
        "AKO in the cluster goes on working.",
        "A Cluster that is deleted meanwhile hangs; its deadline does not count the pause.",
    ),
    "resume": ("{key} is looked after again; what was begun goes on.",),
    "confirm-removal": (
        "AKO is removed from {key} now, although many removals began within the hour.",
        "Addresses of its Services and Ingresses stop working. The Cluster itself stays.",
    ),
}
