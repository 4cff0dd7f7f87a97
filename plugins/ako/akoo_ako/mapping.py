"""The keys of ConfigMap avi-k8s-config: one row for each, with all that is known of it; pure.

A row holds the field of an AKODeploymentConfig that the key comes from, the value while the field
is unset, the variable of AKO's containers, and the releases that have the key. The ConfigMap
(values.py), the environment (environment.py) and the table in README.md derive from the rows; a
test compares the table, another one every release with a golden table.

The defaults are what an unset field meant to users of the Go ancestor, whose package left out empty
keys. So ``shardVSSize``, ``passthroughShardSize`` and ``autoFQDN`` have what AKO's binary does
without them, not what the vendor's chart sets; ``disableStaticRouteSync``,
``defaultIngController``, ``logLevel`` and ``serviceType`` have the ancestor's own defaults.

Sources of keys, variables and releases: buildsettings.json, the ConfigMap and the StatefulSet of
the Helm chart on AKO's release branches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from akoo_ako import checks, config, desired, options, versions
from akoo_ako.desired import Desired
from akoo_ako.networks import node_networks, vip_networks
from akoo_core.plugin import api, structs

Value = bool | int | str | None
FROM_THE_OBJECT: Final = ""
"""The variable of a key that has none: AKO reads it from the ConfigMap object."""


class Row(NamedTuple):
    """One ConfigMap key."""

    key: str
    source: str
    """The path in the AKODeploymentConfig; in parentheses: what decides instead."""
    default: str
    variable: str
    """The environment variable of AKO's container; or FROM_THE_OBJECT."""
    read: Callable[[Desired], Value]
    """The value of the source; None when it is unset."""
    gateway: bool = False
    """The Gateway API container has the variable, too."""
    node_port: bool = False
    """The key exists only while serviceType is NodePort."""
    optional: bool = False
    """The variable exists only while the source has a value. The key exists always."""
    since: str = ""
    """The first version of AKO that has the key; "" for all."""
    until: str = ""
    """The first version of AKO that no longer has it."""

    def in_config_map(self, wanted: Desired) -> bool:
        """The ConfigMap of this release, in this mode, has the key.

        One that is missing keeps the container from starting.
        """
        version = wanted.release.version
        return (
            (not self.since or versions.at_least(version, self.since))
            and not (self.until and versions.at_least(version, self.until))
            and (not self.node_port or wanted.service_type == "NodePort")
        )

    def in_environment(self, wanted: Desired, *, gateway: bool) -> bool:
        """AKO's container has the variable; with ``gateway``, the Gateway API one has it."""
        return (
            self.variable != FROM_THE_OBJECT
            and (self.gateway or not gateway)
            and self.in_config_map(wanted)
            and (not self.optional or bool(self.read(wanted)))
        )


def _placed(
    path: str,
    key: str,
    default: str,
    variable: str,
    placed: Callable[[api.LoadBalancerPlacement], str],
    read: Callable[[config.Spec], Value],
) -> Row:
    """A row that a placement decides where there is one: a config's mistake then reaches no AKO."""

    def value(wanted: Desired) -> Value:
        return placed(wanted.placement) if wanted.placement else read(wanted.spec)

    return Row(key, f"spec.{path}", default, variable, value, gateway=True)


def _extra(
    path: str,
    default: str,
    variable: str,
    read: Callable[[config.Extra], Value],
    *,
    key: str = "",
    gateway: bool = False,
    node_port: bool = False,
) -> Row:
    """A row of ``spec.extraConfigs``. ``key``: where it is not the last part of the path."""
    own = key or path.rpartition(".")[2]
    source = f"spec.extraConfigs.{path}"
    return Row(own, source, default, variable, lambda d: read(d.extra), gateway, node_port)


def _option(
    key: str,
    default: str,
    variable: str,
    read: Callable[[options.Options], Value],
    *,
    gateway: bool = False,
    since: str = "",
) -> Row:
    """A row of ``spec.plugins.ako``."""
    source = f"spec.plugins.ako.{key}"
    return Row(key, source, default, variable, lambda d: read(d.options), gateway, since=since)


def _json(value: object) -> str | None:
    return structs.encode_json(value).decode() if value else None


def _controller_version(wanted: Desired) -> str | None:
    # AKO finds the real version by itself. One below its minimum sends it into an endless
    # recursion; the ancestor always wrote the real one over it.
    version = wanted.spec.controller_version
    return version if version and versions.at_least(version, wanted.release.avi_minimum) else None


ROWS: Final = (
    _placed(
        "controller",
        "controllerIP",
        "",
        "CTRL_IPADDRESS",
        lambda p: p.controller,
        lambda s: checks.address(s.controller),
    ),
    Row(
        "controllerVersion",
        "spec.controllerVersion",
        "",
        "CTRL_VERSION",
        _controller_version,
        gateway=True,
    ),
    _extra("cniPlugin", "", "CNI_PLUGIN", lambda e: e.cni_plugin, gateway=True),
    _extra(
        "fullSyncFrequency",
        str(desired.FULL_SYNC_SECONDS),
        "FULL_SYNC_INTERVAL",
        lambda e: e.full_sync_frequency,
        gateway=True,
    ),
    _extra(
        "primaryInstance", "true", "PRIMARY_AKO_FLAG", lambda e: e.primary_instance, gateway=True
    ),
    _placed("cloudName", "cloudName", "", "CLOUD_NAME", lambda p: p.cloud, lambda s: s.cloud_name),
    _placed(
        "tenant.name",
        "tenantName",
        "admin",
        "TENANT_NAME",
        lambda p: p.tenant,
        lambda s: s.tenant.name,
    ),
    _option(
        "dedicatedTenantMode",
        "false",
        "DEDICATED_TENANT_MODE",
        lambda o: o.dedicated_tenant_mode,
        gateway=True,
        since=versions.MODES_SINCE,
    ),
    Row(
        "vpcMode",
        "spec.plugins.ako.vpcMode",
        "false",
        "VPC_MODE",
        lambda d: d.networks.vpc_mode,
        gateway=True,
        since=versions.MODES_SINCE,
    ),
    Row("clusterName", "(the record)", "", "CLUSTER_NAME", lambda d: d.cluster_name, gateway=True),
    _extra(
        "networksConfig.enableRHI",
        "false",
        "ENABLE_RHI",
        lambda e: e.networks_config.enable_rhi,
        gateway=True,
    ),
    _placed(
        "serviceEngineGroup",
        "serviceEngineGroupName",
        "",
        "SEG_NAME",
        lambda p: p.service_engine_group,
        lambda s: s.service_engine_group,
    ),
    _extra(
        "networksConfig.bgpPeerLabels",
        "[]",
        "BGP_PEER_LABELS",
        lambda e: _json(e.networks_config.bgp_peer_labels),
        gateway=True,
    ),
    Row(
        "nodeNetworkList",
        "spec.extraConfigs.ingress.nodeNetworkList",
        "[]",
        "NODE_NETWORK_LIST",
        lambda d: _json(node_networks(d.networks)),
        gateway=True,
    ),
    Row(
        "vipNetworkList",
        "spec.dataNetwork",
        "[]",
        "VIP_NETWORK_LIST",
        lambda d: _json(vip_networks(d)),
        gateway=True,
    ),
    _extra(
        "ingress.serviceType",
        "NodePort",
        "SERVICE_TYPE",
        lambda e: e.ingress.service_type,
        gateway=True,
    ),
    _extra(
        "nodePortSelector.key",
        "",
        "NODE_KEY",
        lambda e: e.node_port_selector.key,
        key="nodeKey",
        gateway=True,
        node_port=True,
    ),
    _extra(
        "nodePortSelector.value",
        "",
        "NODE_VALUE",
        lambda e: e.node_port_selector.value,
        key="nodeValue",
        gateway=True,
        node_port=True,
    ),
    Row(
        "nsxtT1LR",
        "spec.extraConfigs.networksConfig.nsxtT1LR",
        "",
        "NSXT_T1_LR",
        lambda d: d.networks.tier1,
        gateway=True,
        optional=True,
    ),
    Row(
        "enableEndpointSlice",
        "(fixed)",
        "true",
        "ENDPOINTSLICES_ENABLED",
        lambda _: None,
        gateway=True,
        until="2.1",
    ),
    Row(
        "akoCRDOperatorEnabled",
        "(fixed)",
        "false",
        "AKO_CRD_OPERATOR_ENABLED",
        lambda _: None,
        gateway=True,
        since="2.1",
    ),
    _extra("istioEnabled", "false", "ISTIO_ENABLED", lambda e: e.istio_enabled, gateway=True),
    _extra("vipPerNamespace", "false", "VIP_PER_NAMESPACE", lambda e: e.vip_per_namespace),
    _extra("ingress.shardVSSize", "SMALL", "SHARD_VS_SIZE", lambda e: e.ingress.shard_vs_size),
    _extra(
        "ingress.passthroughShardSize",
        "SMALL",
        "PASSTHROUGH_SHARD_SIZE",
        lambda e: e.ingress.passthrough_shard_size,
    ),
    Row("vrfName", "spec.plugins.ako.vrfName", "", "VRF_NAME", lambda d: d.networks.vrf_name),
    _extra("enableEVH", "false", "ENABLE_EVH", lambda e: e.enable_evh),
    _extra("servicesAPI", "false", "SERVICES_API", lambda e: e.services_api),
    _extra("l4Config.defaultDomain", "", "DEFAULT_DOMAIN", lambda e: e.l4_config.default_domain),
    _extra(
        "disableStaticRouteSync",
        "true",
        "DISABLE_STATIC_ROUTE_SYNC",
        lambda e: e.disable_static_route_sync,
    ),
    _extra(
        "namespaceSelector.labelKey",
        "",
        "NAMESPACE_SYNC_LABEL_KEY",
        lambda e: e.namespace_selector.label_key,
        key="nsSyncLabelKey",
    ),
    _extra(
        "namespaceSelector.labelValue",
        "",
        "NAMESPACE_SYNC_LABEL_VALUE",
        lambda e: e.namespace_selector.label_value,
        key="nsSyncLabelValue",
    ),
    _extra(
        "ingress.defaultIngressController",
        "false",
        "DEFAULT_ING_CONTROLLER",
        lambda e: e.ingress.default_ingress_controller,
        key="defaultIngController",
    ),
    _option(
        "defaultLBController", "true", "DEFAULT_LB_CONTROLLER", lambda o: o.default_lb_controller
    ),
    _extra("apiServerPort", "8080", "AKO_API_PORT", lambda e: e.api_server_port),
    _extra("l4Config.autoFQDN", "disabled", "AUTO_L4_FQDN", lambda e: e.l4_config.auto_fqdn),
    _extra("ingress.enableMCI", "false", "MCI_ENABLED", lambda e: e.ingress.enable_mci),
    # The ancestor's package called this BLOCKED_NAMESPACE_LIST, which AKO does not read.
    _extra(
        "blockedNamespaceList", "[]", "BLOCKED_NS_LIST", lambda e: _json(e.blocked_namespace_list)
    ),
    _extra("ipFamily", "", "IP_FAMILY", lambda e: e.ip_family),
    _extra(
        "useDefaultSecretsOnly",
        "false",
        "USE_DEFAULT_SECRETS_ONLY",
        lambda e: e.use_default_secrets_only,
    ),
    _option("enablePrometheus", "false", "PROMETHEUS_ENABLED", lambda o: o.enable_prometheus),
    _option(
        "fqdnReusePolicy",
        "InterNamespaceAllowed",
        "FQDN_REUSE_POLICY",
        lambda o: o.fqdn_reuse_policy,
    ),
    Row(
        "deleteConfig", "(leaving, or a label)", "false", FROM_THE_OBJECT, lambda d: d.delete_config
    ),
    _extra("enableEvents", "true", FROM_THE_OBJECT, lambda e: e.enable_events),
    _extra("layer7Only", "false", FROM_THE_OBJECT, lambda e: e.layer7_only),
    _extra("log.logLevel", "INFO", FROM_THE_OBJECT, lambda e: e.log.log_level),
    _extra("ingress.noPGForSNI", "false", FROM_THE_OBJECT, lambda e: e.ingress.no_pg_for_sni),
)
"""In the order of the variables in the containers: another order would restart every AKO."""
