"""The former owner of an AKO is made harmless, before anything of an adoption is written.

Writes the objects that the stored fact names, and nothing else: each one by its UID, and only as it
was read. Of Secrets and ConfigMaps it reads the metadata.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

from akoo_ako.adoption import former
from akoo_ako.adoption.former import AkoFormerOwner, FormerObject
from akoo_ako.installs import checked, kinds
from akoo_core.plugin import api, structs
from akoo_core.plugin.kube import (
    CONFIG_MAPS,
    SECRETS,
    ForbiddenError,
    KubeClient,
    NotFoundError,
    Resource,
)

KINDS: Final[dict[former.FormerKind, Resource]] = {
    "Secret": SECRETS,
    "ConfigMap": CONFIG_MAPS,
    "PackageInstall": kinds.PACKAGE_INSTALLS[0],
}


Planned = Callable[[FormerObject, structs.JSON], list[dict[str, Any]]]
"""The JSON patch that an object still needs; [] for none."""


async def make(ctx: api.VerbContext, stored: AkoFormerOwner) -> AkoFormerOwner:
    """Make the objects of a stored fact harmless; the fact, as it is then. An object that somebody
    changed meanwhile raises KubeError, and is read again in the next round."""
    if ctx.workload is None or stored.harmless:
        return stored
    for each in stored.objects:
        try:
            await _patch(ctx.workload, each, former.harmless)
        except ForbiddenError:
            return structs.replace(stored, forbidden=str(each))
    return structs.replace(stored, forbidden="", harmless_at=ctx.clock.now())


async def restore(kube: KubeClient, each: FormerObject) -> None:
    """Give an object back as it was."""
    await _patch(kube, each, former.restored)


async def _patch(kube: KubeClient, each: FormerObject, planned: Planned) -> None:
    live = await read(kube, each)
    patch = planned(each, live) if live is not None else []
    if not patch:
        return
    with contextlib.suppress(NotFoundError):
        await kube.json_patch(KINDS[each.kind], each.name, patch, each.namespace)


async def read(kube: KubeClient, each: FormerObject) -> structs.JSON | None:
    """The object as it is now, of Helm's without their content; None where it is gone."""
    selector = f"metadata.name={each.name}"
    try:
        page = await kube.list(
            KINDS[each.kind],
            each.namespace,
            field_selector=selector,
            limit=1,
            metadata_only=each.kind != "PackageInstall",
        )
    except NotFoundError:
        return None
    for obj in page.items:
        checked.check(KINDS[each.kind], obj)
    return page.items[0] if page.items else None
