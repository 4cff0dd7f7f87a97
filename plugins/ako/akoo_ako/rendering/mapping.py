"""The keys of ConfigMap avi-k8s-config: one row for each, with all that is known of it; pure.

A row holds the field of an AKODeploymentConfig that the key comes from, and the value while the
field is unset. The variable of AKO's containers, and the releases that have the key, are data of
the releases. The ConfigMap (values.py), the environment (environment.py) and the table in README.md
derive from the rows; a test compares the table, another one every release with a golden table.

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

from akoo_ako import config, desired, options, versions
from akoo_ako.desired import Desired
from akoo_ako.refusals import checks
from akoo_ako.releases import keys
from akoo_ako.releases.release import Release
from akoo_ako.rendering.networks import node_networks, vip_networks
from akoo_core.plugin import api, structs

Value = bool | int | str | None


class Row(NamedTuple):
    """One ConfigMap key, and the source of its value."""

    key: str
    source: str
    """The path in the AKODeploymentConfig; in parentheses: what decides instead."""
    default: str
    read: Callable[[Desired], Value]
    """The value of the source; None when it is unset."""
    node_port: bool = False
    """The key exists only while serviceType is NodePort."""
    optional: bool = False
    """The variable exists only while the source has a value. The key exists always."""

    def in_config_map(self, wanted: Desired) -> bool:
        """The ConfigMap of this release, in this mode, has the key.

        One that is missing keeps the container from starting.
        """
        return wanted.release.has(self.key) and (
            not self.node_port or wanted.service_type == "NodePort"
        )

    def variable(self, wanted: Desired, *, gateway: bool) -> str:
        """The variable of AKO's container, or of the Gateway API one; "" where it has none."""
        key = wanted.release.key(self.key)
        if key is None or (gateway and not key.gateway) or not self.in_config_map(wanted):
            return ""
        return "" if self.optional and not self.read(wanted) else key.variable


def rows(release: Release) -> tuple[Row, ...]:
    """The rows of all keys of a release, in the order of the variables. A key that no built-in
    release has comes from no field: its value is the default that its release gives."""
    return (*ROWS, *(_added(key) for key in release.keys if key.name not in keys.BY_NAME))


def _added(key: keys.Key) -> Row:
    return Row(key.name, "(the release)", key.default, lambda _: None)


def _placed(
    path: str,
    key: str,
    default: str,
    placed: Callable[[api.LoadBalancerPlacement], str],
    read: Callable[[config.Spec], Value],
) -> Row:
    """A row that a placement decides where there is one: a config's mistake then reaches no AKO."""

    def value(wanted: Desired) -> Value:
        return placed(wanted.placement) if wanted.placement else read(wanted.spec)

    return Row(key, f"spec.{path}", default, value)


def _extra(
    path: str,
    default: str,
    read: Callable[[config.Extra], Value],
    *,
    key: str = "",
    node_port: bool = False,
) -> Row:
    """A row of ``spec.extraConfigs``. ``key``: where it is not the last part of the path."""
    own = key or path.rpartition(".")[2]
    source = f"spec.extraConfigs.{path}"
    return Row(own, source, default, lambda d: read(d.extra), node_port)


def _option(key: str, default: str, read: Callable[[options.Options], Value]) -> Row:
    """A row of ``spec.plugins.ako``."""
    source = f"spec.plugins.ako.{key}"
    return Row(key, source, default, lambda d: read(d.options))


def _json(value: object) -> str | None:
    return structs.encode_json(value).decode() if value else None


def _controller_version(wanted: Desired) -> str | None:
    # AKO finds the real version by itself. One below its minimum sends it into an endless
    # recursion; the ancestor always wrote the real one over it.
    version = wanted.spec.controller_version
    return version if version and versions.at_least(version, wanted.release.avi.min) else None


ROWS: Final = (
    _placed(
        "controller",
        "controllerIP",
        "",
        lambda p: p.controller,
        lambda s: checks.address(s.controller),
    ),
    Row(
        "controllerVersion",
        "spec.controllerVersion",
        "",
        _controller_version,
    ),
    _extra(
        "cniPlugin",
        "",
        lambda e: e.cni_plugin,
    ),
    _extra(
        "fullSyncFrequency",
        str(desired.FULL_SYNC_SECONDS),
        lambda e: e.full_sync_frequency,
    ),
    _extra(
        "primaryInstance",
        "true",
        lambda e: e.primary_instance,
    ),
    _placed("cloudName", "cloudName", "", lambda p: p.cloud, lambda s: s.cloud_name),
    _placed(
        "tenant.name",
        "tenantName",
        "admin",
        lambda p: p.tenant,
        lambda s: s.tenant.name,
    ),
    _option(
        "dedicatedTenantMode",
        "false",
        lambda o: o.dedicated_tenant_mode,
    ),
    Row(
        "vpcMode",
        "spec.plugins.ako.vpcMode",
        "false",
        lambda d: d.networks.vpc_mode,
    ),
    Row(
        "clusterName",
        "(the record)",
        "",
        lambda d: d.cluster_name,
    ),
    _extra(
        "networksConfig.enableRHI",
        "false",
        lambda e: e.networks_config.enable_rhi,
    ),
    _placed(
        "serviceEngineGroup",
        "serviceEngineGroupName",
        "",
        lambda p: p.service_engine_group,
        lambda s: s.service_engine_group,
    ),
    _extra(
        "networksConfig.bgpPeerLabels",
        "[]",
        lambda e: _json(e.networks_config.bgp_peer_labels),
    ),
    Row(
        "nodeNetworkList",
        "spec.extraConfigs.ingress.nodeNetworkList",
        "[]",
        lambda d: _json(node_networks(d.networks)),
    ),
    Row(
        "vipNetworkList",
        "spec.dataNetwork",
        "[]",
        lambda d: _json(vip_networks(d)),
    ),
    _extra(
        "ingress.serviceType",
        "NodePort",
        lambda e: e.ingress.service_type,
    ),
    _extra(
        "nodePortSelector.key",
        "",
        lambda e: e.node_port_selector.key,
        key="nodeKey",
        node_port=True,
    ),
    _extra(
        "nodePortSelector.value",
        "",
        lambda e: e.node_port_selector.value,
        key="nodeValue",
        node_port=True,
    ),
    Row(
        "nsxtT1LR",
        "spec.extraConfigs.networksConfig.nsxtT1LR",
        "",
        lambda d: d.networks.tier1,
        optional=True,
    ),
    Row(
        "enableEndpointSlice",
        "(fixed)",
        "true",
        lambda _: None,
    ),
    Row(
        "akoCRDOperatorEnabled",
        "(fixed)",
        "false",
        lambda _: None,
    ),
    _extra(
        "istioEnabled",
        "false",
        lambda e: e.istio_enabled,
    ),
    _extra("vipPerNamespace", "false", lambda e: e.vip_per_namespace),
    _extra("ingress.shardVSSize", "SMALL", lambda e: e.ingress.shard_vs_size),
    _extra(
        "ingress.passthroughShardSize",
        "SMALL",
        lambda e: e.ingress.passthrough_shard_size,
    ),
    Row("vrfName", "spec.plugins.ako.vrfName", "", lambda d: d.networks.vrf_name),
    _extra("enableEVH", "false", lambda e: e.enable_evh),
    _extra("servicesAPI", "false", lambda e: e.services_api),
    _extra("l4Config.defaultDomain", "", lambda e: e.l4_config.default_domain),
    _extra(
        "disableStaticRouteSync",
        "true",
        lambda e: e.disable_static_route_sync,
    ),
    _extra(
        "namespaceSelector.labelKey",
        "",
        lambda e: e.namespace_selector.label_key,
        key="nsSyncLabelKey",
    ),
    _extra(
        "namespaceSelector.labelValue",
        "",
        lambda e: e.namespace_selector.label_value,
        key="nsSyncLabelValue",
    ),
    _extra(
        "ingress.defaultIngressController",
        "false",
        lambda e: e.ingress.default_ingress_controller,
        key="defaultIngController",
    ),
    _option("defaultLBController", "true", lambda o: o.default_lb_controller),
    _extra("apiServerPort", "8080", lambda e: e.api_server_port),
    _extra("l4Config.autoFQDN", "disabled", lambda e: e.l4_config.auto_fqdn),
    _extra("ingress.enableMCI", "false", lambda e: e.ingress.enable_mci),
    # The ancestor's package called this BLOCKED_NAMESPACE_LIST, which AKO does not read.
    _extra("blockedNamespaceList", "[]", lambda e: _json(e.blocked_namespace_list)),
    _extra("ipFamily", "", lambda e: e.ip_family),
    _extra(
        "useDefaultSecretsOnly",
        "false",
        lambda e: e.use_default_secrets_only,
    ),
    _option("enablePrometheus", "false", lambda o: o.enable_prometheus),
    _option(
        "fqdnReusePolicy",
        "InterNamespaceAllowed",
        lambda o: o.fqdn_reuse_policy,
    ),
    Row("deleteConfig", "(leaving, or a label)", "false", lambda d: d.delete_config),
    _extra("enableEvents", "true", lambda e: e.enable_events),
    _extra("layer7Only", "false", lambda e: e.layer7_only),
    _extra("log.logLevel", "INFO", lambda e: e.log.log_level),
    _extra("ingress.noPGForSNI", "false", lambda e: e.ingress.no_pg_for_sni),
)
"""In the order of the variables in the containers: another order would restart every AKO."""
