"""Things outside that objects of plugins stand for, and their fate, listed before all else."""

from __future__ import annotations

from collections.abc import Sequence

from akoo_core.cli import fleet
from akoo_core.kube import client, errors
from akoo_core.plugin_host import controllers


async def lines(kube: client.KubeClient, registered: Sequence[controllers.Controller]) -> list[str]:
    """One line for each, in the words of its plugin; [] for none."""
    listed: list[str] = []
    for controller in registered:
        outside = controller.registration.outside
        if outside is None:
            continue
        for kind in controller.registration.watches:
            try:
                objects = await fleet.listed(kube, kind)
            except errors.NotFoundError:  # The kind is not defined here.
                continue
            listed += [
                f"  {kind.kind} {obj['metadata']['name']}: {words}"
                for obj in objects
                if (words := outside(kind, obj))
            ]
    return ["Outside, by the objects of plugins:", *sorted(listed)] if listed else []
