"""The networks that an AKODeploymentConfig gives to AKO, decoded once for all plugins. Pure.

AKO splits these texts itself (the mask is the text behind the slash) and stops, or panics, over a
form that it does not know. So each value is passed on in the form that AKO reads, or is refused: a
prefix with its length, a path from its root. Rules and forms are those of AKO's boot
(internal/cache/controller_obj_cache.go and internal/lib/lib.go of releases 1.13 and 2.1).
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Final

from akoo_core import structs
from akoo_core.objects import ako_values

MOST_NODE_NETWORKS: Final = 5
"""AKO refuses more entries in nodeNetworkList."""
OPTIONS: Final = "spec.plugins.ako"
TIER1: Final = "spec.extraConfigs.networksConfig.nsxtT1LR"
NODE_NETWORKS: Final = "spec.extraConfigs.ingress.nodeNetworkList"
_PREFIX: Final = re.compile(r"[0-9a-fA-F:.]+/[0-9]{1,3}", re.ASCII)
_NAME: Final = r"[^/\s]+"
_TIER1: Final = re.compile(
    rf"/(?:infra|global-infra|orgs/{_NAME}/projects/{_NAME}/infra)/tier-1s/{_NAME}"
)
_VPC: Final = re.compile(rf"/orgs/{_NAME}/projects/{_NAME}/vpcs/{_NAME}")


class AkoVipNetwork(structs.StrictStruct, frozen=True, kw_only=True):
    """One entry of AKO's vipNetworkList; a UUID wins over the name."""

    network_name: str = ""
    network_uuid: str = structs.field(default="", name="networkUUID")
    cidr: str = ""
    v6cidr: str = ""


class NodeNetwork(structs.Struct, frozen=True, kw_only=True):
    """One entry of AKO's nodeNetworkList."""

    network_name: str = ""
    cidrs: tuple[str, ...] = ()


class AkoNetworks(structs.Struct, frozen=True, kw_only=True):
    """Names that AKO looks up on the Avi Controller when it starts, but for those of a
    placement."""

    tier1: str = ""
    """Path of the NSX-T tier-1 router; of the VPC in VPC mode."""
    vpc_mode: bool = False
    vrf_name: str = ""
    vip_networks: tuple[AkoVipNetwork, ...] = ()
    """They replace the data network."""
    node_networks: tuple[NodeNetwork, ...] = ()


class _NetworksConfig(structs.Struct, frozen=True, kw_only=True):
    nsxt_t1_lr: str = structs.field(default="", name="nsxtT1LR")


class _Ingress(structs.Struct, frozen=True, kw_only=True):
    node_network_list: tuple[NodeNetwork, ...] = ()


class _Extra(structs.Struct, frozen=True, kw_only=True):
    networks_config: _NetworksConfig = _NetworksConfig()
    ingress: _Ingress = _Ingress()


class _Spec(structs.Struct, frozen=True, kw_only=True):
    """The part of an AKODeploymentConfig's spec that is read here."""

    extra_configs: _Extra = _Extra()


class _Options(structs.Struct, frozen=True, kw_only=True):
    vrf_name: str = ""
    vpc_mode: bool = False
    vip_networks: tuple[AkoVipNetwork, ...] = ()


def decode(config: structs.JSON, options: structs.JSON | None = None) -> AkoNetworks:
    """The networks of an AKODeploymentConfig, in AKO's form.

    ``options`` is ``spec.plugins.ako``; default: the section of ``config``. Raises
    structs.DecodeError with the path of a value that AKO could not read.
    """
    if options is None:
        config = ako_values.filled(config)
    spec = config.get("spec") or {}
    if options is None:
        options = (spec.get("plugins") or {}).get("ako") or {}
    return _decoded(structs.encode_json([options, spec.get("extraConfigs")]))


@functools.lru_cache(maxsize=64)
def _decoded(section: bytes) -> AkoNetworks:
    """Decoded once for all clusters of the config, which ask for it many times each."""
    options, extra_configs = structs.decode_json(section)
    decoded = structs.convert(options, _Options, path=OPTIONS)
    written = structs.without_empty({"extraConfigs": extra_configs})
    extra = structs.convert(written, _Spec, path="spec").extra_configs
    listed = [n for n in extra.ingress.node_network_list if n.network_name or n.cidrs]
    if len(listed) > MOST_NODE_NETWORKS:
        raise structs.DecodeError(NODE_NETWORKS, f"has more than {MOST_NODE_NETWORKS} entries.")
    return AkoNetworks(
        tier1=_tier1(extra.networks_config.nsxt_t1_lr, vpc_mode=decoded.vpc_mode),
        vpc_mode=decoded.vpc_mode,
        vrf_name=decoded.vrf_name,
        vip_networks=tuple(_vip_networks(decoded.vip_networks)),
        node_networks=tuple(_node_networks(listed)),
    )


def prefix(text: str, *, version: int | None = None) -> str:
    """``text`` as AKO reads it: network address, slash, length. ``10.0.0.9/24`` is 10.0.0.0/24.

    ``version``: 4 or 6, if only that one is accepted. Raises ValueError for a text that is no CIDR:
    without a length, with a netmask, with a zone, an IPv4 address in IPv6, the whole of IPv6.
    """
    if not _PREFIX.fullmatch(text):
        raise ValueError(text)
    network = ipaddress.ip_network(text, strict=False)
    mapped = isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped
    if mapped or (network.version == 6 and not network.prefixlen):
        raise ValueError(text)
    if version not in (None, network.version):
        raise ValueError(text)
    return str(network)


def family_of(cidr: str) -> int | None:
    """4 or 6; None for a text that ``prefix`` refuses."""
    try:
        return ipaddress.ip_network(prefix(cidr)).version
    except ValueError:
        return None


def _tier1(path: str, *, vpc_mode: bool) -> str:
    form = _VPC if vpc_mode else _TIER1
    if not path or form.fullmatch(path):
        return path
    example = "/orgs/<org>/projects/<project>/vpcs/<vpc>" if vpc_mode else "/infra/tier-1s/<id>"
    raise structs.DecodeError(TIER1, f"{path!r} is no path such as {example}.")


def _vip_networks(networks: tuple[AkoVipNetwork, ...]) -> Iterator[AkoVipNetwork]:
    for number, network in enumerate(networks):
        path = f"{OPTIONS}.vipNetworks[{number}]"
        if not (network.network_name or network.network_uuid):
            raise structs.DecodeError(path, "needs networkName or networkUUID.")
        yield structs.replace(
            network,
            cidr=_checked(network.cidr, f"{path}.cidr", version=4),
            v6cidr=_checked(network.v6cidr, f"{path}.v6cidr", version=6),
        )


def _node_networks(networks: Sequence[NodeNetwork]) -> Iterator[NodeNetwork]:
    names = [network.network_name for network in networks]
    for number, network in enumerate(networks):
        path = f"{NODE_NETWORKS}[{number}]"
        if not network.network_name:
            raise structs.DecodeError(path, "needs networkName.")
        if network.network_name in names[:number]:
            raise structs.DecodeError(
                path, f"{network.network_name!r} is there twice; AKO keeps the last one only."
            )
        cidrs = (
            _checked(cidr, f"{path}.cidrs[{position}]")
            for position, cidr in enumerate(network.cidrs)
        )
        yield structs.replace(network, cidrs=tuple(cidrs))


def _checked(text: str, path: str, *, version: int | None = None) -> str:
    if not text:
        return ""
    try:
        return prefix(text, version=version)
    except ValueError:
        family = f"IPv{version} CIDR" if version else "CIDR"
        raise structs.DecodeError(
            path, f"{text!r} is no {family} with a length, such as {_EXAMPLES[version]}."
        ) from None


_EXAMPLES: Final[dict[int | None, str]] = {
    None: "10.0.0.0/24",
    4: "10.0.0.0/24",
    6: "2001:db8::/64",
}
