"""The checks that AKO makes on Avi when it starts, made before it starts. Pure.

AKO that fails one of them stops itself, or is restarted without end; its virtual services stay and
nothing is synced any more. So a config that fails one reaches no AKO. The rules are those of AKO's
boot (internal/cache/controller_obj_cache.go, releases 1.13 and 2.1); AKO asks in its tenant.
"""

from __future__ import annotations

from collections.abc import Iterable

from akoo_avi.ownership.references import uuid_of
from akoo_avi.place import catalog, networks
from akoo_avi.place.catalog import Row, Rows
from akoo_avi.place.networks import FOREIGN_IPAM, Scene
from akoo_avi.spec import nearest, refusal
from akoo_avi.spec.placement import Network
from akoo_core.plugin import ako_networks
from akoo_core.plugin.ako_networks import NODE_NETWORKS, OPTIONS, TIER1, AkoNetworks, AkoVipNetwork

NSXT = "CLOUD_NSXT"
WITH_VRF = frozenset({"CLOUD_VCENTER", "CLOUD_NONE"})
"""Clouds where AKO looks for its networks in the VRF that vrfName names."""
WITH_V6 = WITH_VRF | {NSXT}


def check(scene: Scene, given: AkoNetworks, placed: tuple[Network, ...]) -> None:
    """Raises the first Refusal. ``placed``: what the data network is, on Avi."""
    _check_mode(scene, given)
    _check_tier1(scene, given)
    _check_ipam(scene, given)
    if scene.cloud.get("vtype") not in FOREIGN_IPAM:
        _check_vrf(scene, given)
        _check_node_networks(scene, given)
    if not given.vpc_mode:
        _check_vip_networks(scene, given, placed)


def _is_vlan(cloud: Row) -> bool:
    data = (cloud.get("nsxt_configuration") or {}).get("data_network_config") or {}
    return bool(data.get("tz_type") == "VLAN")


def _check_mode(scene: Scene, given: AkoNetworks) -> None:
    kind = scene.cloud.get("vtype")
    if given.vpc_mode and kind != NSXT:
        raise _wrong(
            scene,
            "VpcModeUnsupported",
            f"{OPTIONS}.vpcMode: true",
            f"is for NSX-T clouds only, and {_cloud(scene)} is {kind}. Unset it",
        )


def _check_tier1(scene: Scene, given: AkoNetworks) -> None:
    kind, path = scene.cloud.get("vtype"), given.tier1
    overlay = kind == NSXT and not _is_vlan(scene.cloud)
    if overlay and not path:
        raise _wrong(
            scene,
            "Tier1Missing",
            TIER1,
            f"is not given, and {_cloud(scene)} is NSX-T with an overlay transport zone. "
            f"{_known(scene, path)} Set it",
        )
    if path and not overlay:
        what = "NSX-T with a VLAN transport zone" if kind == NSXT else kind
        raise _wrong(
            scene,
            "Tier1Unexpected",
            f"{TIER1}: {path}",
            f"is for NSX-T clouds with an overlay transport zone only, and {_cloud(scene)} is "
            f"{what}. Unset it",
        )
    if path and not given.vpc_mode and path not in _tier1_paths(scene):
        raise _wrong(
            scene,
            "Tier1NotFound",
            f"{TIER1}: {path}",
            f"is a path that neither {_cloud(scene)} nor any of its VRFs knows. "
            f"{_known(scene, path)} Correct it",
        )


def _known(scene: Scene, path: str) -> str:
    return nearest.sentence(path, _tier1_paths(scene))


def _tier1_paths(scene: Scene) -> frozenset[str]:
    """Of the cloud's own configuration, and of its VRFs (attribute ``tier1path``)."""
    data = (scene.cloud.get("nsxt_configuration") or {}).get("data_network_config") or {}
    segments = data.get("tier1_segment_config") or {}
    manual = (segments.get("manual") or {}).get("tier1_lrs") or ()
    paths = [str(router.get("tier1_lr_id", "")) for router in manual]
    paths += [str(one) for one in (segments.get("automatic") or {}).get("tier1_lr_ids") or ()]
    for vrf in _vrfs(scene):
        attributes = [attr for attr in vrf.get("attrs") or () if isinstance(attr, dict)]
        paths += [
            str(attribute.get("value", ""))
            for attribute in attributes
            if attribute.get("key") == "tier1path"
        ]
    return frozenset(paths) - {""}


def _check_ipam(scene: Scene, given: AkoNetworks) -> None:
    """AKO wants a profile, of whatever type, even where no network of ours is asked for."""
    free = given.vpc_mode or scene.cloud.get("vtype") in FOREIGN_IPAM
    if not free and not uuid_of(scene.cloud.get("ipam_provider_ref")):
        networks.check_ipam(scene, networkless=False)


def _vrfs(scene: Scene) -> Rows:
    return networks.visible(scene, scene.catalog.vrfs)


def _check_vrf(scene: Scene, given: AkoNetworks) -> None:
    name = given.vrf_name
    if name and not catalog.called(name, _vrfs(scene)):
        raise _wrong(
            scene,
            "VrfNotFound",
            f'{OPTIONS}.vrfName: "{name}"',
            f"does not exist {scene.where}. "
            f"{nearest.sentence(name, catalog.names_of(_vrfs(scene)))} Correct it",
        )


def _check_node_networks(scene: Scene, given: AkoNetworks) -> None:
    """AKO reads the list on vCenter clouds, and on NSX-T with VLANs."""
    kind = scene.cloud.get("vtype")
    if kind != "CLOUD_VCENTER" and not (kind == NSXT and _is_vlan(scene.cloud)):
        return
    seen = networks.visible(scene)
    for number, network in enumerate(given.node_networks):
        path, name = f"{NODE_NETWORKS}[{number}].networkName", network.network_name
        called = catalog.called(name, seen)
        if not called:
            raise _wrong(
                scene,
                "NodeNetworkNotFound",
                f'{path}: "{name}"',
                f"does not exist {scene.where}. "
                f"{nearest.sentence(name, catalog.names_of(seen))} Correct it",
            )
        _check_in_vrf(scene, given, called, path)


def _check_vip_networks(scene: Scene, given: AkoNetworks, placed: tuple[Network, ...]) -> None:
    kind, asked = scene.cloud.get("vtype"), given.vip_networks
    if len(asked) > 1 and kind != "CLOUD_AWS":
        raise _wrong(
            scene,
            "VipNetworksTooMany",
            f"{OPTIONS}.vipNetworks",
            f"has {len(asked)} entries; more than one is for AWS clouds only, and "
            f"{_cloud(scene)} is {kind}. Leave one",
        )
    cidrs = [one.v6cidr for one in asked] + [one.cidr for one in placed if not asked]
    v6 = [cidr for cidr in cidrs if ako_networks.family_of(cidr) == 6]
    if v6 and kind not in WITH_V6:
        raise _wrong(
            scene,
            "Ipv6Unsupported",
            v6[0],
            f"is IPv6, which AKO does not take on {_cloud(scene)}, a {kind}. Unset it",
        )
    if kind in FOREIGN_IPAM:
        return
    for number, network in enumerate(asked):
        path = f"{OPTIONS}.vipNetworks[{number}]"
        _check_in_vrf(scene, given, _vip_network(scene, network, path), path)
    if not asked:
        uuids = {one.uuid for one in placed}
        rows = tuple(row for row in scene.catalog.networks if row["uuid"] in uuids)
        _check_in_vrf(scene, given, rows, "spec.dataNetwork.name")


def _vip_network(scene: Scene, network: AkoVipNetwork, path: str) -> Rows:
    """The networks that an entry names; a UUID wins over the name."""
    seen = networks.visible(scene)
    if network.network_uuid:
        field, text, known = "networkUUID", network.network_uuid, [row["uuid"] for row in seen]
        rows = tuple(row for row in seen if row["uuid"] == text)
    else:
        field, text, known = "networkName", network.network_name, list(catalog.names_of(seen))
        rows = catalog.called(text, seen)
    if not rows:
        raise _wrong(
            scene,
            "VipNetworkNotFound",
            f'{path}.{field}: "{text}"',
            f"does not exist {scene.where}. {nearest.sentence(text, known)} Correct it",
        )
    if len(rows) > 1 and not networks.has_subnet(rows, network.cidr or network.v6cidr):
        uuids = ", ".join(sorted(row["uuid"] for row in rows))
        raise _wrong(
            scene,
            "NetworkAmbiguous",
            f'{path}.{field}: "{text}"',
            f"is the name of {len(rows)} networks {scene.where} ({uuids}). Give networkUUID",
        )
    return rows


def _check_in_vrf(scene: Scene, given: AkoNetworks, rows: Iterable[Row], path: str) -> None:
    """With vrfName AKO looks for networks in that VRF alone."""
    if not given.vrf_name or scene.cloud.get("vtype") not in WITH_VRF:
        return
    wanted = {row["uuid"] for row in catalog.called(given.vrf_name, _vrfs(scene))}
    listed = list(rows)
    if not listed or any(uuid_of(row.get("vrf_context_ref")) in wanted for row in listed):
        return
    raise _wrong(
        scene,
        "NetworkNotInVrf",
        f'{path}: "{listed[0].get("name")}"',
        f'is not in VRF "{given.vrf_name}" ({OPTIONS}.vrfName) {scene.where}. Correct one of both',
    )


def _cloud(scene: Scene) -> str:
    return f'cloud "{scene.cloud["name"]}" on {scene.catalog.address}'


def _wrong(scene: Scene, reason: str, field: str, problem: str) -> refusal.Refusal:
    return refusal.Refusal(reason, f"{field} {problem} in {scene.correct}; AKO would not start.")
