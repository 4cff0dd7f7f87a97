"""Names and objects of the ancestor. They are spelled here once more, apart from akoo-core."""

import typing

Object = dict[str, typing.Any]

FINALIZER: typing.Final = "ako-operator.networking.tkg.tanzu.vmware.com"
LABEL: typing.Final = "networking.tkg.tanzu.vmware.com/avi"
HOOK: typing.Final = "pre-terminate.delete.hook.machine.cluster.x-k8s.io/avi-cleanup"
RESOURCES_CLEAN: typing.Final = "AviResourceCleanupSucceeded"
USER_CLEAN: typing.Final = "AviUserCleanupSucceeded"
DEFAULT_CONFIG: typing.Final = "install-ako-for-all"
MANAGEMENT_CONFIG: typing.Final = "install-ako-for-management-cluster"
MANAGEMENT_NAMESPACE: typing.Final = "tkg-system"
NAMESPACE: typing.Final = "tkg-system-networking"
OPERATOR: typing.Final = "ako-operator-controller-manager"
PACKAGE: typing.Final = "ako-operator"

CONFIGS: typing.Final = "networking.tkg.tanzu.vmware.com/v1alpha1/AKODeploymentConfig"
DEFINITIONS: typing.Final = "apiextensions.k8s.io/v1/CustomResourceDefinition"
DEPLOYMENTS: typing.Final = "apps/v1/Deployment"
PACKAGE_INSTALLS: typing.Final = "packaging.carvel.dev/v1alpha1/PackageInstall"
SECRETS: typing.Final = "v1/Secret"
CLUSTERS: typing.Final = "cluster.x-k8s.io/v1beta1/Cluster"
MACHINES: typing.Final = "cluster.x-k8s.io/v1beta1/Machine"

PASSWORD: typing.Final = "aBc1~=+%^9"  # noqa: S105 - of nobody
"""Of each account: a secret that must appear nowhere else."""


def installation() -> list[Object]:
    """The objects of its package: definition, webhooks, Deployment."""
    return [definition(), *webhooks(), deployment()]


def deployment() -> Object:
    """The Deployment of the operator."""
    labels = {"app": "tanzu-ako-operator"}
    container = {"name": "manager", "image": "akoo:1", "env": _environment()}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": OPERATOR, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def package_install() -> Object:
    """The PackageInstall that kapp-controller follows."""
    return {
        "apiVersion": "packaging.carvel.dev/v1alpha1",
        "kind": "PackageInstall",
        "metadata": {"name": PACKAGE, "namespace": MANAGEMENT_NAMESPACE},
        "spec": {
            "serviceAccountName": "ako-operator-sa",
            "packageRef": {"refName": "ako-operator.tanzu.vmware.com"},
        },
    }


def webhooks() -> list[Object]:
    """Both configurations: they refuse every write of a config while no server answers."""
    path = "/validate-networking-tkg-tanzu-vmware-com-v1alpha1-akodeploymentconfig"
    return [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": f"{kind}WebhookConfiguration",
            "metadata": {"name": f"ako-operator-{kind.lower()}-webhook-configuration"},
            "webhooks": [
                {
                    "name": "vakodeploymentconfig.kb.io",
                    "failurePolicy": "Fail",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1", "v1alpha1"],
                    "clientConfig": {
                        "service": {"namespace": NAMESPACE, "name": "webhook", "path": path}
                    },
                    "rules": [
                        {
                            "apiGroups": ["networking.tkg.tanzu.vmware.com"],
                            "apiVersions": ["v1alpha1"],
                            "operations": ["CREATE", "UPDATE"],
                            "resources": ["akodeploymentconfigs"],
                        }
                    ],
                }
            ],
        }
        for kind in ("Mutating", "Validating")
    ]


def definition() -> Object:
    """Its definition of AKODeploymentConfig, shortened to the names and an open schema."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "akodeploymentconfigs.networking.tkg.tanzu.vmware.com",
            "annotations": {"controller-gen.kubebuilder.io/version": "v0.14.0"},
        },
        "spec": {
            "group": "networking.tkg.tanzu.vmware.com",
            "scope": "Cluster",
            "names": {
                "kind": "AKODeploymentConfig",
                "listKind": "AKODeploymentConfigList",
                "plural": "akodeploymentconfigs",
                "singular": "akodeploymentconfig",
                "shortNames": ["adc"],
            },
            "versions": [
                {
                    "name": "v1alpha1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }
            ],
        },
    }


def account(cluster: Object, password: str = PASSWORD) -> Object:
    """The Secret with the account of its AKO."""
    name, namespace = cluster["metadata"]["name"], cluster["metadata"]["namespace"]
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{name}-avi-credentials", "namespace": namespace},
        "type": "avi.cluster.x-k8s.io/secret",
        "stringData": {
            "username": f"{name}-{namespace}-ako-user",
            "password": password,
            "certificateAuthorityData": "-----BEGIN CERTIFICATE-----",
        },
    }


def addon(cluster: Object) -> Object:
    """The Secret with the values of its AKO."""
    name, namespace = cluster["metadata"]["name"], cluster["metadata"]["namespace"]
    classy = "topology" in (cluster.get("spec") or {})
    values = f"loadBalancerAndIngressService:\n    name: ako-{namespace}-{name}\n"
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"{name}-load-balancer-and-ingress-service-addon",
            "namespace": namespace,
            "annotations": {
                "tkg.tanzu.vmware.com/addon-type": "networking/load-balancer-and-ingress-service"
            },
            "labels": {
                "tkg.tanzu.vmware.com/addon-name": "load-balancer-and-ingress-service",
                "tkg.tanzu.vmware.com/cluster-name": name,
                "clusterctl.cluster.x-k8s.io/move": "",
            },
        },
        "type": "clusterbootstrap-secret" if classy else "tkg.tanzu.vmware.com/addon",
        "stringData": {"values.yaml": f"{values}    password: {PASSWORD}\n"},
    }


def _environment() -> list[Object]:
    return [
        {"name": "bootstrap_cluster", "value": "False"},
        {"name": "avi_control_plane_ha_provider", "value": "False"},
    ]
