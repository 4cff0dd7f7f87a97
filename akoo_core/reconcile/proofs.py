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
    proof = record.StoredProof(
        plugin=",".join(sorted(proofs)),
        at=now,
        own=sum(one.own for one in proofs.values()),
        suspect=sum(one.suspect for one in proofs.values()),
        held=sum(one.held for one in proofs.values()),
        queries=tuple(query for one in proofs.values() for query in one.queries),
    )
    counts = f"{proof.own} own objects are left, {proof.held} of them held"
    by = "; ".join(one.held_by for one in proofs.values() if one.held_by)
    return Combined(proof, message=f"{counts} by {by}." if by else f"{counts}.")
