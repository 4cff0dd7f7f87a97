"""The AKO part of an AKODeploymentConfig: every field that the Go ancestor passes on to AKO.

Decoded tolerantly: fields of a newer schema are ignored, and absent, null, "" and empty shells
(Go clients write ``ingress: {}``) all mean unset. Texts with a fixed set of values are passed on:
the CRD holds the set, AKO judges the value.
"""

from __future__ import annotations

import functools

from akoo_core.plugin import api, structs


class Tenant(structs.Struct, frozen=True, kw_only=True):
    name: str | None = None


class DataNetwork(structs.Struct, frozen=True, kw_only=True):
    """The network of the VIPs. Its ipPools are prepared on the Avi side, not passed to AKO."""

    name: str = ""
    cidr: str = ""


class NamespaceSelector(structs.Struct, frozen=True, kw_only=True):
    label_key: str | None = None
    label_value: str | None = None


class Log(structs.Struct, frozen=True, kw_only=True):
    log_level: str | None = None
    persistent_volume_claim: str | None = None
    mount_path: str | None = None
    log_file: str | None = None
    ako_gateway_log_file: str | None = None


class Networks(structs.Struct, frozen=True, kw_only=True):
    enable_rhi: bool | None = structs.field(default=None, name="enableRHI")
    bgp_peer_labels: tuple[str, ...] = ()


class Ingress(structs.Struct, frozen=True, kw_only=True):
    disable_ingress_class: bool | None = None
    default_ingress_controller: bool | None = None
    service_type: str | None = None
    shard_vs_size: str | None = structs.field(default=None, name="shardVSSize")
    passthrough_shard_size: str | None = None
    no_pg_for_sni: bool | None = structs.field(default=None, name="noPGForSNI")
    enable_mci: bool | None = structs.field(default=None, name="enableMCI")


class L4(structs.Struct, frozen=True, kw_only=True):
    default_domain: str | None = None
    auto_fqdn: str | None = structs.field(default=None, name="autoFQDN")


class NodePortSelector(structs.Struct, frozen=True, kw_only=True):
    key: str | None = None
    value: str | None = None


class FeatureGates(structs.Struct, frozen=True, kw_only=True):
    gateway_api: bool | None = structs.field(default=None, name="GatewayAPI")


class Extra(structs.Struct, frozen=True, kw_only=True):
    """``spec.extraConfigs``."""

    replica_count: int | None = None
    primary_instance: bool | None = None
    full_sync_frequency: str | None = None
    api_server_port: int | None = None
    enable_events: bool | None = None
    disable_static_route_sync: bool | None = None
    cni_plugin: str | None = None
    enable_evh: bool | None = structs.field(default=None, name="enableEVH")
    layer7_only: bool | None = structs.field(default=None, name="layer7Only")
    namespace_selector: NamespaceSelector = NamespaceSelector()
    services_api: bool | None = structs.field(default=None, name="servicesAPI")
    vip_per_namespace: bool | None = None
    istio_enabled: bool | None = None
    blocked_namespace_list: tuple[str, ...] = ()
    ip_family: str | None = None
    use_default_secrets_only: bool | None = None
    log: Log = Log()
    networks_config: Networks = Networks()
    ingress: Ingress = Ingress()
    l4_config: L4 = structs.field(default=L4(), name="l4Config")
    node_port_selector: NodePortSelector = NodePortSelector()
    feature_gates: FeatureGates = FeatureGates()


class Spec(structs.Struct, frozen=True, kw_only=True):
    """``spec`` of an AKODeploymentConfig, as far as AKO is concerned."""

    cloud_name: str = ""
    controller: str = ""
    controller_version: str | None = None
    service_engine_group: str = ""
    admin_credential_ref: api.SecretName | None = None
    workload_credential_ref: api.SecretName | None = None
    certificate_authority_ref: api.SecretName | None = None
    tenant: Tenant = Tenant()
    data_network: DataNetwork = DataNetwork()
    extra_configs: Extra = Extra()


def decode(adc: structs.JSON) -> Spec:
    """The Spec of an ADC as the API sends it. Raises structs.DecodeError with the path."""
    return _decoded(structs.encode_json(adc.get("spec") or {}))


@functools.lru_cache(maxsize=64)
def _decoded(spec: bytes) -> Spec:
    """Decoded once for all clusters of the config, which ask for it many times each."""
    return structs.convert(structs.without_empty(structs.decode_json(spec)), Spec, path="spec")
