"""Leaving without a stored place: we never made anything there. Pure."""

from __future__ import annotations

from akoo_avi.spec import names
from akoo_core.plugin import api

WHY = "This cluster was never placed on an Avi Controller"


def done() -> api.Done:
    """The result of every verb that removes something: there is nothing."""
    return api.Done(message=f"{WHY}.")


def verified(view: api.View) -> api.Proof | api.Unverified:
    """A proof only if AKO was never deployed, under a name of ours. An AKO that existed before us,
    or before this record, made objects by its own configuration, and nobody knows where.

    Once the Cluster was let go nobody waits for the answer: the record ends, and says so.
    """
    spec, name = view.spec, view.spec.ako_cluster_name
    if spec.never_deployed and names.made_by_us(name):
        return api.Proof(own=0, queries=(f"{WHY}, so AKO was never deployed.",))
    why = f'where the AKO "{name}" has made objects: no Avi Controller is recorded for this cluster'
    if spec.leaving is not None and spec.leaving.let_go is not None:
        return api.Proof(own=0, unseen=(why,))
    return api.Unverified(
        reason="PlacementMissing",
        message=f"It is not known {why}. Look at akoo-core audit avi, then let the cluster go.",
    )
