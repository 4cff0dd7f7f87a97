"""audit: port groups with our mark, and without the object that it names. Nothing removes them.

A management cluster that was lost leaves such port groups, and so does an object whose finalizer
somebody removed. Whether virtual machines need one is for a person to see.
"""

from __future__ import annotations

from collections.abc import Iterable

from akoo_core.plugin import api, kube, structs
from akoo_vsphere import marks
from akoo_vsphere.client.account import VCenters
from akoo_vsphere.client.api import Listed, VCenterClient
from akoo_vsphere.connect import access
from akoo_vsphere.marks import Mark
from akoo_vsphere.spec import connection as connections
from akoo_vsphere.spec import refusal, resources
from akoo_vsphere.spec.connection import Connection

KIND = "DistributedVirtualPortgroup"


async def audit(ctx: api.AuditContext, vcenters: VCenters) -> api.Audit:
    """Audit all vCenters that VSphereConnections name. A problem with one of them is listed."""
    names = {item["metadata"]["name"] for item in await every(ctx.kube, resources.PORT_GROUPS)}
    strays: dict[tuple[str, str], api.Stray] = {}
    unseen: list[str] = []
    for item in await every(ctx.kube, resources.CONNECTIONS):
        try:
            connection = connections.from_object(item)
            instance, listed = await _look(ctx, vcenters, connection)
        except (structs.DecodeError, *access.ANSWERED) as error:
            unseen.append(f"VSphereConnection/{item['metadata']['name']}: {error}")
            continue
        for where, entry in listed:
            mark = marks.read(entry.values.get(marks.ATTRIBUTE, ""))
            if isinstance(mark, Mark) and _stray(mark, ctx.management_id, names):
                strays.setdefault((instance, entry.mo_ref), _of(mark, entry, where))
    return api.Audit(strays=tuple(strays[key] for key in sorted(strays)), unseen=tuple(unseen))


def _stray(mark: Mark, management_id: str, names: Iterable[str]) -> bool:
    """True for a mark of this management cluster whose object is gone."""
    return mark.management_id == management_id and mark.name not in names


async def _look(
    ctx: api.AuditContext, vcenters: VCenters, connection: Connection
) -> tuple[str, list[tuple[str, Listed]]]:
    """Instance UUID, and all port groups with the path of their switch. Raises ``ANSWERED``."""
    client: VCenterClient = await access.open(ctx, ctx.kube, vcenters, connection, by_command=True)
    about = await client.about()
    known = connection.status.instance_uuid
    if known and known != about.instance_uuid:
        raise refusal.Refusal(
            "VCenterReplaced", f"vCenter {known} is recorded, and {about.instance_uuid} answers."
        )
    listed: list[tuple[str, Listed]] = []
    for placed in (await client.inventory()).switches:
        where = f"{connection.spec.address}{placed.folder_path}/{placed.switch.name}"
        entries = await client.port_groups(placed.switch.mo_ref)
        listed += [(where, entry) for entry in entries]
    return about.instance_uuid, listed


def _of(mark: Mark, entry: Listed, where: str) -> api.Stray:
    return api.Stray(
        owner=mark.name,
        kind=KIND,
        name=f"{entry.name} ({entry.mo_ref})",
        where=where,
        claim=f"{mark.management_id}/{mark.epoch}",
    )


async def every(client: kube.KubeClient, resource: kube.Resource) -> list[kube.Object]:
    """All objects of a kind; none where it is not served. Raises KubeErrors."""
    items: list[kube.Object] = []
    token = ""
    while True:
        try:
            page = await client.list(resource, token=token)
        except kube.NotFoundError:  # The kind is not served: there are none.
            return items
        items += page.items
        token = page.token
        if not token:
            return items
