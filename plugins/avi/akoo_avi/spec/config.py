"""The Avi part of an AKODeploymentConfig: the place of its clusters on Avi.

Decoded tolerantly: fields of a newer schema are ignored, and absent, null, "" and empty shells
(Go clients write ``tenant: {}``) all mean unset. One exception: ``ipPools: []`` says that the
subnet has no ranges; without ``ipPools`` nothing is said about them.
"""

from __future__ import annotations

from akoo_avi.spec import names
from akoo_core.plugin import ako_values, structs


class Tenant(structs.Struct, frozen=True, kw_only=True):
    """``context`` is the intended mode of the tenant; the tenant on Avi has the actual one."""

    name: str = names.ADMIN_TENANT
    context: str = ""


class IpPool(structs.Struct, frozen=True, kw_only=True):
    """A range of addresses of the data network's subnet, ends included."""

    start: str = ""
    end: str = ""
    type: str = ""
    """``V4``."""


class DataNetwork(structs.Struct, frozen=True, kw_only=True):
    """The network that addresses of Services and Ingresses come from."""

    name: str = ""
    cidr: str = ""
    ip_pools: tuple[IpPool, ...] | None = None


class ControlPlaneNetwork(structs.Struct, frozen=True, kw_only=True):
    """The network that addresses of API servers come from."""

    name: str = ""
    cidr: str = ""


class Ingress(structs.Struct, frozen=True, kw_only=True):
    service_type: str = "NodePort"
    shard_vs_size: str = structs.field(default="SMALL", name="shardVSSize")


class Extra(structs.Struct, frozen=True, kw_only=True):
    """``spec.extraConfigs``, as far as it matters on the Avi Controller."""

    primary_instance: bool = True
    disable_static_route_sync: bool = True
    cni_plugin: str = ""
    ingress: Ingress = Ingress()


class VSphereOptions(structs.Struct, frozen=True, kw_only=True):
    """``spec.plugins.vsphere``, as far as the network on Avi is concerned."""

    port_group_ref: str = ""
    """Name of the VSpherePortGroup that all clusters of the config share."""


class OtherPlugins(structs.Struct, frozen=True, kw_only=True):
    """``spec.plugins``, as far as other plugins' options say which network is meant."""

    vsphere: VSphereOptions = VSphereOptions()


class AviSpec(structs.Struct, frozen=True, kw_only=True):
    """``spec`` of an AKODeploymentConfig, as far as the Avi Controller is concerned."""

    controller_version: str = ""
    cloud_name: str = ""
    service_engine_group: str = ""
    tenant: Tenant = Tenant()
    data_network: DataNetwork = DataNetwork()
    control_plane_network: ControlPlaneNetwork = ControlPlaneNetwork()
    extra_configs: Extra = Extra()
    plugins: OtherPlugins = OtherPlugins()


def decode(adc: structs.JSON) -> AviSpec:
    """The spec of an ADC as the API sends it. Raises structs.DecodeError with the path."""
    spec = ako_values.filled(adc).get("spec") or {}
    return structs.convert(structs.without_empty(spec), AviSpec, path="spec")
