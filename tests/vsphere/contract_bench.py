"""A vCenter that the contract is played on, whichever it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol

from akoo_vsphere.client import errors
from akoo_vsphere.client.api import VCenterClient
from akoo_vsphere.testing import Fault, MemoryVCenter, SimulatedVCenter, standard

from akoo_core.plugin import external

Json = dict[str, Any]
Write = Literal["create", "reconfigure", "rename", "destroy", "set_attribute"]
OPERATOR = "operator@vsphere.local"
PERSON = "person@vsphere.local"


class Bench(Protocol):
    """The inventory of ``akoo_vsphere.testing.scenes``, and all that a row may do to it."""

    client: VCenterClient
    """The account whose calls the rows are about."""
    person: VCenterClient
    """Another account, which has every right."""

    async def attach(self, group: str, name: str, *, host: bool = False) -> str:
        """Put a virtual machine, or a vmkernel port of a host of that name, on a port group; the
        moRef of it."""
        ...

    async def detach(self, group: str) -> None:
        """Take all users off a port group."""
        ...

    async def deny(self, privilege: str, mo_ref: str) -> None:
        """Take a privilege from the client's account, on an object and below it."""
        ...

    async def allow(self) -> None:
        """Give back what was denied."""
        ...

    async def lose_answer(self, method: Write) -> None:
        """The next call has its effect, and its answer is lost."""
        ...

    async def fail_after(self, method: Write) -> None:
        """The next task has its effect, and ends with LimitExceeded."""
        ...

    async def end_sessions(self) -> None:
        """End the sessions of the client's account."""
        ...

    async def switch(self, name: str, datacenter: str = "DC0") -> str:
        """moRef of a switch."""
        ...

    async def group(self, name: str) -> str:
        """moRef of a port group; names are unique but on NSX."""
        ...


class CommonBench:
    """Looks that go through the protocol itself."""

    person: VCenterClient

    async def switch(self, name: str, datacenter: str = "DC0") -> str:
        inventory = await self.person.inventory()
        place = next(each.mo_ref for each in inventory.datacenters if each.name == datacenter)
        return next(
            placed.switch.mo_ref
            for placed in inventory.switches
            if placed.switch.name == name and placed.datacenter == place
        )

    async def group(self, name: str) -> str:
        for placed in (await self.person.inventory()).switches:
            for listed in await self.person.port_groups(placed.switch.mo_ref):
                if listed.name == name:
                    return listed.mo_ref
        raise AssertionError(name)


class MemoryBench(CommonBench):
    """The vCenter in memory."""

    def __init__(self, through: external.External | None = None) -> None:
        self._vcenter = SimulatedVCenter()
        standard(self._vcenter)
        memory = MemoryVCenter(self._vcenter, through, username=OPERATOR)
        self._hand = memory.hand
        self.client: VCenterClient = memory
        self.person: VCenterClient = MemoryVCenter(self._vcenter, username=PERSON)

    async def attach(self, group: str, name: str, *, host: bool = False) -> str:
        return self._hand.attach(group, name, machine=not host)

    async def detach(self, group: str) -> None:
        self._hand.detach(group)

    async def deny(self, privilege: str, mo_ref: str) -> None:
        self._hand.deny(privilege, mo_ref, user=OPERATOR)

    async def allow(self) -> None:
        self._hand.allow()

    async def lose_answer(self, method: Write) -> None:
        self._vcenter.faults.add(Fault(method=method, user=OPERATOR, lost=True))

    async def fail_after(self, method: Write) -> None:
        error = errors.LimitError("full")
        fault = Fault(method=method, user=OPERATOR, error=error, place="task", after=True)
        self._vcenter.faults.add(fault)

    async def end_sessions(self) -> None:
        self._vcenter.end_sessions()


Play = Callable[[Bench], Awaitable[object]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table."""

    play: Play
    expected: object
    source: str
    """The vendor's document, or the source, that shows it of a real vCenter; "" for none: then
    the README says that it is our choice."""


ROWS: dict[str, Row] = {}


def row(expected: object, source: str = "") -> Callable[[Play], Play]:
    """Add a row: a scene, and its outcome on every vCenter."""

    def add(play: Play) -> Play:
        ROWS[play.__name__] = Row(play=play, expected=expected, source=source)
        return play

    return add


async def outcome(work: Awaitable[object]) -> str:
    """The class of the error and the field that it names, or ``done``."""
    try:
        await work
    except errors.InvalidError as error:
        return f"InvalidError {error.field}".rstrip()
    except errors.ForbiddenError as error:
        return f"ForbiddenError {' '.join(missing.privilege for missing in error.missing)}"
    except errors.VCenterError as error:
        return type(error).__name__
    return "done"
