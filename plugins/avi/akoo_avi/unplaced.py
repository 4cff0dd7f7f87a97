"""Leaving without a stored place: nothing of ours was ever made there. Pure."""

from __future__ import annotations

from akoo_avi import names
from akoo_core.plugins import api

WHY = "This cluster was never placed on an Avi Controller"


def done() -> api.Done:
    """Of every verb that takes something away: there is nothing."""
    return api.Done(message=f"{WHY}.")


def verified(view: api.View) -> api.Proof | api.Unverified:
    """AKO is not deployed before a place was found; but one that was there before us has made
    objects by its own configuration, and nobody knows where."""
    name = view.spec.ako_cluster_name
    if names.made_by_us(name):
        return api.Proof(own=0, queries=(f"{WHY}, so AKO was never deployed.",))
    return api.Unverified(
        reason="PlacementMissing",
        message=(
            f'{WHY} by us, and its AKO ("{name}") was there before: what it made cannot be looked '
            "for. Look at akoo-core audit avi, then let the cluster go."
        ),
    )
