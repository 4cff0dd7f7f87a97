"""Says in each AKODeploymentConfig how the Avi Controller is that it names: condition AviReady.

The fields of the ancestor (address, account, CA) are an AviController without an object of its
own; a config that names an AviController says what that says. observes configs, their Secrets,
AviControllers, AviIPPools and the Avi Controller; writes one condition of the config's status,
under a field manager of its own: the rest of the status is the core's.
"""

from __future__ import annotations

from akoo_avi import access, client, config, options, placement, refusal, resources, wanted
from akoo_avi.controllers import declared, health, judge, reconcile
from akoo_avi.pools import told
from akoo_avi.pools.declared import CONFIG_ANNOTATION
from akoo_core import settings, structs
from akoo_core.api import conditions
from akoo_core.kube import client as kube
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import resource as kube_resource
from akoo_core.plugins import api

TYPE = conditions.type_for_plugin("avi")
FIELD_MANAGER = "akoo-avi-status"
CONFIGS = kube_resource.AKO_DEPLOYMENT_CONFIGS
RIGHTS = (
    api.RbacRule(
        groups=(CONFIGS.group,), resources=(CONFIGS.plural,), verbs=("get", "list", "watch")
    ),
    api.RbacRule(
        groups=(CONFIGS.group,), resources=(f"{CONFIGS.plural}/status",), verbs=("patch",)
    ),
    *told.RIGHTS,
)


class ConfigControllers:
    """For the plugin: registers the controller, and keeps what it needs."""

    def __init__(self, clients: client.Controllers) -> None:
        self._clients = clients

    def registration(self) -> api.ControllerRegistration:
        """What the operator is to run."""
        return api.ControllerRegistration(
            name="configs",
            watches=(CONFIGS, resources.AVI_CONTROLLERS, resources.AVI_IP_POOLS),
            writes=(CONFIGS,),
            keys=_keys,
            reconcile=self.reconcile,
            secrets=secrets_of,
            goes_by=_goes_by,
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        """Look at the controller of one config."""
        try:
            obj = await ctx.kube.get(CONFIGS, request.key)
        except kube_errors.NotFoundError:
            return api.Done()
        ready = await self._ready(obj, ctx)
        await _say(ctx, obj, ready)
        refused = ready.reason == "CredentialRefused"
        after = reconcile.REFUSED_SECONDS if refused else reconcile.AGAIN_SECONDS
        return api.Done(recheck_seconds=after)

    async def _ready(self, obj: kube.Object, ctx: api.ControllerContext) -> conditions.Condition:
        try:
            name = _controller_name(obj)
            if name:
                return await _with_pools(ctx, obj, await _mirrored(name, ctx))
            reach = wanted.reach_of(config.decode(obj))
        except structs.DecodeError as error:
            return _false("ConfigInvalid", str(error))
        except refusal.Refusal as error:
            return _false(error.reason, str(error))
        try:
            found = await health.look(await access.open(ctx, self._clients, reach))
        except access.ANSWERED as error:
            return _summary(judge.of_error(error))
        return await _with_pools(ctx, obj, _summary(judge.of_health(found)))


def secrets_of(obj: kube.Object) -> tuple[tuple[str, str], ...]:
    """(namespace, name) of the Secrets of a config, or of an AviController."""
    if obj.get("kind") == resources.AVI_CONTROLLERS.kind:
        return declared.secrets_of(obj)
    if obj.get("kind") == resources.AVI_IP_POOLS.kind:
        return ()
    try:
        if _controller_name(obj):
            return ()
        reach: placement.Reach = wanted.reach_of(config.decode(obj))
    except (structs.DecodeError, refusal.Refusal):
        return ()
    named = (reach.credential, *((reach.ca,) if reach.ca else ()))
    return tuple((one.namespace, one.name) for one in named)


def _keys(resource: kube_resource.Resource, obj: kube.Object) -> tuple[str, ...]:
    """An AviController concerns the configs that name it; they look again within a minute. A pool
    concerns the config that it was made from."""
    if resource.kind == resources.AVI_IP_POOLS.kind:
        of = (obj["metadata"].get("annotations") or {}).get(CONFIG_ANNOTATION)
        return (of,) if of else ()
    return (obj["metadata"]["name"],) if resource.kind == CONFIGS.kind else ()


def _goes_by(resource: kube_resource.Resource, obj: kube.Object) -> object:
    """Of a config what it asks for, of a pool what is said about it."""
    if resource.kind == resources.AVI_IP_POOLS.kind:
        said = (obj.get("status") or {}).get("conditions") or ()
        return [(one.get("type"), one.get("status"), one.get("message")) for one in said]
    return obj.get("spec")


def _controller_name(obj: kube.Object) -> str:
    """Of the AviController that a config names, or ""."""
    section = ((obj.get("spec") or {}).get("plugins") or {}).get("avi") or {}
    return settings.decode(section, options.Options, path="spec.plugins.avi").controller


async def _with_pools(
    ctx: api.ControllerContext, obj: kube.Object, ready: conditions.Condition
) -> conditions.Condition:
    """A controller that is well, and address pools that are not."""
    wrong = await told.wrong(ctx, obj) if ready.status == "True" else None
    return _false(*wrong) if wrong else ready


async def _mirrored(name: str, ctx: api.ControllerContext) -> conditions.Condition:
    try:
        one = declared.from_object(await ctx.kube.get(resources.AVI_CONTROLLERS, name))
    except kube_errors.NotFoundError:
        message = f"There is no AviController {name!r}. Create it, or correct "
        return _false("ControllerNotFound", f"{message}spec.plugins.avi.controller.")
    ready = conditions.find(one.status.conditions, "Ready")
    if ready is None:
        message = f"AviController {name} was not looked at yet."
        return conditions.Condition(type=TYPE, status="Unknown", reason="NotAsked", message=message)
    told = f"AviController {name}: {ready.message}"
    return structs.replace(ready, type=TYPE, message=told, last_transition_time=None)


def _summary(found: tuple[conditions.Condition, ...]) -> conditions.Condition:
    return structs.replace(found[0], type=TYPE)


def _false(reason: str, message: str) -> conditions.Condition:
    return conditions.Condition(type=TYPE, status="False", reason=reason, message=message)


async def _say(ctx: api.ControllerContext, obj: kube.Object, ready: conditions.Condition) -> None:
    before = _said(obj)
    wanted_ = conditions.merge((before,) if before else (), (ready,), now=ctx.clock.now())
    if before == wanted_[0]:
        return
    body = {
        "apiVersion": CONFIGS.api_version,
        "kind": CONFIGS.kind,
        "metadata": {"name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"]},
        "status": {"conditions": [structs.to_object(wanted_[0])]},
    }
    try:
        await ctx.kube.apply(CONFIGS, body, field_manager=FIELD_MANAGER, subresource="status")
    except (kube_errors.NotFoundError, kube_errors.ConflictError):
        return  # gone, or made again under its name: that one gets an attempt of its own


def _said(obj: kube.Object) -> conditions.Condition | None:
    for one in (obj.get("status") or {}).get("conditions") or ():
        if one.get("type") == TYPE:
            try:
                return structs.convert(one, conditions.Condition)
            except structs.DecodeError:
                return None
    return None
