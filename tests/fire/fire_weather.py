"""Treatment of watches on their way through the gate."""

from __future__ import annotations

import asyncio
import collections

from tests.fire import fire_bed, fire_gate, fire_journal

LATE_SECONDS = 0.2
CUTS = 1
"""Of each kind's watches: the pause after a failure doubles each time, from about a second."""


class Weather:
    """The treatment of watches: one way for each kind, or one for all."""

    def __init__(self, default: str, **kinds: str) -> None:
        self._ways = collections.defaultdict(lambda: default, kinds)
        self._cuts: collections.Counter[str] = collections.Counter()
        self.met: collections.Counter[str] = collections.Counter()

    async def rule(self, call: fire_journal.Call, number: int, line: bytes) -> fire_gate.Line:
        kind = call.path.rsplit("/", 1)[-1]
        way = self._ways[kind]
        self.met[way] += 1
        if way == "late":
            await asyncio.sleep(LATE_SECONDS)
        if way == "cut" and self._cuts[call.path] < CUTS:
            self._cuts[call.path] += 1
            return "cut"
        return "end" if way == "end" else "pass"

    def tell(self, fire: fire_bed.FireBed) -> None:
        """Show the figures; every way must have been met."""
        opened = len(fire.gate.journal.of(lambda call: call.watch))
        print(f"watches opened: {opened}; lines by treatment: {dict(self.met)}")  # noqa: T201
        assert set(self._ways.values()) <= set(self.met)


def mixed() -> Weather:
    """Each kind in a way of its own; Secrets are cut."""
    return Weather("cut", clusters="end", akodeployments="late", akodeploymentconfigs="end")
