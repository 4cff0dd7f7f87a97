"""VIPs: addresses are allocated when a VIP comes, kept while it stays, free when it goes."""

import typing
from collections.abc import Iterator

from akoo_testbed.avisim.objects import addresses, rules, schema, store
from akoo_testbed.avisim.requests import context, problems

_KEPT = ("ip_address", "ip6_address", "avi_allocated_vip", "discovered_networks")


class VsVipRule(rules.Rule):
    """Fills in the addresses of VIPs with auto_allocate_ip."""

    def prepare(
        self, ctx: context.Context, data: schema.Json, old: store.Stored | None, body: schema.Json
    ) -> None:
        vips = [dict(vip) for vip in data.get("vip", ())]
        before = {vip["vip_id"]: vip for vip in old.data.get("vip", ())} if old else {}
        _check_ids(vips, before)
        taken: dict[str, set[addresses.Address]] = {}
        try:
            for vip in vips:
                vip.pop("discovered_networks", None)  # clients send back what they read
                vip["avi_allocated_vip"] = False
                if vip["auto_allocate_ip"] and not _keep(vip, before.get(vip["vip_id"])):
                    _allocate(ctx, data, vip, taken)
        except addresses.MalformedError as error:
            raise problems.bad_request(f"VsVip {data['name']}: {error}") from None
        data["vip"] = vips


def _check_ids(vips: list[schema.Json], before: dict[str, schema.Json]) -> None:
    ids = [vip["vip_id"] for vip in vips]
    if len(set(ids)) != len(ids):
        raise problems.bad_request("two VIPs have one vip_id")
    if before and len(before) == len(ids) and set(before) != set(ids):
        raise problems.bad_request("Changing an existing VIP's vip_id is not supported")


def _keep(vip: schema.Json, old: schema.Json | None) -> bool:
    """True if the VIP keeps the addresses that it has."""
    if old is None or not old.get("avi_allocated_vip"):
        return False
    if _pin(vip)[0] not in ("", addresses.network_of(old)):
        return False
    if vip["auto_allocate_ip_type"] != old["auto_allocate_ip_type"]:
        return False
    for field in addresses.FIELDS.values():
        if field in vip and vip[field] != old.get(field):
            raise problems.bad_request("If a new preferred IP is needed, please recreate the VIP")
    vip.update({name: old[name] for name in _KEPT if name in old})
    return True


def _pin(vip: schema.Json) -> tuple[str, dict[str, addresses.Network]]:
    """Network, and subnet by family, that the VIP insists on."""
    pinned = vip.get("ipam_network_subnet", {})
    subnets = {}
    for family, field in (("V4", "subnet"), ("V6", "subnet6")):
        if field in pinned:
            subnets[family] = addresses.prefix(pinned[field])
    return pinned.get("network_ref", ""), subnets


def _allocate(
    ctx: context.Context,
    data: schema.Json,
    vip: schema.Json,
    taken: dict[str, set[addresses.Address]],
) -> None:
    networks = list(_networks(ctx, data, vip))
    for network in networks:
        used = taken.setdefault(
            network.uuid, {h.address for h in addresses.held(ctx.state.objects, network.uuid)}
        )
        chosen = _choose(vip, network, used)
        if chosen is None:
            continue
        discovered: schema.Json = {"network_ref": network.uuid}
        for family, (address, subnet) in chosen.items():
            used.add(address)
            vip[addresses.FIELDS[family]] = addresses.shown(address)
            where = "subnet" if family == "V4" else "subnet6"
            discovered[where] = [addresses.shown_prefix(subnet)]
        ctx.state.gave_addresses.add(network.uuid)
        vip["avi_allocated_vip"] = True
        vip["discovered_networks"] = [discovered]
        return
    raise problems.no_free_ip(", ".join(network.name for network in networks) or "any network")


def _choose(
    vip: schema.Json, network: store.Stored, used: set[addresses.Address]
) -> dict[str, tuple[addresses.Address, addresses.Network]] | None:
    """An address of each family that is asked for, or None if the network lacks one."""
    _, subnets = _pin(vip)
    chosen = {}
    for family in addresses.FAMILIES[vip["auto_allocate_ip_type"]]:
        preferred = vip.get(addresses.FIELDS[family])
        if preferred:
            address = addresses.parse(preferred)
            subnet = addresses.holds(network, address)
            address_ = None if subnet is None or address in used else (address, subnet)
        else:
            address_ = addresses.free(network, family, used, subnets.get(family))
        if address_ is None:
            return None
        chosen[family] = address_
    return chosen


def _networks(ctx: context.Context, data: schema.Json, vip: schema.Json) -> Iterator[store.Stored]:
    """The networks that may give the VIP its address: the one it insists on, else the
    usable ones."""
    cloud = ctx.state.objects.get("cloud", data.get("cloud_ref", ""))
    uuid = cloud.data.get("ipam_provider_ref", "") if cloud else ""
    profile = ctx.state.objects.get("ipamdnsproviderprofile", uuid)
    if profile is None:
        name = cloud.name if cloud else ""
        raise problems.bad_request(f"Cloud {name} has no IPAM provider: cannot allocate an IP")
    pinned, _ = _pin(vip)
    wanted = [pinned] if pinned else usable(profile.data, data.get("ipam_selector"))
    for network_uuid in wanted:
        network = ctx.state.objects.get("network", network_uuid)
        if network is None:
            continue
        vrf = network.data.get("vrf_context_ref")
        if profile.data.get("allocate_ip_in_vrf") and vrf != data.get("vrf_context_ref"):
            continue
        yield network


def usable(profile: schema.Json, selector: typing.Any = None) -> list[str]:
    """uuids of the usable networks of an IPAM profile, those with the selector's labels only."""
    labels = selector.get("labels", []) if selector else []
    entries = profile.get("internal_profile", {}).get("usable_networks", ())
    return [
        entry["nw_ref"]
        for entry in entries
        if all(label in entry.get("labels", ()) for label in labels)
    ]
