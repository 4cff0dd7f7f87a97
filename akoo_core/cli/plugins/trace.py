"""Plays the life of one Cluster in memory, and notes every call of a plugin's hooks.

Time is virtual: an hour takes a moment. Nothing outside is there, so that a plugin that needs its
system waits, or is Blocked, and the trace shows with which reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from akoo_core import settings, structs
from akoo_core.manifests import packaged
from akoo_core.plugin_host import loader, observed
from akoo_core.plugin_host.observed import HookCall

CLUSTER = "shop"
NAMESPACE = "team-a"
LIVE_SECONDS = 60.0
"""Time from the creation of the Cluster to its deletion."""
LEAVE_SECONDS = 2 * 3600.0
"""Longest wait for its end: twice the deadline of a config."""


class TracedCall(NamedTuple):
    """One call, with its time since the Cluster was created, in seconds."""

    at: float
    call: HookCall


class Trace(NamedTuple):
    """All calls, in order, and the times of the Cluster's deletion and end."""

    calls: tuple[TracedCall, ...]
    deleted_at: float
    gone_at: float | None
    """None: it was still there at the end."""


def play(name: str, loaded: settings.LoadedSettings, config: structs.JSON | None) -> Trace:
    """The trace of one plugin. ``config`` is an AKODeploymentConfig, or None for a plain one."""
    # Only this command needs it: nothing that the operator runs imports akoo_core.testing.
    from akoo_core import testing  # noqa: PLC0415
    from akoo_core.testing import virtual_time  # noqa: PLC0415

    kind = loader.import_class(name)
    calls: list[TracedCall] = []
    spec = dict((config or {}).get("spec") or {})

    async def main(clock: virtual_time.LoopClock) -> float | None:
        start = clock.monotonic()

        def note(call: HookCall) -> None:
            calls.append(TracedCall(clock.monotonic() - start, call))

        def gone() -> bool:
            return fleet.cluster(CLUSTER, NAMESPACE) is None

        with observed.listening(note):
            async with testing.Fleet(clock, lambda: [loader.make(name, loaded)]) as fleet:
                for folder in packaged.folders([kind])[1:]:
                    fleet.management.seed(*packaged.read(folder))
                await fleet.create_config(spec, plugins=spec.pop("plugins", None))
                await fleet.create_cluster(CLUSTER, NAMESPACE)
                await asyncio.sleep(LIVE_SECONDS)
                await fleet.delete_cluster(CLUSTER, NAMESPACE)
                end = clock.monotonic() + LEAVE_SECONDS
                while not gone() and clock.monotonic() < end:  # noqa: ASYNC110 - virtual time
                    await asyncio.sleep(1.0)
                return clock.monotonic() - start if gone() else None

    gone_at = virtual_time.run(main)
    return Trace(tuple(calls), LIVE_SECONDS, gone_at)


def lines(trace: Trace) -> Iterator[str]:
    """The trace for people: each call, between what happens to the Cluster."""
    cluster = f"{NAMESPACE}/{CLUSTER}"
    yield f"{0.0:10.1f} s  Cluster {cluster} is created"
    deleted = False
    for at, call in trace.calls:
        if at >= trace.deleted_at and not deleted:
            deleted = True
            yield _deleted(trace, cluster)
        reason = f" {call.reason}" if call.reason else ""
        yield f"{at:10.1f} s  {call.hook:<18} {call.plugin:<10} {call.result}{reason}"
    if not deleted:
        yield _deleted(trace, cluster)
    if trace.gone_at is None:
        yield f"{'':12}  Cluster {cluster} is still there after {LEAVE_SECONDS / 3600:g} hours"
    else:
        yield f"{trace.gone_at:10.1f} s  Cluster {cluster} is gone"


def _deleted(trace: Trace, cluster: str) -> str:
    return f"{trace.deleted_at:10.1f} s  Cluster {cluster} is deleted"
