"""The gate of the avi plugin: no port group is made where its cloud does not look. Pure."""

from __future__ import annotations

import datetime
from typing import Final

from akoo_core.plugin import conditions
from akoo_vsphere.controllers.conditions import AVI_PLACE
from akoo_vsphere.spec import refusal
from akoo_vsphere.spec.port_group import PortGroup

PATIENCE: Final = datetime.timedelta(seconds=60)
"""Age of an object without an answer of the avi plugin, after which it counts as missing."""


def check(group: PortGroup, now: datetime.datetime) -> None:
    """Raise Refusal unless the avi plugin agreed to this generation, or spec.avi is not set."""
    if group.spec.avi is None:
        return
    place = conditions.find(group.status.conditions, AVI_PLACE)
    if place is None:
        made = group.created_at
        if made is not None and now - made < PATIENCE:
            raise refusal.Refusal(
                "AviPlacementAwaited", "The avi plugin has not looked at spec.avi yet."
            )
        raise refusal.Refusal(
            "AviPluginMissing",
            "spec.avi is set, and no avi plugin has looked at it. Add avi to the plugins of the "
            "operator, or make an object without spec.avi.",
        )
    if place.observed_generation != group.generation or place.status == "Unknown":
        raise refusal.Refusal(
            "AviPlacementAwaited",
            "The avi plugin has not looked at this generation of the object yet.",
        )
    if place.status != "True":
        raise refusal.Refusal("AviPlacementInvalid", f"{place.reason}: {place.message}")
