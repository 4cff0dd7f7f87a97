"""Names and marks on the Avi Controller: AKO's, which we match, and ours, which we make. Pure.

AKO's come from its source: marker ``clustername`` on everything it makes since 1.10, the field
``created_by`` where a kind has it, and prefixes of names.
"""

from __future__ import annotations

import re
from typing import Final

PLUGIN: Final = "avi"
ADMIN_TENANT: Final = "admin"
"""Always exists, with this name and this UUID."""

CLUSTER_MARKER: Final = "clustername"
"""AKO's marker with its clusterName, on all kinds; also the label of routes and SE groups."""
CLAIM_MARKER: Final = "akoo-claim"
"""Ours, on the claim: management id and epoch."""
CLAIM_PREFIX: Final = "akoo-claim-"

OURS = re.compile(r"akoo-[0-9a-f]{12}")


def claim(cluster_name: str) -> str:
    """Name of the claim: the StringGroup that decides who may remove a cluster's objects."""
    return f"{CLAIM_PREFIX}{cluster_name}"


def made_by_us(cluster_name: str) -> bool:
    """True for a clusterName that we made: ``akoo-`` and 12 hex digits, a hash of UIDs.

    Only such a name certainly belongs to nobody else. A name of an adopted install may be
    anybody's: AKO's own default is ``my-cluster``.
    """
    return OURS.fullmatch(cluster_name) is not None
