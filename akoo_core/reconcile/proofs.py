"""What several plugins counted, taken together: the weakest answer decides. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from akoo_core.api import record
from akoo_core.plugins import api
from akoo_core.plugins.errors import VerbError
from akoo_core.reconcile.report import Stop

Answer = api.Proof | api.Unverified | api.Wait | api.Blocked | VerbError


HELD_BY_LIMIT = 1024
"""Characters of who holds that a record keeps."""
SUSPECTS_KEPT = 20
"""So many suspects a record names; it counts all."""
SUSPECT_LIMIT = 256
"""Characters of one of them."""
SUSPECTS_TOLD = 5
"""Suspects named in a message; of more the number is told."""


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
    proof = record.StoredProof(
        plugin=",".join(sorted(proofs)),
        at=now,
        own=sum(one.own for one in proofs.values()),
        suspect=sum(one.suspect for one in proofs.values()),
        held=sum(one.held for one in proofs.values()),
        queries=tuple(query for one in proofs.values() for query in one.queries),
        held_by=by[:HELD_BY_LIMIT],
        suspects=suspects[:SUSPECTS_KEPT],
    )
    counts = f"{proof.own} own objects are left, {proof.held} of them held"
    return Combined(proof, message=f"{counts} by {by}." if by else f"{counts}.")


def counted(proof: record.StoredProof) -> str:
    """The counts, who holds what is held, and the first suspects by name."""
    told = f"own {proof.own}, suspect {proof.suspect}, held {proof.held}"
    if proof.held_by:
        told += f"; held: {proof.held_by}"
    if proof.suspects:
        shown = proof.suspects[:SUSPECTS_TOLD]
        more = proof.suspect - len(shown)
        told += f"; suspects, not deleted: {'; '.join(shown)}"
        told += f"; and {more} more" if more > 0 else ""
    return told
