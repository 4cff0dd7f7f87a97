"""The place that a config names. Pure."""

from __future__ import annotations

from akoo_avi.spec import config, inline_pools, options, placement, refusal
from akoo_avi.spec.placement import Reach, WantedNetwork, WantedPlace
from akoo_core.plugin import ako_networks, api, structs
from akoo_core.plugin import names as core_names


def of_view(view: api.View) -> WantedPlace:
    """The place that the cluster's config names. Raises Refusal as ``of_config`` does."""
    management = view.spec.cluster_ref.namespace == core_names.MANAGEMENT_NAMESPACE
    name = view.spec.config_ref.name
    return of_config(view.config, name, options_of(view), management=management)


def of_config(
    obj: structs.JSON, name: str, avi_options: options.Options, *, management: bool
) -> WantedPlace:
    """The place that an AKODeploymentConfig names.

    ``avi_options``: its ``spec.plugins.avi``. ``management``: for the management cluster, which
    alone has a control plane network. Raises Refusal for missing names and impossible values.
    """
    try:
        spec = config.decode(obj)
        ako = ako_networks.decode(obj)
    except structs.DecodeError as error:
        raise refusal.Refusal("ConfigInvalid", str(error)) from error
    return WantedPlace(
        controller=avi_options.controller,
        reach=None if avi_options.controller else reach_of(spec),
        cloud=_named("spec.cloudName", spec.cloud_name),
        tenant=spec.tenant.name,
        se_group=_named("spec.serviceEngineGroup", spec.service_engine_group),
        network=_network("spec.dataNetwork", spec.data_network.name, spec.data_network.cidr),
        control_plane=_control_plane(spec) if management else None,
        pools=tuple(sorted(set(avi_options.ip_pools))),
        inline=_inline(name, spec, management=management),
        ako=ako,
    )


def _inline(config_name: str, spec: config.AviSpec, *, management: bool) -> tuple[str, ...]:
    pool_names = {inline_pools.data_name(config_name, spec)}
    if management:
        pool_names.add(inline_pools.control_plane_name(config_name, spec))
    return tuple(sorted(pool_names - {""}))


def options_of(view: api.View) -> options.Options:
    """``spec.plugins.avi``, or its defaults."""
    decoded = view.plugin_config
    return decoded if isinstance(decoded, options.Options) else options.Options()


def address(controller: str) -> str:
    """``spec.controller`` as host or host:port.

    The ancestor's documentation promised ``[scheme://]address[:port]``. The scheme can only be
    https; it is removed, and so is everything behind the address.
    """
    scheme, separator, rest = controller.strip().partition("://")
    if not separator:
        return scheme.rstrip("/")
    if scheme.lower() != "https":
        raise refusal.invalid("spec.controller", f"Avi speaks https only, not {scheme}.")
    return rest.split("/", 1)[0]


def reach_of(spec: config.AviSpec) -> Reach:
    """The way to its controller in a config itself. Raises Refusal."""
    account, ca = spec.admin_credential_ref, spec.certificate_authority_ref
    if not account.complete:
        raise refusal.invalid(
            "spec.adminCredentialRef",
            "names no Secret; without the keys username and password of one nothing can be asked "
            "of the Avi Controller.",
        )
    return Reach(
        address=_named("spec.controller", address(spec.controller)),
        credential=account,
        ca=ca if ca.complete else None,
    )


def _named(path: str, value: str) -> str:
    if not value:
        raise refusal.invalid(path, "is empty.")
    return value


def _network(path: str, name: str, cidr: str) -> WantedNetwork | None:
    if not name:
        return None
    try:
        prefix = ako_networks.prefix(cidr) if cidr else ""
    except ValueError:
        raise refusal.invalid(f"{path}.cidr", f"{cidr!r} is no CIDR.") from None
    return WantedNetwork(name=name, cidr=prefix)


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
