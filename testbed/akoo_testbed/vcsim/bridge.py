"""Gives the vCenter clouds of an avisim the port groups of vCenters, as a real Avi discovers them.

A cloud belongs to the vCenter whose address is its `vcenter_url`, and sees the port groups of its
datacenter (`datacenter`, or `datacenter_managed_object_id`); one that names none sees nothing.
Uplink port groups are left out. A vCenter that does not answer changes nothing.

    bridge = Bridge(avisim.controller, {vcsim.part.address: vcsim.control}, delay_seconds=2)
    with running(bridge, avisim.loop):
        ...
"""

import asyncio
import contextlib
import dataclasses
import time
import typing
from collections.abc import Callable, Iterator, Mapping

import aiohttp

from akoo_testbed import background
from akoo_testbed.avisim import Controller
from akoo_testbed.avisim.objects import discovery, schema
from akoo_testbed.vcsim.control import ControlError, PortGroupState

LOOK_SECONDS = 0.2

Groups = tuple[PortGroupState, ...]


class Source(typing.Protocol):
    """A vCenter; `Control` is one. Raises ControlError or aiohttp.ClientError for no answer."""

    async def port_groups(self) -> Mapping[str, PortGroupState]:
        """All distributed port groups, by reference."""
        ...


@dataclasses.dataclass(slots=True)
class _View:
    """The port groups of one vCenter: as Avi knows them, and as they will be known later."""

    known: Groups | None = None
    coming: list[tuple[float, Groups]] = dataclasses.field(default_factory=list)
    """From when on they are there, and which."""

    @property
    def last(self) -> Groups | None:
        return self.coming[-1][1] if self.coming else self.known

    def discover(self, now: float, delay_seconds: float) -> None:
        """Make known what is there for so long."""
        while self.coming and self.coming[0][0] + delay_seconds <= now:
            self.known = self.coming.pop(0)[1]


class Bridge:
    """Discovery of one avisim. All its work is done on the loop that the controller lives on."""

    def __init__(
        self,
        controller: Controller,
        vcenters: Mapping[str, Source],
        *,
        delay_seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.controller = controller
        self.vcenters = vcenters
        """By address, as in `vcenter_url`. The mapping may change later."""
        self.delay_seconds = delay_seconds
        """From a change in vCenter to Avi's knowing it; may be changed at any time."""
        self._clock = clock
        self._views: dict[str, _View] = {}

    async def look(self) -> None:
        """Look at each vCenter once, and make known what is due."""
        for address, source in list(self.vcenters.items()):
            view = self._views.setdefault(address, _View())
            with contextlib.suppress(ControlError, aiohttp.ClientError, TimeoutError):
                groups = tuple((await source.port_groups()).values())
                if groups != view.last:
                    view.coming.append((self._clock(), groups))
            view.discover(self._clock(), self.delay_seconds)
        self._tell()

    async def run(self, seconds: float = LOOK_SECONDS) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(seconds)

    def _tell(self) -> None:
        state = self.controller.state
        for cloud in list(state.objects.of_kind("cloud")):
            settings = cloud.data.get("vcenter_configuration") or {}
            view = self._views.get(settings.get("vcenter_url", ""))
            if view is not None and view.known is not None and discovery.discovers(cloud):
                discovery.discover(state, cloud, _of_datacenter(settings, view.known))


def _of_datacenter(settings: schema.Json, groups: Groups) -> list[discovery.PortGroup]:
    names = {settings.get("datacenter"), settings.get("datacenter_managed_object_id")} - {None, ""}
    return [
        discovery.PortGroup(
            moref=group.reference,
            name=group.name,
            switch_name=group.switch,
            vlan=max(group.vlan, 0),
            datacenter=group.datacenter_reference,
        )
        for group in groups
        if not group.uplink and {group.datacenter, group.datacenter_reference} & names
    ]


@contextlib.contextmanager
def running(
    bridge: Bridge, loop: background.LoopThread, seconds: float = LOOK_SECONDS
) -> Iterator[Bridge]:
    """The bridge at work on the controller's loop until the block ends; raises its error then."""
    future = loop.submit(bridge.run(seconds))
    try:
        yield bridge
    finally:
        if not future.cancel():
            future.result()
