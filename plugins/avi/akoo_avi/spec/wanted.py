"""The place that a config names. Pure."""

from __future__ import annotations

from akoo_avi.client.access import implicit, refusal
from akoo_avi.spec import config, inline_pools, options, placement
from akoo_avi.spec.placement import WantedNetwork, WantedPlace, WantedPortGroup
from akoo_core.plugin import ako_networks, api, structs
from akoo_core.plugin import names as core_names

AWAITED_SECONDS = 30.0
"""Retry interval while a fact is awaited. The fact starts an attempt, too."""
EXPECTED_SECONDS = 300.0


def of_view(view: api.View) -> WantedPlace:
    """The place that the cluster's config, its tenant and its port group name. Raises Refusal as
    ``of_config`` does."""
    return of_config(
        view.config,
        view.spec.config_ref.name,
        options_of(view),
        management=view.spec.cluster_ref.namespace == core_names.MANAGEMENT_NAMESPACE,
        port_group=view.fact(api.PortGroup),
        tenant=view.fact(api.LoadBalancerTenant),
    )


def awaited(view: api.View) -> api.Wait | None:
    """A wait for a fact that another plugin still may give; None: nothing is awaited."""
    if api.LoadBalancerTenant.fact_name in view.awaited:
        return api.Wait(
            reason="TenantAwaited",
            message=(
                "The place is looked for after the tenant is there. The plugin that makes it says "
                "what is missing."
            ),
            after=AWAITED_SECONDS,
            expected_seconds=EXPECTED_SECONDS,
        )
    if api.PortGroup.fact_name in view.awaited:
        return api.Wait(
            reason="PortGroupAwaited",
            message=(
                "The network is looked for after the port group is there. The plugin that makes it "
                "says what is missing."
            ),
            after=AWAITED_SECONDS,
            expected_seconds=EXPECTED_SECONDS,
        )
    return None


def of_config(
    obj: structs.JSON,
    name: str,
    avi_options: options.Options,
    *,
    management: bool,
    port_group: api.PortGroup | None = None,
    tenant: api.LoadBalancerTenant | None = None,
) -> WantedPlace:
    """The place that an AKODeploymentConfig names.

    ``avi_options``: its ``spec.plugins.avi``. ``management``: for the management cluster, which
    alone has a control plane network. ``port_group``, ``tenant``: of the cluster's own. Raises
    Refusal for missing names and impossible values.
    """
    try:
        spec = config.decode(obj)
        ako = ako_networks.decode(obj)
    except structs.DecodeError as error:
        raise refusal.Refusal("ConfigInvalid", str(error)) from error
    return WantedPlace(
        controller=avi_options.controller,
        reach=None if avi_options.controller else implicit.reach(obj),
        cloud=_named("spec.cloudName", spec.cloud_name),
        tenant=spec.tenant.name if tenant is None else tenant.name,
        tenant_uuid="" if tenant is None else tenant.uuid,
        se_group=_named("spec.serviceEngineGroup", spec.service_engine_group),
        network=_data_network(spec.data_network, port_group),
        control_plane=_control_plane(spec) if management else None,
        pools=tuple(sorted(set(avi_options.ip_pools))),
        inline=_inline(name, spec, management=management),
        ako=ako,
    )


def _inline(config_name: str, spec: config.AviSpec, *, management: bool) -> tuple[str, ...]:
    pool_names = {inline_pools.data_name(config_name, spec)}
    if inline_pools.gives_ranges(spec) and pool_names == {""}:
        raise refusal.invalid(
            "spec.dataNetwork.ipPools",
            "are in no network: name one, or put the ranges into the port group (spec.avi.subnet).",
        )
    if management:
        pool_names.add(inline_pools.control_plane_name(config_name, spec))
    return tuple(sorted(pool_names - {""}))


def options_of(view: api.View) -> options.Options:
    """``spec.plugins.avi``, or its defaults."""
    decoded = view.plugin_config
    return decoded if isinstance(decoded, options.Options) else options.Options()


def _named(path: str, value: str) -> str:
    if not value:
        raise refusal.invalid(path, "is empty.")
    return value


def _network(path: str, name: str, cidr: str) -> WantedNetwork | None:
    return WantedNetwork(name=name, cidr=_prefix(f"{path}.cidr", cidr)) if name else None


def _prefix(path: str, cidr: str) -> str:
    try:
        return ako_networks.prefix(cidr) if cidr else ""
    except ValueError:
        raise refusal.invalid(path, f"{cidr!r} is no CIDR.") from None


def _data_network(
    network: config.DataNetwork, port_group: api.PortGroup | None
) -> WantedNetwork | None:
    """The data network; that of the port group where there is one. The config may repeat its name
    and subnet, and must not differ from them."""
    path = "spec.dataNetwork"
    if port_group is None:
        return _network(path, network.name, network.cidr)
    if network.name and network.name != port_group.name:
        raise _conflict(f"{path}.name", network.name, port_group, port_group.name)
    named = WantedNetwork(
        name=port_group.name, cidr=_prefix(f"{path}.cidr", network.cidr or port_group.cidr)
    )
    subnet = _prefix("PortGroup.cidr", port_group.cidr)
    if subnet and named.cidr != subnet:
        raise _conflict(f"{path}.cidr", network.cidr, port_group, subnet)
    place = WantedPortGroup(
        moref=port_group.moref,
        vcenter=port_group.vcenter,
        datacenter=port_group.datacenter,
        datacenter_name=port_group.datacenter_name,
    )
    return structs.replace(named, port_group=place)


def _conflict(path: str, text: str, port_group: api.PortGroup, other: str) -> refusal.Refusal:
    return refusal.Refusal(
        "ConfigConflict",
        f'{path} is "{text}", and port group {port_group.moref}, which the config chooses too, has '
        f'"{other}". Leave {path} out, or correct one of both.',
    )


def _control_plane(spec: config.AviSpec) -> WantedNetwork | None:
    network = spec.control_plane_network
    return _network("spec.controlPlaneNetwork", network.name, network.cidr)


def config_name(view: api.View) -> str:
    """``AKODeploymentConfig/edge``: the object that a message tells people to correct."""
    return f"AKODeploymentConfig/{view.spec.config_ref.name}"


def secrets(view: api.View) -> tuple[api.SecretPair, ...]:
    """(namespace, name) of the Secrets that lead to the controller, by the config and by the stored
    intent. () for an unreadable config: prepare says why."""
    stored = placement.stored(view)
    ways = [stored.reach] if stored is not None else []
    if view.config:
        try:
            configured = of_view(view).reach
        except refusal.Refusal:
            configured = None
        ways += [configured] if configured is not None else []
    named = (secret for way in ways for secret in (way.credential, way.ca) if secret is not None)
    return tuple(sorted({secret.pair for secret in named}))
