"""Steps of tests of the vCenter client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from akoo_testbed.vcsim import Fault
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import api
from akoo_vsphere.client.client import SoapClient

Open = Callable[..., Awaitable[SoapClient]]

SPEC: Final[dict[str, Any]] = {
    "_typeName": "DVPortgroupConfigSpec",
    "type": "earlyBinding",
    "autoExpand": True,
    "numPorts": 8,
}


async def switch_of(client: SoapClient, name: str = "DVS0") -> api.PlacedSwitch:
    """The first switch of this name."""
    inventory = await client.inventory()
    return next(placed for placed in inventory.switches if placed.switch.name == name)


async def group_named(client: SoapClient, name: str, switch: str = "DVS0") -> api.Listed:
    """The port group of this name on a switch."""
    placed = await switch_of(client, switch)
    listed = await client.port_groups(placed.switch.mo_ref)
    return next(group for group in listed if group.name == name)


async def inject(vcsim: vcsim_plugin.RunningVcsim, fault: Fault) -> int:
    """Make calls fail, and count calls from zero."""
    await vcsim.call(vcsim.control.clear_calls())
    return await vcsim.call(vcsim.control.inject(fault))


async def count(vcsim: vcsim_plugin.RunningVcsim, method: str) -> int:
    """Calls of a method since they were counted from zero."""
    calls = await vcsim.call(vcsim.control.calls())
    return calls.methods.get(method, 0)
