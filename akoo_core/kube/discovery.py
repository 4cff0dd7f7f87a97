"""Reads the versions and kinds that an API server serves.

Their names are checked before they become part of a path, of a metric or of a message: a workload
cluster may serve any.
"""

from __future__ import annotations

from typing import TypeVar

from akoo_core import structs
from akoo_core.kube import client, errors
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource

CAPI_GROUP = resources.CLUSTERS.group
CAPI_VERSIONS = ("v1beta2", "v1beta1")
"""The versions that we read, the best first."""

T = TypeVar("T")


class _Version(structs.Struct, frozen=True, kw_only=True):
    version: str = ""


class _Group(structs.Struct, frozen=True, kw_only=True):
    versions: list[_Version] | None = None


class _Kind(structs.Struct, frozen=True, kw_only=True):
    name: str = ""
    kind: str = ""
    namespaced: bool = False


class _Kinds(structs.Struct, frozen=True, kw_only=True):
    resources: list[_Kind] | None = None


async def versions(kube: client.KubeClient, group: str) -> list[str]:
    """The versions of a group, the server's favourite first. Raises NotFoundError for a group
    that is not served, InvalidError for an invalid name of a group."""
    if not resources.is_group(group):
        raise errors.InvalidError("an API group must be a DNS name")
    path = f"/apis/{group}"
    answer = _typed(await kube.raw(path), _Group, path)
    named = [entry.version for entry in answer.versions or ()]
    return [version for version in named if resources.is_version(version)]


async def kinds(kube: client.KubeClient, api_version: str) -> list[Resource]:
    """The kinds of ``v1`` or ``group/version``, without subresources and invalid names.

    Raises NotFoundError for a version that is not served, InvalidError for an invalid version.
    """
    group, slash, version = api_version.rpartition("/")
    named = resources.is_group(group) if slash else True
    if not (named and resources.is_version(version)):
        raise errors.InvalidError("an apiVersion must be a version, or a DNS name and a version")
    path = f"/apis/{api_version}" if group else f"/api/{api_version}"
    answer = _typed(await kube.raw(path), _Kinds, path)
    return [
        Resource(group, version, entry.name, entry.kind, entry.namespaced, discovered=True)
        for entry in answer.resources or ()
        if resources.is_plural(entry.name) and resources.is_kind(entry.kind)
    ]


def _typed(answer: client.Object, kind: type[T], path: str) -> T:
    try:
        return structs.convert(answer, kind)
    except structs.DecodeError as error:
        message = f"the answer is not a discovery document: {error}"
        raise errors.ServerError(message, request=path) from error


async def capi_version(kube: client.KubeClient) -> str:
    """The version of cluster.x-k8s.io to use: v1beta2 when it is served, else v1beta1.

    Ask again when a request for the kind ends with ``kind_missing``: upgrades of Cluster API
    happen under a running operator. Raises NotFoundError where Cluster API is not installed.
    """
    try:
        served = await versions(kube, CAPI_GROUP)
    except errors.NotFoundError as error:
        message = f"the API server has no {CAPI_GROUP}. Install Cluster API first: clusterctl init"
        raise errors.NotFoundError(message, kind_missing=True) from error
    for version in CAPI_VERSIONS:
        if version in served:
            return version
    message = f"{CAPI_GROUP} is served as {', '.join(sorted(served))}; we read v1beta2 or v1beta1"
    raise errors.NotFoundError(message, kind_missing=True)


async def clusters(kube: client.KubeClient) -> Resource:
    """Cluster at the version to use. Raises as ``capi_version``."""
    return resources.CLUSTERS._replace(version=await capi_version(kube))


async def machines(kube: client.KubeClient) -> Resource:
    """Machine at the version to use. Raises as ``capi_version``."""
    return resources.MACHINES._replace(version=await capi_version(kube))
