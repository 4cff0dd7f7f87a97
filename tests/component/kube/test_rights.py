"""The answers of a real API server to a user without rights, and our messages about them."""

from __future__ import annotations

import asyncio
import pathlib
from typing import Any, NamedTuple

import pytest

from akoo_core import errors, external
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import rights, transport
from akoo_core.kube.access import config
from akoo_core.kube.resource import Resource

CLUSTER_ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", False)
BINDINGS = CLUSTER_ROLES._replace(plural="clusterrolebindings", kind="ClusterRoleBinding")


class Rule(NamedTuple):
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()


RULES = (
    Rule(("contract.akoo.io",), ("widgets", "widgets/status"), ("get", "list", "watch")),
    Rule(("",), ("namespaces",), ("get",), ("kube-system",)),
)


@pytest.fixture
async def alice(real_server: Any, real_api: Any, tmp_path: pathlib.Path) -> Any:
    """A user who may read widgets, but not their status."""
    role = {
        "apiVersion": CLUSTER_ROLES.api_version,
        "kind": "ClusterRole",
        "metadata": {"name": "alice"},
        "rules": [
            {"apiGroups": ["contract.akoo.io"], "resources": ["widgets"], "verbs": ["*"]},
            {
                "apiGroups": [""],
                "resources": ["namespaces"],
                "resourceNames": ["kube-system"],
                "verbs": ["get"],
            },
        ],
    }
    binding = {
        "apiVersion": CLUSTER_ROLES.api_version,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "alice"},
        "roleRef": {"apiGroup": CLUSTER_ROLES.group, "kind": "ClusterRole", "name": "alice"},
        "subjects": [{"apiGroup": CLUSTER_ROLES.group, "kind": "User", "name": "alice"}],
    }
    await real_api.client.apply(CLUSTER_ROLES, role)
    await real_api.client.apply(BINDINGS, binding)
    file = tmp_path / "alice"
    file.write_text(real_server.running.client_kubeconfig("alice"))
    kube = transport.HttpClient(await config.endpoint_of(str(file)), external=external.External())
    # The authorizer reads roles through a cache of its own: ask until it has seen them.
    async with asyncio.timeout(10):
        while await rights.missing_rights(kube, RULES[1:]):
            pass
    yield kube
    await kube.close()


async def test_missing_rules_are_named(alice: Any) -> None:
    assert await rights.missing_rights(alice, RULES) == (
        rights.MissingRights("contract.akoo.io", "widgets/status", ("get", "list", "watch")),
    )
    with pytest.raises(errors.PrerequisiteError) as caught:
        await rights.check_rights(alice, RULES, command="akoo-core manifests rbac --plugins ako")
    assert caught.value.reason == "RightsMissing"
    assert str(caught.value) == (
        "not allowed to list widgets.contract.akoo.io/status: ClusterRole akoo-core lacks "
        "get,list,watch on widgets/status (rendered: akoo-core manifests rbac --plugins ako)"
    )


async def test_what_is_granted_is_not_missing(alice: Any) -> None:
    await rights.check_rights(alice, RULES[1:])


async def test_a_refused_call_names_the_missing_rule(alice: Any) -> None:
    with pytest.raises(kube_errors.ForbiddenError) as caught:
        await alice.list(CLUSTER_ROLES)
    assert (
        "not allowed to list clusterroles.rbac.authorization.k8s.io: ClusterRole akoo-core lacks "
        "list on clusterroles (rendered: akoo-core manifests rbac)" in str(caught.value)
    )
    with pytest.raises(kube_errors.ForbiddenError, match="lacks watch on clusterroles"):
        async for _ in alice.watch(CLUSTER_ROLES):
            pass
