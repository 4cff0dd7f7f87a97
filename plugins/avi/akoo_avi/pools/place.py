"""Where a pool is: its controller, cloud, network and IPAM profile."""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi import catalog, names, nearest, networks, placement, refusal, resources
from akoo_avi.catalog import Catalog, Row
from akoo_avi.controllers import declared as controllers
from akoo_avi.pools.declared import Pool
from akoo_avi.references import tenant_uuid, uuid_of
from akoo_core.kube import client as kube
from akoo_core.kube import errors as kube_errors


class Place(NamedTuple):
    """What a pool's names mean on one controller."""

    controller_uuid: str
    cloud: Row
    network_uuid: str
    tenant: str
    """Of the network: its UUID."""


async def reach(client: kube.KubeClient, pool: Pool) -> placement.Reach:
    """How to get to the controller. Raises Refusal; DecodeError for an unreadable AviController."""
    spec = pool.spec
    if not spec.controller:
        if not spec.address or spec.credential_ref is None:
            raise refusal.Refusal(
                "InvalidPool",
                "spec: names neither an AviController (controller) nor address and credentialRef.",
            )
        return placement.Reach(address=spec.address, credential=spec.credential_ref, ca=spec.ca_ref)
    try:
        obj = await client.get(resources.AVI_CONTROLLERS, spec.controller)
    except kube_errors.NotFoundError:
        page = await client.list(resources.AVI_CONTROLLERS, metadata_only=True)
        known = [one["metadata"]["name"] for one in page.items]
        raise refusal.Refusal(
            "AviControllerNotFound",
            f"AviController/{spec.controller} does not exist. "
            f"{nearest.sentence(spec.controller, known)} Correct spec.controller of "
            f"AviIPPool/{pool.name}, or create it.",
        ) from None
    return controllers.from_object(obj).reach


def find(known: Catalog, pool: Pool) -> Place:
    """Raises Refusal: what is not there, with the nearest names."""
    scene = networks.Scene(
        catalog=known, cloud=_cloud(known, pool), tenant=_admin(known), correct=_correct(pool)
    )
    wanted = pool.spec.network
    if wanted.moref:
        row = _by_moref(scene, wanted.moref, pool)
        return Place(known.uuid, scene.cloud, row["uuid"], tenant_uuid(row))
    cidr = pool.spec.subnets[0].cidr if pool.spec.subnets else ""
    asked = placement.WantedNetwork(name=wanted.name, cidr=cidr)
    found = networks.find(scene, asked, "spec.network")
    if found is None or not found.uuid:
        raise refusal.Refusal(
            "CloudUnsupported",
            f'cloud "{scene.cloud["name"]}" on {known.address} brings addresses of its own '
            "and needs no AviIPPool.",
        )
    (row,) = (one for one in known.networks if one["uuid"] == found.uuid)
    return Place(known.uuid, scene.cloud, row["uuid"], tenant_uuid(row))


def profile_of(known: Catalog, cloud: Row, pool: Pool) -> Row:
    """The internal IPAM profile of the cloud. Raises Refusal."""
    scene = networks.Scene(catalog=known, cloud=cloud, tenant=_admin(known), correct=_correct(pool))
    found = networks.check_ipam(scene, networkless=False)
    if found is None:
        raise refusal.Refusal(
            "IpamMissing", f'cloud "{cloud["name"]}" on {known.address} has no IPAM profile.'
        )
    return found


def tenant_of(row: Row) -> str:
    """The UUID of the tenant that an object of the catalog is in."""
    return tenant_uuid(row)


def _admin(known: Catalog) -> Row:
    found = catalog.called(names.ADMIN_TENANT, known.tenants)
    return found[0] if found else {"uuid": names.ADMIN_TENANT, "name": names.ADMIN_TENANT}


def _cloud(known: Catalog, pool: Pool) -> Row:
    found = catalog.called(pool.spec.cloud, known.clouds)
    if len(found) == 1:
        return found[0]
    if found:
        raise refusal.Refusal(
            "CloudAmbiguous",
            f'{len(found)} clouds are called "{pool.spec.cloud}" on {known.address} '
            f"({', '.join(sorted(one['uuid'] for one in found))}). Rename all but one.",
        )
    raise refusal.Refusal(
        "CloudNotFound",
        f'cloud "{pool.spec.cloud}" does not exist on {known.address}. '
        f"{nearest.sentence(pool.spec.cloud, catalog.names_of(known.clouds))} Correct spec.cloud "
        f"of {_correct(pool)}, or create the cloud.",
    )


def _by_moref(scene: networks.Scene, moref: str, pool: Pool) -> Row:
    """vCenter's networks have the uuid ``<moref>-<uuid of the cloud>``."""
    uuid = f"{moref}-{scene.cloud['uuid']}"
    for one in scene.catalog.networks:
        if one["uuid"] == uuid or uuid_of(one.get("vimgrnw_ref")) == uuid:
            return one
    raise refusal.Refusal(
        "NetworkNotFound",
        f"port group {moref} is no network {scene.where}. Avi may not have discovered it yet; else "
        f"correct spec.network.moref of {_correct(pool)}.",
    )


def _correct(pool: Pool) -> str:
    if pool.config:
        return f"AKODeploymentConfig/{pool.config}"
    return f"AviIPPool/{pool.name}"
