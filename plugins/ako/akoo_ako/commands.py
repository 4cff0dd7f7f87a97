"""``akoo-core ako``: commands of this plugin."""

from __future__ import annotations

from typing import Final

from akoo_ako.adoption.request import HAND_BACK
from akoo_ako.installs import command as inspecting
from akoo_ako.releases import command as listing
from akoo_core.plugin import commands

GROUP: Final = commands.CommandGroup(
    help="Show AKO in workload clusters, and give it back.",
    commands=(inspecting.INSPECT, listing.VERSIONS),
    annotations=(HAND_BACK,),
)
