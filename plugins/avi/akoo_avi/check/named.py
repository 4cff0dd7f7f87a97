"""One config or address pool: do the things that it names exist, and what would be written?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import NamedTuple

from akoo_avi.client import access
from akoo_avi.client.access import avi_controller, implicit, nearest, refusal
from akoo_avi.client.access.reach import Reach
from akoo_avi.controllers import configs
from akoo_avi.pools import configs as config_pools
from akoo_avi.pools import place, planned
from akoo_avi.pools.applying import PoolContext
from akoo_avi.spec import ip_pool, resources
from akoo_avi.spec.ip_pool import Pool
from akoo_core.plugin import api, kube, structs

HERE = "management cluster"
SHOWN = 3
"""Changes in a message; further changes are counted."""
CONFIGS = kube.AKO_DEPLOYMENT_CONFIGS
POOLS = resources.AVI_IP_POOLS
UNREADABLE = (structs.DecodeError, kube.KubeError, refusal.Refusal)

Question = Callable[[], Awaitable[api.Finding]]


class Named(NamedTuple):
    """An object that names things on a controller."""

    title: str
    reach: Reach
    look: Question


def finding(
    system: str, title: str, state: api.FindingState, message: str, **data: object
) -> api.Finding:
    """The finding about an object of the management cluster."""
    return api.Finding(system=system, subject=title, state=state, message=message, data=data)


async def pools(ctx: api.CheckContext) -> tuple[list[Pool], list[api.Finding]]:
    """The AviIPPools, those that configs are going to make among them, and unreadable objects."""
    readable: dict[str, Pool] = {}
    wrong: list[api.Finding] = []
    try:
        items = await _listed(ctx.kube)
    except kube.KubeError as error:
        return [], [finding(HERE, "AviIPPools", "unknown", f"They cannot be read: {error}")]
    for obj in items:
        name = obj["metadata"]["name"]
        try:
            readable[name] = ip_pool.from_object(obj)
        except structs.DecodeError as error:
            wrong.append(finding(HERE, f"{POOLS.kind}/{name}", "wrong", str(error)))
    for obj in ctx.configs:
        try:
            for inline in config_pools.of_object(obj):
                made = planned.new(obj["metadata"]["name"], inline)
                readable.setdefault(inline.name, made)
        except (structs.DecodeError, refusal.Refusal):
            continue  # the finding about the config has the reason
    return list(readable.values()), wrong


async def _listed(client: kube.KubeClient) -> list[kube.Object]:
    """All AviIPPools; none where the kind is not installed. Raises KubeErrors."""
    items: list[kube.Object] = []
    token = ""
    try:
        while True:
            page = await client.list(POOLS, token=token)
            items += page.items
            token = page.token
            if not token:
                return items
    except kube.NotFoundError:
        return []


async def of_pools(
    context: PoolContext, there: Sequence[Pool]
) -> tuple[list[Named], list[api.Finding]]:
    """The questions about pools, and the pools that lead to no controller."""
    named: list[Named] = []
    wrong: list[api.Finding] = []
    for pool in there:
        title = f"{POOLS.kind}/{pool.name}"
        try:
            reach = await place.reach(context.ctx.kube, pool)
        except UNREADABLE as error:
            wrong.append(finding(HERE, title, "wrong", str(error)))
            continue
        named.append(Named(title, reach, _pool_question(context, pool, title, reach.address)))
    return named, wrong


def _pool_question(context: PoolContext, pool: Pool, title: str, address: str) -> Question:
    async def look() -> api.Finding:
        if pool.deleting:
            return finding(address, title, "good", "It is being deleted.")
        try:
            outlook = await planned.outlook(context, pool)
        except access.ANSWERED as error:
            return finding(address, title, "wrong", access.answer(error).message)
        except (structs.DecodeError, kube.KubeError) as error:
            return finding(address, title, "wrong", str(error))
        writes = [action.why for action in outlook.actions if action.action != "keep"]
        if outlook.problems:
            return finding(address, title, "wrong", " ".join(outlook.problems), writes=writes)
        return finding(address, title, "good", _written(writes), writes=writes)

    return look


def _written(writes: Sequence[str]) -> str:
    """``Would be written: add 10.70.0.10-10.70.0.19 ...``."""
    if not writes:
        return "Nothing would be written: ranges and usable networks are as it says."
    more = f"; and {len(writes) - SHOWN} more" if len(writes) > SHOWN else ""
    return f"Would be written: {'; '.join(writes[:SHOWN])}{more}."


async def of_configs(
    context: PoolContext, there: Sequence[kube.Object], pool_names: Collection[str]
) -> tuple[list[Named], list[api.Finding]]:
    """The questions about configs, and the configs that lead to no controller. ``pool_names``:
    of the AviIPPools there are."""
    judge = configs.ConfigControllers(context.clients, context.catalogs)
    named: list[Named] = []
    wrong: list[api.Finding] = []
    for obj in there:
        title = f"{CONFIGS.kind}/{obj['metadata']['name']}"
        try:
            chosen = configs.options_of(obj)
            reach = await _reach(context.ctx.kube, obj, chosen.controller)
        except UNREADABLE as error:
            wrong.append(finding(HERE, title, "wrong", str(error)))
            continue
        missing = [name for name in chosen.ip_pools if name not in pool_names]
        if missing:
            wrong.append(finding(HERE, title, "wrong", _missing(missing[0], pool_names)))
            continue
        named.append(Named(title, reach, _config_question(judge, context, obj, title, reach)))
    return named, wrong


def _missing(name: str, pool_names: Collection[str]) -> str:
    near = nearest.sentence(name, pool_names)
    correct = "Correct spec.plugins.avi.ipPools, or create it."
    return f"{POOLS.kind}/{name} does not exist. {near} {correct}"


async def _reach(client: kube.KubeClient, obj: kube.Object, controller: str) -> Reach:
    """The way to a config's controller. Raises DecodeError, Refusal and KubeErrors."""
    if not controller:
        return implicit.reach(obj)
    try:
        declared = await client.get(resources.AVI_CONTROLLERS, controller)
    except kube.NotFoundError:
        raise refusal.Refusal(
            "ControllerNotFound",
            f"There is no AviController {controller!r}. Create it, or correct "
            "spec.plugins.avi.controller.",
        ) from None
    return avi_controller.from_object(declared).reach


def _config_question(
    judge: configs.ConfigControllers,
    context: PoolContext,
    obj: kube.Object,
    title: str,
    reach: Reach,
) -> Question:
    async def look() -> api.Finding:
        try:
            problem = await judge.misplaced(obj, reach, context.ctx)
        except UNREADABLE as error:
            return finding(reach.address, title, "wrong", str(error))
        if problem is not None:
            return finding(reach.address, title, "wrong", problem[1])
        message = "Cloud, SE group, tenant and networks are there."
        return finding(reach.address, title, "good", message)

    return look
