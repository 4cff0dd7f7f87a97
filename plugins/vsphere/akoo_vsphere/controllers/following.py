"""The source of the controller: one waiting call for each vCenter, and the keys that its news
concern.

Drift, a new name, a move, a removal and a wiped mark are seen when they happen. What the source
reports decides nothing: an attempt reads the port group itself.
"""

from __future__ import annotations

import asyncio
from typing import Final

from akoo_core.plugin import api, kube
from akoo_vsphere.client.api import VCenterClient
from akoo_vsphere.connect import access
from akoo_vsphere.connect.catalog import Reach
from akoo_vsphere.controllers import scene
from akoo_vsphere.controllers.index import Index
from akoo_vsphere.spec.connection import Connection

LONGEST_PAUSE: Final = 60.0
"""Seconds between two attempts to reach a vCenter: a Secret may have changed meanwhile."""
KUBE_PAUSE: Final = 5.0
GATHER_SECONDS: Final = 0.2
"""Time after news in which further news gather: each answer costs vCenter a comparison of all port
groups, and a create alone has two changes."""
OPEN_SECONDS: Final = 15.0
"""Time with one reading of Secret and connection: a wait without news takes longer."""


class Pauses:
    """The pauses after errors in a row. Pure.

    After an error that may pass they double from a second. Those that an answer to another call
    ends get longer, too, if the waiting call fails again: it may fail alone.
    """

    def __init__(self) -> None:
        self._errors = 0
        self._in_vain = 0

    def next(self, result: api.Wait | api.Blocked) -> tuple[float, float]:
        """The shortest and the longest pause after one more error with this result, in seconds."""
        most = min(max(result.after, 1.0), LONGEST_PAUSE)
        if isinstance(result, api.Wait):
            most = min(2.0**self._errors, most)
        self._errors += 1
        return min(2.0**self._in_vain - 1.0, most), most

    def ended(self, *, answered: bool) -> None:
        """The pause has ended, by an answer to another call or by itself."""
        self._in_vain = self._in_vain + 1 if answered else 0


async def follow(ctx: api.ControllerContext, add: api.AddKey, reach: Reach, index: Index) -> None:
    """Follow the vCenters of all connections that have port groups, until cancelled."""
    tasks: dict[str, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as group:
        while True:
            index.changed.clear()
            wanted = set(index.connections)
            for name in tasks.keys() - wanted:
                tasks.pop(name).cancel()
            for name in sorted(wanted - tasks.keys()):
                tasks[name] = group.create_task(
                    _follow(ctx, add, reach, index, name), name=f"vcenter-{name}"
                )
            await index.changed.wait()


async def _follow(
    ctx: api.ControllerContext, add: api.AddKey, reach: Reach, index: Index, name: str
) -> None:
    """Follow one vCenter, and forget its marks at the end."""
    try:
        await _followed(ctx, add, reach, index, name)
    finally:
        reach.marked.lose(name)


async def _followed(
    ctx: api.ControllerContext, add: api.AddKey, reach: Reach, index: Index, name: str
) -> None:
    """Follow one vCenter. Its Secret is read anew between two waits, so that a new one counts. An
    attempt that is answered ends the pause after an error."""
    version, answers, pauses = "", True, Pauses()
    connection: Connection | None = None
    client: VCenterClient | None = None
    opened = 0.0
    while True:
        try:
            now = ctx.clock.monotonic()
            if connection is None or client is None or now - opened >= OPEN_SECONDS:
                former, connection = connection, await scene.connection_of(ctx.kube, name)
                client = await access.open(ctx, ctx.kube, reach.vcenters, connection)
                opened = now
                if former is not None and former.identity != connection.identity:
                    version = ""
            changes = await client.changes(version)
        except access.ANSWERED as error:
            if answers:
                index.turned.put_nowait(name)
            client, version = None, ""
            reach.marked.lose(name)
            answers = await index.pause(name, *pauses.next(access.answer(error)))
            pauses.ended(answered=answers)
            continue
        except kube.KubeError:
            await asyncio.sleep(KUBE_PAUSE)
            continue
        if not answers or (changes.whole and version):
            # After a new session it may be another vCenter.
            index.turned.put_nowait(name)
        version, answers, pauses = changes.version, True, Pauses()
        reach.marked.take(connection, changes, ctx.clock.monotonic())
        for key in index.concerned(name, changes):
            add(key)
        if changes.changed or changes.removed:
            await asyncio.sleep(GATHER_SECONDS)
