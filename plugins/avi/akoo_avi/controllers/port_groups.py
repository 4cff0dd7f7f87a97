"""The controller of Avi's part of VSpherePortGroups.

observes VSpherePortGroups and their connections, AviControllers, AviIPPools and records, and clouds
and networks on Avi; writes the two conditions of a port group that belong to Avi, and the AviIPPool
of its subnet. At deletion the pool goes first, then the finalizer by which pools hold the port
group. The kind belongs to the vSphere plugin, and may not be served.
"""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.client import access
from akoo_avi.client.access import avi_controller, refusal
from akoo_avi.client.access.reach import Reach
from akoo_avi.connect import port_groups
from akoo_avi.connect.port_groups import POOLS_HOLD
from akoo_avi.controllers import port_group_conditions, port_group_pools
from akoo_avi.controllers.port_group_conditions import OWNED, Judged
from akoo_avi.place import catalog, resolve, suitable
from akoo_avi.place import port_groups as places
from akoo_avi.place.catalog import Catalog, Row
from akoo_avi.spec import names, port_group, resources
from akoo_avi.spec.ip_pool import PORT_GROUP_ANNOTATION
from akoo_avi.spec.placement import WantedPortGroup
from akoo_avi.spec.port_group import AviPart, DeclaredPortGroup
from akoo_core.plugin import api, conditions, kube, structs, uses
from akoo_core.plugin.errors import BlockedError

AGAIN_SECONDS = 60.0
PORT_GROUPS = resources.VSPHERE_PORT_GROUPS
CONNECTIONS = resources.VSPHERE_CONNECTIONS
POOLS = resources.AVI_IP_POOLS
RIGHTS = (
    api.RbacRule(
        groups=(PORT_GROUPS.group,), resources=(f"{PORT_GROUPS.plural}/status",), verbs=("patch",)
    ),
)


class PortGroups:
    """The controller's registration and its tools."""

    def __init__(self, clients: client.Controllers, catalogs: catalog.Catalogs) -> None:
        self._clients = clients
        self._catalogs = catalogs

    def registration(self) -> api.ControllerRegistration:
        """The registration for the operator."""
        return api.ControllerRegistration(
            name="port-groups",
            subject=PORT_GROUPS,
            watches=(resources.AVI_CONTROLLERS, POOLS, kube.AKO_DEPLOYMENTS),
            optional=(PORT_GROUPS, CONNECTIONS),
            writes=(PORT_GROUPS, POOLS),
            keys=keys,
            reconcile=self.reconcile,
            goes_by=goes_by,
            plan=plan,
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        """Judge one port group, and make its pool; or let go of one that is being deleted."""
        try:
            obj = await ctx.kube.get(PORT_GROUPS, request.key)
        except kube.NotFoundError:
            return api.Done()
        try:
            group = port_group.from_object(obj)
        except structs.DecodeError as error:
            ctx.log.warning("VSpherePortGroup cannot be read", extra={"problem": str(error)})
            return api.Blocked(reason="InvalidPortGroup", message=str(error))
        try:
            if group.deleting:
                return await _leave(ctx, obj, group)
            return await self._keep(ctx, obj, group)
        except refusal.Refusal as error:
            return access.answer(error)
        except (kube.ConflictError, kube.AlreadyExistsError):
            message = f"VSpherePortGroup/{group.name} or its pool changed during the attempt."
            return api.Wait(reason="PortGroupEdited", message=message, after=1.0)

    async def _keep(
        self, ctx: api.ControllerContext, obj: kube.Object, group: DeclaredPortGroup
    ) -> api.Result:
        if group.spec.avi is None:
            await port_group_pools.settle(ctx.kube, group)
            await _write(ctx, obj, ())
            return api.Done()
        judged = await self._judged(ctx, obj, group, group.spec.avi)
        written = await _write(ctx, obj, judged)
        network = conditions.find(conditions.listed(written), port_group_conditions.NETWORK)
        after = port_group_conditions.again(network or judged.network, ctx.clock.now())
        return api.Done(recheck_seconds=after)

    async def _judged(
        self,
        ctx: api.ControllerContext,
        obj: kube.Object,
        group: DeclaredPortGroup,
        avi_part: AviPart,
    ) -> Judged:
        """The conditions of the port group; its pool is made where the placement is valid."""
        where = f'in cloud "{avi_part.cloud}" of AviController/{avi_part.controller}'
        try:
            wanted = await _wanted(ctx, group)
            if isinstance(wanted, api.Wait):
                placement = port_group_conditions.unknown(group, wanted.reason, wanted.message)
                network = port_group_conditions.of_network(group, placement, None, where)
                return Judged(placement, network)
            row = await self._network(ctx, group, avi_part, wanted)
            await port_group_pools.settle(ctx.kube, group)
        except access.ANSWERED as error:
            if isinstance(error, refusal.Refusal) and error.reason not in UNSURE:
                placement = port_group_conditions.invalid(group, error.reason, str(error))
                network = port_group_conditions.of_network(group, placement, None, where)
                return Judged(placement, network)
            before = conditions.listed(obj)
            return port_group_conditions.unanswered(group, before, access.answer(error))
        placement = port_group_conditions.valid(group, where)
        return Judged(placement, port_group_conditions.of_network(group, placement, row, where))

    async def _network(
        self,
        ctx: api.ControllerContext,
        group: DeclaredPortGroup,
        avi_part: AviPart,
        wanted: WantedPortGroup,
    ) -> Row | None:
        """The network of the port group; None: it was not discovered yet. Raises Refusal for a
        cloud that never discovers it, AviErrors and KubeErrors."""
        reach = await _reach(ctx, group, avi_part)
        avi = await access.open(ctx, self._clients, reach)
        sought = catalog.Sought(tenant=names.ADMIN_TENANT, cloud=avi_part.cloud, moref=wanted.moref)
        known = await self._catalogs.get(avi, reach, ctx.clock)
        known = await catalog.settled(avi, known, sought)
        try:
            cloud = _cloud(known, group, avi_part, wanted)
        except refusal.Refusal:  # the cloud may just have been made, or corrected
            known = await self._catalogs.get(avi, reach, ctx.clock, seconds=suitable.FRESH_SECONDS)
            known = await catalog.settled(avi, known, sought)
            cloud = _cloud(known, group, avi_part, wanted)
        if not wanted.moref:
            return None
        row = places.find(wanted.moref, cloud, known.networks)
        if row is None:
            known = await catalog.looked_for(avi, known, wanted.moref, cloud)
            row = places.find(wanted.moref, cloud, known.networks)
        return row


async def plan(request: api.Request, ctx: api.ControllerContext) -> tuple[api.PlannedAction, ...]:
    """The actions on the pool of a port group now. Reads only. Raises BlockedError for one that
    cannot be read, or whose subnet no pool can have."""
    try:
        group = port_group.from_object(await ctx.kube.get(PORT_GROUPS, request.key))
        return await port_group_pools.planned(ctx.kube, group)
    except kube.NotFoundError:
        return ()
    except structs.DecodeError as error:
        raise BlockedError(
            f"VSpherePortGroup/{request.key}: {error}", reason="ConfigInvalid"
        ) from None
    except refusal.Refusal as error:
        raise BlockedError(str(error), reason=error.reason) from None


UNSURE = frozenset({"ControllerNotReady"})
"""Refusals that say nothing about the placement: Avi could not be asked."""


def _cloud(
    known: Catalog, group: DeclaredPortGroup, avi_part: AviPart, wanted: WantedPortGroup
) -> Row:
    """The cloud, if it discovers the port group. Raises Refusal."""
    problem = resolve.problem_of(known)
    if problem:
        raise refusal.Refusal("ControllerNotReady", problem)
    correct = f"spec.avi.cloud of VSpherePortGroup/{group.name}"
    tenant = resolve.tenant_called(names.ADMIN_TENANT, known, correct)
    cloud = resolve.cloud_called(avi_part.cloud, tenant, known, correct)
    places.check(cloud, wanted, known.address)
    return cloud


async def _wanted(
    ctx: api.ControllerContext, group: DeclaredPortGroup
) -> WantedPortGroup | api.Wait:
    """The port group as the cloud must discover it, also before it is made; or what is missing."""
    datacenter = group.status.datacenter
    if datacenter is None:
        return api.Wait(
            reason="DatacenterAwaited",
            message="The vSphere plugin has not resolved spec.datacenter yet.",
            after=AGAIN_SECONDS,
        )
    vcenter = await port_groups.vcenter_of(ctx.kube, group)
    if not vcenter:
        return api.Wait(
            reason="VSphereConnectionNotFound",
            message=f"VSphereConnection/{group.spec.connection} does not exist.",
            after=AGAIN_SECONDS,
        )
    wanted = WantedPortGroup(
        moref="", vcenter=vcenter, datacenter=datacenter.mo_ref, datacenter_name=datacenter.name
    )
    return port_group.wanted(group, vcenter) or wanted


async def _reach(ctx: api.ControllerContext, group: DeclaredPortGroup, avi_part: AviPart) -> Reach:
    """The way to the controller. Raises Refusal."""
    correct = f"spec.avi.controller of VSpherePortGroup/{group.name}"
    return (await avi_controller.read(ctx.kube, avi_part.controller, correct=correct)).reach


async def _write(
    ctx: api.ControllerContext, obj: kube.Object, wanted: Judged | tuple[()]
) -> kube.Object:
    """Write our two conditions, and keep those of others. Raises ConflictError."""
    return await conditions.write(
        ctx.kube, PORT_GROUPS, obj, wanted, owns=OWNED, now=ctx.clock.now()
    )


async def _leave(
    ctx: api.ControllerContext, obj: kube.Object, group: DeclaredPortGroup
) -> api.Result:
    """Delete the pool once no record uses the port group, then let go of it."""
    if not group.moved:
        users = await uses.uses_of(ctx.kube, PORT_GROUPS, group.name, group.uid)
        if users:
            message = f"{len(users)} AKODeployments use VSpherePortGroup/{group.name}."
            return api.Wait(reason="InUse", message=message, after=AGAIN_SECONDS)
        pool = await port_group_pools.find(ctx.kube, group)
        if pool is not None and pool.port_group == group.name:
            await port_group_pools.delete(ctx.kube, pool)
            message = f"AviIPPool/{pool.name} goes before VSpherePortGroup/{group.name}."
            return api.Wait(reason="PoolDeleting", message=message, after=AGAIN_SECONDS)
    left = await uses.let_go(ctx.kube, POOLS_HOLD, obj)
    if left:
        message = f"AviIPPools hold VSpherePortGroup/{group.name}: {', '.join(left)}."
        return api.Wait(reason="InUse", message=message, after=AGAIN_SECONDS)
    return api.Done()


def keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """The port group itself; for a pool, the one that it was made for and the one it names; for a
    record, those that it uses. A changed AviController or connection is seen within a minute."""
    metadata, spec = obj["metadata"], obj.get("spec") or {}
    if resource.kind == PORT_GROUPS.kind:
        return (metadata["name"],)
    if resource.kind == POOLS.kind:
        named = (
            (metadata.get("annotations") or {}).get(PORT_GROUP_ANNOTATION),
            (spec.get("network") or {}).get("portGroupRef"),
        )
        return tuple(sorted({name for name in named if name}))
    if resource.kind == kube.AKO_DEPLOYMENTS.kind:
        used = spec.get("uses") or ()
        return tuple(use["name"] for use in used if use.get("kind") == PORT_GROUPS.kind)
    return ()


def goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """The fields that start a reconcile."""
    spec, metadata, status = obj.get("spec") or {}, obj["metadata"], obj.get("status") or {}
    if resource.kind == kube.AKO_DEPLOYMENTS.kind:
        return spec.get("uses"), spec.get("finishedAt")
    marks = [metadata.get(field) for field in ("annotations", "finalizers", "deletionTimestamp")]
    if resource.kind == PORT_GROUPS.kind:
        rows = [row for row in status.get("conditions") or () if row.get("type") in OWNED]
        return spec, marks, status.get("portGroup"), status.get("datacenter"), rows
    return spec, marks
