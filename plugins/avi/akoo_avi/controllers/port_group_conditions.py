"""The two conditions of a VSpherePortGroup that belong to Avi. Pure.

``AviPlacementValid``: the cloud of ``spec.avi`` discovers port groups of this vCenter and this
datacenter. The vSphere plugin makes none before it is True for the generation.
``AviNetworkDiscovered``: Avi has the network of the port group.
"""

from __future__ import annotations

import datetime
from typing import Final, Literal, NamedTuple

from akoo_avi.place import port_groups
from akoo_avi.place.catalog import Row
from akoo_avi.spec.port_group import DeclaredPortGroup
from akoo_core.plugin import api, conditions
from akoo_core.plugin.conditions import Condition

PLACEMENT: Final = "AviPlacementValid"
NETWORK: Final = "AviNetworkDiscovered"
OWNED: Final = (PLACEMENT, NETWORK)
SOON_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 60.0


class Judged(NamedTuple):
    """The two conditions of one attempt."""

    placement: Condition
    network: Condition

    @property
    def valid(self) -> bool:
        """The cloud is the right one."""
        return self.placement.status == "True"


def of_network(
    group: DeclaredPortGroup, placement: Condition, row: Row | None, where: str
) -> Condition:
    """The condition of the network. ``row``: it on Avi; ``where``: in which cloud."""
    there = group.status.port_group
    if placement.status != "True":
        message = f"Avi is not looked at: {PLACEMENT} is {placement.status}."
        return _condition(group, NETWORK, "Unknown", "PlacementNotValid", message)
    if there is None:
        message = "vCenter does not have the port group yet."
        return _condition(group, NETWORK, "False", "PortGroupAwaited", message)
    if row is None:
        message = f"Avi has not discovered port group {there.mo_ref} yet {where}."
        return _condition(group, NETWORK, "False", port_groups.NOT_DISCOVERED, message)
    message = f'Network "{row.get("name")}" ({row["uuid"]}) {where}.'
    return _condition(group, NETWORK, "True", "Discovered", message)


def valid(group: DeclaredPortGroup, where: str) -> Condition:
    """The cloud discovers the datacenter of the port group."""
    return _condition(group, PLACEMENT, "True", "CloudDiscovers", f"Discovered {where}.")


def invalid(group: DeclaredPortGroup, reason: str, message: str) -> Condition:
    """A person must correct the port group, the cloud or the pool."""
    return _condition(group, PLACEMENT, "False", reason, message)


def unknown(group: DeclaredPortGroup, reason: str, message: str) -> Condition:
    """It cannot be judged yet."""
    return _condition(group, PLACEMENT, "Unknown", reason, message)


def unanswered(
    group: DeclaredPortGroup, before: tuple[Condition, ...], answer: api.Wait | api.Blocked
) -> Judged:
    """The conditions while Avi gives no answer: the former ones of this generation, since a
    controller that is away for a moment makes no placement wrong."""
    placement = conditions.find(before, PLACEMENT)
    network = conditions.find(before, NETWORK)
    current = {condition.observed_generation for condition in (placement, network) if condition}
    if isinstance(answer, api.Wait) and placement and network and current == {group.generation}:
        return Judged(placement, network)
    new = unknown(group, answer.reason, answer.message)
    return Judged(new, of_network(group, new, None, ""))


def again(network: Condition, now: datetime.datetime) -> float:
    """Seconds until the next look: soon for a network that is missing since a short time."""
    if network.status == "True":
        return AGAIN_SECONDS
    since = network.last_transition_time or now
    age = (now - since).total_seconds()
    return min(max(SOON_SECONDS, age / 10.0), AGAIN_SECONDS)


def _condition(
    group: DeclaredPortGroup,
    kind: str,
    status: Literal["True", "False", "Unknown"],
    reason: str,
    message: str,
) -> Condition:
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        observed_generation=group.generation,
    )
