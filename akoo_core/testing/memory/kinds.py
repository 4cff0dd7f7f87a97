"""Differences between kinds: /status, generation, unconditional updates. And refusals."""

from __future__ import annotations

from typing import Any

from akoo_core.kube import errors, statuses
from akoo_core.kube.request import ServerRequest
from akoo_core.kube.resource import Resource

_PLAIN = frozenset(
    {
        ("", "configmaps"),
        ("", "endpoints"),
        ("", "events"),
        ("", "secrets"),
        ("", "serviceaccounts"),
        ("coordination.k8s.io", "leases"),
        ("events.k8s.io", "events"),
        ("networking.k8s.io", "ingressclasses"),
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
        ("rbac.authorization.k8s.io", "clusterroles"),
        ("rbac.authorization.k8s.io", "rolebindings"),
        ("rbac.authorization.k8s.io", "roles"),
    }
)
_WITHOUT_GENERATION = _PLAIN - {("networking.k8s.io", "ingressclasses")} | {
    ("", "namespaces"),
    ("", "nodes"),
    ("", "services"),
    ("", "persistentvolumeclaims"),
}


def has_status(resource: Resource) -> bool:
    """True where the kind has a /status subresource. Custom resources here always have."""
    return (resource.group, resource.plural) not in _PLAIN


def has_generation(resource: Resource) -> bool:
    """True where ``metadata.generation`` counts changes outside metadata and status."""
    return (resource.group, resource.plural) not in _WITHOUT_GENERATION


def is_custom(resource: Resource) -> bool:
    """True where a CRD defines it: a replace without resourceVersion is refused then."""
    group = resource.group
    return "." in group and (not group.endswith(".k8s.io") or group.endswith(".x-k8s.io"))


def refusal(
    code: int,
    reason: str,
    message: str,
    request: ServerRequest | str,
    *,
    named: bool = True,
    **details: Any,
) -> errors.KubeError:
    """The error of an answer that the real server would give as this Status."""
    name = request.name if isinstance(request, ServerRequest) else ""
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
        "details": ({"name": name} if named and name else {}) | details,
    }
    return statuses.error_of(code, statuses.status_of(status), request)


def not_found(request: ServerRequest) -> errors.KubeError:
    """404 of an object."""
    message = f'{request.resource.qualified} "{request.name}" not found'
    return refusal(404, "NotFound", message, request)


def conflict(request: ServerRequest, why: str) -> errors.KubeError:
    """409 of a precondition."""
    message = f'Operation cannot be fulfilled on {request.resource.qualified} "{request.name}": '
    return refusal(409, "Conflict", message + why, request)


def invalid(request: ServerRequest, why: str, code: int = 422) -> errors.KubeError:
    """422 or 400 of content."""
    message = f'{request.resource.kind} "{request.name}" is invalid: {why}'
    return refusal(code, "Invalid" if code == 422 else "BadRequest", message, request)
