"""The keys of ConfigMap avi-k8s-config that any built-in release has; pure data.

Source: helm/ako (values.yaml, templates/configmap.yaml, templates/statefulset.yaml) on AKO's
release branches.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Type = Literal["text", "flag", "number", "list"]
"""Type of a value in the chart. A flag may be written as true or as "true"."""
FROM_THE_OBJECT: Final = ""
"""The variable of a key that has none: AKO reads it from the ConfigMap object."""


class Key(NamedTuple):
    """One key of the ConfigMap."""

    name: str
    variable: str
    """The environment variable of AKO's container; or FROM_THE_OBJECT."""
    path: str
    """The path in values.yaml of the chart."""
    gateway: bool = False
    """The container for the Gateway API has the variable, too."""
    type: Type = "text"
    """Type of the value in the chart; only of keys that no built-in release has."""
    default: str = ""
    """The value where no field of a config and no value of the chart gives one; only of keys that
    no built-in release has. That of the others is in mapping.py."""


_A, _C, _L4, _L7, _N = (
    "AKOSettings",
    "ControllerSettings",
    "L4Settings",
    "L7Settings",
    "NetworkSettings",
)

KEYS: Final = (
    Key("controllerIP", "CTRL_IPADDRESS", f"{_C}.controllerHost", gateway=True),
    Key("controllerVersion", "CTRL_VERSION", f"{_C}.controllerVersion", gateway=True),
    Key("cniPlugin", "CNI_PLUGIN", f"{_A}.cniPlugin", gateway=True),
    Key("fullSyncFrequency", "FULL_SYNC_INTERVAL", f"{_A}.fullSyncFrequency", gateway=True),
    Key("primaryInstance", "PRIMARY_AKO_FLAG", f"{_A}.primaryInstance", gateway=True),
    Key("cloudName", "CLOUD_NAME", f"{_C}.cloudName", gateway=True),
    Key("tenantName", "TENANT_NAME", f"{_C}.tenantName", gateway=True),
    Key("dedicatedTenantMode", "DEDICATED_TENANT_MODE", f"{_C}.dedicatedTenantMode", gateway=True),
    Key("vpcMode", "VPC_MODE", f"{_A}.vpcMode", gateway=True),
    Key("clusterName", "CLUSTER_NAME", f"{_A}.clusterName", gateway=True),
    Key("enableRHI", "ENABLE_RHI", f"{_N}.enableRHI", gateway=True),
    Key("serviceEngineGroupName", "SEG_NAME", f"{_C}.serviceEngineGroupName", gateway=True),
    Key("bgpPeerLabels", "BGP_PEER_LABELS", f"{_N}.bgpPeerLabels", gateway=True),
    Key("nodeNetworkList", "NODE_NETWORK_LIST", f"{_N}.nodeNetworkList", gateway=True),
    Key("vipNetworkList", "VIP_NETWORK_LIST", f"{_N}.vipNetworkList", gateway=True),
    Key("serviceType", "SERVICE_TYPE", f"{_L7}.serviceType", gateway=True),
    Key("nodeKey", "NODE_KEY", "nodePortSelector.key", gateway=True),
    Key("nodeValue", "NODE_VALUE", "nodePortSelector.value", gateway=True),
    Key("nsxtT1LR", "NSXT_T1_LR", f"{_N}.nsxtT1LR", gateway=True),
    Key(
        "enableEndpointSlice",
        "ENDPOINTSLICES_ENABLED",
        "featureGates.EnableEndpointSlice",
        gateway=True,
    ),
    Key(
        "akoCRDOperatorEnabled",
        "AKO_CRD_OPERATOR_ENABLED",
        "ako-crd-operator.enabled",
        gateway=True,
    ),
    Key("istioEnabled", "ISTIO_ENABLED", f"{_A}.istioEnabled", gateway=True),
    Key("vipPerNamespace", "VIP_PER_NAMESPACE", f"{_A}.vipPerNamespace"),
    Key("shardVSSize", "SHARD_VS_SIZE", f"{_L7}.shardVSSize"),
    Key("passthroughShardSize", "PASSTHROUGH_SHARD_SIZE", f"{_L7}.passthroughShardSize"),
    Key("vrfName", "VRF_NAME", f"{_C}.vrfName"),
    Key("enableEVH", "ENABLE_EVH", f"{_A}.enableEVH"),
    Key("servicesAPI", "SERVICES_API", f"{_A}.servicesAPI"),
    Key("defaultDomain", "DEFAULT_DOMAIN", f"{_L4}.defaultDomain"),
    Key("disableStaticRouteSync", "DISABLE_STATIC_ROUTE_SYNC", f"{_A}.disableStaticRouteSync"),
    Key("nsSyncLabelKey", "NAMESPACE_SYNC_LABEL_KEY", f"{_A}.namespaceSelector.labelKey"),
    Key("nsSyncLabelValue", "NAMESPACE_SYNC_LABEL_VALUE", f"{_A}.namespaceSelector.labelValue"),
    Key("defaultIngController", "DEFAULT_ING_CONTROLLER", f"{_L7}.defaultIngController"),
    Key("defaultLBController", "DEFAULT_LB_CONTROLLER", f"{_L4}.defaultLBController"),
    Key("apiServerPort", "AKO_API_PORT", f"{_A}.apiServerPort"),
    Key("autoFQDN", "AUTO_L4_FQDN", f"{_L4}.autoFQDN"),
    Key("enableMCI", "MCI_ENABLED", f"{_L7}.enableMCI"),
    Key("blockedNamespaceList", "BLOCKED_NS_LIST", f"{_A}.blockedNamespaceList"),
    Key("ipFamily", "IP_FAMILY", f"{_A}.ipFamily"),
    Key("useDefaultSecretsOnly", "USE_DEFAULT_SECRETS_ONLY", f"{_A}.useDefaultSecretsOnly"),
    Key("enablePrometheus", "PROMETHEUS_ENABLED", "featureGates.EnablePrometheus"),
    Key("fqdnReusePolicy", "FQDN_REUSE_POLICY", f"{_L7}.fqdnReusePolicy"),
    Key("deleteConfig", FROM_THE_OBJECT, f"{_A}.deleteConfig"),
    Key("enableEvents", FROM_THE_OBJECT, f"{_A}.enableEvents"),
    Key("layer7Only", FROM_THE_OBJECT, f"{_A}.layer7Only"),
    Key("logLevel", FROM_THE_OBJECT, f"{_A}.logLevel"),
    Key("noPGForSNI", FROM_THE_OBJECT, f"{_L7}.noPGForSNI"),
)
"""In the order of the variables in the containers: another order would restart every AKO."""

BY_NAME: Final = {key.name: key for key in KEYS}
BY_PATH: Final = {key.path: key for key in KEYS}

SET_BY_PATH: Final = frozenset(
    {"POD_NAME", "POD_NAMESPACE", "LOG_FILE_PATH", "LOG_FILE_NAME", "USE_PVC"}
)
"""Variables of AKO's containers that come from no key."""
