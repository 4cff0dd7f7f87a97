"""Quorum reads: the API server's answer where a cache may be late. Thin."""

from __future__ import annotations

from akoo_core.kube import errors
from akoo_core.kube.client import KubeClient
from akoo_core.kube.resource import Resource
from akoo_core.objects import cluster as clusters
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.record import ClusterRef


async def read_cluster(
    client: KubeClient, kind: Resource, ref: ClusterRef | Cluster
) -> Cluster | None:
    """The Cluster of that name and UID; None if it is gone or another has its name.

    Raises KubeError; NotFoundError, if the kind itself is missing.
    """
    try:
        obj = await client.get(kind, ref.name, ref.namespace)
    except errors.NotFoundError as error:
        if error.kind_missing:
            raise
        return None
    cluster = clusters.from_object(obj)
    return cluster if cluster.uid == ref.uid else None
