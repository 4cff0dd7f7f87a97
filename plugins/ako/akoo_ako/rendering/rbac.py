"""AKO's rights in the workload cluster: what its informers and writers ask for; pure.

They follow the release: an old role under a new image gives informer errors for ever. They are as
wide as AKO needs them (it lists whole groups, and writes its own token back into avi-secret).
"""

from __future__ import annotations

from akoo_ako import names
from akoo_ako.desired import Desired
from akoo_ako.releases.release import Rule
from akoo_core.plugin import structs

_READ = ["get", "list", "watch"]
_CHANGE = [*_READ, "patch", "update"]
_RULES = ["hostrules", "httprules", "aviinfrasettings", "l4rules", "ssorules", "l7rules"]
_GATEWAY = ["gatewayclasses", "gateways", "httproutes"]


def role_name(desired: Desired, base: str) -> str:
    """``base``, or for a second AKO in a cluster a name that is not the primary's."""
    return base if desired.primary else f"{base}-{names.NAMESPACE}"


def render(desired: Desired) -> list[structs.JSON]:
    """ServiceAccount, ClusterRole and ClusterRoleBinding."""
    role = role_name(desired, names.CLUSTER_ROLE)
    api_group = "rbac.authorization.k8s.io"
    account = {"name": names.SERVICE_ACCOUNT, "namespace": names.NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
        {
            "apiVersion": f"{api_group}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": role},
            "rules": rules(desired),
        },
        {
            "apiVersion": f"{api_group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": role_name(desired, names.CLUSTER_ROLE_BINDING)},
            "roleRef": {"apiGroup": api_group, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", **account}],
        },
    ]


def rules(desired: Desired) -> list[structs.JSON]:
    """The rules of the ClusterRole."""
    allowed = [
        _rule("", ["*"], _READ),
        _rule("", _with_status("services"), _CHANGE),
        _rule("", ["secrets"], [*_CHANGE, "create"]),
        _rule("", ["events"], ["create", "patch", "update"]),
        _rule("apps", _with_status("statefulsets"), _CHANGE),
        _rule("networking.k8s.io", _with_status("ingresses"), _CHANGE),
        _rule("networking.k8s.io", ["ingressclasses"], _READ),
        _rule("coordination.k8s.io", ["leases"], ["create", "get", "update"]),
        _rule("ako.vmware.com", _with_status(*_RULES), _CHANGE),
        _rule("ako.vmware.com", ["multiclusteringresses", "serviceimports"], [*_READ, "patch"]),
        _rule(
            "ako.vmware.com",
            ["multiclusteringresses/status", "serviceimports/status"],
            ["get", "patch"],
        ),
        _rule("networking.x-k8s.io", _with_status("gateways", "gatewayclasses"), _CHANGE),
        _rule("crd.projectcalico.org", ["blockaffinities"], _READ),
        _rule("cilium.io", ["ciliumnodes"], _READ),
        _rule("network.openshift.io", ["hostsubnets"], _READ),
        _rule("route.openshift.io", _with_status("routes"), _CHANGE),
        *(_added(rule) for rule in desired.release.rules),
    ]
    if desired.gateway_api:
        allowed.append(_rule("gateway.networking.k8s.io", _with_status(*_GATEWAY), _CHANGE))
    return allowed


def _rule(group: str, resources: list[str], verbs: list[str]) -> structs.JSON:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _added(rule: Rule) -> structs.JSON:
    return {
        "apiGroups": list(rule.api_groups),
        "resources": list(rule.resources),
        "verbs": list(rule.verbs),
        **({"resourceNames": list(rule.resource_names)} if rule.resource_names else {}),
    }


def _with_status(*resources: str) -> list[str]:
    return [name for resource in resources for name in (resource, f"{resource}/status")]
