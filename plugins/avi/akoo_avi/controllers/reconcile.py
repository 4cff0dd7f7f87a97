"""The controller of AviControllers: writes the state of each.

observes AviControllers, their Secrets and the Avi Controller itself; writes their status, and only
if it changed. It makes and deletes nothing anywhere.
"""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.client import access
from akoo_avi.client.access import avi_controller
from akoo_avi.controllers import conditions as controller_conditions
from akoo_avi.controllers import health
from akoo_avi.spec import resources
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
    """The controller's registration and its tools."""

    def __init__(self, clients: client.Controllers) -> None:
        self._clients = clients

    def registration(self) -> api.ControllerRegistration:
        """The registration for the operator."""
        return api.ControllerRegistration(
            name="controllers",
            subject=resources.AVI_CONTROLLERS,
            watches=(resources.AVI_CONTROLLERS,),
            writes=(resources.AVI_CONTROLLERS,),
            keys=lambda _, obj: (obj["metadata"]["name"],),
            reconcile=self.reconcile,
            secrets=avi_controller.secrets_of,
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        """Check one AviController."""
        try:
            obj = await ctx.kube.get(resources.AVI_CONTROLLERS, request.key)
        except kube.NotFoundError:
            return api.Done()
        try:
            controller = avi_controller.from_object(obj)
        except structs.DecodeError as error:
            ctx.log.warning("AviController cannot be read", extra={"problem": str(error)})
            return api.Blocked(reason="InvalidController", message=str(error))
        health_now, wanted = await looked_at(ctx, self._clients, controller)
        try:
            await _write(ctx, obj, _status(controller, health_now), wanted)
        except kube.ConflictError:
            message = f"AviController/{controller.name} changed while it was checked."
            return api.Wait(reason="ControllerEdited", message=message, after=1.0)
        refused = any(condition.reason == "CredentialRefused" for condition in wanted)
        after = REFUSED_SECONDS if refused else AGAIN_SECONDS
        return api.Done(recheck_seconds=after)


async def looked_at(
    ctx: api.ControllerContext, clients: client.Controllers, controller: avi_controller.Declared
) -> tuple[health.ControllerHealth | None, tuple[conditions.Condition, ...]]:
    """The health of a controller, or None, and its conditions."""
    try:
        health_now = await health.look(await access.open(ctx, clients, controller.reach))
    except access.ANSWERED as error:
        return None, controller_conditions.of_error(error)
    return health_now, controller_conditions.of_health(health_now)


def _status(
    controller: avi_controller.Declared, health_now: health.ControllerHealth | None
) -> structs.JSON:
    """The new status but its conditions. Earlier values hold while the controller does not
    answer."""
    seen: health.ControllerHealth | avi_controller.AviControllerStatus
    seen = health_now or controller.status
    status = avi_controller.AviControllerStatus(
        observed_generation=controller.generation,
        version=seen.version,
        cluster_uuid=seen.cluster_uuid,
        license_tier=seen.license_tier,
        nodes=seen.nodes,
    )
    values = structs.to_object(status)
    names = {field.key for field in structs.fields(type(status))} - {"conditions"}
    return {name: values.get(name) for name in names}


async def _write(
    ctx: api.ControllerContext,
    obj: kube.Object,
    status: structs.JSON,
    wanted: tuple[conditions.Condition, ...],
) -> None:
    try:
        await conditions.write(
            ctx.kube,
            resources.AVI_CONTROLLERS,
            obj,
            wanted,
            owns=controller_conditions.OWN,
            now=ctx.clock.now(),
            status=status,
        )
    except kube.NotFoundError:
        return
