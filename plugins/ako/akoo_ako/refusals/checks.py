"""Checks of a config for values that AKO does not survive, before it is deployed; pure.

AKO answers most of these with "sync disabled" or an exit with code 0, and the reason only in an
event of its Pod.
"""

from __future__ import annotations

from collections.abc import Iterator

from akoo_ako import config, images, names, options
from akoo_ako.refusals import pod
from akoo_ako.refusals.refusal import Refusal, invalid
from akoo_ako.releases.release import Release
from akoo_core.plugin import ako_networks

_EXTRA = "spec.extraConfigs"
_OPTIONS = "spec.plugins.ako"


def check(
    spec: config.Spec,
    ako_options: options.Options,
    release: Release,
    *,
    placed: bool = False,
) -> None:
    """Raises the first Refusal; its message names the field and what to do.

    ``placed``: another plugin gives the place with its networks, or is going to.
    """
    for problem in _problems(spec, ako_options, release, placed=placed):
        raise problem


def address(controller: str) -> str:
    """``spec.controller`` as AKO needs it: host or host:port.

    The ancestor's documentation promised ``[scheme://]address[:port]``; AKO puts ``https://`` in
    front by itself, so the scheme and what follows the address go.
    """
    scheme, separator, rest = controller.strip().partition("://")
    if not separator:
        return scheme.rstrip("/")
    if scheme.lower() != "https":
        raise invalid("spec.controller", f"AKO speaks https only, not {scheme}. Drop the scheme.")
    return rest.split("/", 1)[0]


def _problems(
    spec: config.Spec, ako_options: options.Options, release: Release, *, placed: bool
) -> Iterator[Refusal]:
    yield from _controller(spec)
    yield from _networks(spec, ako_options, placed=placed)
    yield from _process(spec.extra_configs)
    yield from _modes(spec.extra_configs)
    yield from _release(ako_options, release)
    yield from pod.problems(ako_options)
    images.check_registry(ako_options.image_registry, f"{_OPTIONS}.imageRegistry")
    images.check_copies(ako_options.copied_pull_secrets, f"{_OPTIONS}.copiedPullSecrets")


def _controller(spec: config.Spec) -> Iterator[Refusal]:
    required = {
        "spec.controller": address(spec.controller),
        "spec.cloudName": spec.cloud_name,
        "spec.serviceEngineGroup": spec.service_engine_group,
    }
    for path, value in required.items():
        if not value:
            yield invalid(path, "is empty; AKO cannot start without it.")
    version = spec.controller_version or "0"
    if not all(part.isascii() and part.isdigit() for part in version.split(".")):
        yield invalid("spec.controllerVersion", f"{version!r} is no version such as 30.2.1.")


def _networks(
    spec: config.Spec, ako_options: options.Options, *, placed: bool
) -> Iterator[Refusal]:
    if ako_options.vip_networks or ako_options.vpc_mode:
        return
    if not spec.data_network.name and not placed:
        yield invalid("spec.dataNetwork.name", "is empty; AKO needs a network for its VIPs.")
    if spec.data_network.cidr and ako_networks.family_of(spec.data_network.cidr) is None:
        yield invalid("spec.dataNetwork.cidr", f"{spec.data_network.cidr!r} is no CIDR.")


def _process(extra: config.Extra) -> Iterator[Refusal]:
    if extra.replica_count not in (None, 1, 2):
        yield invalid(f"{_EXTRA}.replicaCount", "must be 1 or 2.")
    if extra.replica_count == 2 and extra.primary_instance is False:
        yield invalid(f"{_EXTRA}.replicaCount", "2 needs primaryInstance; a second AKO has one.")
    if extra.replica_count == 2 and extra.feature_gates.gateway_api:
        yield invalid(f"{_EXTRA}.replicaCount", "2 and featureGates.GatewayAPI exclude each other.")
    if extra.api_server_port is not None and not 0 < extra.api_server_port < 65536:
        yield invalid(f"{_EXTRA}.apiServerPort", "must be a port, 1 to 65535.")
    frequency = extra.full_sync_frequency
    if frequency is not None and not (frequency.isascii() and frequency.isdigit()):
        yield invalid(f"{_EXTRA}.fullSyncFrequency", f"{frequency!r} is no number of seconds.")


def _modes(extra: config.Extra) -> Iterator[Refusal]:
    selector = extra.namespace_selector
    if (selector.label_key is None) != (selector.label_value is None):
        yield invalid(f"{_EXTRA}.namespaceSelector", "needs both labelKey and labelValue.")
    if extra.istio_enabled and extra.log.mount_path == names.ISTIO_PATH:
        problem = "is the path of istio's certificates. Mount the log elsewhere."
        yield invalid(f"{_EXTRA}.log.mountPath", problem)
    if extra.networks_config.bgp_peer_labels and not extra.networks_config.enable_rhi:
        yield invalid(f"{_EXTRA}.networksConfig.bgpPeerLabels", "needs enableRHI.")
    if extra.vip_per_namespace and not extra.enable_evh:
        yield invalid(f"{_EXTRA}.vipPerNamespace", "needs enableEVH.")
    if extra.ingress.service_type == "NodePortLocal" and extra.cni_plugin != "antrea":
        yield invalid(f"{_EXTRA}.ingress.serviceType", "NodePortLocal needs cniPlugin antrea.")


def _release(ako_options: options.Options, release: Release) -> Iterator[Refusal]:
    for key, mode in (
        ("dedicatedTenantMode", ako_options.dedicated_tenant_mode),
        ("vpcMode", ako_options.vpc_mode),
    ):
        if mode and not release.has(key):
            yield invalid(
                f"{_OPTIONS}.{key}",
                f"AKO {release.version} has no such mode. AKO 1.13.3 and later releases have it.",
            )
