"""The way to the controller of a cluster: by its AviController as it is now, else as stored."""

from __future__ import annotations

from akoo_avi.client import AviClient
from akoo_avi.client.access import avi_controller, implicit, refusal
from akoo_avi.client.access import open as open_avi
from akoo_avi.client.access.reach import Reach

from akoo_core.plugin import api
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec.facts import ControllerRef, Stored
from akoo_tenancy.spec.wanted import Asked


async def of_config(ctx: api.VerbContext, asked: Asked) -> tuple[Reach, ControllerRef | None]:
    """The way that the config leads. Raises Refusal and KubeErrors."""
    if asked.reach is not None:
        return asked.reach, None
    if ctx.shared is None:
        raise RuntimeError("no controller of this plugin watches AviControllers")
    correct = f"{implicit.OPTION} of AKODeploymentConfig/{ctx.view.spec.config_ref.name}"
    known = await avi_controller.read(ctx.shared, asked.controller, correct=correct)
    return known.reach, ControllerRef(name=known.name, uid=known.uid)


async def open(  # noqa: A001 - reaching.open reads well
    ctx: api.VerbContext, tools: Tools, place: Stored
) -> AviClient:
    """A client that is logged in, also where a Secret is gone. Raises Refusal and AviErrors."""
    reach = await current(ctx, place)
    return await open_avi(ctx, tools.clients, reach, remembered=True)


async def current(ctx: api.VerbContext, place: Stored) -> Reach:
    """The address and the account that lead to the place now."""
    if place.controller is None or ctx.shared is None:
        return place.reach
    try:
        known = await avi_controller.read(ctx.shared, place.controller.name, correct="")
    except refusal.Refusal:
        return place.reach
    return known.reach if known.uid == place.controller.uid else place.reach
