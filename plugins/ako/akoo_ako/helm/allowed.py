"""The objects of a rendered chart that are taken; any other refuses the chart. Pure.

A chart is written by others and rendered with the values of a config. So it makes what AKO's own
chart makes, in AKO's namespace and under AKO's names, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from akoo_ako import names
from akoo_ako.helm.archive import PATH
from akoo_ako.refusals.refusal import Refusal
from akoo_core.plugin import structs

HOOK: Final = "helm.sh/hook"
NAMESPACED: Final = frozenset(
    {
        ("v1", "ConfigMap"),
        ("v1", "ServiceAccount"),
        ("v1", "Service"),
        ("apps/v1", "StatefulSet"),
        ("policy/v1", "PodDisruptionBudget"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    }
)
CLUSTER: Final = {
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): names.CLUSTER_ROLE,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): names.CLUSTER_ROLE_BINDING,
    ("networking.k8s.io/v1", "IngressClass"): names.CLASS,
    ("gateway.networking.k8s.io/v1", "GatewayClass"): names.CLASS,
}
"""Cluster-scoped kinds, and the name that an object of each has. A second AKO's RBAC has its
namespace after that."""
DEFINITION: Final = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
GROUP: Final = ".ako.vmware.com"
FORBIDDEN_VERBS: Final = frozenset({"*", "escalate", "bind", "impersonate"})
"""Verbs by which an account gets more than its role says."""
_MOST: Final = 200
"""Objects of a chart."""


def taken(rendered: Iterable[Any]) -> tuple[structs.JSON, ...]:
    """The objects without hooks, AKO's namespace and AKO's account, which akoo-core makes. Raises
    Refusal for the first that is none of AKO's."""
    objects: list[structs.JSON] = []
    for obj in rendered:
        if obj is None:
            continue
        if not _is_object(obj):
            raise _refused("something", "is no Kubernetes object")
        if HOOK in (obj["metadata"].get("annotations") or {}) or _made_by_us(obj):
            continue
        _check(obj)
        objects.append(obj)
        if len(objects) > _MOST:
            raise _refused("the chart", f"has more than {_MOST} objects")
    for kind, name in (("StatefulSet", names.STATEFUL_SET), ("ConfigMap", names.CONFIG_MAP)):
        every = [obj["metadata"]["name"] for obj in objects if obj["kind"] == kind]
        if every != [name]:
            raise _refused("the chart", f"has to have one {kind}, {name}; it has {every}")
    keys = [(obj["kind"], obj["metadata"]["name"]) for obj in objects]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise _refused(f"{twice[0][0]} {twice[0][1]}", "comes twice")
    return tuple(objects)


def _is_object(obj: Any) -> bool:
    if not isinstance(obj, dict) or not isinstance(obj.get("metadata"), dict):
        return False
    texts = (obj.get("apiVersion"), obj.get("kind"), obj["metadata"].get("name"))
    maps = (obj["metadata"].get(key) or {} for key in ("labels", "annotations"))
    return all(isinstance(text, str) and text for text in texts) and all(
        isinstance(each, dict) for each in maps
    )


def _made_by_us(obj: structs.JSON) -> bool:
    key = (obj["apiVersion"], obj["kind"], obj["metadata"]["name"])
    return key in {("v1", "Namespace", names.NAMESPACE), ("v1", "Secret", names.SECRET)}


def _check(obj: structs.JSON) -> None:
    kind, metadata = (obj["apiVersion"], obj["kind"]), obj["metadata"]
    name, where = metadata["name"], f"{obj['kind']} {metadata['name']}"
    namespace = metadata.get("namespace") or names.NAMESPACE
    if kind in NAMESPACED and namespace != names.NAMESPACE:
        raise _refused(where, f"is in namespace {namespace}, not in {names.NAMESPACE}")
    if kind in CLUSTER and name not in (CLUSTER[kind], f"{CLUSTER[kind]}-{names.NAMESPACE}"):
        raise _refused(where, f"is of the whole cluster and is not named {CLUSTER[kind]}")
    if kind == DEFINITION and not name.endswith(GROUP):
        raise _refused(where, f"is not of group {GROUP.removeprefix('.')}")
    if kind not in NAMESPACED and kind not in CLUSTER and kind != DEFINITION:
        raise _refused(where, f"is of kind {kind[0]} {kind[1]}, which AKO does not need")
    match obj["kind"]:
        case "ClusterRole" | "Role":
            _check_rules(obj, where)
        case "ClusterRoleBinding" | "RoleBinding":
            _check_binding(obj, where)
        case "IngressClass":
            _check_controller(obj, "controller", where)
        case "GatewayClass":
            _check_controller(obj, "controllerName", where)


def _check_rules(obj: structs.JSON, where: str) -> None:
    for rule in obj.get("rules") or ():
        for verb in rule.get("verbs") or ():
            if verb in FORBIDDEN_VERBS:
                raise _refused(where, f"has the verb {verb}, by which AKO could do anything")
    if obj.get("aggregationRule"):
        raise _refused(where, "takes its rules from other roles")


def _check_binding(obj: structs.JSON, where: str) -> None:
    role = (obj.get("roleRef") or {}).get("name")
    own = (names.CLUSTER_ROLE, f"{names.CLUSTER_ROLE}-{names.NAMESPACE}")
    if obj["kind"] == "ClusterRoleBinding" and role not in own:
        raise _refused(where, f"binds to {role}, not to {names.CLUSTER_ROLE}")
    if obj["kind"] == "RoleBinding" and (obj.get("roleRef") or {}).get("kind") != "Role":
        raise _refused(where, f"binds to {role}, which is no Role of AKO's namespace")
    for subject in obj.get("subjects") or ():
        account = (subject.get("kind"), subject.get("namespace"))
        if account != ("ServiceAccount", names.NAMESPACE):
            raise _refused(where, f"gives rights to {account[0]} {subject.get('name')}")


def _check_controller(obj: structs.JSON, key: str, where: str) -> None:
    controller = (obj.get("spec") or {}).get(key)
    if controller != names.CONTROLLER:
        raise _refused(where, f"is of controller {controller}, not of {names.CONTROLLER}")


def _refused(where: str, problem: str) -> Refusal:
    return Refusal("ChartObjectRefused", f"{PATH}: {where} of the chart {problem}."[:500])
