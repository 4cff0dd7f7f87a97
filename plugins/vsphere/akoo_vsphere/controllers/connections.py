"""The controller of VSphereConnections: writes the state of each vCenter.

observes VSphereConnections, their Secrets, the VSpherePortGroups that name them, and vCenter
itself; writes their status, and only if it changed. It makes and deletes nothing in vCenter.
"""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, conditions, kube, structs
from akoo_vsphere import marks
from akoo_vsphere.client import errors
from akoo_vsphere.client.account import VCenters
from akoo_vsphere.client.api import DEFINE_PRIVILEGE, PRIVILEGES, About, VCenterClient
from akoo_vsphere.connect import access
from akoo_vsphere.controllers import connection_conditions, keeping
from akoo_vsphere.controllers.connection_conditions import Look
from akoo_vsphere.controllers.index import Index
from akoo_vsphere.spec import connection as connections
from akoo_vsphere.spec import refusal, resources
from akoo_vsphere.spec.connection import Connection, MissingPrivilege, Status

CONNECTIONS = resources.CONNECTIONS
GROUPS = resources.PORT_GROUPS
AGAIN_SECONDS: Final = 600.0
"""Time until the next look at a vCenter that is in order: its source tells when it is not."""
MOST_MISSING: Final = 32
RIGHTS = (
    api.RbacRule(
        groups=(CONNECTIONS.group,),
        resources=(CONNECTIONS.plural,),
        verbs=("get", "list", "watch", "patch"),
    ),
    api.RbacRule(
        groups=(CONNECTIONS.group,),
        resources=(f"{CONNECTIONS.plural}/status",),
        verbs=("patch",),
    ),
    api.RbacRule(
        groups=(GROUPS.group,), resources=(GROUPS.plural,), verbs=("get", "list", "watch")
    ),
)


class Connections:
    """The registrations and their tools."""

    def __init__(self, vcenters: VCenters, index: Index | None = None) -> None:
        self._vcenters = vcenters
        self._index = index or Index()

    def registrations(self) -> tuple[api.ControllerRegistration, ...]:
        """The registrations for the operator."""
        return (
            api.ControllerRegistration(
                name="connections",
                subject=CONNECTIONS,
                watches=(CONNECTIONS, GROUPS),
                writes=(CONNECTIONS,),
                keys=_keys,
                reconcile=self.reconcile,
                secrets=_secrets,
                goes_by=_goes_by,
                sources=(self.listen,),
            ),
            keeping.registration(),
        )

    async def listen(self, ctx: api.ControllerContext, add: api.AddKey) -> None:
        """Adds connections whose vCenter stopped or began to answer: the source of port groups
        tells of them."""
        while True:
            add(await self._index.turned.get())

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        """Check one VSphereConnection."""
        try:
            return await self._reconcile(request.key, ctx)
        except kube.NotFoundError:
            return api.Done()
        except kube.ConflictError:
            message = f"VSphereConnection/{request.key} changed while it was checked."
            return api.Wait(reason="ConnectionEdited", message=message, after=1.0)

    async def _reconcile(self, name: str, ctx: api.ControllerContext) -> api.Result:
        """Raises NotFoundError for a connection that is gone, also during the look, and
        ConflictError for one that changed."""
        obj = await ctx.kube.get(CONNECTIONS, name)
        try:
            connection = connections.from_object(obj)
        except (structs.DecodeError, refusal.Refusal) as error:
            return await _invalid(ctx, obj, str(error))
        after = AGAIN_SECONDS
        look: Look | None = None
        try:
            look = await self._look(ctx, connection)
            wanted = connection_conditions.of_look(look)
            self._index.answered(name)
        except access.ANSWERED as error:
            wanted = connection_conditions.of_error(error)
            after = max(access.answer(error).after, 1.0)
        await _write(ctx, name, connection, look, wanted)
        return api.Done(recheck_seconds=min(after, api.LONGEST_SECONDS))

    async def _look(self, ctx: api.ControllerContext, connection: Connection) -> Look:
        """Raises the errors of ``access.ANSWERED``."""
        client = await access.open(ctx, ctx.kube, self._vcenters, connection)
        about = await client.about()
        known = connection.status.instance_uuid
        if known and known != about.instance_uuid and connection.accept != about.instance_uuid:
            raise refusal.Refusal(
                "VCenterReplaced",
                f"vCenter {known} is recorded, and {about.instance_uuid} answers at "
                f"{connection.spec.address}. Nothing is written there. If it took over the "
                f"inventory, annotate the connection with {connections.ACCEPT_ANNOTATION}: "
                f"{about.instance_uuid}.",
            )
        missing, checked = await _missing(ctx, client, about, connection)
        return Look(address=connection.spec.address, about=about, missing=missing, checked=checked)


async def _missing(
    ctx: api.ControllerContext, client: VCenterClient, about: About, connection: Connection
) -> tuple[tuple[MissingPrivilege, ...], bool]:
    """Privileges that are missing where port groups of this connection are; False: not known."""
    folders = await _folders(ctx, client, connection.name)
    return await missing_on(client, about, folders)


async def missing_on(
    client: VCenterClient, about: About, folders: dict[str, str]
) -> tuple[tuple[MissingPrivilege, ...], bool]:
    """Privileges that are missing on folders (moRef and path); False: not known."""
    if not folders:
        return (), False
    try:
        pairs = await client.missing_privileges(tuple(sorted(folders)), PRIVILEGES)
        if marks.ATTRIBUTE not in (await client.attributes()).values():
            root = (about.root_folder,) if about.root_folder else ()
            pairs += await client.missing_privileges(root, (DEFINE_PRIVILEGE,))
    except errors.UnsupportedError:
        return (), False
    rows = sorted(
        (folders.get(mo_ref) or "the root folder", privilege) for mo_ref, privilege in pairs
    )
    return tuple(MissingPrivilege(privilege=privilege, object=path) for path, privilege in rows)[
        :MOST_MISSING
    ], True


async def _folders(ctx: api.ControllerContext, client: VCenterClient, name: str) -> dict[str, str]:
    """moRef and path of the folders of the switches that port groups of the connection are on."""
    switches: set[str] = set()
    token = ""
    while True:
        page = await ctx.kube.list(GROUPS, token=token)
        for item in page.items:
            if (item.get("spec") or {}).get("connection") == name:
                switch = (item.get("status") or {}).get("distributedSwitch") or {}
                switches.add(str(switch.get("moRef") or ""))
        token = page.token
        if not token:
            break
    switches.discard("")
    if not switches:
        return {}
    placed = (await client.inventory()).switches
    return {each.folder: each.folder_path for each in placed if each.switch.mo_ref in switches}


async def _invalid(ctx: api.ControllerContext, obj: kube.Object, message: str) -> api.Result:
    """Write that the connection cannot be used; nothing is asked."""
    wrong = conditions.Condition(
        type="Ready", status="False", reason="ConnectionInvalid", message=message
    )
    await conditions.write(
        ctx.kube,
        CONNECTIONS,
        obj,
        (wrong,),
        owns=connection_conditions.OWN,
        now=ctx.clock.now(),
    )
    return api.Blocked(reason="ConnectionInvalid", message=message)


async def _write(
    ctx: api.ControllerContext,
    name: str,
    looked_at: Connection,
    look: Look | None,
    wanted: tuple[conditions.Condition, ...],
) -> None:
    """Write the results into the object as it is now: a login may have written into it meanwhile.

    Earlier values hold while vCenter does not answer. Raises ConflictError, and NotFoundError for
    a connection that is gone.
    """
    obj = await ctx.kube.get(CONNECTIONS, name)
    now = connections.from_object(obj)
    if (now.uid, now.generation) != (looked_at.uid, looked_at.generation):
        raise kube.ConflictError(f"VSphereConnection/{name} changed")
    status = structs.replace(now.status, observed_generation=looked_at.generation)
    if look is not None:
        status = structs.replace(
            status,
            version=look.about.version,
            api_version=look.about.api_version,
            instance_uuid=look.about.instance_uuid,
            missing_privileges=look.missing,
        )
    values = structs.to_object(status)
    names = {field.key for field in structs.fields(Status)} - {"conditions"}
    await conditions.write(
        ctx.kube,
        CONNECTIONS,
        obj,
        wanted,
        owns=connection_conditions.OWN,
        now=ctx.clock.now(),
        status={field: values.get(field) for field in sorted(names)},
    )


def _keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """The connection itself; for a port group, the one that it names."""
    if resource.kind == CONNECTIONS.kind:
        return (obj["metadata"]["name"],)
    name = (obj.get("spec") or {}).get("connection")
    return (name,) if name else ()


def _goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """The fields that start a look: the status of the connection does not."""
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    if resource.kind == GROUPS.kind:
        switch = (obj.get("status") or {}).get("distributedSwitch") or {}
        return spec.get("connection"), switch.get("moRef")
    return spec, metadata.get("annotations")


def _secrets(obj: kube.Object) -> tuple[api.SecretPair, ...]:
    return connections.secrets_of(obj) if obj.get("kind") == CONNECTIONS.kind else ()
