"""The controller of AviControllers: says of each how it is.

observes AviControllers, their Secrets and the Avi Controller itself; writes their status, and only
when it says something new. It makes and deletes nothing anywhere.
"""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.connect import access
from akoo_avi.controllers import conditions as controller_conditions
from akoo_avi.controllers import health, keeping
from akoo_avi.spec import avi_controller, resources
from akoo_core.plugin import api, conditions, kube, structs

AGAIN_SECONDS = 60.0
REFUSED_SECONDS = 300.0
"""After a refused password: each try counts towards the lock of the account."""
RIGHTS = (
    api.RbacRule(
        groups=(resources.GROUP,),
        resources=("avicontrollers",),
        verbs=("get", "list", "watch"),
    ),
    api.RbacRule(groups=(resources.GROUP,), resources=("avicontrollers/status",), verbs=("patch",)),
)


class AviControllers:
    """For the plugin: registers the controller, and keeps what it needs."""

    def __init__(self, clients: client.Controllers) -> None:
        self._clients = clients

    def registration(self) -> api.ControllerRegistration:
        """What the operator is to run."""
        return api.ControllerRegistration(
            name="controllers",
            watches=(resources.AVI_CONTROLLERS,),
            writes=(resources.AVI_CONTROLLERS,),
            keys=lambda _, obj: (obj["metadata"]["name"],),
            reconcile=self.reconcile,
            secrets=avi_controller.secrets_of,
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        """Look at one."""
        try:
            obj = await ctx.kube.get(resources.AVI_CONTROLLERS, request.key)
        except kube.NotFoundError:
            return api.Done()
        try:
            one = avi_controller.from_object(obj)
        except structs.DecodeError as error:
            ctx.log.warning("AviController cannot be read", extra={"problem": str(error)})
            return api.Blocked(reason="InvalidController", message=str(error))
        found, wanted = await looked_at(ctx, self._clients, one)
        try:
            await _say(ctx, one, _status(one, found, wanted, ctx))
        except kube.ConflictError:
            told = f"AviController/{one.name} changed while it was looked at."
            return api.Wait(reason="ControllerEdited", message=told, after=1.0)
        refused = any(c.reason == "CredentialRefused" for c in wanted)
        after = REFUSED_SECONDS if refused else AGAIN_SECONDS
        return api.Done(recheck_seconds=after)


async def looked_at(
    ctx: api.ControllerContext, clients: client.Controllers, one: avi_controller.Declared
) -> tuple[health.Health | None, tuple[conditions.Condition, ...]]:
    """What was found of a controller, and what follows."""
    try:
        found = await health.look(await access.open(ctx, clients, one.reach))
    except access.ANSWERED as error:
        return None, controller_conditions.of_error(error)
    return found, controller_conditions.of_health(found)


def _status(
    one: avi_controller.Declared,
    found: health.Health | None,
    wanted: tuple[conditions.Condition, ...],
    ctx: api.ControllerContext,
) -> avi_controller.AviControllerStatus:
    """What was found before holds while nothing can be found; who needs it is another's to say."""
    kept = tuple(each for each in one.status.conditions if each.type == keeping.HELD)
    said = avi_controller.AviControllerStatus(
        observed_generation=one.generation,
        version=found.version if found else one.status.version,
        cluster_uuid=found.cluster_uuid if found else one.status.cluster_uuid,
        license_tier=found.license_tier if found else one.status.license_tier,
        nodes=found.nodes if found else one.status.nodes,
        conditions=conditions.merge(one.status.conditions, (*wanted, *kept), now=ctx.clock.now()),
    )
    return one.status if said == one.status else said


async def _say(
    ctx: api.ControllerContext,
    one: avi_controller.Declared,
    status: avi_controller.AviControllerStatus,
) -> None:
    if status == one.status:
        return
    metadata = {"uid": one.uid, "resourceVersion": one.resource_version}
    patch = {"metadata": metadata, "status": structs.to_object(status)}
    try:
        await ctx.kube.merge_patch(resources.AVI_CONTROLLERS, one.name, patch, subresource="status")
    except kube.NotFoundError:
        return
