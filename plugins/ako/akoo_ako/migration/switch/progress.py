"""The progress of a switch in one direction: each change after its entry in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from akoo_ako.migration import read
from akoo_ako.migration.estate import Estate, key_of
from akoo_ako.migration.steps import stop
from akoo_ako.migration.switch import journal as journals
from akoo_ako.migration.switch import write
from akoo_ako.migration.switch.change import Change
from akoo_ako.migration.switch.journal import Journal
from akoo_ako.migration.switch.store import Store
from akoo_core.plugin import commands, errors

Sleep = Callable[[float], Awaitable[None]]
Plan = Callable[[Estate, Journal], Sequence[Change]]

TRIES: Final = 10
"""Plans of one step: others write Clusters and Machines at the same time."""
POLL_SECONDS: Final = 5.0
PODS_SECONDS: Final = 120.0
"""Longest wait for the Pods of the ancestor to end."""
DELETIONS_SECONDS: Final = 600.0
"""Longest wait for the ancestor to finish what is being deleted."""


class Progress:
    """The objects and the journal as they are now, and the changes that were made."""

    def __init__(self, ctx: commands.CommandContext, sleep: Sleep = asyncio.sleep) -> None:
        self._ctx = ctx
        self._sleep = sleep
        self.store = Store(ctx.kube, ctx.operator.namespace)
        self.estate = Estate()
        self.journal = Journal()
        self.made: list[Change] = []

    async def look(self, *, reach: bool = False) -> None:
        """Read everything again."""
        self.estate = await read.read_for_switch(self._ctx, reach=reach)
        self.journal = await self.store.read()

    async def carry(self, plan: Plan, *, keeps: bool, stopped: bool) -> None:
        """Make the changes of ``plan`` until it has no more.

        ``keeps``: their entries are written to the journal first. ``stopped``: the ancestor must
        not have come back.
        """
        for _ in range(TRIES):
            await self.look()
            if stopped:
                _check_stopped(self.estate, self.journal)
            changes = plan(self.estate, self.journal)
            if not changes:
                return
            if keeps:
                entries = [entry for each in changes if (entry := journals.entry_of(each))]
                self.journal = await self.store.add(self.journal, entries)
            for change in changes:
                if await write.make(self._ctx.kube, change):
                    self.made.append(change)
        raise errors.AkooError(
            f"{changes[0].object} changes faster than it can be written. Run this again"
        )

    async def mark_stopped(self) -> None:
        """Note in the journal that the ancestor is stopped, and its Pods have ended.

        Raises AkooError where something has restored it meanwhile."""
        _check_stopped(self.estate, self.journal)
        keys = ",".join(sorted(map(key_of, self.estate.deployments)))
        self.journal = await self.store.mark(self.journal, keys)

    async def wait(self, why: Callable[[Estate], str], seconds: float) -> str:
        """ "" once ``why`` is "". The last reason when it takes longer."""
        waited = 0.0
        while reason := why(self.estate):
            if waited >= seconds:
                return reason
            await self._sleep(POLL_SECONDS)
            waited += POLL_SECONDS
            await self.look()
        return ""


def _check_stopped(estate: Estate, journal: Journal) -> None:
    again = next(iter(stop.forward(estate, journal)), None)
    if again is not None:
        raise errors.AkooError(
            f"FormerOwnerActive: {again.object} was stopped and is back. Something restores it, "
            "such as a package or a GitOps controller: pause that. Nothing more was written"
        )
