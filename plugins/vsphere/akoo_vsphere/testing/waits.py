"""The waiting call: changes of port groups since the version that the client has."""

from __future__ import annotations

import asyncio

from akoo_vsphere.client import api, errors
from akoo_vsphere.testing import reads
from akoo_vsphere.testing.faults import Fault
from akoo_vsphere.testing.inventory import PortGroupEntity
from akoo_vsphere.testing.line import BEFORE, Line
from akoo_vsphere.testing.vcenter import Collector


class Waits:
    """The waiting calls of one client. A call with another version than the last answer's gets
    the whole list: its collector is made anew."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._collector = Collector()
        self._collector.alive = False
        self._shown: dict[str, api.Listed] = {}
        self._version = 0

    async def changes(self, version: str, seconds: int) -> api.Changes:
        # Less than the longest deadline of the seam: an answer without changes is no failure.
        longest = max(0.0, self._line.through.longest_seconds - 1)
        wait = min(float(seconds), float(api.MAX_WAIT_SECONDS), longest)

        async def body(_: Fault | None) -> api.Changes:
            if version != str(self._version):
                return self._anew()
            return await self._waited(wait)

        if version != str(self._version):
            await self._line.further(*BEFORE["changes"])
        return await self._line.call("changes", "", body, write=False, deadline=wait + 1)

    def _anew(self) -> api.Changes:
        vcenter = self._line.vcenter
        if self._collector in vcenter.collectors:
            vcenter.collectors.remove(self._collector)
        self._collector = Collector()
        vcenter.collectors.append(self._collector)
        self._shown = reads.visible(vcenter, self._line.user)
        return self._answer(tuple(self._shown.values()), whole=True)

    async def _waited(self, seconds: float) -> api.Changes:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while True:
            if not self._line.vcenter.answers:
                raise errors.UnreachableError(f"No answer from {self._line.address}.")
            if not self._collector.alive:
                return self._anew()
            changed, removed = self._news()
            if changed or removed:
                return self._answer(changed, removed)
            if loop.time() >= end:
                return self._answer()
            self._collector.woken.clear()
            try:
                async with asyncio.timeout_at(end):
                    await self._collector.woken.wait()
            except TimeoutError:
                continue

    def _news(self) -> tuple[tuple[api.Listed, ...], tuple[str, ...]]:
        """Port groups that differ from what the client knows, and those that left its view."""
        vcenter = self._line.vcenter
        changed, removed = [], []
        for mo_ref in sorted(self._collector.changed):
            group = vcenter.inventory.get(mo_ref, PortGroupEntity)
            if group is None or not vcenter.rights.reads(self._line.user, mo_ref):
                if self._shown.pop(mo_ref, None) is not None:
                    removed.append(mo_ref)
                continue
            listed = vcenter.listed(group)
            if self._shown.get(mo_ref) != listed:
                self._shown[mo_ref] = listed
                changed.append(listed)
        self._collector.changed.clear()
        return tuple(changed), tuple(removed)

    def _answer(
        self,
        changed: tuple[api.Listed, ...] = (),
        removed: tuple[str, ...] = (),
        *,
        whole: bool = False,
    ) -> api.Changes:
        if changed or removed or whole:
            self._version += 1
        return api.Changes(
            version=str(self._version), changed=changed, removed=removed, whole=whole
        )
