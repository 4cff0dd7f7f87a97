"""The tools of the verbs, one of each for a process."""

from __future__ import annotations

import math
from typing import Final, Protocol

from akoo_avi.client import Controllers

from akoo_core.plugin import clock
from akoo_tenancy.live.journal import Journal, Memory
from akoo_tenancy.live.snapshot import Snapshots
from akoo_tenancy.roles.probe import Outcome
from akoo_tenancy.store import api as stores

UPGRADE_SECONDS: Final = 60.0


class Turns(Protocol):
    """The limit on rotations over the fleet."""

    def take(self, record: str, now: clock.Clock) -> bool:
        """True if this cluster may start a rotation now; then it counts as one under way."""
        ...

    def again_seconds(self, record: str, now: clock.Clock) -> float:
        """Time until a cluster that got no turn is to ask again."""
        ...


class NoLimit:
    """Everybody may start."""

    def take(self, record: str, now: clock.Clock) -> bool:
        """True."""
        return True

    def again_seconds(self, record: str, now: clock.Clock) -> float:
        """Nobody has to ask again."""
        return math.inf


class Upgrades:
    """Controllers that refused a write lately because they are being upgraded.

    A controller in an upgrade answers reads as always. So its refusal is remembered for a minute,
    in which no rotation starts there; then one of them tries again.
    """

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def note(self, address: str, now: clock.Clock) -> None:
        """It refused a write."""
        self._until[address] = now.monotonic() + UPGRADE_SECONDS

    def running(self, address: str, now: clock.Clock) -> bool:
        """It refused a write within the last minute."""
        return now.monotonic() < self._until.get(address, 0.0)


class Tools:
    """Store, controllers, and what this process remembers of them."""

    def __init__(
        self, store: stores.Stores, clients: Controllers, turns: Turns | None = None
    ) -> None:
        self.stores = store
        self.clients = clients
        self.turns: Turns = turns or NoLimit()
        self.memory = Memory()
        self.snapshots = Snapshots()
        self.upgrades = Upgrades()
        self.outcomes: dict[tuple[str, str], Outcome] = {}
        """Results of the probe, by UUID and release of the controller."""

    def journal(self, ctx: stores.Means, record: str) -> Journal:
        """The record of a cluster."""
        return Journal(record, self.stores.of(ctx), self.memory, ctx.clock)
