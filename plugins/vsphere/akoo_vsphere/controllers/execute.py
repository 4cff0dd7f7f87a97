"""Performs one action of a plan in vCenter. Thin: all decisions are in the plan."""

from __future__ import annotations

from akoo_core.plugin import structs
from akoo_vsphere import config_spec, marks
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import DEFINE_PRIVILEGE
from akoo_vsphere.controllers.scene import Scene
from akoo_vsphere.observed import Observed
from akoo_vsphere.situation import Action, Announce, Create, Reconfigure, Rename, SetAttribute
from akoo_vsphere.spec import refusal


async def execute(scene: Scene, seen: Observed | None, action: Action) -> str:
    """Perform it; the moRef of the port group. Raises VCenterErrors.

    ``seen``: the port group as it was read for this action; None for a create.
    """
    match action:
        case Create():
            spec = config_spec.create(action.settings, action.description)
            folder = scene.place.placed.folder
            return await scene.client.create(scene.switch, spec, folder)
        case Announce():
            raise ValueError("an announcement is no call to vCenter")
    if seen is None:
        raise ValueError(f"{type(action).__name__} needs a port group")
    match action:
        case Reconfigure():
            spec = config_spec.reconfigure(seen, action.changes, action.description)
            await scene.client.reconfigure(seen.mo_ref, spec)
        case SetAttribute():
            await scene.client.set_attribute(seen.mo_ref, _key(scene), action.value)
        case Rename():
            await scene.client.rename(seen.mo_ref, action.name)
    return seen.mo_ref


def _key(scene: Scene) -> int:
    return next(key for key, name in scene.fields.items() if name == marks.ATTRIBUTE)


async def with_attribute(scene: Scene) -> Scene:
    """The scene with the custom attribute of the mark, defined if need be. Raises Refusal.

    To be called before the first write: a port group that cannot be marked is not made.
    """
    if marks.ATTRIBUTE in scene.fields.values():
        return scene
    try:
        fields = await scene.catalog.define(marks.ATTRIBUTE)
    except (errors.ForbiddenError, errors.UnsupportedError) as error:
        raise refusal.Refusal(
            "MarkUnavailable",
            f"The custom attribute {marks.ATTRIBUTE} for distributed port groups is not defined, "
            f"and the account may not define it: {error} Define it once, or give the account "
            f"{DEFINE_PRIVILEGE} on the root folder. Nothing is made before that.",
        ) from error
    return structs.replace(scene, fields=fields)
