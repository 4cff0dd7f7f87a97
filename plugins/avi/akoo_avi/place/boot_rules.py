"""The checks that AKO makes on Avi when it starts, made before it starts. Pure.

An AKO that fails one of them stops itself, or restarts without end. Its virtual services stay, and
nothing is synced any more. So a config that fails a check reaches no AKO. The rules are those of
AKO's boot (internal/cache/controller_obj_cache.go, releases 1.13 and 2.1). AKO asks in its tenant.
"""

from __future__ import annotations

from collections.abc import Iterable

from akoo_avi.client.access import nearest, refusal
from akoo_avi.ownership.references import uuid_of
from akoo_avi.place import catalog, networks
from akoo_avi.place.catalog import Row, Rows
from akoo_avi.place.networks import FOREIGN_IPAM, NetworkScope
from akoo_avi.spec.placement import PlacedNetwork
from akoo_core.plugin import ako_networks
from akoo_core.plugin.ako_networks import NODE_NETWORKS, OPTIONS, TIER1, AkoNetworks, AkoVipNetwork

NSXT = "CLOUD_NSXT"
WITH_VRF = frozenset({"CLOUD_VCENTER", "CLOUD_NONE"})
"""Clouds where AKO looks for its networks in the VRF that vrfName names."""
WITH_V6 = WITH_VRF | {NSXT}


def check(scope: NetworkScope, ako: AkoNetworks, placed: tuple[PlacedNetwork, ...]) -> None:
    """Raise the first Refusal. ``placed``: the data network, found on Avi."""
    _check_mode(scope, ako)
    _check_tier1(scope, ako)
    _check_ipam(scope, ako)
    if scope.cloud.get("vtype") not in FOREIGN_IPAM:
        _check_vrf(scope, ako)
        _check_node_networks(scope, ako)
    if not ako.vpc_mode:
        _check_vip_networks(scope, ako, placed)


def _is_vlan(cloud: Row) -> bool:
    data = (cloud.get("nsxt_configuration") or {}).get("data_network_config") or {}
    return bool(data.get("tz_type") == "VLAN")


def _check_mode(scope: NetworkScope, ako: AkoNetworks) -> None:
    kind = scope.cloud.get("vtype")
    if ako.vpc_mode and kind != NSXT:
        raise _wrong(
            scope,
            "VpcModeUnsupported",
            f"{OPTIONS}.vpcMode: true",
            f"is for NSX-T clouds only, and {_cloud(scope)} is {kind}. Unset it",
        )


def _check_tier1(scope: NetworkScope, ako: AkoNetworks) -> None:
    kind, path = scope.cloud.get("vtype"), ako.tier1
    overlay = kind == NSXT and not _is_vlan(scope.cloud)
    if overlay and not path:
        raise _wrong(
            scope,
            "Tier1Missing",
            TIER1,
            f"is not given, and {_cloud(scope)} is NSX-T with an overlay transport zone. "
            f"{_known(scope, path)} Set it",
        )
    if path and not overlay:
        actual = "NSX-T with a VLAN transport zone" if kind == NSXT else kind
        raise _wrong(
            scope,
            "Tier1Unexpected",
            f"{TIER1}: {path}",
            f"is for NSX-T clouds with an overlay transport zone only, and {_cloud(scope)} is "
            f"{actual}. Unset it",
        )
    if path and not ako.vpc_mode and path not in _tier1_paths(scope):
        raise _wrong(
            scope,
            "Tier1NotFound",
            f"{TIER1}: {path}",
            f"is a path that neither {_cloud(scope)} nor any of its VRFs knows. "
            f"{_known(scope, path)} Correct it",
        )


def _known(scope: NetworkScope, path: str) -> str:
    return nearest.sentence(path, _tier1_paths(scope))


def _tier1_paths(scope: NetworkScope) -> frozenset[str]:
    """Paths of the cloud's own configuration, and of its VRFs (attribute ``tier1path``)."""
    data = (scope.cloud.get("nsxt_configuration") or {}).get("data_network_config") or {}
    segments = data.get("tier1_segment_config") or {}
    manual = (segments.get("manual") or {}).get("tier1_lrs") or ()
    paths = [str(router.get("tier1_lr_id", "")) for router in manual]
    paths += [str(path) for path in (segments.get("automatic") or {}).get("tier1_lr_ids") or ()]
    for vrf in _vrfs(scope):
        attributes = [attr for attr in vrf.get("attrs") or () if isinstance(attr, dict)]
        paths += [
            str(attribute.get("value", ""))
            for attribute in attributes
            if attribute.get("key") == "tier1path"
        ]
    return frozenset(paths) - {""}


def _check_ipam(scope: NetworkScope, ako: AkoNetworks) -> None:
    """Require a profile of any type: AKO does, even if the config names no network."""
    free = ako.vpc_mode or scope.cloud.get("vtype") in FOREIGN_IPAM
    if not free and not uuid_of(scope.cloud.get("ipam_provider_ref")):
        networks.check_ipam(scope, networkless=False)


def _vrfs(scope: NetworkScope) -> Rows:
    return networks.visible(scope, scope.catalog.vrfs)


def _check_vrf(scope: NetworkScope, ako: AkoNetworks) -> None:
    name = ako.vrf_name
    if name and not catalog.called(name, _vrfs(scope)):
        raise _wrong(
            scope,
            "VrfNotFound",
            f'{OPTIONS}.vrfName: "{name}"',
            f"does not exist {scope.where}. "
            f"{nearest.sentence(name, catalog.names_of(_vrfs(scope)))} Correct it",
        )


def _check_node_networks(scope: NetworkScope, ako: AkoNetworks) -> None:
    """Check the list where AKO reads it: on vCenter clouds, and on NSX-T with VLANs."""
    kind = scope.cloud.get("vtype")
    if kind != "CLOUD_VCENTER" and not (kind == NSXT and _is_vlan(scope.cloud)):
        return
    seen = networks.visible(scope)
    for number, network in enumerate(ako.node_networks):
        path, name = f"{NODE_NETWORKS}[{number}].networkName", network.network_name
        called = catalog.called(name, seen)
        if not called:
            raise _wrong(
                scope,
                "NodeNetworkNotFound",
                f'{path}: "{name}"',
                f"does not exist {scope.where}. "
                f"{nearest.sentence(name, catalog.names_of(seen))} Correct it",
            )
        _check_in_vrf(scope, ako, called, path)


def _check_vip_networks(
    scope: NetworkScope, ako: AkoNetworks, placed: tuple[PlacedNetwork, ...]
) -> None:
    kind, asked = scope.cloud.get("vtype"), ako.vip_networks
    if len(asked) > 1 and kind != "CLOUD_AWS":
        raise _wrong(
            scope,
            "VipNetworksTooMany",
            f"{OPTIONS}.vipNetworks",
            f"has {len(asked)} entries; more than one is for AWS clouds only, and "
            f"{_cloud(scope)} is {kind}. Leave one",
        )
    cidrs = [vip.v6cidr for vip in asked] + [network.cidr for network in placed if not asked]
    v6 = [cidr for cidr in cidrs if ako_networks.family_of(cidr) == 6]
    if v6 and kind not in WITH_V6:
        raise _wrong(
            scope,
            "Ipv6Unsupported",
            v6[0],
            f"is IPv6, which AKO does not take on {_cloud(scope)}, a {kind}. Unset it",
        )
    if kind in FOREIGN_IPAM:
        return
    for number, network in enumerate(asked):
        path = f"{OPTIONS}.vipNetworks[{number}]"
        _check_in_vrf(scope, ako, _vip_network(scope, network, path), path)
    if not asked:
        uuids = {network.uuid for network in placed}
        rows = tuple(row for row in scope.catalog.networks if row["uuid"] in uuids)
        _check_in_vrf(scope, ako, rows, "spec.dataNetwork.name")


def _vip_network(scope: NetworkScope, network: AkoVipNetwork, path: str) -> Rows:
    """The networks that an entry names; a UUID wins over the name."""
    seen = networks.visible(scope)
    if network.network_uuid:
        field, text, known = "networkUUID", network.network_uuid, [row["uuid"] for row in seen]
        rows = tuple(row for row in seen if row["uuid"] == text)
    else:
        field, text, known = "networkName", network.network_name, list(catalog.names_of(seen))
        rows = catalog.called(text, seen)
    if not rows:
        raise _wrong(
            scope,
            "VipNetworkNotFound",
            f'{path}.{field}: "{text}"',
            f"does not exist {scope.where}. {nearest.sentence(text, known)} Correct it",
        )
    if len(rows) > 1 and not networks.has_subnet(rows, network.cidr or network.v6cidr):
        uuids = ", ".join(sorted(row["uuid"] for row in rows))
        raise _wrong(
            scope,
            "NetworkAmbiguous",
            f'{path}.{field}: "{text}"',
            f"is the name of {len(rows)} networks {scope.where} ({uuids}). Give networkUUID",
        )
    return rows


def _check_in_vrf(scope: NetworkScope, ako: AkoNetworks, rows: Iterable[Row], path: str) -> None:
    """Require the VRF of vrfName: with it AKO looks for networks in that VRF alone."""
    if not ako.vrf_name or scope.cloud.get("vtype") not in WITH_VRF:
        return
    wanted = {row["uuid"] for row in catalog.called(ako.vrf_name, _vrfs(scope))}
    listed = list(rows)
    if not listed or any(uuid_of(row.get("vrf_context_ref")) in wanted for row in listed):
        return
    raise _wrong(
        scope,
        "NetworkNotInVrf",
        f'{path}: "{listed[0].get("name")}"',
        f'is not in VRF "{ako.vrf_name}" ({OPTIONS}.vrfName) {scope.where}. Correct one of both',
    )


def _cloud(scope: NetworkScope) -> str:
    return f'cloud "{scope.cloud["name"]}" on {scope.catalog.address}'


def _wrong(scope: NetworkScope, reason: str, field: str, problem: str) -> refusal.Refusal:
    return refusal.Refusal(reason, f"{field} {problem} in {scope.correct}; AKO would not start.")
