"""The Avi user that the Go ancestor (AKOO) made for a Cluster: its name, and the fact of it. Pure.

Two Clusters can have one such name: ``a-b`` in namespace ``c``, and ``a`` in namespace ``b-c``.
"""

from __future__ import annotations

from typing import ClassVar, Final

from akoo_core.plugin import api
from akoo_core.plugin.records import ClusterRef, RecordSpec

KIND: Final = "user"
PERMISSION: Final = "PERMISSION_USER"
SUFFIX: Final = "-ako-user"
SECRET: Final = "{}-avi-credentials"  # noqa: S105 - a name


class AviAncestorUser(api.Fact, frozen=True, kw_only=True):
    """The user as it was when AKO was adopted, before anything changed. It holds no secret.

    It is looked for once. The engine drops it when the cluster leaves the place.
    """

    fact_name: ClassVar[str] = "AviAncestorUser"

    name: str
    uuid: str
    """"": the ancestor's Secret or the user was not there. Then no user is ever deleted."""
    secret_uid: str
    """Of the Secret ``<cluster>-avi-credentials``, which named the user; "" for none."""
    controller_uuid: str
    """Of the Avi cluster."""


def is_adopted(spec: RecordSpec) -> bool:
    """The record manages an AKO that has the clusterName that the ancestor gives."""
    return spec.adoption is not None and spec.ako_cluster_name == cluster_name(spec.cluster_ref)


def cluster_name(ref: ClusterRef) -> str:
    """AKO's clusterName, as the ancestor gives it."""
    return f"{ref.namespace}-{ref.name}"


def name_for(cluster: str, namespace: str) -> str:
    """The name of the user of a Cluster."""
    return f"{cluster}-{namespace}{SUFFIX}"


def name_of(ref: ClusterRef) -> str:
    """The same for the Cluster of a record."""
    return name_for(ref.name, ref.namespace)


def cluster_names(user: str) -> frozenset[str]:
    """The clusterNames of all Clusters whose user could have that name."""
    base = user.removesuffix(SUFFIX)
    dashes = (place for place, sign in enumerate(base) if sign == "-")
    halves = ((base[:place], base[place + 1 :]) for place in dashes)
    return frozenset(f"{space}-{cluster}" for cluster, space in halves if cluster and space)
