"""What several plugins counted, taken together: the weakest answer decides. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from akoo_core import structs
from akoo_core.objects import names, record
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.decide.decisions import Stop

Answer = api.Proof | api.Unverified | api.Wait | api.Blocked | VerbError


HELD_BY_LIMIT = 1024
"""Characters of who holds that a record keeps."""
SUSPECTS_KEPT = 20
"""So many suspects a record names; it counts all."""
SUSPECT_LIMIT = 256
"""Characters of one of them."""
SUSPECTS_TOLD = 5
"""Suspects named in a message; of more the number is told."""
UNSEEN_KEPT = 20
UNSEEN_LIMIT = 512
"""Characters of one sentence on what was not looked for."""

HISTORY_UNKNOWN = (
    "what this cluster had before this record began, since the record of that time is lost or did "
    "not end with a proof"
)


class Combined(NamedTuple):
    """Either a count, or why there is none."""

    proof: record.StoredProof | None
    stop: Stop | None = None
    message: str = ""


def combined(answers: Mapping[str, Answer], *, now: datetime.datetime, backoff: float) -> Combined:
    """The sum of all counts; one plugin that could not count makes it no count at all."""
    for answer in answers.values():
        if isinstance(answer, api.Unverified | api.Wait | api.Blocked):
            return Combined(None, Stop(answer.reason, answer.message, answer.after))
        if isinstance(answer, VerbError):
            return Combined(None, Stop("VerbFailed", str(answer), backoff))
    proofs = {name: one for name, one in answers.items() if isinstance(one, api.Proof)}
    if not proofs:
        return Combined(None)
    by = "; ".join(one.held_by for one in proofs.values() if one.held_by)
    suspects = tuple(each[:SUSPECT_LIMIT] for one in proofs.values() for each in one.suspects)
    unseen = tuple(each[:UNSEEN_LIMIT] for one in proofs.values() for each in one.unseen)
    proof = record.StoredProof(
        plugin=",".join(sorted(proofs)),
        at=now,
        own=sum(one.own for one in proofs.values()),
        suspect=sum(one.suspect for one in proofs.values()),
        held=sum(one.held for one in proofs.values()),
        queries=tuple(query for one in proofs.values() for query in one.queries),
        held_by=by[:HELD_BY_LIMIT],
        suspects=suspects[:SUSPECTS_KEPT],
        unseen=unseen[:UNSEEN_KEPT],
    )
    counts = f"{proof.own} own objects are left, {proof.held} of them held"
    return Combined(proof, message=f"{counts} by {by}." if by else f"{counts}.")


def counted(proof: record.StoredProof) -> str:
    """The counts, who holds what is held, and the first suspects by name."""
    if not proof.plugin:
        return f"nothing was counted; {not_seen(proof)}"
    told = f"own {proof.own}, suspect {proof.suspect}, held {proof.held}"
    if proof.held_by:
        told += f"; held: {proof.held_by}"
    if proof.suspects:
        shown = proof.suspects[:SUSPECTS_TOLD]
        more = proof.suspect - len(shown)
        told += f"; suspects, not deleted: {'; '.join(shown)}"
        told += f"; and {more} more" if more > 0 else ""
    if proof.unseen:
        told += f"; {not_seen(proof)}"
    return told


def left(proof: record.StoredProof | None) -> str:
    """What a Cluster has left behind that went before the proof."""
    if proof is None:
        return "what is left was never counted"
    if not proof.plugin:
        return "what is left cannot be counted"
    return f"{proof.own} own objects were left"


def not_seen(proof: record.StoredProof) -> str:
    """What may be left and was not looked for."""
    return f"not looked for: {'; '.join(proof.unseen)}"


# Limits of a proof.


def never_worked(spec: record.RecordSpec, plugin: str) -> bool:
    """Whether a plugin that verifies knows nothing of a cluster that had AKO before: it was loaded
    too late. Where AKO was never deployed, there is nothing to know."""
    return plugin not in spec.plugins and not spec.never_deployed


def blind(plugin: str) -> api.Unverified:
    """The answer in the place of a plugin that never worked for the record."""
    return api.Unverified(
        reason="PluginNeverWorked",
        message=(
            f"{_unknown_to(plugin)}. Look for them by hand (akoo-core audit), then annotate this "
            f"record {names.LET_GO_ANNOTATION}=<reason>."
        ),
    )


def limited(
    proof: record.StoredProof | None,
    spec: record.RecordSpec,
    *,
    strangers: tuple[str, ...],
    now: datetime.datetime,
) -> record.StoredProof | None:
    """The count, with what the core knows was not looked for. ``strangers``: plugins that were not
    asked since they never worked for the record. None: there is neither a count nor a stranger."""
    if proof is None and not strangers:
        return None
    base = proof or record.StoredProof(plugin="", at=now, own=0, suspect=0, held=0)
    unseen = [*base.unseen, *map(_unknown_to, strangers)]
    unseen += [_objects_of(ako) for ako in spec.foreign_akos]
    unseen += [HISTORY_UNKNOWN] if spec.history_unknown else []
    return structs.replace(base, unseen=tuple(unseen[-UNSEEN_KEPT:]))


def _unknown_to(plugin: str) -> str:
    return (
        f'plugin "{plugin}" never worked for this cluster, which had AKO before, and does not know '
        "where its objects are"
    )


def _objects_of(one: record.ForeignAko) -> str:
    name = f'"{one.cluster_name}"' if one.cluster_name else "with an unknown clusterName"
    return f"objects of the AKO {name} that akoo-core did not deploy ({one.where})"
