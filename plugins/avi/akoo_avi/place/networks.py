"""The networks of the addresses of virtual services, and the IPAM profile that allows them.
Pure."""

from __future__ import annotations

import dataclasses
import ipaddress

from akoo_avi.client.access import nearest, refusal
from akoo_avi.ownership.references import uuid_of
from akoo_avi.place import catalog, port_groups
from akoo_avi.place.catalog import Catalog, Row, Rows
from akoo_avi.spec import names
from akoo_avi.spec.placement import PlacedNetwork, WantedNetwork, WantedPortGroup

IPAM_INTERNAL = "IPAMDNS_TYPE_INTERNAL"
FOREIGN_IPAM = frozenset({"CLOUD_AWS", "CLOUD_AZURE", "CLOUD_GCP", "CLOUD_OPENSTACK"})
"""Clouds with addresses of their own: AKO asks for no IPAM profile there, and its network names do
not mean networks of Avi."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class NetworkScope:
    """The scope of a search for networks, and the object to correct when one is missing."""

    catalog: Catalog
    cloud: Row
    tenant: Row
    correct: str

    @property
    def where(self) -> str:
        cloud = f'in cloud "{self.cloud["name"]}"'
        return f"{cloud}{of_tenant(self.tenant)} on {self.catalog.address}"


def of_tenant(tenant: Row) -> str:
    """`` for tenant "blue"``; "" for tenant admin, which nobody names."""
    return "" if tenant["uuid"] == names.ADMIN_TENANT else f' for tenant "{tenant["name"]}"'


def find(scope: NetworkScope, wanted: WantedNetwork | None, path: str) -> PlacedNetwork | None:
    """The network of that name in the scope. Raises Refusal.

    The tenant's own comes before one that tenant admin shares. Names repeat over clouds, and in
    vCenter clouds over datacenters: then the subnet decides.
    """
    if wanted is None:
        return None
    if wanted.port_group is not None:
        return _of_port_group(scope, wanted, wanted.port_group)
    if scope.cloud.get("vtype") in FOREIGN_IPAM:
        return PlacedNetwork(name=wanted.name, uuid="", cidr=wanted.cidr)
    seen = visible(scope)
    called = catalog.called(wanted.name, seen)
    if not called:
        raise refusal.Refusal(
            "NetworkNotFound",
            f'network "{wanted.name}" does not exist {scope.where}. '
            f"{nearest.sentence(wanted.name, catalog.names_of(seen))} Correct {path}.name of "
            f"{scope.correct}, or create the network.",
        )
    own = tuple(row for row in called if _tenant_uuid(row) == scope.tenant["uuid"]) or called
    row = own[0] if len(own) == 1 else _by_subnet(scope, wanted, own, path)
    return PlacedNetwork(
        name=wanted.name, uuid=row["uuid"], cidr=wanted.cidr, unique=len(called) == 1
    )


def _of_port_group(
    scope: NetworkScope, wanted: WantedNetwork, group: WantedPortGroup
) -> PlacedNetwork:
    """The network of a port group. AKO gets its UUID, which a rename in vCenter does not change.
    Raises Refusal, and Delay while discovery has not made it."""
    port_groups.check(scope.cloud, group, scope.catalog.address)
    row = by_moref(scope, group.moref)
    return PlacedNetwork(name=wanted.name, uuid=row["uuid"], cidr=wanted.cidr, unique=False)


def by_moref(scope: NetworkScope, moref: str) -> Row:
    """The network of a port group. Raises Delay while discovery has not made it, and Refusal where
    the tenant cannot use it."""
    row = port_groups.find(moref, scope.cloud, visible(scope))
    if row is not None:
        return row
    if port_groups.find(moref, scope.cloud, scope.catalog.networks) is not None:
        raise refusal.Refusal(
            "NetworkNotShared",
            f"the network of port group {moref} is there {scope.where}, and the tenant cannot use "
            f"it: it has a routing domain of its own. Name another tenant in {scope.correct}.",
        )
    raise refusal.Delay(
        port_groups.NOT_DISCOVERED,
        f"Avi has not discovered port group {moref} yet {scope.where}.",
    )


def visible(scope: NetworkScope, rows: Rows | None = None) -> Rows:
    """The networks of the cloud that the tenant can use: its own, and those of tenant admin unless
    the tenant has a routing domain of its own (``tenant_vrf``). ``rows``: VRFs, by the same
    rule."""
    settings = scope.tenant.get("config_settings") or {}
    shared = () if settings.get("tenant_vrf") else ("", names.ADMIN_TENANT)
    return tuple(
        row
        for row in (scope.catalog.networks if rows is None else rows)
        if uuid_of(row.get("cloud_ref")) == scope.cloud["uuid"]
        and _tenant_uuid(row) in (*shared, scope.tenant["uuid"])
    )


def _tenant_uuid(row: Row) -> str:
    return uuid_of(row.get("tenant_ref"))


def _by_subnet(scope: NetworkScope, wanted: WantedNetwork, candidates: Rows, path: str) -> Row:
    fitting = [row for row in candidates if _has_subnet(row, wanted.cidr)]
    if len(fitting) == 1:
        return fitting[0]
    uuids = ", ".join(sorted(row["uuid"] for row in fitting or candidates))
    subnet = f"with the subnet {wanted.cidr}" if wanted.cidr and fitting else ""
    raise refusal.Refusal(
        "NetworkAmbiguous",
        f'{len(fitting or candidates)} networks are called "{wanted.name}" {subnet} {scope.where} '
        f"({uuids}). Configure the subnet on the one that is meant, give it as {path}.cidr of "
        f"{scope.correct}, or rename the others.".replace("  ", " "),
    )


def has_subnet(rows: Rows, cidr: str) -> bool:
    """Exactly one of the networks has the subnet."""
    return sum(_has_subnet(row, cidr) for row in rows) == 1


def _has_subnet(network: Row, cidr: str) -> bool:
    if not cidr:
        return False
    wanted = ipaddress.ip_network(cidr, strict=False)
    return any(_prefix(subnet) == wanted for subnet in network.get("configured_subnets") or ())


def _prefix(subnet: Row) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    prefix = subnet.get("prefix") or {}
    address = (prefix.get("ip_addr") or {}).get("addr", "")
    try:
        return ipaddress.ip_network(f"{address}/{prefix.get('mask')}", strict=False)
    except ValueError:
        return None


def check_ipam(scope: NetworkScope, *, networkless: bool) -> Row | None:
    """The internal IPAM profile of the cloud; None for a cloud with addresses of its own.

    ``networkless``: the config names no network (VPC mode), so none is needed. Raises Refusal.
    """
    if networkless or scope.cloud.get("vtype") in FOREIGN_IPAM:
        return None
    uuid = uuid_of(scope.cloud.get("ipam_provider_ref"))
    profile = next((row for row in scope.catalog.ipam_profiles if row.get("uuid") == uuid), None)
    name = scope.cloud["name"]
    if not uuid:
        raise refusal.Refusal(
            "IpamMissing",
            f'cloud "{name}" on {scope.catalog.address} has no IPAM profile, so AKO would not '
            "start. Give it one of type Internal.",
        )
    if profile is None:
        raise refusal.Refusal(
            "IpamMissing",
            f'cloud "{name}" on {scope.catalog.address} names the IPAM profile {uuid}, which our '
            "user cannot see. Grant it READ on IPAMDNSPROVIDERPROFILE.",
        )
    if profile.get("type") != IPAM_INTERNAL:
        raise refusal.Refusal(
            "IpamNotInternal",
            f'the IPAM profile "{profile.get("name")}" of cloud "{name}" on '
            f"{scope.catalog.address} is {profile.get('type')}; addresses are managed here only "
            f"in profiles of type {IPAM_INTERNAL}.",
        )
    return profile


def can_list(profile: Row, network: Row) -> bool:
    """The profile can name the network among its usable ones.

    Objects refer to those of their own tenant and of tenant admin. The list is for VIPs that name
    no network; AKO names its own, so a tenant's network serves without an entry in the profile.
    """
    return _tenant_uuid(network) in ("", names.ADMIN_TENANT, _tenant_uuid(profile))


def is_usable(profile: Row, network: PlacedNetwork) -> bool:
    """Virtual services may get addresses from the network."""
    internal = profile.get("internal_profile") or {}
    entries = internal.get("usable_networks") or ()
    return any(uuid_of(entry.get("nw_ref")) == network.uuid for entry in entries)
