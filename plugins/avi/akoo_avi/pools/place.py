"""The place of a pool: its controller, cloud, network and IPAM profile."""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi import client
from akoo_avi.client.access import avi_controller, refusal
from akoo_avi.client.access.reach import Reach
from akoo_avi.ownership.references import tenant_uuid
from akoo_avi.place import catalog, networks, port_groups, resolve
from akoo_avi.place.catalog import Catalog, Row
from akoo_avi.spec import placement
from akoo_avi.spec.ip_pool import Pool
from akoo_core.plugin import kube


class PoolPlace(NamedTuple):
    """The objects on one controller that a pool's names mean."""

    controller_uuid: str
    cloud: Row
    network_uuid: str
    tenant: str
    """The UUID of the network's tenant."""


async def reach(client: kube.KubeClient, pool: Pool) -> Reach:
    """Address and credential of the controller. Raises Refusal; DecodeError for an unreadable
    AviController."""
    spec = pool.spec
    if not spec.controller:
        if not spec.address or spec.credential_ref is None:
            raise refusal.Refusal(
                "InvalidPool",
                "spec: names neither an AviController (controller) nor address and credentialRef.",
            )
        return Reach(address=spec.address, credential=spec.credential_ref, ca=spec.ca_ref)
    correct = f"spec.controller of AviIPPool/{pool.name}"
    return (await avi_controller.read(client, spec.controller, correct=correct)).reach


def sought(pool: Pool, group: placement.WantedPortGroup | None = None) -> catalog.Sought:
    """The part of a catalog that the place of a pool depends on. ``group``: the port group that the
    pool names."""
    network = pool.spec.network
    return catalog.Sought(
        tenant=pool.spec.tenant,
        cloud=pool.spec.cloud,
        networks=(network.name,),
        moref=group.moref if group is not None else network.moref,
    )


async def discovered(
    avi: client.AviClient, known: Catalog, pool: Pool, group: placement.WantedPortGroup | None
) -> Catalog:
    """The catalog with the network of the pool's port group as it is now. Raises AviErrors."""
    moref = group.moref if group is not None else pool.spec.network.moref
    for cloud in catalog.called(pool.spec.cloud, known.clouds):
        known = await catalog.looked_for(avi, known, moref, cloud)
    return known


def find(known: Catalog, pool: Pool, group: placement.WantedPortGroup | None = None) -> PoolPlace:
    """The pool's network, as the clusters of its tenant find it. ``group``: the port group that the
    pool names. Raises Refusal for a missing object, with the nearest names."""
    tenant = _tenant_row(known, pool)
    scope = networks.NetworkScope(
        catalog=known,
        cloud=_cloud(known, pool, tenant),
        tenant=tenant,
        correct=correct_of(pool),
    )
    wanted = pool.spec.network
    if group is not None:
        port_groups.check(scope.cloud, group, known.address)
    moref = group.moref if group is not None else wanted.moref
    if moref:
        row = networks.by_moref(scope, moref)
        return PoolPlace(known.uuid, scope.cloud, row["uuid"], tenant_uuid(row))
    cidr = pool.spec.subnets[0].cidr if pool.spec.subnets else ""
    asked = placement.WantedNetwork(name=wanted.name, cidr=cidr)
    network = networks.find(scope, asked, "spec.network")
    if network is None or not network.uuid:
        raise refusal.Refusal(
            "CloudUnsupported",
            f'cloud "{scope.cloud["name"]}" on {known.address} brings addresses of its own '
            "and needs no AviIPPool.",
        )
    (row,) = (candidate for candidate in known.networks if candidate["uuid"] == network.uuid)
    return PoolPlace(known.uuid, scope.cloud, row["uuid"], tenant_uuid(row))


def profile_of(known: Catalog, cloud: Row, pool: Pool) -> Row:
    """The internal IPAM profile of the cloud. Raises Refusal."""
    tenant = _tenant_row(known, pool)
    scope = networks.NetworkScope(
        catalog=known, cloud=cloud, tenant=tenant, correct=correct_of(pool)
    )
    profile = networks.check_ipam(scope, networkless=False)
    if profile is None:
        raise refusal.Refusal(
            "IpamMissing", f'cloud "{cloud["name"]}" on {known.address} has no IPAM profile.'
        )
    return profile


def tenant_of(row: Row) -> str:
    """The UUID of the tenant that an object of the catalog is in."""
    return tenant_uuid(row)


def _tenant_row(known: Catalog, pool: Pool) -> Row:
    field = "spec.tenant.name" if pool.config else "spec.tenant"
    return resolve.tenant_called(pool.spec.tenant, known, f"{field} of {correct_of(pool)}")


def _cloud(known: Catalog, pool: Pool, tenant: Row) -> Row:
    field = "spec.cloudName" if pool.config else "spec.cloud"
    field = "spec.avi.cloud" if pool.port_group else field
    return resolve.cloud_called(pool.spec.cloud, tenant, known, f"{field} of {correct_of(pool)}")


def correct_of(pool: Pool) -> str:
    """The object that a person corrects: the pool, or the config or port group that it was made
    for."""
    if pool.config:
        return f"AKODeploymentConfig/{pool.config}"
    if pool.port_group:
        return f"VSpherePortGroup/{pool.port_group}"
    return f"AviIPPool/{pool.name}"
