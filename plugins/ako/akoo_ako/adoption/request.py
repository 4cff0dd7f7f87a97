"""The request of a person to give an adopted AKO back. Imported by the command line."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, records

REFUSED: Final = "{}: its AKO was not adopted. To stop managing it, use akoo-core leave orphan"


def _refusal(record: records.Record, flags: frozenset[str]) -> str:
    del flags
    reference = record.spec.cluster_ref
    if record.spec.adoption is None or "AkoFormerOwner" not in record.spec.facts:
        return REFUSED.format(f"{reference.namespace}/{reference.name}")
    if record.spec.orphaned is not None:
        return f"{reference.namespace}/{reference.name} is not managed any more"
    return ""


HAND_BACK: Final = api.PluginAnnotation(
    name="hand-back",
    help="Give an adopted AKO back to its former owner, as it was.",
    effects=(
        "AKO of {key} is as before it was adopted. It restarts where that differs from now.",
        "Secret avi-secret keeps the account that AKO uses now: no record holds an earlier one.",
        "Its objects lose our marks. Its former owner (Helm, a package) writes them again.",
        "{key} is not managed any more. AKO is cleaned up on Avi when the Cluster is deleted.",
    ),
    refusal=_refusal,
)
