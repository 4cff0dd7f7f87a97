"""The releases that a life is played on. Pure."""

from __future__ import annotations

import dataclasses
from typing import Final

from akoo_testbed.building import recipes
from akoo_testbed.management import Versions


@dataclasses.dataclass(frozen=True)
class Row:
    """A pair of releases in the management cluster; workload clusters have the default one."""

    name: str
    """The value of ROW."""
    versions: Versions = dataclasses.field(default_factory=Versions)
    note: str = ""
    """The reason why a pair is here that Cluster API does not support."""

    @property
    def kubernetes(self) -> str:
        """The release in the management cluster, without "v"."""
        return _version(self.versions.kubernetes)

    @property
    def cluster_api(self) -> str:
        return _version(self.versions.cluster_api)


WORKLOAD: Final = recipes.KUBERNETES_VERSION.removeprefix("v")
"""The release of Kubernetes in workload clusters."""

ROWS: Final = (
    Row("default"),
    Row("cluster-api-1.13", Versions(cluster_api="clusterapi-1.13")),
    Row("cluster-api-1.12", Versions(cluster_api="clusterapi-1.12")),
    Row(
        "cluster-api-1.10",
        Versions(cluster_api="clusterapi-1.10"),
        note="v1beta1 only; for management clusters before an upgrade. Cluster API itself tested "
        "it up to Kubernetes 1.33",
    ),
    Row("kubernetes-1.31", Versions("kubernetes-1.31", "clusterapi-1.12")),
    Row("kubernetes-1.36", Versions("kubernetes-1.36")),
    Row("kubernetes-1.37", Versions("kubernetes-1.37")),
)


def of(name: str) -> Row:
    """The row of that name. Raises KeyError with the names that there are."""
    for row in ROWS:
        if row.name == name:
            return row
    raise KeyError(f'no row "{name}". There are: {", ".join(row.name for row in ROWS)}')


def _version(recipe: str) -> str:
    return recipes.RECIPES[recipe].version.removeprefix("v")
