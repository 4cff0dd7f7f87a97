"""The surroundings of one port group in its vCenter, and the search for it there."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, kube, structs
from akoo_vsphere import guards, marks, observed, ownership, writing
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import About, Listed, Users, VCenterClient
from akoo_vsphere.connect import access, resolve
from akoo_vsphere.connect.catalog import Catalog, Reach
from akoo_vsphere.connect.resolve import Place
from akoo_vsphere.marks import Mark
from akoo_vsphere.observed import Observed
from akoo_vsphere.situation import Situation, Use
from akoo_vsphere.spec import connection as connections
from akoo_vsphere.spec import names, refusal, resources
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
    )
    guards.check_identity(scene.situation(group, None))
    return scene


async def _reach(
    ctx: api.ControllerContext, reach: Reach, group: PortGroup
) -> tuple[Connection, VCenterClient, Catalog]:
    connection = await connection_of(ctx.kube, group.spec.connection)
    client = await access.open(ctx, ctx.kube, reach.vcenters, connection)
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


async def find(
    scene: Scene, group: PortGroup, made: str = "", *, unsent: str = "", fresh: bool = False
) -> Observed | None:
    """The port group of the object as it is now; None if it is proven to be absent.

    The moRef that this attempt ``made``, or else the recorded one, comes first, then our mark, then
    the nonce of a create that was sent (``unsent``: one that was not), then what spec names.
    ``fresh``: the list of port groups is read now. Raises UnreadableError if it may be there,
    unseen.
    """
    recorded = made or _recorded(scene, group)
    if recorded:
        seen = await _read(scene, recorded)
        if seen is not None and not _reused(scene, group, seen):
            return seen
    listed = await scene.catalog.port_groups(scene.switch, fresh=fresh)
    marked = _marked(scene, group, listed) or await _made(scene, group, unsent)
    if marked:
        return await _read(scene, marked)
    return await _named(scene, group, listed)


def _recorded(scene: Scene, group: PortGroup) -> str:
    """The moRef of status, if this vCenter gave it."""
    known = group.status.port_group
    if known is None or known.instance_uuid != scene.about.instance_uuid:
        return ""
    return known.mo_ref


async def _read(scene: Scene, mo_ref: str) -> Observed | None:
    try:
        return scene.read(await scene.client.port_group(mo_ref))
    except errors.NotFoundError:
        return None


def _reused(scene: Scene, group: PortGroup, seen: Observed) -> bool:
    """True if vCenter gave the recorded moRef to another port group, as one that was restored or
    reinstalled does: it has the mark of another object of ours, or no mark and a strange name."""
    verdict = verdict_on(scene, group, seen)
    if verdict.state == "Foreign":
        mark = marks.read(seen.values.get(marks.ATTRIBUTE, ""))
        written = marks.of_description(seen.description)
        other = mark if isinstance(mark, Mark) else written
        return (
            isinstance(other, Mark)
            and other.management_id == scene.management_id
            and other.name != group.name
        )
    known = group.status.port_group
    names_known = {group.desired.port_group_name, known.name if known is not None else None}
    return verdict.reason == "MarkLost" and seen.name not in names_known


def verdict_on(scene: Scene, group: PortGroup, seen: Observed) -> ownership.Verdict:
    """The verdict on the owner of a port group."""
    return ownership.judge(
        writing.claimant(scene.situation(group, seen)),
        seen.mo_ref,
        seen.description,
        seen.values.get(marks.ATTRIBUTE, ""),
    )


def _marked(scene: Scene, group: PortGroup, listed: tuple[Listed, ...]) -> str:
    """moRef of the port group that carries our mark; "" for none. Raises Refusal for several."""
    ours = {scene.management_id, group.adopt, scene.connection.adopt} - {""}
    carriers: list[str] = []
    for entry in listed:
        mark = marks.read(entry.values.get(marks.ATTRIBUTE, ""))
        if isinstance(mark, Mark) and mark.name == group.name and mark.management_id in ours:
            carriers.append(entry.mo_ref)
    if len(carriers) > 1:
        raise refusal.Refusal(
            "MarksDisagree",
            f"{len(carriers)} port groups carry the mark of VSpherePortGroup/{group.name}: "
            f"{', '.join(carriers[:5])}. Nothing is written. Remove {marks.ATTRIBUTE} and the line "
            "of the mark in the description from those that are not its own.",
        )
    return carriers[0] if carriers else ""


async def _made(scene: Scene, group: PortGroup, unsent: str) -> str:
    """moRef of the port group that an announced create made, whatever its name is by now; "" for
    none. Its answer was lost, or the process ended before the custom attribute was written."""
    pending = group.status.pending_create
    if pending is None or pending.nonce == unsent:
        return ""
    for mo_ref, text in (await scene.client.descriptions(scene.switch)).items():
        mark = marks.of_description(text)
        if isinstance(mark, Mark) and (mark.name, mark.nonce) == (group.name, pending.nonce):
            return mo_ref
    return ""


async def _named(scene: Scene, group: PortGroup, listed: tuple[Listed, ...]) -> Observed | None:
    """The port group that spec names: by ``existing``, or by the name on the switch."""
    existing = group.spec.existing
    if existing is not None:
        mo_ref = existing.mo_ref
        if not mo_ref:
            try:
                mo_ref = await scene.client.port_group_at(existing.inventory_path)
            except errors.NotFoundError:
                return None
        return await _read(scene, mo_ref)
    wanted = group.desired.port_group_name
    for entry in listed:
        if names.decoded(entry.name) == wanted:
            return await _read(scene, entry.mo_ref)
    return None


async def users_of(scene: Scene, mo_ref: str) -> Users:
    """Users of a port group."""
    return await scene.client.users(mo_ref, scene.switch)
