"""The problem of the pools that were made from a config, for the config's own condition."""

from __future__ import annotations

from akoo_avi.client.access import refusal
from akoo_avi.pools import configs
from akoo_avi.spec import ip_pool, resources
from akoo_core.plugin import api, conditions, kube, structs

RIGHTS = (
    api.RbacRule(
        groups=(resources.GROUP,),
        resources=(resources.AVI_IP_POOLS.plural,),
        verbs=("get", "list", "watch"),
    ),
)


async def wrong(ctx: api.ControllerContext, config: kube.Object) -> tuple[str, str] | None:
    """Reason and message of the first pool that is not ready; None if all are, or are not judged
    yet."""
    try:
        pools = configs.of_object(config)
    except (structs.DecodeError, refusal.Refusal) as error:
        return "ConfigInvalid", str(error)
    for inline in pools:
        try:
            pool = ip_pool.from_object(await ctx.kube.get(resources.AVI_IP_POOLS, inline.name))
        except (kube.NotFoundError, structs.DecodeError):
            continue
        ready = conditions.find(pool.status.conditions, "Ready")
        if ready is not None and ready.status == "False":
            return ready.reason, f"AviIPPool {inline.name}: {ready.message}"
    return None
