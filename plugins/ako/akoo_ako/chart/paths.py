"""The paths of the values of AKO's chart, for every release: one row for each. Pure.

A row says the type of the value and the place that it goes to: the field of a config with the same
meaning, a ConfigMap key without such a field, or a part of the Pod. Field and key lead on to the
variable (mapping.py). The releases of a row come from ``values.yaml`` and the templates of the
chart on AKO's release branches; the last three paths are those of the vendor's 2.x packages.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final, NamedTuple

from akoo_ako import versions
from akoo_ako.releases import keys
from akoo_ako.releases.release import Release
from akoo_core.plugin.ako_values import SHARED, ValueType

_EXTRA: Final = "extraConfigs"
_OPTIONS: Final = "plugins.ako"


class ChartPath(NamedTuple):
    """One path of the chart's values."""

    path: str
    type: ValueType = "text"
    field: str = ""
    """The field with the same meaning, below ``spec``."""
    key: str = ""
    """The ConfigMap key, where no field has the meaning."""
    pod: str = ""
    """The part of the StatefulSet, where no field has the meaning."""
    choices: tuple[str, ...] = ()
    """The only texts, where AKO knows no others."""
    per_cluster: bool = True
    """It may differ between the clusters of a config."""
    instead: str = ""
    """The reason why nobody sets it here, with the field to use."""
    since: str = ""
    """The first built-in release with it, where the ConfigMap has no key of it."""

    def of(self, release: Release) -> bool:
        """The chart of this release has the path: with its key, where the ConfigMap has one."""
        key = keys.BY_PATH.get(self.path)
        if key is not None:
            return release.has(key.name)
        return not self.since or versions.at_least(release.base, self.since)


def _extra(
    path: str,
    kind: ValueType = "text",
    *choices: str,
    field: str = "",
    since: str = "",
    per_cluster: bool = True,
) -> ChartPath:
    """A path whose field is in ``spec.extraConfigs``. ``field``: where its name is not the last
    part of the path."""
    below = f"{_EXTRA}.{field or path.rpartition('.')[2]}"
    return ChartPath(path, kind, field=below, choices=choices, since=since, per_cluster=per_cluster)


def _shared(path: str, *choices: str, per_cluster: bool = False) -> ChartPath:
    """A path that other plugins read, too. They see one value for all clusters of a config."""
    field, kind = SHARED[path]
    return ChartPath(path, kind, field=field, choices=choices, per_cluster=per_cluster)


def _owned(path: str, instead: str, *, since: str = "") -> ChartPath:
    """A path that nobody sets: the operator owns it, or a field that is checked."""
    return ChartPath(path, "object", instead=instead, per_cluster=False, since=since)


def _use(*fields: str) -> str:
    return f"Use spec.{' and spec.'.join(fields)}."


_POD_SECURITY: Final = _use(f"{_OPTIONS}.podSecurity")
_CREDENTIALS: Final = _use("workloadCredentialRef", "certificateAuthorityRef")
_PULL_SECRETS: Final = _use(f"{_OPTIONS}.imagePullSecrets")
_PULL_POLICY: Final = _use(f"{_OPTIONS}.imagePullPolicy")
_CRD_OPERATOR: Final = "The ako-crd-operator is not deployed."
_RESOURCE: Final = ("limits.cpu", "limits.memory", "requests.cpu", "requests.memory")

PATHS: Final = (
    _shared("AKOSettings.primaryInstance"),
    _extra("AKOSettings.enableEvents", "flag"),
    _extra("AKOSettings.logLevel", "text", "INFO", "DEBUG", "WARN", "ERROR", field="log.logLevel"),
    _extra("AKOSettings.fullSyncFrequency", "seconds"),
    _extra("AKOSettings.apiServerPort", "number"),
    _owned(
        "AKOSettings.deleteConfig",
        "The operator sets it when a cluster leaves; a label on the Cluster sets it before.",
    ),
    _shared("AKOSettings.disableStaticRouteSync"),
    _owned("AKOSettings.clusterName", "The record gives the name: it marks all objects on Avi."),
    _shared(
        "AKOSettings.cniPlugin",
        *("antrea", "calico", "canal", "flannel", "openshift", "ncp", "ovn-kubernetes", "cilium"),
        per_cluster=True,
    ),
    _extra("AKOSettings.enableEVH", "flag"),
    _extra("AKOSettings.layer7Only", "flag"),
    _extra("AKOSettings.namespaceSelector.labelKey", field="namespaceSelector.labelKey"),
    _extra("AKOSettings.namespaceSelector.labelValue", field="namespaceSelector.labelValue"),
    _extra("AKOSettings.servicesAPI", "flag"),
    _extra("AKOSettings.vipPerNamespace", "flag"),
    _extra("AKOSettings.istioEnabled", "flag"),
    _extra("AKOSettings.blockedNamespaceList", "list"),
    _extra("AKOSettings.ipFamily", "text", "V4", "V6", "V4_V6"),
    _extra("AKOSettings.useDefaultSecretsOnly", "flag"),
    _shared("AKOSettings.vpcMode"),
    _shared("NetworkSettings.nodeNetworkList"),
    _extra("NetworkSettings.enableRHI", "flag", field="networksConfig.enableRHI"),
    _shared("NetworkSettings.nsxtT1LR"),
    _extra("NetworkSettings.bgpPeerLabels", "list", field="networksConfig.bgpPeerLabels"),
    _shared("NetworkSettings.vipNetworkList"),
    _extra("NetworkSettings.defaultDomain", field="l4Config.defaultDomain", since="1.13.1"),
    _extra("L7Settings.defaultIngController", "flag", field="ingress.defaultIngressController"),
    _extra("L7Settings.noPGForSNI", "flag", field="ingress.noPGForSNI"),
    _shared("L7Settings.serviceType", "NodePort", "ClusterIP", "NodePortLocal"),
    _shared("L7Settings.shardVSSize", "SMALL", "MEDIUM", "LARGE", "DEDICATED", per_cluster=True),
    _extra(
        "L7Settings.passthroughShardSize",
        "text",
        *("SMALL", "MEDIUM", "LARGE"),
        field="ingress.passthroughShardSize",
    ),
    _extra("L7Settings.enableMCI", "flag", field="ingress.enableMCI"),
    ChartPath(
        "L7Settings.fqdnReusePolicy",
        field=f"{_OPTIONS}.fqdnReusePolicy",
        choices=("InterNamespaceAllowed", "Strict"),
    ),
    ChartPath("L4Settings.defaultLBController", "flag", field=f"{_OPTIONS}.defaultLBController"),
    _extra("L4Settings.defaultDomain", field="l4Config.defaultDomain"),
    _extra("L4Settings.autoFQDN", "text", "default", "flat", "disabled", field="l4Config.autoFQDN"),
    _owned("ControllerSettings.serviceEngineGroupName", _use("serviceEngineGroup")),
    _owned("ControllerSettings.controllerVersion", _use("controllerVersion")),
    _owned("ControllerSettings.cloudName", _use("cloudName")),
    _owned("ControllerSettings.controllerHost", _use("controller")),
    _owned("ControllerSettings.tenantName", _use("tenant.name")),
    _shared("ControllerSettings.vrfName"),
    ChartPath(
        "ControllerSettings.dedicatedTenantMode",
        "flag",
        field=f"{_OPTIONS}.dedicatedTenantMode",
        per_cluster=False,
    ),
    _extra("nodePortSelector.key", field="nodePortSelector.key"),
    _extra("nodePortSelector.value", field="nodePortSelector.value"),
    _extra("featureGates.GatewayAPI", "flag", field="featureGates.GatewayAPI"),
    ChartPath("featureGates.EnablePrometheus", "flag", field=f"{_OPTIONS}.enablePrometheus"),
    ChartPath(
        "featureGates.EnableEndpointSlice",
        "flag",
        key="enableEndpointSlice",
    ),
    _extra("replicaCount", "number"),
    *(ChartPath(f"resources.{name}", field=f"{_OPTIONS}.resources.{name}") for name in _RESOURCE),
    ChartPath("nodeSelector", "labels", field=f"{_OPTIONS}.nodeSelector"),
    ChartPath("tolerations", "items", field=f"{_OPTIONS}.tolerations"),
    _extra("persistentVolumeClaim", field="log.persistentVolumeClaim"),
    _extra("mountPath", field="log.mountPath"),
    _extra("logFile", field="log.logFile"),
    _extra("akoGatewayLogFile", field="log.akoGatewayLogFile"),
    _owned("image.repository", _use(f"{_OPTIONS}.image")),
    _owned("image.pullPolicy", _PULL_POLICY),
    _owned("image.pullSecrets", _PULL_SECRETS),
    _owned("GatewayAPI.image.repository", _use(f"{_OPTIONS}.gatewayImage")),
    _owned("GatewayAPI.image.pullPolicy", _PULL_POLICY),
    _owned("securityContext", _POD_SECURITY),
    _owned("podSecurityContext", _POD_SECURITY),
    _owned("rbac.pspEnable", "Kubernetes has no PodSecurityPolicy since 1.25."),
    *(
        _owned(f"avicredentials.{name}", _CREDENTIALS)
        for name in ("username", "password", "authtoken", "certificateAuthorityData")
    ),
    _owned("ako-crd-operator", _CRD_OPERATOR, since="1.14"),
    ChartPath("priorityClassName", pod="priorityClassName", since="2.1"),
    ChartPath(
        "persistentVolumeClaimSpec",
        "object",
        pod="volumes",
        since="2.1",
        per_cluster=False,
    ),
    ChartPath("extraContainers", "items", pod="containers", since="2.1", per_cluster=False),
)
"""Every path, in the order of the chart."""

BY_PATH: Final = {row.path: row for row in PATHS}


@functools.lru_cache(maxsize=32)
def of_release(release: Release) -> Mapping[str, ChartPath]:
    """The paths that the chart of a release has. The same object for every cluster."""
    own = (ChartPath(key.path, key.type, key=key.name) for key in release.own_keys)
    return {row.path: row for row in (*PATHS, *own) if row.of(release)}


def sets(row: ChartPath) -> str:
    """The place that the value goes to, for people."""
    if row.instead:
        return "refused"
    if row.field:
        return f"spec.{row.field}"
    return f"ConfigMap key {row.key}" if row.key else f"{row.pod} of the Pod"
