"""The shared objects that a config names: its AviController, its AviIPPools. Reads only."""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi.client.access import avi_controller, implicit, named
from akoo_avi.client.access.reach import Reach
from akoo_avi.spec import config, inline_pools, resources, wanted
from akoo_avi.spec.ip_pool import CONFIG_ANNOTATION
from akoo_avi.spec.placement import ControllerRef, ExhaustedPool, PoolRef, WantedPlace
from akoo_core.plugin import api, kube, structs

POOL_SECONDS = 15.0
"""Retry interval for a pool that is not in force yet."""


async def reach(ctx: api.VerbContext, asked: WantedPlace) -> tuple[Reach, ControllerRef | None]:
    """The way to the controller: from the config itself, or from the AviController that it
    names."""
    if asked.reach is not None:
        return asked.reach, None
    correct = f"{implicit.OPTION} of {wanted.config_name(ctx.view)}"
    controller = await avi_controller.read(
        _reader(ctx), asked.controller, correct=correct, new_user=True
    )
    return controller.reach, ControllerRef(name=controller.name, uid=controller.uid)


class ClusterPools(NamedTuple):
    """The AviIPPools of a cluster as they are now."""

    refs: tuple[PoolRef, ...]
    unready: api.Wait | None
    """A pool whose ranges are needed, and that never was in force; None: there is none."""
    exhausted: tuple[ExhaustedPool, ...]


async def pools(ctx: api.VerbContext, asked: WantedPlace) -> ClusterPools:
    """Read the pools that a config names or makes. Raises Refusal."""
    read, unready = [], None
    correct = f"spec.plugins.avi.ipPools of {wanted.config_name(ctx.view)}"
    for name in asked.pools:
        obj = await named.get(_reader(ctx), resources.AVI_IP_POOLS, name, correct=correct)
        read.append(named.usable(resources.AVI_IP_POOLS, obj, correct=correct))
        unready = unready or _unready(name, obj)
    needed = inline_pools.gives_ranges(config.decode(ctx.view.config))
    for name in (inline for inline in asked.inline if inline not in asked.pools):
        made = await _made(ctx, name)
        if made is not None:
            read.append(made)
        unready = unready or (_unready(name, made or {}) if needed else None)
    return ClusterPools(
        refs=tuple(
            PoolRef(name=obj["metadata"]["name"], uid=obj["metadata"]["uid"]) for obj in read
        ),
        unready=unready,
        exhausted=tuple(_exhausted(obj) for obj in read if _is_exhausted(obj)),
    )


def _is_exhausted(obj: structs.JSON) -> bool:
    """The pool's own controller counted addresses, and none is free."""
    status = obj.get("status") or {}
    return bool(status.get("total")) and status.get("free") == 0


def _exhausted(obj: structs.JSON) -> ExhaustedPool:
    """The pool, and the field that adds ranges to it: a pool of a config is corrected there."""
    metadata = obj["metadata"]
    config_name = (metadata.get("annotations") or {}).get(CONFIG_ANNOTATION, "")
    correct = (
        f"spec.dataNetwork.ipPools of AKODeploymentConfig/{config_name}"
        if config_name
        else "its spec.subnets"
    )
    return ExhaustedPool(name=metadata["name"], correct=correct)


async def _made(ctx: api.VerbContext, name: str) -> structs.JSON | None:
    """A pool that was made from the config's networks; None while none is usable."""
    if ctx.shared is None:
        return None
    selector = f"metadata.name={name}"
    try:
        page = await ctx.shared.list(resources.AVI_IP_POOLS, field_selector=selector)
    except kube.NotFoundError:
        return None  # the kind is not installed: then nobody makes pools
    living = (item for item in page.items if "deletionTimestamp" not in item["metadata"])
    return next(living, None)


def _unready(name: str, obj: structs.JSON) -> api.Wait | None:
    status = obj.get("status") or {}
    if status.get("appliedGeneration") is not None:
        return None
    problem = next(
        (
            condition.get("message", "")
            for condition in status.get("conditions") or ()
            if condition["type"] == "Ready"
        ),
        "It was not checked yet.",
    )
    message = f"AviIPPool/{name} gives no addresses yet: {problem}"
    return api.Wait(reason="PoolNotReady", message=message, after=POOL_SECONDS)


def _reader(ctx: api.VerbContext) -> kube.KubeClient:
    if ctx.shared is None:
        raise RuntimeError("no controller of this plugin watches the shared kinds")
    return ctx.shared
