"""The environment of AKO's containers: which variable is which ConfigMap key; pure.

AKO reads these once, at the start of its Pod. layer7Only, noPGForSNI, logLevel, enableEvents and
deleteConfig have no variable: AKO reads them from the ConfigMap object.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from akoo_ako import names, versions
from akoo_ako.desired import Desired
from akoo_core import structs


class Variable(NamedTuple):
    """One environment variable that is a ConfigMap key."""

    name: str
    key: str
    gateway: bool = False
    """Whether the Gateway API container has it, too."""


VARIABLES: Final = (
    Variable("CTRL_IPADDRESS", "controllerIP", True),
    Variable("CTRL_VERSION", "controllerVersion", True),
    Variable("CNI_PLUGIN", "cniPlugin", True),
    Variable("FULL_SYNC_INTERVAL", "fullSyncFrequency", True),
    Variable("PRIMARY_AKO_FLAG", "primaryInstance", True),
    Variable("CLOUD_NAME", "cloudName", True),
    Variable("TENANT_NAME", "tenantName", True),
    Variable("DEDICATED_TENANT_MODE", "dedicatedTenantMode", True),
    Variable("VPC_MODE", "vpcMode", True),
    Variable("CLUSTER_NAME", "clusterName", True),
    Variable("ENABLE_RHI", "enableRHI", True),
    Variable("SEG_NAME", "serviceEngineGroupName", True),
    Variable("BGP_PEER_LABELS", "bgpPeerLabels", True),
    Variable("NODE_NETWORK_LIST", "nodeNetworkList", True),
    Variable("VIP_NETWORK_LIST", "vipNetworkList", True),
    Variable("SERVICE_TYPE", "serviceType", True),
    Variable("NODE_KEY", "nodeKey", True),
    Variable("NODE_VALUE", "nodeValue", True),
    Variable("NSXT_T1_LR", "nsxtT1LR", True),
    Variable("ENDPOINTSLICES_ENABLED", "enableEndpointSlice", True),
    Variable("AKO_CRD_OPERATOR_ENABLED", "akoCRDOperatorEnabled", True),
    Variable("ISTIO_ENABLED", "istioEnabled", True),
    Variable("VIP_PER_NAMESPACE", "vipPerNamespace"),
    Variable("SHARD_VS_SIZE", "shardVSSize"),
    Variable("PASSTHROUGH_SHARD_SIZE", "passthroughShardSize"),
    Variable("VRF_NAME", "vrfName"),
    Variable("ENABLE_EVH", "enableEVH"),
    Variable("SERVICES_API", "servicesAPI"),
    Variable("DEFAULT_DOMAIN", "defaultDomain"),
    Variable("DISABLE_STATIC_ROUTE_SYNC", "disableStaticRouteSync"),
    Variable("NAMESPACE_SYNC_LABEL_KEY", "nsSyncLabelKey"),
    Variable("NAMESPACE_SYNC_LABEL_VALUE", "nsSyncLabelValue"),
    Variable("DEFAULT_ING_CONTROLLER", "defaultIngController"),
    Variable("DEFAULT_LB_CONTROLLER", "defaultLBController"),
    Variable("AKO_API_PORT", "apiServerPort"),
    Variable("AUTO_L4_FQDN", "autoFQDN"),
    Variable("MCI_ENABLED", "enableMCI"),
    # The ancestor's package called this BLOCKED_NAMESPACE_LIST, which AKO does not read.
    Variable("BLOCKED_NS_LIST", "blockedNamespaceList"),
    Variable("IP_FAMILY", "ipFamily"),
    Variable("USE_DEFAULT_SECRETS_ONLY", "useDefaultSecretsOnly"),
    Variable("PROMETHEUS_ENABLED", "enablePrometheus"),
    Variable("FQDN_REUSE_POLICY", "fqdnReusePolicy"),
)

_DEFAULT_MOUNT = "/log"


def of_container(desired: Desired, *, gateway: bool) -> list[structs.JSON]:
    """``env`` of AKO's container, or of the Gateway API one."""
    return [
        *(
            {
                "name": variable.name,
                "valueFrom": {"configMapKeyRef": {"name": names.CONFIG_MAP, "key": variable.key}},
            }
            for variable in VARIABLES
            if (variable.gateway or not gateway) and _present(desired, variable)
        ),
        *_log(desired, gateway=gateway),
        _field("POD_NAME", "metadata.name"),
        _field("POD_NAMESPACE", "metadata.namespace"),
    ]


def mount_path(desired: Desired) -> str:
    """Where the volume for log files is mounted."""
    return desired.extra.log.mount_path or _DEFAULT_MOUNT


def _present(desired: Desired, one: Variable) -> bool:
    if one.key == "nsxtT1LR":
        return bool(desired.networks.tier1)
    if one.key in versions.NODE_PORT_KEYS:
        return desired.service_type == "NodePort"
    return one.key in desired.release.keys


def _log(desired: Desired, *, gateway: bool) -> list[structs.JSON]:
    log = desired.extra.log
    file = (log.ako_gateway_log_file or "avi-gw.log") if gateway else (log.log_file or "avi.log")
    return [
        *([{"name": "USE_PVC", "value": "true"}] if log.persistent_volume_claim else []),
        {"name": "LOG_FILE_PATH", "value": mount_path(desired)},
        {"name": "LOG_FILE_NAME", "value": file},
    ]


def _field(name: str, path: str) -> structs.JSON:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
