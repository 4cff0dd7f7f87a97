"""The shared objects that a config names: its AviController, its AviIPPools. Reads only."""

from __future__ import annotations

from akoo_avi import nearest, refusal, resources, wanted
from akoo_avi.controllers import declared
from akoo_avi.placement import ControllerRef, PoolRef, Reach, Wanted
from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube.resource import Resource
from akoo_core.plugins import api


async def reach(ctx: api.VerbContext, asked: Wanted) -> tuple[Reach, ControllerRef | None]:
    """How to get to the controller: by the config itself, or by the AviController it names."""
    if asked.reach is not None:
        return asked.reach, None
    obj = await _get(ctx, resources.AVI_CONTROLLERS, asked.controller, "controller")
    try:
        one = declared.from_object(obj)
    except structs.DecodeError as error:
        told = f"AviController/{asked.controller}: {error}"
        raise refusal.Refusal("InvalidConfig", told) from error
    return one.reach, ControllerRef(name=one.name, uid=one.uid)


async def pools(ctx: api.VerbContext, asked: Wanted) -> tuple[PoolRef, ...]:
    """The AviIPPools of a config, as they are now."""
    found = []
    for name in asked.pools:
        obj = await _get(ctx, resources.AVI_IP_POOLS, name, "ipPools")
        found.append(PoolRef(name=name, uid=obj["metadata"]["uid"]))
    return tuple(found)


async def _get(ctx: api.VerbContext, kind: Resource, name: str, field: str) -> structs.JSON:
    """Raises Refusal for one that is not there or is being deleted."""
    if ctx.shared is None:
        raise RuntimeError(f"no controller of this plugin watches {kind.qualified}")
    correct = f"spec.plugins.avi.{field} of {wanted.config_name(ctx.view)}"
    try:
        obj = await ctx.shared.get(kind, name)
    except errors.NotFoundError:
        page = await ctx.shared.list(kind, metadata_only=True)
        known = [one["metadata"]["name"] for one in page.items]
        raise refusal.Refusal(
            f"{kind.kind}NotFound",
            f"{kind.kind}/{name} does not exist. {nearest.sentence(name, known)} Correct "
            f"{correct}, or create it.",
        ) from None
    if "deletionTimestamp" in obj["metadata"]:
        raise refusal.Refusal(
            f"{kind.kind}Deleting",
            f"{kind.kind}/{name} is being deleted. Name another in {correct}.",
        )
    return obj
