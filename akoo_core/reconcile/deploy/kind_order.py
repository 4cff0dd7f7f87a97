"""Order in which kinds are applied; they are deleted in reverse. Pure."""

from __future__ import annotations

_ORDER = (
    ("Namespace",),
    ("CustomResourceDefinition",),
    ("ServiceAccount",),
    ("ClusterRole", "Role"),
    ("ClusterRoleBinding", "RoleBinding"),
    ("Secret",),
    ("ConfigMap",),
    ("Service",),
    ("IngressClass", "StorageClass", "PriorityClass"),
    ("StatefulSet", "Deployment", "DaemonSet", "Job", "CronJob", "Pod"),
)
_RANKS = {kind: rank for rank, kinds in enumerate(_ORDER) for kind in kinds}
_GROUPS = frozenset(
    {
        "",
        "apiextensions.k8s.io",
        "apps",
        "batch",
        "networking.k8s.io",
        "rbac.authorization.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)


def rank(api_version: str, kind: str) -> int:
    """Smaller comes first. Custom resources and everything unknown come last."""
    group = api_version.rpartition("/")[0]
    return _RANKS.get(kind, len(_ORDER)) if group in _GROUPS else len(_ORDER)


def needs_definitions(api_version: str, kind: str) -> bool:
    """True for kinds that are applied only once new CRDs are served: custom resources and
    workloads."""
    return rank(api_version, kind) >= _RANKS["StatefulSet"]
