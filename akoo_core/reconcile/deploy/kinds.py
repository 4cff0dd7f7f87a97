"""From apiVersion and kind of a manifest to the REST resource it is served as."""

from __future__ import annotations

from akoo_core.kube import discovery, errors
from akoo_core.kube.client import KubeClient
from akoo_core.kube.resource import Resource
from akoo_core.plugin.errors import BlockedError

_NAMESPACED = (
    ("v1", "ConfigMap", "configmaps"),
    ("v1", "Pod", "pods"),
    ("v1", "Secret", "secrets"),
    ("v1", "Service", "services"),
    ("v1", "ServiceAccount", "serviceaccounts"),
    ("apps/v1", "DaemonSet", "daemonsets"),
    ("apps/v1", "Deployment", "deployments"),
    ("apps/v1", "StatefulSet", "statefulsets"),
    ("batch/v1", "CronJob", "cronjobs"),
    ("batch/v1", "Job", "jobs"),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    ("rbac.authorization.k8s.io/v1", "Role", "roles"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
)
_CLUSTER_WIDE = (
    ("v1", "Namespace", "namespaces"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions"),
    ("networking.k8s.io/v1", "IngressClass", "ingressclasses"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings"),
)


def resource(api_version: str, kind: str, plural: str, *, namespaced: bool) -> Resource:
    """The Resource of these names."""
    group, _, version = api_version.rpartition("/")
    return Resource(group, version, plural, kind, namespaced)


BUILT_IN: dict[tuple[str, str], Resource] = {
    (row[0], row[1]): resource(*row, namespaced=namespaced)
    for rows, namespaced in ((_NAMESPACED, True), (_CLUSTER_WIDE, False))
    for row in rows
}


class Kinds:
    """The kinds of one API server. Kinds that are not built in are discovered on first use and
    cached."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._known: dict[tuple[str, str], Resource] = dict(BUILT_IN)

    async def find(self, api_version: str, kind: str) -> Resource:
        """The Resource. Raises BlockedError(KindNotServed) when the server has no such kind."""
        served = self._known.get((api_version, kind))
        if served is None:
            await self._discover(api_version)
            served = self._known.get((api_version, kind))
        if served is None:
            raise BlockedError(
                f"The API server does not serve {kind} in {api_version}; install its "
                "CustomResourceDefinition first.",
                reason="KindNotServed",
            )
        return served

    async def _discover(self, api_version: str) -> None:
        try:
            served = await discovery.kinds(self._client, api_version)
        except (errors.NotFoundError, errors.InvalidError):
            return
        self._known |= {(api_version, kind.kind): kind for kind in served}
