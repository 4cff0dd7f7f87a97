"""ClusterRoles for people: they are part of the ClusterRoles view, edit and admin. Pure.

All our kinds are cluster-scoped, so only a ClusterRoleBinding grants them. A person acts on a
record by an annotation, so ``patch`` is enough there: akoo-core alone makes and deletes records.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource

_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
_READ = ("get", "list", "watch")
_WRITE = ("create", "update", "patch", "delete")
_RECORDS = resources.AKO_DEPLOYMENTS


def roles(kinds: Iterable[Resource]) -> tuple[dict[str, Any], ...]:
    """``akoo-core-view`` and ``akoo-core-edit`` for these kinds of ours."""
    kinds = tuple(kinds)
    written = [kind for kind in kinds if kind.plural != _RECORDS.plural]
    view = [*_rules(kinds, _READ), *_rules([resources.CLUSTERS], _READ)]
    edit = [*_rules([_RECORDS], ("patch",)), *_rules(written, _WRITE)]
    return (
        _role("akoo-core-view", ("view", "edit", "admin"), view),
        _role("akoo-core-edit", ("edit", "admin"), edit),
    )


def _rules(kinds: Iterable[Resource], verbs: tuple[str, ...]) -> list[dict[str, Any]]:
    groups: dict[str, list[str]] = {}
    for kind in kinds:
        groups.setdefault(kind.group, []).append(kind.plural)
    return [
        {"apiGroups": [group], "resources": sorted(plurals), "verbs": list(verbs)}
        for group, plurals in sorted(groups.items())
    ]


def _role(name: str, parts: tuple[str, ...], rules: list[dict[str, Any]]) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": "akoo-core"}
    labels |= {f"{_AGGREGATE}{part}": "true" for part in parts}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": labels},
        "rules": rules,
    }
