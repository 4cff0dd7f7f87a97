"""AKO's settings, as its ConfigMap gives them when the container starts; pure."""

import collections.abc
import dataclasses
import json
import re
import typing

from akoo_testbed.akosim.objects import names
from akoo_testbed.kubeapi import Object

CONFIG_MAP = "avi-k8s-config"
SHARDS = {"LARGE": 8, "MEDIUM": 4, "SMALL": 1, "DEDICATED": 0}
LB_CLASS = "ako.vmware.com/avi-lb"
FULL_SYNC_SECONDS = 1800.0

_CLUSTER_NAME = re.compile(r"[a-zA-Z0-9-_]+")
_FAMILIES = ("", "V4", "V6", "V4_V6")
_NODE_NETWORKS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Network:
    """An entry of vipNetworkList or nodeNetworkList; `uuid` wins over `name`."""

    name: str = ""
    uuid: str = ""
    cidr: str = ""
    v6cidr: str = ""
    cidrs: tuple[str, ...] = ()
    """Of an entry of nodeNetworkList."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The configuration that AKO reads once, at its start. `deleteConfig` alone is read all the
    time."""

    namespace: str
    """Of AKO's own Pod."""
    cluster: str
    controller: str
    """Host, or host:port."""
    cloud: str = "Default-Cloud"
    tenant: str = "admin"
    dedicated_tenant: bool = False
    se_group: str = "Default-Group"
    vrf: str = ""
    networks: tuple[Network, ...] | None = None
    """None: the text is not a list of networks."""
    node_networks: tuple[Network, ...] = ()
    primary: bool = True
    layer7_only: bool = False
    evh: bool = False
    vip_per_namespace: bool = False
    shard: int = 8
    passthrough_shard: int = 1
    service_type: str = "ClusterIP"
    cni: str = ""
    static_routes: bool = True
    rhi: bool = False
    bgp_labels: tuple[str, ...] = ()
    ip_family: str = ""
    nsxt_t1lr: str = ""
    vpc_mode: bool = False
    """Only checked at the start."""
    default_lb: bool = True
    default_ingress: bool = True
    default_domain: str = ""
    auto_fqdn: str = "default"
    blocked: tuple[str, ...] = ()
    sync_label: tuple[str, str] = ("", "")
    node_label: tuple[str, str] = ("", "")
    full_sync_seconds: float = FULL_SYNC_SECONDS
    """0: never."""

    @property
    def prefix(self) -> str:
        """The prefix of its objects' names."""
        return names.prefix(self.cluster)

    @property
    def user(self) -> str:
        """Its mark in created_by."""
        return names.created_by(self.cluster, primary=self.primary, namespace=self.namespace)

    @property
    def shared_prefix(self) -> str:
        """The prefix of shared parents: those of a secondary instance name its namespace."""
        return self.prefix if self.primary else f"{self.prefix}{self.namespace}-"

    @property
    def routes(self) -> bool:
        """True if it writes VRF routes and the SE group's label."""
        return self.primary and self.service_type == "ClusterIP" and self.static_routes


def delete_config(config_map: Object | None) -> bool:
    """True if the ConfigMap asks for the deletion. Only the spelling `true` does."""
    return ((config_map or {}).get("data") or {}).get("deleteConfig") == "true"


def parse(data: collections.abc.Mapping[str, str], namespace: str) -> Config:
    """The settings in a ConfigMap's data; missing keys have AKO's defaults. Never raises."""

    def on(key: str, default: str = "false") -> bool:
        return data.get(key, default).strip().lower() == "true"

    return Config(
        namespace=namespace,
        cluster=data.get("clusterName", ""),
        controller=data.get("controllerIP", ""),
        cloud=data.get("cloudName") or "Default-Cloud",
        tenant=data.get("tenantName") or "admin",
        dedicated_tenant=on("dedicatedTenantMode"),
        se_group=data.get("serviceEngineGroupName") or "Default-Group",
        vrf=data.get("vrfName", ""),
        networks=_networks(data.get("vipNetworkList", "")),
        node_networks=_networks(data.get("nodeNetworkList", "")) or (),
        primary=on("primaryInstance", "true"),
        layer7_only=on("layer7Only"),
        evh=on("enableEVH"),
        vip_per_namespace=on("vipPerNamespace"),
        shard=SHARDS.get(data.get("shardVSSize", "LARGE"), 1),
        passthrough_shard=SHARDS.get(data.get("passthroughShardSize", "SMALL"), 1),
        service_type=data.get("serviceType") or "ClusterIP",
        cni=data.get("cniPlugin", ""),
        static_routes=not on("disableStaticRouteSync"),
        rhi=on("enableRHI"),
        bgp_labels=_words(data.get("bgpPeerLabels", "")),
        ip_family=data.get("ipFamily", ""),
        nsxt_t1lr=data.get("nsxtT1LR", ""),
        vpc_mode=on("vpcMode"),
        default_lb=on("defaultLBController", "true"),
        default_ingress=on("defaultIngController", "true"),
        default_domain=data.get("defaultDomain", ""),
        auto_fqdn=data.get("autoFQDN") or "default",
        blocked=_words(data.get("blockedNamespaceList", "")),
        sync_label=(data.get("nsSyncLabelKey", ""), data.get("nsSyncLabelValue", "")),
        node_label=(data.get("nodeKey", ""), data.get("nodeValue", "")),
        full_sync_seconds=_seconds(data.get("fullSyncFrequency", "")),
    )


def problem(config: Config) -> str | None:
    """An input that makes AKO switch its sync off (process ends with 0); None: all is well."""
    if not _CLUSTER_NAME.fullmatch(config.cluster):
        return f'clusterName "{config.cluster}" has other characters than a-z, A-Z, 0-9, - and _'
    if config.networks is None:
        return "vipNetworkList is not a list of networks"
    if len(config.networks) != 1:
        return f"vipNetworkList has {len(config.networks)} entries, not one"
    if config.ip_family not in _FAMILIES:
        return f'ipFamily "{config.ip_family}" is none of V4, V6, V4_V6'
    if config.service_type == "NodePortLocal" and config.cni != "antrea":
        return "serviceType NodePortLocal needs cniPlugin antrea"
    return None


def fault(config: Config) -> str | None:
    """An input that makes AKO stop its status API, so that its container is killed."""
    if (number := len(config.node_networks)) > _NODE_NETWORKS:
        return f"nodeNetworkList has {number} entries, more than {_NODE_NETWORKS}"
    if config.bgp_labels and not config.rhi:
        return "bgpPeerLabels needs enableRHI"
    return None


def _list(text: str) -> list[typing.Any] | None:
    try:
        decoded = json.loads(text)
    except ValueError:
        return None
    return decoded if isinstance(decoded, list) else None


def _words(text: str) -> tuple[str, ...]:
    return tuple(str(word) for word in _list(text) or ())


def _networks(text: str) -> tuple[Network, ...] | None:
    entries = _list(text)
    if entries is None or not all(isinstance(entry, dict) for entry in entries):
        return None
    return tuple(
        Network(
            name=str(entry.get("networkName", "")),
            uuid=str(entry.get("networkUUID", "")),
            cidr=str(entry.get("cidr", "")),
            v6cidr=str(entry.get("v6cidr", "")),
            cidrs=tuple(str(cidr) for cidr in entry.get("cidrs") or ()),
        )
        for entry in entries
    )


def _seconds(text: str) -> float:
    try:
        return float(int(text or FULL_SYNC_SECONDS))
    except ValueError:
        return 0.0
