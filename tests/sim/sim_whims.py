"""Plugins at their worst: verbs that raise, hang, block and wait by chance."""

from __future__ import annotations

import asyncio
import random

from akoo_core.plugin import api

HANGS_SECONDS = 3600.0


class Whims:
    """Asked first by every verb that acts."""

    def __init__(self) -> None:
        self.share = 0.0
        """Of calls that do not get to do anything."""

    async def result(self) -> api.Wait | api.Blocked | None:
        """The answer of a verb that does no work; None: the verb works."""
        if not self.share or random.random() >= self.share:
            return None
        match random.choice(("wait", "block", "raise", "hang")):
            case "wait":
                return api.Wait(reason="CloudBusy", message="the cloud is busy", after=5)
            case "block":
                return api.Blocked(reason="NoQuota", message="ask for more quota", after=30)
            case "raise":
                raise ValueError("a mistake in the plugin")
        await asyncio.sleep(HANGS_SECONDS)
        return None
