"""The rights of the operator in its management cluster: declared by core and plugins, merged.

Pure. Workload clusters are reached with the credentials Cluster API made for them; nothing here is
about those. The rendered roles are committed under deploy/, and a test compares.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.objects import names as core_names
from akoo_core.plugin import api
from akoo_core.plugin_host import login_memory

NAME = "akoo-core"
"""Name of the ClusterRole, the Role, their bindings and the ServiceAccount."""

_LABELS = {"app.kubernetes.io/name": NAME}
_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
_READ = ("get", "list", "watch")


def _rule(group: str, resource: str, *verbs: str, names: tuple[str, ...] = ()) -> api.RbacRule:
    return api.RbacRule(groups=(group,), resources=(resource,), verbs=verbs, names=names)


_CAPI = resources.CLUSTERS.group
_AKOO = resources.AKO_DEPLOYMENTS.group
_TKG = resources.AKO_DEPLOYMENT_CONFIGS.group

CORE: tuple[api.RbacRule, ...] = (
    # Finalizer, identity annotation and holds on the Cluster; one condition in its status.
    _rule(_CAPI, "clusters", *_READ, "patch"),
    _rule(_CAPI, "clusters/status", "patch"),
    # Whether a node that ran AKO can still run: the fence's grade Gone.
    _rule(_CAPI, "machines", *_READ),
    _rule(_CAPI, "machinepools", *_READ),
    _rule("infrastructure.cluster.x-k8s.io", "*", "get"),
    _rule(_AKOO, "akodeployments", *_READ, "create", "patch", "delete"),
    _rule(_AKOO, "akodeployments/status", "patch"),
    _rule(_TKG, "akodeploymentconfigs", *_READ, "patch"),
    _rule(_TKG, "akodeploymentconfigs/status", "patch"),
    # Values are read one at a time; list and watch ask for metadata only, which RBAC cannot say.
    _rule("", "secrets", *_READ),
    _rule("", "namespaces", "get", names=("kube-system",)),
    _rule("events.k8s.io", "events", "create", "patch"),
    _rule("apiextensions.k8s.io", "customresourcedefinitions", "get"),
    _rule("authorization.k8s.io", "selfsubjectaccessreviews", "create"),
    # Whether the Go ancestor runs, whose finalizer then is not ours to remove.
    _rule("apps", "deployments", "get", names=(core_names.ANCESTOR_OPERATOR,)),
    # The Leases of other installations: two would act on the same clusters.
    _rule("coordination.k8s.io", "leases", "list"),
)
"""The rights of the core itself, in all namespaces."""


def own_namespace(lease_name: str) -> tuple[api.RbacRule, ...]:
    """The rights of the core in its own namespace: its Lease, the refused logins, and the journal
    of a switch from the Go ancestor. (A create cannot be limited by name.)"""
    refused = login_memory.name(lease_name)
    return (
        _rule("", "configmaps", "create"),
        _rule("", "configmaps", "get", "patch", names=(refused,)),
        _rule("", "configmaps", "get", names=(core_names.ANCESTOR_JOURNAL,)),
        _rule("coordination.k8s.io", "leases", "create"),
        _rule("coordination.k8s.io", "leases", "get", "update", "patch", names=(lease_name,)),
    )


KEEPING: tuple[api.RbacRule, ...] = (
    _rule("", "secrets", "get", "list", "create", "update", "delete"),
)
"""The rights in the operator's namespace with a plugin that keeps Secrets. They are for all Secrets
there: RBAC has no prefixes of names."""


READING: tuple[api.RbacRule, ...] = (_rule("", "configmaps", "get"),)
"""The rights in the operator's namespace with a plugin that reads ConfigMaps there."""


def of_plugins(plugins: Iterable[api.Plugin]) -> tuple[api.RbacRule, ...]:
    """The rights in the operator's namespace that these plugins need."""
    selected = tuple(plugins)
    keeping = KEEPING if any(plugin.keeps for plugin in selected) else ()
    reading = READING if any(plugin.reads_config_maps for plugin in selected) else ()
    return (*keeping, *reading)


def of_plugin(plugin: api.Plugin | type[api.Plugin]) -> tuple[api.RbacRule, ...]:
    """The rights in all namespaces that a plugin needs beyond the core's: those that it declares,
    and to list the kinds that its verbs read."""
    lists = (_rule(kind.group, kind.plural, "list") for kind in plugin.reads)
    return (*plugin.rbac, *lists)


def manifests(
    plugins: Iterable[api.Plugin], *, namespace: str = "akoo-system", lease_name: str = NAME
) -> tuple[dict[str, Any], ...]:
    """ClusterRole and Role for the core and these plugins; equal input gives equal output."""
    selected = tuple(plugins)
    rules = (
        *CORE,
        *(rule for plugin in selected for rule in of_plugin(plugin)),
    )
    own = (*own_namespace(lease_name), *of_plugins(selected))
    return (
        _role("ClusterRole", {"name": NAME, "labels": dict(_LABELS)}, rules),
        _role("Role", {"name": NAME, "namespace": namespace, "labels": dict(_LABELS)}, own),
    )


def _role(kind: str, metadata: Mapping[str, Any], rules: Iterable[api.RbacRule]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": dict(metadata),
        "rules": plain(rules),
    }


def plain(rules: Iterable[api.RbacRule]) -> list[dict[str, Any]]:
    """The rules as a role has them, merged."""
    return [_plain(rule) for rule in merge(rules)]


def _plain(rule: api.RbacRule) -> dict[str, Any]:
    plain: dict[str, Any] = {"apiGroups": list(rule.groups), "resources": list(rule.resources)}
    if rule.names:
        plain["resourceNames"] = list(rule.names)
    plain["verbs"] = list(rule.verbs)
    return plain


class _Right(NamedTuple):
    """The smallest thing a rule allows. ``name`` "" is every name."""

    group: str
    resource: str
    name: str
    verb: str


def merge(rules: Iterable[api.RbacRule]) -> tuple[api.RbacRule, ...]:
    """Rules of one group each that allow exactly the same and repeat nothing, in a fixed order."""
    rights = {right for rule in rules for right in _rights(rule)}
    minimal = {right for right in rights if not _implied(right, rights)}
    verbs: dict[tuple[str, str, str], list[str]] = {}
    for right in minimal:
        verbs.setdefault((right.group, right.resource, right.name), []).append(right.verb)
    names: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (group, resource, name), some in verbs.items():
        names.setdefault((group, resource, _sorted_verbs(some)), []).append(name)
    alike: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (group, resource, some_verbs), several in names.items():
        for part in _apart(several):
            alike.setdefault((group, part, some_verbs), []).append(resource)
    merged = [
        api.RbacRule(
            groups=(group,), resources=tuple(sorted(kinds)), verbs=some_verbs, names=several
        )
        for (group, several, some_verbs), kinds in alike.items()
    ]
    return tuple(sorted(merged, key=lambda rule: (rule.groups, rule.resources, rule.names)))


def _rights(rule: api.RbacRule) -> Iterable[_Right]:
    for group in rule.groups:
        for resource in rule.resources:
            for name in rule.names or ("",):
                for verb in rule.verbs:
                    yield _Right(group, resource, name, verb)


@functools.lru_cache(maxsize=64)
def _all_rights(rules: tuple[api.RbacRule, ...]) -> frozenset[_Right]:
    return frozenset(right for rule in rules for right in _rights(rule))


def _implied(right: _Right, rights: set[_Right]) -> bool:
    """True where a wider right is there: without the name, or with every verb."""
    wider = {right._replace(name=""), right._replace(verb="*"), right._replace(name="", verb="*")}
    return bool((wider - {right}) & rights)


def _apart(names: list[str]) -> list[tuple[str, ...]]:
    """Every name, and some names, are two rules: an empty list of names means every one."""
    some = tuple(sorted(name for name in names if name))
    return [*([()] if "" in names else []), *([some] if some else [])]


def _sorted_verbs(verbs: Iterable[str]) -> tuple[str, ...]:
    known = {verb: index for index, verb in enumerate(_VERBS)}
    return tuple(sorted(verbs, key=lambda verb: (known.get(verb, len(known)), verb)))


def missing(rules: Iterable[api.RbacRule], resource: Resource, verbs: Iterable[str]) -> list[str]:
    """The verbs on every object of that kind that the rules do not allow."""
    rights = _all_rights(tuple(rules))
    groups, kinds = {resource.group, "*"}, {resource.plural, "*"}
    allowed = {
        right.verb
        for right in rights
        if right.group in groups and right.resource in kinds and not right.name
    }
    return [verb for verb in verbs if verb not in allowed and "*" not in allowed]
