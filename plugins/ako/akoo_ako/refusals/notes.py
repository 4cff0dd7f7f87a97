"""Conditions of a record beside AkoReady; pure."""

from __future__ import annotations

from typing import Final

from akoo_ako.refusals import fit
from akoo_ako.releases.release import Release
from akoo_ako.releases.table import Table
from akoo_core.plugin import api

UNVERIFIED: Final = "ReleaseUnverified"
"""The cluster has a release that is not built in."""


def upgrade(message: str) -> api.RecordCondition:
    """The condition of a cluster whose upgrade its AKO does not survive."""
    return api.RecordCondition(type=fit.UPGRADE, reason="KubernetesVersion", message=message)


def conditions(release: Release, table: Table) -> tuple[api.RecordCondition, ...]:
    """The conditions of a cluster that is to have this release."""
    if release.built_in:
        return ()
    if table.find(release.version) is None:
        return (
            api.RecordCondition(
                type=UNVERIFIED,
                reason="RowRemoved",
                message=(
                    f"plugins.ako.releases and its ConfigMap have no row of AKO {release.version} "
                    "any more. AKO goes on as the copy in this record says, and no other cluster "
                    "gets this release. Put the row back, or name another release in "
                    "spec.plugins.ako.version."
                ),
            ),
        )
    return (
        api.RecordCondition(
            type=UNVERIFIED,
            reason="DescribedByRow",
            message=(
                f"AKO {release.version} is not built in: a row of plugins.ako.releases describes "
                f"it as AKO {release.base} with differences. Nobody has verified it."
            ),
        ),
    )
