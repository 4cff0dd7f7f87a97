"""Writes the state of its Avi Controller into each AKODeploymentConfig: condition AviReady.

The fields of the ancestor (address, account, CA) are an AviController without an object of its
own; a config that names an AviController gets its condition. observes configs, their Secrets,
AviControllers, AviIPPools and the Avi Controller; writes one condition of the config's status,
under a field manager of its own: the rest of the status is the core's.
"""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.client import access
from akoo_avi.client.access import avi_controller, implicit, refusal
from akoo_avi.client.access.reach import Reach
from akoo_avi.controllers import conditions as controller_conditions
from akoo_avi.controllers import health, reconcile
from akoo_avi.place import catalog, suitable
from akoo_avi.pools import config_condition
from akoo_avi.spec import config, options, resources, wanted
from akoo_avi.spec.ip_pool import CONFIG_ANNOTATION
from akoo_core.plugin import api, conditions, kube, structs

TYPE = conditions.type_for_plugin("avi")
FIELD_MANAGER = "akoo-avi-status"
CONFIGS = kube.AKO_DEPLOYMENT_CONFIGS
RIGHTS = (
    api.RbacRule(
        groups=(CONFIGS.group,), resources=(CONFIGS.plural,), verbs=("get", "list", "watch")
    ),
    api.RbacRule(
        groups=(CONFIGS.group,), resources=(f"{CONFIGS.plural}/status",), verbs=("patch",)
    ),
    *config_condition.RIGHTS,
)


class ConfigControllers:
    """The controller's registration and its tools."""

    def __init__(self, clients: client.Controllers, catalogs: catalog.Catalogs) -> None:
        self._clients = clients
        self._catalogs = catalogs

    def registration(self) -> api.ControllerRegistration:
        """The registration for the operator."""
        return api.ControllerRegistration(
            name="configs",
            subject=CONFIGS,
            watches=(CONFIGS, resources.AVI_CONTROLLERS, resources.AVI_IP_POOLS),
            writes=(CONFIGS,),
            keys=_keys,
            reconcile=self.reconcile,
            secrets=secrets_of,
            goes_by=_goes_by,
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        """Check the controller of one config."""
        try:
            obj = await ctx.kube.get(CONFIGS, request.key)
        except kube.NotFoundError:
            return api.Done()
        ready = await self._ready(obj, ctx)
        await _write(ctx, obj, ready)
        refused = ready.reason == "CredentialRefused"
        after = reconcile.REFUSED_SECONDS if refused else reconcile.AGAIN_SECONDS
        return api.Done(recheck_seconds=after)

    async def _ready(self, obj: kube.Object, ctx: api.ControllerContext) -> conditions.Condition:
        try:
            reach, ready = await self._controller(obj, ctx)
            if reach is None or ready.status != "True":
                return ready
            wrong = await config_condition.wrong(ctx, obj) or await self.misplaced(obj, reach, ctx)
        except structs.DecodeError as error:
            return _false("ConfigInvalid", str(error))
        except refusal.Refusal as error:
            return _false(error.reason, str(error))
        return _false(*wrong) if wrong else ready

    async def _controller(
        self, obj: kube.Object, ctx: api.ControllerContext
    ) -> tuple[Reach | None, conditions.Condition]:
        """The way to the controller, and its condition. Raises Refusal and DecodeError."""
        name = options_of(obj).controller
        if name:
            return await _mirrored(name, ctx)
        reach = implicit.reach(obj)
        try:
            state = await health.look(await access.open(ctx, self._clients, reach))
        except access.ANSWERED as error:
            return None, _summary(controller_conditions.of_error(error))
        return reach, _summary(controller_conditions.of_health(state))

    async def misplaced(
        self, obj: kube.Object, reach: Reach, ctx: api.ControllerContext
    ) -> tuple[str, str] | None:
        """Reason and message of a name that prevents any placement; None: all names exist. Problems
        that time solves (a network that becomes usable) are reported by the pools.

        A config without a cloud, which the API server refuses, is not judged.
        """
        name = obj["metadata"]["name"]
        if not config.decode(obj).cloud_name:
            return None
        correct = f"{CONFIGS.kind}/{name}"
        try:
            asked = wanted.of_config(obj, name, options_of(obj), management=True)
            avi = await access.open(ctx, self._clients, reach)
            for seconds in (None, suitable.FRESH_SECONDS):
                known = await self._catalogs.get(avi, reach, ctx.clock, seconds=seconds)
                known = await catalog.settled(avi, known, suitable.sought(asked))
                try:
                    suitable.judge_config(asked, known, correct)
                except refusal.Refusal:
                    if seconds is None:
                        continue  # a missing object may just have been made
                    raise
                return None
        except access.ANSWERED as error:
            answer = access.answer(error)
            return answer.reason, answer.message
        return None


def secrets_of(obj: kube.Object) -> tuple[api.SecretPair, ...]:
    """(namespace, name) of the Secrets of a config, or of an AviController."""
    if obj.get("kind") == resources.AVI_CONTROLLERS.kind:
        return avi_controller.secrets_of(obj)
    if obj.get("kind") == resources.AVI_IP_POOLS.kind:
        return ()
    return implicit.secrets(obj)


def _keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """The config itself; for a pool, the config that it was made from. Configs that name an
    AviController look at it again within a minute."""
    if resource.kind == resources.AVI_IP_POOLS.kind:
        config_name = (obj["metadata"].get("annotations") or {}).get(CONFIG_ANNOTATION)
        return (config_name,) if config_name else ()
    return (obj["metadata"]["name"],) if resource.kind == CONFIGS.kind else ()


def _goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """The fields that start a reconcile: the spec of a config, the conditions of a pool."""
    if resource.kind == resources.AVI_IP_POOLS.kind:
        pool_conditions = (obj.get("status") or {}).get("conditions") or ()
        return [
            (condition.get("type"), condition.get("status"), condition.get("message"))
            for condition in pool_conditions
        ]
    return obj.get("spec")


def options_of(obj: kube.Object) -> options.Options:
    """``spec.plugins.avi``. Raises structs.DecodeError."""
    plugin_spec = ((obj.get("spec") or {}).get("plugins") or {}).get("avi") or {}
    return structs.convert(plugin_spec, options.Options, path="spec.plugins.avi")


async def _mirrored(
    name: str, ctx: api.ControllerContext
) -> tuple[Reach | None, conditions.Condition]:
    """The way to the controller of an AviController, and its condition."""
    try:
        controller = avi_controller.from_object(await ctx.kube.get(resources.AVI_CONTROLLERS, name))
    except kube.NotFoundError:
        message = f"There is no AviController {name!r}. Create it, or correct "
        return None, _false("ControllerNotFound", f"{message}spec.plugins.avi.controller.")
    ready = conditions.find(controller.status.conditions, "Ready")
    if ready is None:
        message = f"AviController {name} was not checked yet."
        return None, conditions.Condition(
            type=TYPE, status="Unknown", reason="NotAsked", message=message
        )
    message = f"AviController {name}: {ready.message}"
    return controller.reach, structs.replace(
        ready, type=TYPE, message=message, last_transition_time=None
    )


def _summary(derived: tuple[conditions.Condition, ...]) -> conditions.Condition:
    return structs.replace(derived[0], type=TYPE)


def _false(reason: str, message: str) -> conditions.Condition:
    return conditions.Condition(type=TYPE, status="False", reason=reason, message=message)


async def _write(ctx: api.ControllerContext, obj: kube.Object, ready: conditions.Condition) -> None:
    before = _current(obj)
    merged = conditions.merge((before,) if before else (), (ready,), now=ctx.clock.now())
    if before == merged[0]:
        return
    body = {
        "apiVersion": CONFIGS.api_version,
        "kind": CONFIGS.kind,
        "metadata": {"name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"]},
        "status": {"conditions": [structs.to_object(merged[0])]},
    }
    try:
        await ctx.kube.apply(CONFIGS, body, field_manager=FIELD_MANAGER, subresource="status")
    except (kube.NotFoundError, kube.ConflictError):
        return  # gone, or made again under its name: the new one gets an attempt of its own


def _current(obj: kube.Object) -> conditions.Condition | None:
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == TYPE:
            try:
                return structs.convert(condition, conditions.Condition)
            except structs.DecodeError:
                return None
    return None
