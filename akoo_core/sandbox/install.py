"""Installs what the operator needs on the management cluster: namespace, account, rights, Secrets.

The rights are those that ``akoo-core manifests`` prints for the selected plugins, so that the
sandbox finds a missing rule before a user does. The operator gets the ServiceAccount's token and
nothing more.
"""

from __future__ import annotations

import base64
import pathlib
from typing import Any

from akoo_testbed import kubeapi
from akoo_testbed.kube import kubeconfig

from akoo_core.plugin_host import rbac, registry

NAMESPACE = "akoo-system"
ACCOUNT = "akoo-core"


def account_objects() -> tuple[dict[str, Any], ...]:
    """Namespace, ServiceAccount, and the bindings that give it the roles of its name."""
    namespace: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE},
    }
    account: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": ACCOUNT, "namespace": NAMESPACE},
    }
    bindings = (_binding("ClusterRoleBinding", "ClusterRole"), _binding("RoleBinding", "Role"))
    return (namespace, account, *bindings)


async def account(api: kubeapi.KubeApi) -> None:
    """Namespace and ServiceAccount, which has no rights yet."""
    for obj in account_objects():
        await api.apply(obj)


async def install(api: kubeapi.KubeApi, plugins: registry.PluginSet) -> None:
    """Namespace, ServiceAccount and exactly the rights that core and plugins declare."""
    await account(api)
    for obj in rbac.manifests(plugins.ordered):
        await api.apply(obj)


def _binding(kind: str, role: str) -> dict[str, Any]:
    metadata = {"name": ACCOUNT} | ({"namespace": NAMESPACE} if kind == "RoleBinding" else {})
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": ACCOUNT},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }


async def account_kubeconfig(api: kubeapi.KubeApi, server: str, ca_pem: str) -> str:
    """Kubeconfig text with a token of the operator's ServiceAccount."""
    return kubeconfig.with_token(server, ca_pem, await api.token(NAMESPACE, ACCOUNT))


def secret(name: str, **values: str) -> dict[str, Any]:
    """A Secret in the operator's namespace."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "type": "Opaque",
        "data": data,
    }


def write_private(path: pathlib.Path, text: str) -> pathlib.Path:
    """Write a file that only its owner may read."""
    path.touch(mode=0o600)
    path.write_text(text)
    return path
