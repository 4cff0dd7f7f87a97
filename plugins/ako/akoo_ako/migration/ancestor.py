"""Names and kinds of the Go ancestor (load-balancer-operator-for-kubernetes)."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin.kube import Resource

FINALIZER: Final = "ako-operator.networking.tkg.tanzu.vmware.com"
"""On configs and Clusters."""
VIP_FINALIZER: Final = f"{FINALIZER}/ha"
"""On the Service of the VIP of the management cluster; nothing of the ancestor removes it."""
CONFIG_LABEL: Final = "networking.tkg.tanzu.vmware.com/avi"
"""On a Cluster: the name of the config that serves it."""
CLEAN_LABEL: Final = "networking.tkg.tanzu.vmware.com/avi-config-delete"
"""On a Cluster: AKO deletes its Avi objects while the Cluster lives ("true")."""
HOOK: Final = "pre-terminate.delete.hook.machine.cluster.x-k8s.io/avi-cleanup"
"""Annotation on Machines."""
CLUSTER_LABEL: Final = "cluster.x-k8s.io/cluster-name"
"""On Machines: the name of their Cluster."""
ADDON_LABEL: Final = "tkg.tanzu.vmware.com/addon-name"
ADDON: Final = "load-balancer-and-ingress-service"
ACCOUNT_TYPE: Final = "avi.cluster.x-k8s.io/secret"
CONDITIONS: Final = (
    "AviResourceCleanupSucceeded",
    "AviUserCleanupSucceeded",
    "ClusterIpFamilyValidationSucceeded",
)
"""On Clusters."""

VIP_OF_NAME: Final = "tkg.tanzu.vmware.com/cluster-name"
VIP_OF_NAMESPACE: Final = "tkg.tanzu.vmware.com/cluster-namespace"
"""Annotations on the Service of a VIP."""
VIP_VARIABLE: Final = "aviAPIServerHAProvider"
"""Variable of a topology; where it is absent, the environment of the operator counts."""
VIP_ENVIRONMENT: Final = "avi_control_plane_ha_provider"

OPERATOR: Final = "ako-operator-controller-manager"
OPERATOR_NAMESPACE: Final = "tkg-system-networking"
OPERATOR_APP: Final = "tanzu-ako-operator"
"""Label ``app`` of its Deployment in another namespace: the vendor's operator for OpenShift has a
Deployment and webhooks of the same names."""
PACKAGE: Final = "ako-operator"
WEBHOOKS: Final = (
    "ako-operator-mutating-webhook-configuration",
    "ako-operator-validating-webhook-configuration",
)

DEFINITION: Final = "akodeploymentconfigs.networking.tkg.tanzu.vmware.com"

DEPLOYMENTS: Final = Resource("apps", "v1", "deployments", "Deployment")
SERVICES: Final = Resource("", "v1", "services", "Service")
_ADMISSION: Final = "admissionregistration.k8s.io"
WEBHOOK_KINDS: Final = (
    Resource(
        _ADMISSION,
        "v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        namespaced=False,
    ),
    Resource(
        _ADMISSION,
        "v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        namespaced=False,
    ),
)
"""In the order of WEBHOOKS."""
CLUSTERS: Final = tuple(
    Resource("cluster.x-k8s.io", version, "clusters", "Cluster")
    for version in ("v1beta2", "v1beta1")
)
"""Versions of a kind, the newest first; the first that is served is read."""
MACHINES: Final = tuple(
    Resource("cluster.x-k8s.io", version, "machines", "Machine")
    for version in ("v1beta2", "v1beta1")
)
INFRA_SETTINGS: Final = tuple(
    Resource("ako.vmware.com", version, "aviinfrasettings", "AviInfraSetting", namespaced=False)
    for version in ("v1beta1", "v1alpha1")
)


def cluster_name(namespace: str, name: str) -> str:
    """AKO's clusterName for a Cluster. Two Clusters may have the same: a-b/c and a/b-c."""
    return f"{namespace}-{name}"


def vip_service(namespace: str, name: str) -> str:
    """The Service of the control plane VIP of a Cluster, in the namespace of the Cluster."""
    return f"{namespace}-{name}-control-plane"


def infra_setting(config: str) -> str:
    """The AviInfraSetting of a config, in the management cluster."""
    return f"{config}-ais"
