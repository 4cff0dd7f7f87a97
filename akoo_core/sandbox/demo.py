"""The objects of the story: a Cluster, and an AKODeploymentConfig with its Secrets."""

from __future__ import annotations

import secrets
from typing import Any

from akoo_testbed.provider import manifests

from akoo_core.sandbox import install

NAMESPACE = "demo"
CLUSTER = "shop"
CONFIG = "default"
LABELS = {"lb": "avi"}
HALF_WAY = "dies-mid-deletion,wrong-password"
"""Faults of AKO: it exits after the first virtual service it deletes, and cannot log in after its
next start."""
NODE_SECONDS = 5.0
"""Life of the Node after the deletion, long enough for AKO to clean up. (Machines are
marked as dying at once, so AKO is not asked there; a pool has none.)"""


def cluster() -> list[dict[str, Any]]:
    """A Cluster with a managed control plane and one Node in a machine pool."""
    return [
        *manifests.cluster(NAMESPACE, CLUSTER, labels=LABELS, workers=0),
        *manifests.machine_pool(NAMESPACE, CLUSTER, 1, machine_delete_seconds=NODE_SECONDS),
    ]


LIVING = "web"
"""The Cluster that is left running after the story."""


def living(name: str) -> list[dict[str, Any]]:
    """A namespace, and a Cluster with a managed control plane and one Node, which stays."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        *manifests.cluster(NAMESPACE, name, labels=LABELS, workers=0),
        *manifests.machine_pool(NAMESPACE, name, 1),
    ]


SERVICES = ("web", "api")


def services() -> list[dict[str, Any]]:
    """A namespace and the Services of type LoadBalancer, for the workload cluster."""
    spec = {"type": "LoadBalancer", "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080}]}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
        *(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": "shop"},
                "spec": spec,
            }
            for name in SERVICES
        ),
    ]


def credentials(
    ca_pem: str, ako_password: str = "", operator_password: str = ""
) -> list[dict[str, Any]]:
    """The three Secrets that the config names; missing passwords are generated."""
    ako = {"username": "ako-shop", "password": ako_password or secrets.token_urlsafe(16)}
    operator = {"username": "akoo", "password": operator_password or secrets.token_urlsafe(16)}
    return [
        install.secret("avi-controller-credentials", **operator),
        install.secret("avi-controller-ca", certificateAuthorityData=ca_pem),
        install.secret("ako-user", **ako),
    ]


def config(name: str = CONFIG, **spec: Any) -> dict[str, Any]:
    """An AKODeploymentConfig that selects ``lb: avi``. ``spec`` adds, replaces or, with None,
    removes fields."""
    fields = {
        "clusterSelector": {"matchLabels": LABELS},
        "controller": "avi.example.com",
        "cloudName": "vc-01",
        "serviceEngineGroup": "Default-Group",
        "dataNetwork": {"name": "vip-a", "cidr": "10.70.0.0/24"},
        "adminCredentialRef": _reference("avi-controller-credentials"),
        "certificateAuthorityRef": _reference("avi-controller-ca"),
        "workloadCredentialRef": _reference("ako-user"),
        "extraConfigs": {"log": {"logLevel": "INFO"}, "ingress": {"shardVSSize": "SMALL"}},
        **spec,
    }
    return {
        "apiVersion": "networking.tkg.tanzu.vmware.com/v1alpha1",
        "kind": "AKODeploymentConfig",
        "metadata": {"name": name},
        "spec": {key: value for key, value in fields.items() if value is not None},
    }


def _reference(name: str) -> dict[str, str]:
    return {"name": name, "namespace": install.NAMESPACE}
