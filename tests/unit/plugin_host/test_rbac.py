from __future__ import annotations

import itertools
import random as random_
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from akoo_core.plugin_host import rbac

Rules = tuple[api.RbacRule, ...]


def _rule(groups: str, kinds: str, verbs: str, names: str = "") -> api.RbacRule:
    return api.RbacRule(
        groups=tuple(groups.split(",")),
        resources=tuple(kinds.split(",")),
        verbs=tuple(verbs.split(",")),
        names=tuple(names.split(",")) if names else (),
    )


@pytest.mark.parametrize(
    ("unmerged", "wanted"),
    [
        ((), ()),
        ((_rule("", "b,a", "watch,list,get"),), (_rule("", "a,b", "get,list,watch"),)),
        (
            (_rule("", "a", "get"), _rule("", "a", "list"), _rule("", "a", "get")),
            (_rule("", "a", "get,list"),),
        ),
        ((_rule("y,x", "a", "get"),), (_rule("x", "a", "get"), _rule("y", "a", "get"))),
        ((_rule("", "a", "get", "n"), _rule("", "a", "get")), (_rule("", "a", "get"),)),
        ((_rule("", "a", "get", "n"), _rule("", "a", "*")), (_rule("", "a", "*"),)),
        (
            (_rule("", "a", "get", "n"), _rule("", "a", "get", "m"), _rule("", "a", "list")),
            (_rule("", "a", "list"), _rule("", "a", "get", "m,n")),
        ),
        (
            (_rule("", "a", "get"), _rule("", "b", "get", "n"), _rule("", "c", "get", "n")),
            (_rule("", "a", "get"), _rule("", "b,c", "get", "n")),
        ),
    ],
)
def test_merge(unmerged: Rules, wanted: Rules) -> None:
    assert rbac.merge(unmerged) == wanted


def _some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, unique=True).map(tuple)


rules = st.lists(
    st.builds(
        api.RbacRule,
        groups=_some("", "x"),
        resources=_some("a", "b"),
        verbs=_some("get", "list", "patch", "*"),
        names=st.just(()) | _some("n", "m"),
    ),
    max_size=6,
)
REQUESTS = tuple(
    itertools.product(("", "x"), ("a", "b"), ("n", "m", "o"), ("get", "list", "patch", "delete"))
)


def _allowed(some: Rules) -> set[tuple[str, str, str, str]]:
    """As an API server decides: one rule must match group, resource, name and verb."""
    return {
        (group, kind, name, verb)
        for group, kind, name, verb in REQUESTS
        if any(
            group in rule.groups
            and kind in rule.resources
            and (not rule.names or name in rule.names)
            and (verb in rule.verbs or "*" in rule.verbs)
            for rule in some
        )
    }


@given(rules, st.randoms())
def test_merging_allows_exactly_the_same_in_a_fixed_order(
    some: list[api.RbacRule], random: random_.Random
) -> None:
    merged = rbac.merge(some)
    assert _allowed(merged) == _allowed(tuple(some))
    shuffled = list(some)
    random.shuffle(shuffled)
    assert rbac.merge(shuffled) == merged
    assert rbac.merge(merged) == merged


class Demo(api.Plugin):
    rbac: ClassVar[Rules] = (
        _rule("akoo.io", "portgroups", "get,list,watch"),
        _rule("", "secrets", "get"),
    )


def test_the_cluster_role_is_the_cores_with_the_plugins() -> None:
    core, _ = rbac.manifests([])
    both, _ = rbac.manifests([Demo()])
    assert core["kind"] == "ClusterRole"
    assert core["metadata"]["name"] == "akoo-core"
    new = [rule for rule in both["rules"] if rule not in core["rules"]]
    assert new == [
        {"apiGroups": ["akoo.io"], "resources": ["portgroups"], "verbs": ["get", "list", "watch"]}
    ]
    assert rbac.manifests([Demo()]) == rbac.manifests([Demo(), Demo()])


def test_the_core_asks_for_no_wildcards_and_writes_no_secrets() -> None:
    for rule in rbac.CORE:
        assert "*" not in (*rule.groups, *rule.verbs)
        if "*" in rule.resources:
            # What a provider calls its machines is not known; whether one is left must be.
            assert rule.groups == ("infrastructure.cluster.x-k8s.io",)
            assert rule.verbs == ("get",)
        if "secrets" in rule.resources:
            assert set(rule.verbs) == {"get", "list", "watch"}


def test_the_lease_is_in_the_own_namespace_only() -> None:
    cluster_role, role = rbac.manifests([], namespace="ops", lease_name="akoo-b")
    assert role["metadata"]["namespace"] == "ops"
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]},
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["akoo-b-refused-logins"],
            "verbs": ["get", "patch"],
        },
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["akoo-migration-0"],
            "verbs": ["get"],
        },
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": ["akoo-b"],
            "verbs": ["get", "update", "patch"],
        },
    ]
    elsewhere = [rule for rule in cluster_role["rules"] if "leases" in rule["resources"]]
    assert elsewhere == [
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["list"]}
    ], "for a second installation: it is looked for, and never changed"


class Keeping(Demo):
    keeps = True


def test_a_plugin_that_keeps_secrets_may_write_them_in_the_own_namespace_only() -> None:
    without, role_without = rbac.manifests([Demo()], namespace="ops")
    cluster_role, role = rbac.manifests([Demo(), Keeping()], namespace="ops")
    assert cluster_role == without
    assert [rule for rule in role["rules"] if rule not in role_without["rules"]] == [
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "verbs": ["get", "list", "create", "update", "delete"],
        }
    ]


class Reading(Demo):
    reads_config_maps = True


def test_a_plugin_that_reads_configmaps_may_read_them_in_the_own_namespace_only() -> None:
    without, role_without = rbac.manifests([Demo()], namespace="ops")
    cluster_role, role = rbac.manifests([Demo(), Reading()], namespace="ops")
    assert cluster_role == without
    added = [rule for rule in role["rules"] if rule not in role_without["rules"]]
    assert {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]} in [
        {**rule, "verbs": [verb for verb in rule["verbs"] if verb == "get"]}
        for rule in added
        if "resourceNames" not in rule
    ]
    verbs = {verb for rule in added if "resourceNames" not in rule for verb in rule["verbs"]}
    assert verbs <= {"get", "create"}


def test_missing_names_the_verbs_that_are_not_allowed_on_every_object() -> None:
    some = (
        _rule("", "secrets", "get"),
        _rule("", "secrets", "list", "one"),
        _rule("*", "*", "watch"),
    )
    assert rbac.missing(some, resources.SECRETS, ("get", "list", "watch")) == ["list"]
    assert rbac.missing((_rule("", "pods", "*"),), resources.PODS, ("get", "delete")) == []
    assert rbac.missing((), resources.PODS, ("get",)) == ["get"]
