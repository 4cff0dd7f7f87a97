"""Answers to GET of /version, /api and /apis, and refusals by missing rights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from akoo_core.kube.request import ServerRequest
from akoo_core.kube.resource import Resource
from akoo_core.testing.memory import kinds
from akoo_core.testing.memory.store import Object

_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


class Served:
    """The kinds of one server, and the rights of its user."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._resources = {(r.group, r.version, r.plural): r for r in resources}
        self._denied: set[tuple[str, str]] = set()
        self.kubernetes_version = "v1.34.0+memory"
        """The answer to ``/version``; "": 404."""

    def serve(self, resource: Resource) -> None:
        """Serve this kind at this version from now on."""
        self._resources[resource.group, resource.version, resource.plural] = resource

    def stop(self, resource: Resource) -> None:
        """Answer 404 to this kind at this version from now on."""
        self._resources.pop((resource.group, resource.version, resource.plural), None)

    def deny(self, verb: str, resource: str) -> None:
        """Refuse ``verb`` on ``resource`` (``clusters.cluster.x-k8s.io``, ``secrets``)."""
        self._denied.add((verb, resource))

    def allow(self, verb: str, resource: str) -> None:
        """Take a ``deny`` back."""
        self._denied.discard((verb, resource))

    def check(self, request: ServerRequest) -> None:
        """Raise as the real server would for a kind it lacks or a right we lack."""
        resource = request.resource
        if (resource.group, resource.version, resource.plural) not in self._resources:
            message = "the server could not find the requested resource"
            raise kinds.refusal(404, "NotFound", message, request, named=False)
        if (request.rbac_verb, resource.qualified) in self._denied:
            raise kinds.refusal(403, "Forbidden", _refused(request), request)

    def find(self, api_version: str, kind: str) -> Resource:
        """The served kind of that name. Raises LookupError."""
        for resource in self._resources.values():
            if (resource.api_version, resource.kind) == (api_version, kind):
                return resource
        raise LookupError(f"{api_version} {kind} is not served: call served.serve first")

    def review(self, review: Object) -> Object:
        """A SelfSubjectAccessReview, answered."""
        asked = review["spec"]["resourceAttributes"]
        group, resource = asked.get("group", ""), asked["resource"]
        qualified = f"{resource}.{group}" if group else resource
        allowed = (asked["verb"], qualified) not in self._denied
        return {**review, "status": {"allowed": allowed}}

    def document(self, path: str) -> Object | None:
        """The discovery document at ``path``; None when there is none."""
        versions = sorted({(r.group, r.version) for r in self._resources.values()})
        match [part for part in path.split("/") if part]:
            case ["version"] if self.kubernetes_version:
                major, minor, _ = self.kubernetes_version.removeprefix("v").split(".", 2)
                return {"major": major, "minor": minor, "gitVersion": self.kubernetes_version}
            case ["api"]:
                return {"kind": "APIVersions", "versions": ["v1"]}
            case ["apis"]:
                groups = sorted({group for group, _ in versions if group})
                return {"kind": "APIGroupList", "groups": [_group(g, versions) for g in groups]}
            case ["apis", group] if any(group == served_group for served_group, _ in versions):
                return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, versions)}
            case ["api", version] if ("", version) in versions:
                return self._kinds("", version)
            case ["apis", group, version] if (group, version) in versions:
                return self._kinds(group, version)
        return None

    def _kinds(self, group: str, version: str) -> Object:
        served = [r for r in self._resources.values() if (r.group, r.version) == (group, version)]
        group_version = f"{group}/{version}" if group else version
        return {
            "kind": "APIResourceList",
            "groupVersion": group_version,
            "resources": [entry for resource in served for entry in _entries(resource)],
        }


def _entries(resource: Resource) -> list[dict[str, Any]]:
    entry = {
        "name": resource.plural,
        "kind": resource.kind,
        "namespaced": resource.namespaced,
        "verbs": _VERBS,
    }
    if not kinds.has_status(resource):
        return [entry]
    return [
        entry,
        {**entry, "name": f"{resource.plural}/status", "verbs": ["get", "patch", "update"]},
    ]


def _group(group: str, versions: list[tuple[str, str]]) -> dict[str, Any]:
    # The newest first, as the server sorts them: GA, then beta, then alpha, each descending.
    own = sorted((v for g, v in versions if g == group), key=_age, reverse=True)
    entries = [{"groupVersion": f"{group}/{version}", "version": version} for version in own]
    return {"name": group, "versions": entries, "preferredVersion": entries[0]}


def _age(version: str) -> tuple[int, str]:
    return (0 if "alpha" in version else 1 if "beta" in version else 2, version)


def _refused(request: ServerRequest) -> str:
    where = (
        f'in the namespace "{request.namespace}"' if request.namespace else "at the cluster scope"
    )
    return (
        f'{request.resource.qualified} is forbidden: User "memory" cannot {request.rbac_verb} '
        f'resource "{request.rbac_resource}" in API group "{request.resource.group}" {where}'
    )
