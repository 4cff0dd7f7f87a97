"""Which field of an AKODeploymentConfig becomes which key of ConfigMap avi-k8s-config.

One row per key, with its source and what stands there when the source is unset: what it meant to
users of the Go ancestor, whose package left out the keys that were empty. So ``shardVSSize``,
``passthroughShardSize`` and ``autoFQDN`` have what AKO's binary does without them, not what the
vendor's chart sets; ``disableStaticRouteSync``, ``defaultIngController``, ``logLevel`` and
``serviceType`` have the ancestor's own defaults. README.md shows this table; a test compares.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from akoo_ako import checks, config, desired, options, versions
from akoo_ako.desired import Desired
from akoo_ako.networks import node_networks, vip_networks
from akoo_core import structs
from akoo_core.plugin import api

Value = bool | int | str | None


class Row(NamedTuple):
    """One ConfigMap key."""

    key: str
    source: str
    """The path in the AKODeploymentConfig; in parentheses: what decides instead."""
    default: str
    read: Callable[[Desired], Value]
    """The value of the source; None when it is unset."""


def _spec(path: str, key: str, default: str, read: Callable[[config.Spec], Value]) -> Row:
    return Row(key, f"spec.{path}", default, lambda desired: read(desired.spec))


def _placed(
    path: str,
    key: str,
    default: str,
    placed: Callable[[api.LoadBalancerPlacement], str],
    read: Callable[[config.Spec], Value],
) -> Row:
    """What a placement decides where there is one, so that a config's mistake reaches no AKO."""

    def value(desired: Desired) -> Value:
        return placed(desired.placement) if desired.placement else read(desired.spec)

    return Row(key, f"spec.{path}", default, value)


def _extra(path: str, default: str, read: Callable[[config.Extra], Value], *, key: str = "") -> Row:
    own = key or path.rpartition(".")[2]
    return Row(own, f"spec.extraConfigs.{path}", default, lambda desired: read(desired.extra))


def _option(key: str, default: str, read: Callable[[options.Options], Value]) -> Row:
    return Row(key, f"spec.plugins.ako.{key}", default, lambda desired: read(desired.options))


def _json(value: object) -> str | None:
    return structs.encode_json(value).decode() if value else None


def _controller_version(desired: Desired) -> str | None:
    # AKO finds the real version by itself. One below its minimum sends it into an endless
    # recursion; the ancestor always wrote the real one over it.
    given = desired.spec.controller_version
    return given if given and versions.at_least(given, desired.release.avi_minimum) else None


ROWS: Final = (
    _placed(
        "controller",
        "controllerIP",
        "",
        lambda p: p.controller,
        lambda s: checks.address(s.controller),
    ),
    Row("controllerVersion", "spec.controllerVersion", "", _controller_version),
    _placed("cloudName", "cloudName", "", lambda p: p.cloud, lambda s: s.cloud_name),
    _placed(
        "serviceEngineGroup",
        "serviceEngineGroupName",
        "",
        lambda p: p.service_engine_group,
        lambda s: s.service_engine_group,
    ),
    _placed("tenant.name", "tenantName", "admin", lambda p: p.tenant, lambda s: s.tenant.name),
    Row("vipNetworkList", "spec.dataNetwork", "[]", lambda d: _json(vip_networks(d))),
    Row("clusterName", "(the record)", "", lambda d: d.cluster_name),
    Row("deleteConfig", "(leaving, or a label)", "false", lambda d: d.delete_config),
    _extra("primaryInstance", "true", lambda e: e.primary_instance),
    _extra("fullSyncFrequency", str(desired.FULL_SYNC_SECONDS), lambda e: e.full_sync_frequency),
    _extra("apiServerPort", "8080", lambda e: e.api_server_port),
    _extra("enableEvents", "true", lambda e: e.enable_events),
    _extra("disableStaticRouteSync", "true", lambda e: e.disable_static_route_sync),
    _extra("cniPlugin", "", lambda e: e.cni_plugin),
    _extra("enableEVH", "false", lambda e: e.enable_evh),
    _extra("layer7Only", "false", lambda e: e.layer7_only),
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
    _extra("servicesAPI", "false", lambda e: e.services_api),
    _extra("vipPerNamespace", "false", lambda e: e.vip_per_namespace),
    _extra("istioEnabled", "false", lambda e: e.istio_enabled),
    _extra("blockedNamespaceList", "[]", lambda e: _json(e.blocked_namespace_list)),
    _extra("ipFamily", "", lambda e: e.ip_family),
    _extra("useDefaultSecretsOnly", "false", lambda e: e.use_default_secrets_only),
    _extra("log.logLevel", "INFO", lambda e: e.log.log_level),
    _extra("networksConfig.enableRHI", "false", lambda e: e.networks_config.enable_rhi),
    _extra(
        "networksConfig.bgpPeerLabels", "[]", lambda e: _json(e.networks_config.bgp_peer_labels)
    ),
    Row("nsxtT1LR", "spec.extraConfigs.networksConfig.nsxtT1LR", "", lambda d: d.networks.tier1),
    _extra(
        "ingress.defaultIngressController",
        "false",
        lambda e: e.ingress.default_ingress_controller,
        key="defaultIngController",
    ),
    _extra("ingress.serviceType", "NodePort", lambda e: e.ingress.service_type),
    _extra("ingress.shardVSSize", "SMALL", lambda e: e.ingress.shard_vs_size),
    _extra("ingress.passthroughShardSize", "SMALL", lambda e: e.ingress.passthrough_shard_size),
    Row(
        "nodeNetworkList",
        "spec.extraConfigs.ingress.nodeNetworkList",
        "[]",
        lambda d: _json(node_networks(d.networks)),
    ),
    _extra("ingress.noPGForSNI", "false", lambda e: e.ingress.no_pg_for_sni),
    _extra("ingress.enableMCI", "false", lambda e: e.ingress.enable_mci),
    _extra("l4Config.defaultDomain", "", lambda e: e.l4_config.default_domain),
    _extra("l4Config.autoFQDN", "disabled", lambda e: e.l4_config.auto_fqdn),
    _extra("nodePortSelector.key", "", lambda e: e.node_port_selector.key, key="nodeKey"),
    _extra("nodePortSelector.value", "", lambda e: e.node_port_selector.value, key="nodeValue"),
    Row("vrfName", "spec.plugins.ako.vrfName", "", lambda d: d.networks.vrf_name),
    _option("dedicatedTenantMode", "false", lambda o: o.dedicated_tenant_mode),
    Row("vpcMode", "spec.plugins.ako.vpcMode", "false", lambda d: d.networks.vpc_mode),
    _option("defaultLBController", "true", lambda o: o.default_lb_controller),
    _option("fqdnReusePolicy", "InterNamespaceAllowed", lambda o: o.fqdn_reuse_policy),
    _option("enablePrometheus", "false", lambda o: o.enable_prometheus),
    Row("enableEndpointSlice", "(fixed)", "true", lambda _: None),
    Row("akoCRDOperatorEnabled", "(fixed)", "false", lambda _: None),
)
