"""Kinds that are read to recognise an install: AKO's own, and those of whoever deploys things."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin.kube import (
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    SECRETS,
    STATEFUL_SETS,
    Resource,
)

SERVICE_ACCOUNTS: Final = Resource("", "v1", "serviceaccounts", "ServiceAccount")
CLUSTER_ROLES: Final = Resource(
    "rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False
)
CLUSTER_ROLE_BINDINGS: Final = Resource(
    "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False
)
INGRESS_CLASSES: Final = Resource(
    "networking.k8s.io", "v1", "ingressclasses", "IngressClass", namespaced=False
)
GATEWAY_CLASSES: Final = Resource(
    "gateway.networking.k8s.io", "v1", "gatewayclasses", "GatewayClass", namespaced=False
)

PACKAGE_INSTALLS: Final = (
    Resource("packaging.carvel.dev", "v1alpha1", "packageinstalls", "PackageInstall"),
)
"""Versions of a kind, the newest first; the first that is served is read."""
APPS: Final = (Resource("kappctrl.k14s.io", "v1alpha1", "apps", "App"),)
AKO_CONFIGS: Final = (
    Resource("ako.vmware.com", "v1beta1", "akoconfigs", "AKOConfig"),
    Resource("ako.vmware.com", "v1alpha1", "akoconfigs", "AKOConfig"),
)
HELM_RELEASES: Final = tuple(
    Resource("helm.toolkit.fluxcd.io", version, "helmreleases", "HelmRelease")
    for version in ("v2", "v2beta2", "v2beta1")
)
KUSTOMIZATIONS: Final = tuple(
    Resource("kustomize.toolkit.fluxcd.io", version, "kustomizations", "Kustomization")
    for version in ("v1", "v1beta2")
)
APPLICATIONS: Final = (Resource("argoproj.io", "v1alpha1", "applications", "Application"),)
HELM_RELEASE_PROXIES: Final = (
    Resource("addons.cluster.x-k8s.io", "v1alpha1", "helmreleaseproxies", "HelmReleaseProxy"),
)
HELM_CHART_PROXIES: Final = (
    Resource("addons.cluster.x-k8s.io", "v1alpha1", "helmchartproxies", "HelmChartProxy"),
)
CLUSTER_RESOURCE_SETS: Final = tuple(
    Resource("addons.cluster.x-k8s.io", version, "clusterresourcesets", "ClusterResourceSet")
    for version in ("v1beta2", "v1beta1")
)
CLUSTER_RESOURCE_SET_BINDINGS: Final = tuple(
    Resource(
        "addons.cluster.x-k8s.io",
        version,
        "clusterresourcesetbindings",
        "ClusterResourceSetBinding",
    )
    for version in ("v1beta2", "v1beta1")
)
CLUSTER_SUMMARIES: Final = tuple(
    Resource("config.projectsveltos.io", version, "clustersummaries", "ClusterSummary")
    for version in ("v1beta1", "v1alpha1")
)
BUNDLE_DEPLOYMENTS: Final = (
    Resource("fleet.cattle.io", "v1alpha1", "bundledeployments", "BundleDeployment"),
)
CLUSTER_BOOTSTRAPS: Final = (
    Resource("run.tanzu.vmware.com", "v1alpha3", "clusterbootstraps", "ClusterBootstrap"),
)

OWN: Final = (
    STATEFUL_SETS,
    CONFIG_MAPS,
    SECRETS,
    SERVICE_ACCOUNTS,
    CLUSTER_ROLES,
    CLUSTER_ROLE_BINDINGS,
    INGRESS_CLASSES,
    GATEWAY_CLASSES,
    CUSTOM_RESOURCE_DEFINITIONS,
)
"""AKO's objects, in the order in which they are listed."""

ADDON_SECRET: Final = "{}-load-balancer-and-ingress-service-addon"  # noqa: S105 - a name
VENDOR_SECRET: Final = "{}-avi-secret"  # noqa: S105 - a name
ACCOUNT_SECRET: Final = "{}-avi-credentials"  # noqa: S105 - a name
"""Names of Secrets beside a Cluster. The first and the last are the ancestor's."""
