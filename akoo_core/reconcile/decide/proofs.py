"""The counts of several plugins, combined: the weakest answer decides. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.objects.record import ForeignAko, RecordSpec, StoredProof
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.decide.decisions import Stop

VerifyAnswer = api.Proof | api.Unverified | api.Wait | api.Blocked | VerbError


HELD_BY_LIMIT = 1024
"""Characters of ``heldBy`` that a record keeps."""
SUSPECTS_KEPT = 20
"""Suspects that a record names, at most; it counts all."""
SUSPECT_LIMIT = 256
"""Characters of each of them."""
SUSPECTS_SHOWN = 5
"""Suspects that a message names; it gives the number of the rest."""
UNSEEN_KEPT = 20
UNSEEN_LIMIT = 512
"""Characters of one sentence on objects that were not looked for."""

HISTORY_UNKNOWN = (
    "what this cluster had before this record began, since the record of that time is lost or did "
    "not end with a proof"
)


class Combined(NamedTuple):
    """A count, or the Stop if there is none."""

    proof: StoredProof | None
    stop: Stop | None = None
    message: str = ""


def combined(
    answers: Mapping[str, VerifyAnswer], *, now: datetime.datetime, backoff: float
) -> Combined:
    """The sum of all counts; there is none if one plugin could not count."""
    for answer in answers.values():
        if isinstance(answer, api.Unverified | api.Wait | api.Blocked):
            return Combined(None, Stop(answer.reason, answer.message, answer.after))
        if isinstance(answer, VerbError):
            return Combined(None, Stop("VerbFailed", str(answer), backoff))
    proofs = {name: proof for name, proof in answers.items() if isinstance(proof, api.Proof)}
    if not proofs:
        return Combined(None)
    counts = proofs.values()
    by = "; ".join(count.held_by for count in counts if count.held_by)
    suspects = tuple(name[:SUSPECT_LIMIT] for count in counts for name in count.suspects)
    unseen = tuple(sentence[:UNSEEN_LIMIT] for count in counts for sentence in count.unseen)
    proof = StoredProof(
        plugin=",".join(sorted(proofs)),
        at=now,
        own=sum(count.own for count in counts),
        suspect=sum(count.suspect for count in counts),
        held=sum(count.held for count in counts),
        queries=tuple(query for count in counts for query in count.queries),
        held_by=by[:HELD_BY_LIMIT],
        suspects=suspects[:SUSPECTS_KEPT],
        unseen=unseen[:UNSEEN_KEPT],
    )
    message = f"{proof.own} own objects are left, {proof.held} of them held"
    return Combined(proof, message=f"{message} by {by}." if by else f"{message}.")


def counted(proof: StoredProof) -> str:
    """The counts, the holders, and the first suspects by name."""
    if not proof.plugin:
        return f"nothing was counted; {not_seen(proof)}"
    text = f"own {proof.own}, suspect {proof.suspect}, held {proof.held}"
    if proof.held_by:
        text += f"; held: {proof.held_by}"
    if proof.suspects:
        shown = proof.suspects[:SUSPECTS_SHOWN]
        more = proof.suspect - len(shown)
        text += f"; suspects, not deleted: {'; '.join(shown)}"
        text += f"; and {more} more" if more > 0 else ""
    if proof.unseen:
        text += f"; {not_seen(proof)}"
    return text


def left(proof: StoredProof | None) -> str:
    """Remains of a Cluster that was let go before the proof, in words."""
    if proof is None:
        return "what is left was never counted"
    if not proof.plugin:
        return "what is left cannot be counted"
    return f"{proof.own} own objects were left"


def not_seen(proof: StoredProof) -> str:
    """Objects that may be left and were not looked for, in words."""
    return f"not looked for: {'; '.join(proof.unseen)}"


# Limits of a proof.


def never_worked(spec: RecordSpec, plugin: str) -> bool:
    """True if a plugin that verifies was loaded after the cluster got AKO, so that it does not know
    where its objects are. If AKO was never deployed, there is nothing to know."""
    return plugin not in spec.plugins and not spec.never_deployed


def blind(plugin: str) -> api.Unverified:
    """The answer for a plugin that never worked for the record."""
    return api.Unverified(
        reason="PluginNeverWorked",
        message=(
            f"{_unknown_to(plugin)}. Look for them by hand (akoo-core audit), then annotate this "
            f"record {names.LET_GO_ANNOTATION}=<reason>."
        ),
    )


def limited(
    proof: StoredProof | None,
    spec: RecordSpec,
    *,
    strangers: tuple[str, ...],
    now: datetime.datetime,
) -> StoredProof | None:
    """The count, with the objects that the core knows were not looked for.

    ``strangers``: plugins that were not asked since they never worked for the record. None: there
    is neither a count nor a stranger.
    """
    if proof is None and not strangers:
        return None
    base = proof or StoredProof(plugin="", at=now, own=0, suspect=0, held=0)
    unseen = [*base.unseen, *map(_unknown_to, strangers)]
    unseen += [_objects_of(ako) for ako in spec.foreign_akos]
    unseen += [HISTORY_UNKNOWN] if spec.history_unknown else []
    return structs.replace(base, unseen=tuple(unseen[-UNSEEN_KEPT:]))


def _unknown_to(plugin: str) -> str:
    return (
        f'plugin "{plugin}" never worked for this cluster, which had AKO before, and does not know '
        "where its objects are"
    )


def _objects_of(ako: ForeignAko) -> str:
    name = f'"{ako.cluster_name}"' if ako.cluster_name else "with an unknown clusterName"
    return f"objects of the AKO {name} that akoo-core did not deploy ({ako.where})"
