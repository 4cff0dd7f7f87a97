"""The controller of AviIPPools.

observes AviIPPools, their Secrets, the records that use them, and networks and IPAM profiles on
Avi; writes ranges and subnets of networks, usable networks, the pools' status and their finalizer,
and that of the AviController which a pool cannot do without. It makes and deletes no network.
"""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.client import access
from akoo_avi.client.access import refusal
from akoo_avi.place import catalog
from akoo_avi.pools import applying, conditions, leave, planned, statuses, usage
from akoo_avi.pools.applying import PoolContext
from akoo_avi.spec import ip_pool, port_group, resources
from akoo_avi.spec.ip_pool import FINALIZER, Pool
from akoo_core.plugin import api, kube, structs
from akoo_core.plugin.errors import BlockedError

AGAIN_SECONDS = 60.0
"""Until the next look for drift, and the next count of addresses."""
POOLS = resources.AVI_IP_POOLS
PORT_GROUPS = resources.VSPHERE_PORT_GROUPS
RIGHTS = (
    api.RbacRule(
        groups=(POOLS.group,),
        resources=(POOLS.plural,),
        verbs=("get", "list", "watch", "create", "patch", "delete"),
    ),
    api.RbacRule(groups=(POOLS.group,), resources=(f"{POOLS.plural}/status",), verbs=("patch",)),
    api.RbacRule(
        groups=(POOLS.group,),
        resources=(resources.AVI_CONTROLLERS.plural,),
        verbs=("get", "list", "watch", "patch"),
    ),
    api.RbacRule(
        groups=(PORT_GROUPS.group,),
        resources=(PORT_GROUPS.plural,),
        verbs=("get", "list", "watch", "patch"),
    ),
    api.RbacRule(
        groups=(PORT_GROUPS.group,),
        resources=(resources.VSPHERE_CONNECTIONS.plural,),
        verbs=("get", "list", "watch"),
    ),
)


class IpPools:
    """The controller's registration and its tools."""

    def __init__(self, clients: client.Controllers, catalogs: catalog.Catalogs) -> None:
        self._clients = clients
        self._catalogs = catalogs

    def registration(self) -> api.ControllerRegistration:
        """The registration for the operator."""
        return api.ControllerRegistration(
            name="ip-pools",
            subject=POOLS,
            watches=(POOLS, kube.AKO_DEPLOYMENTS, resources.AVI_CONTROLLERS),
            optional=(PORT_GROUPS, resources.VSPHERE_CONNECTIONS),
            writes=(POOLS, resources.AVI_CONTROLLERS, PORT_GROUPS),
            keys=_keys,
            reconcile=self.reconcile,
            secrets=_secrets,
            goes_by=_goes_by,
            finalizer=FINALIZER,
            plan=self.plan,
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        """Bring one pool to its spec, or take it away."""
        try:
            obj = await ctx.kube.get(POOLS, request.key)
        except kube.NotFoundError:
            usage.forget(request.key)
            return api.Done()
        try:
            pool = ip_pool.from_object(obj)
        except structs.DecodeError as error:
            ctx.log.warning("AviIPPool cannot be read", extra={"problem": str(error)})
            return api.Blocked(reason="InvalidPool", message=str(error))
        context = PoolContext(ctx=ctx, clients=self._clients, catalogs=self._catalogs)
        try:
            return await _attempt(context, pool)
        except kube.ConflictError:
            message = f"AviIPPool/{pool.name} changed while it was worked on."
            return api.Wait(reason="PoolChanged", message=message, after=1.0)

    async def plan(
        self, request: api.Request, ctx: api.ControllerContext
    ) -> tuple[api.PlannedAction, ...]:
        """The changes of one pool on Avi. Raises BlockedError with the reason of an attempt that
        would fail."""
        context = PoolContext(ctx=ctx, clients=self._clients, catalogs=self._catalogs)
        try:
            pool = ip_pool.from_object(await ctx.kube.get(POOLS, request.key))
            if pool.deleting:
                return await leave.planned(context, pool)
            return (await planned.outlook(context, pool)).actions
        except kube.NotFoundError:
            return ()
        except (structs.DecodeError, *access.ANSWERED) as error:
            answer = _answer(error)
            raise BlockedError(answer.message, reason=answer.reason) from None


async def _attempt(context: PoolContext, pool: Pool) -> api.Result:
    try:
        if pool.deleting:
            return await leave.leave(context, pool)
        await applying.apply(context, pool)
    except (structs.DecodeError, *access.ANSWERED) as error:
        return await _failed(context.ctx, pool.name, _answer(error))
    return api.Done(recheck_seconds=AGAIN_SECONDS)


def _answer(error: Exception) -> api.Wait | api.Blocked:
    if isinstance(error, structs.DecodeError):
        return access.answer(refusal.Refusal("ConfigInvalid", str(error)))
    return access.answer(error)


async def _failed(
    ctx: api.ControllerContext, name: str, answer: api.Wait | api.Blocked
) -> api.Result:
    """Write the failure into the status. Earlier records of this attempt stand: the pool is read
    again."""
    try:
        pool = ip_pool.from_object(await ctx.kube.get(POOLS, name))
    except kube.NotFoundError:
        return api.Done()
    status = structs.replace(pool.status, observed_generation=pool.generation)
    condition = conditions.failed(reason=answer.reason, message=answer.message)
    await statuses.write(ctx, pool, statuses.judged(ctx, status, (condition,)))
    return answer


def _keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """The pool itself; for a record, the pools that it uses: a deleted pool waits for the record;
    for a port group, the pool that was made for it. A changed AviController is seen within a
    minute."""
    if resource.kind == POOLS.kind:
        return (obj["metadata"]["name"],)
    if resource.kind == PORT_GROUPS.kind:
        return (port_group.pool_name(obj["metadata"]["name"]),)
    if resource.kind != kube.AKO_DEPLOYMENTS.kind:
        return ()
    used = (obj.get("spec") or {}).get("uses") or ()
    return tuple(use["name"] for use in used if use.get("kind") == POOLS.kind)


def _goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """The fields that start a reconcile: the controller's own status does not."""
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    if resource.kind == kube.AKO_DEPLOYMENTS.kind:
        return spec.get("uses")
    if resource.kind == PORT_GROUPS.kind:
        return (obj.get("status") or {}).get("portGroup")
    return spec, [
        metadata.get(field) for field in ("annotations", "finalizers", "deletionTimestamp")
    ]


def _secrets(obj: kube.Object) -> tuple[api.SecretPair, ...]:
    return ip_pool.secrets_of(obj) if obj.get("kind") == POOLS.kind else ()
