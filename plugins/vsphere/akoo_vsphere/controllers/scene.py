"""The surroundings of one port group: its vCenter, its switch, and what is known of both."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, clock, kube, structs
from akoo_vsphere import guards, observed
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import About, VCenterClient
from akoo_vsphere.connect import access, resolve
from akoo_vsphere.connect.catalog import Catalog, Reach
from akoo_vsphere.connect.marked import Marked
from akoo_vsphere.connect.resolve import Place
from akoo_vsphere.observed import Observed
from akoo_vsphere.situation import Situation, Use
from akoo_vsphere.spec import connection as connections
from akoo_vsphere.spec import refusal, resources
from akoo_vsphere.spec.connection import Connection
from akoo_vsphere.spec.port_group import PortGroup
from akoo_vsphere.suitable import VCenter

UNKNOWN_USE: Final = Use(ports=None, machines=None)


class Scene(structs.Struct, frozen=True, kw_only=True):
    """A vCenter that answers, and the place of the port group in it."""

    connection: Connection
    client: VCenterClient
    catalog: Catalog
    about: About
    place: Place
    fields: dict[int, str]
    """Custom attributes: key to name."""
    management_id: str
    marked: Marked
    clock: clock.Clock

    @property
    def switch(self) -> str:
        """moRef of the switch."""
        return self.place.placed.switch.mo_ref

    @property
    def vcenter(self) -> VCenter:
        """The vCenter as the plan reads it."""
        return VCenter(
            instance_uuid=self.about.instance_uuid,
            api_version=self.about.api_version,
            accepted=self.connection.accept,
        )

    def situation(
        self, group: PortGroup, seen: Observed | None, use: Use = UNKNOWN_USE
    ) -> Situation:
        """The input of the plan."""
        return Situation(
            group=group,
            management_id=self.management_id,
            adopt=self.connection.adopt,
            vcenter=self.vcenter,
            switch=self.place.placed.switch,
            observed=seen,
            use=use,
        )

    def read(self, plain: structs.JSON) -> Observed:
        """A port group as values."""
        uplinks = self.place.placed.switch.uplink_port_groups
        try:
            return observed.read(plain, self.fields, uplinks=uplinks)
        except structs.DecodeError as error:
            raise errors.UnreadableError(f"A port group cannot be read: {error}.") from error


async def connection_of(client: kube.KubeClient, name: str) -> Connection:
    """The VSphereConnection. Raises Refusal for one that is missing or cannot be used."""
    try:
        obj = await client.get(resources.CONNECTIONS, name)
    except kube.NotFoundError:
        raise refusal.Refusal(
            "ConnectionNotFound",
            f"spec.connection: there is no VSphereConnection {name}. Create it, or make another "
            "object that names another.",
        ) from None
    try:
        return connections.from_object(obj)
    except (structs.DecodeError, refusal.Refusal) as error:
        raise refusal.Refusal("ConnectionInvalid", f"VSphereConnection/{name}: {error}") from error


async def enter(ctx: api.ControllerContext, reach: Reach, group: PortGroup) -> Scene:
    """The scene of a port group. Raises Refusal, VCenterErrors, and BlockedError for Secrets.

    Whether this is the right vCenter is checked here, before anything in it is looked at.
    """
    connection, client, catalog = await _reach(ctx, reach, group)
    about = await catalog.about()
    check_instance(connection, about)
    place = resolve.resolve(group.spec, await catalog.inventory(), group.status.distributed_switch)
    scene = Scene(
        connection=connection,
        client=client,
        catalog=catalog,
        about=about,
        place=place,
        fields=await catalog.attributes(),
        management_id=ctx.management_id,
        marked=reach.marked,
        clock=ctx.clock,
    )
    guards.check_identity(scene.situation(group, None))
    return scene


async def _reach(
    ctx: api.ControllerContext, reach: Reach, group: PortGroup
) -> tuple[Connection, VCenterClient, Catalog]:
    """Connection, client and catalog. Attempts that wait for a reading of connection and Secrets
    share the next one; nobody gets what was read before they asked."""
    name, by_command = group.spec.connection, reach.by_command

    async def read() -> tuple[Connection, VCenterClient]:
        connection = await connection_of(ctx.kube, name)
        return connection, await access.open(
            ctx, ctx.kube, reach.vcenters, connection, by_command=by_command
        )

    connection, client = await reach.catalogs.get(
        ("reach", name, by_command), read, seconds=0.0, now=ctx.clock, alone=True
    )
    return connection, client, reach.catalogs.of(connection, client, ctx.clock)


async def gone(ctx: api.ControllerContext, reach: Reach, group: PortGroup) -> bool:
    """True if the recorded port group is proven to be absent, whatever became of its switch."""
    known = group.status.port_group
    connection, client, catalog = await _reach(ctx, reach, group)
    about = await catalog.about(fresh=True)
    check_instance(connection, about)
    if known is None or known.instance_uuid != about.instance_uuid:
        return False
    try:
        await client.port_group(known.mo_ref)
    except errors.NotFoundError:
        return True
    return False


async def again(scene: Scene) -> Scene:
    """The scene with a fresh answer to which vCenter this is; to be asked before each write."""
    about = await scene.catalog.about(fresh=True)
    check_instance(scene.connection, about)
    return structs.replace(scene, about=about)


def check_instance(connection: Connection, about: About) -> None:
    """Raise Refusal if another vCenter answers than the one that the connection recorded."""
    known = connection.status.instance_uuid
    if known and known != about.instance_uuid and connection.accept != about.instance_uuid:
        raise refusal.Refusal(
            "VCenterReplaced",
            f"VSphereConnection/{connection.name} is recorded with vCenter {known}, and "
            f"{about.instance_uuid} answers. Nothing is written. If it took over the inventory, "
            f"annotate the connection with {connections.ACCEPT_ANNOTATION}: "
            f"{about.instance_uuid}.",
        )
