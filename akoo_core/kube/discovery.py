"""Which versions and kinds an API server serves."""

from __future__ import annotations

from akoo_core.kube import client, errors
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource

CAPI_GROUP = resources.CLUSTERS.group
CAPI_VERSIONS = ("v1beta2", "v1beta1")
"""Those we read, the better first."""


async def capi_version(kube: client.KubeClient) -> str:
    """The version of cluster.x-k8s.io to use: v1beta2 when it is served, else v1beta1.

    Ask again when a request for the kind ends with ``kind_missing``: upgrades of Cluster API
    happen under a running operator. Raises NotFoundError where Cluster API is not installed.
    """
    try:
        group = await kube.raw(f"/apis/{CAPI_GROUP}")
    except errors.NotFoundError as error:
        message = f"the API server has no {CAPI_GROUP}. Install Cluster API first: clusterctl init"
        raise errors.NotFoundError(message, kind_missing=True) from error
    served = {entry["version"] for entry in group.get("versions") or ()}
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


class Discovery:
    """From apiVersion and kind to the Resource, remembered per group version.

    Only what was found is remembered: a kind whose CRD has just been applied is asked for again.
    """

    def __init__(self, kube: client.KubeClient) -> None:
        self._kube = kube
        self._known: dict[tuple[str, str], Resource] = {}

    async def find(self, api_version: str, kind: str) -> Resource:
        """The Resource. Raises NotFoundError (``kind_missing``) when it is not served."""
        found = self._known.get((api_version, kind))
        if found is None:
            await self._load(api_version)
            found = self._known.get((api_version, kind))
        if found is None:
            message = f"the API server does not serve {kind} in {api_version}"
            raise errors.NotFoundError(message, kind_missing=True)
        return found

    def invalidate(self) -> None:
        """Forget everything: after a ``kind_missing``, or when CRDs changed."""
        self._known.clear()

    async def _load(self, api_version: str) -> None:
        root = "apis" if "/" in api_version else "api"
        try:
            listed = await self._kube.raw(f"/{root}/{api_version}")
        except errors.NotFoundError:
            return
        group, _, version = api_version.rpartition("/")
        for entry in listed.get("resources") or ():
            if "/" in entry["name"]:
                continue  # a subresource
            self._known[api_version, entry["kind"]] = Resource(
                group, version, entry["name"], entry["kind"], bool(entry["namespaced"])
            )
