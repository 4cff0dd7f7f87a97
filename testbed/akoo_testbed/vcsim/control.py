"""Client of the control endpoint of a simulated vCenter."""

import dataclasses
import typing
from collections.abc import Mapping

import aiohttp

from akoo_testbed import errors
from akoo_testbed.vcsim.faults import Fault

_SECONDS = 30.0


class ControlError(errors.TestbedError):
    """The endpoint refused a request; the message is its sentence."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calls:
    """SOAP calls since the start, the last reset or the last `clear_calls`."""

    total: int
    waiting: int
    """Calls of WaitForUpdates that are under way now."""
    methods: Mapping[str, int]
    """By name on the wire; reads of one property by pyvmomi are `Fetch`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Session:
    """A session that somebody logged in."""

    key: str
    user: str
    login: str
    """Time in RFC 3339."""
    calls: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class PortGroupState:
    """A distributed port group as the vCenter holds it."""

    reference: str
    name: str
    path: str
    """Inventory path from the datacenter: /DC0/network/NAME."""
    datacenter: str
    datacenter_reference: str
    switch: str
    switch_uuid: str
    vlan: int
    """-1 for trunks and private VLANs."""
    version: str
    """The configuration's."""
    uplink: bool
    connected: tuple[str, ...]
    """References of VMs and hosts."""


class Control:
    """Changes and looks at one simulated vCenter. Raises ControlError and aiohttp.ClientError."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def state(self) -> dict[str, typing.Any]:
        """Identity, rules, number of sessions."""
        return typing.cast("dict[str, typing.Any]", await self._ask("GET", "/"))

    async def reset(self) -> None:
        """Make it what it was at its start, but for the rules; all sessions and calls end."""
        await self._ask("POST", "/reset")

    async def change(
        self,
        *,
        instance_uuid: str = "",
        api_version: str = "",
        delay_seconds: float | None = None,
        accounts: Mapping[str, str] | None = None,
    ) -> None:
        """Change its identity, its latency for each call, or all its accounts."""
        document: dict[str, typing.Any] = {}
        if instance_uuid:
            document["instance_uuid"] = instance_uuid
        if api_version:
            document["api_version"] = api_version
        if delay_seconds is not None:
            document["delay_seconds"] = delay_seconds
        if accounts is not None:
            document["accounts"] = dict(accounts)
        await self._ask("PUT", "/", document)

    async def switch_rules(self, rules: Mapping[str, bool]) -> dict[str, bool]:
        """Switch strict rules by name; all rules as they are then."""
        return typing.cast("dict[str, bool]", await self._ask("PUT", "/rules", dict(rules)))

    async def calls(self) -> Calls:
        """Calls so far."""
        return Calls(**await self._ask("GET", "/calls"))

    async def clear_calls(self) -> None:
        """Count from zero."""
        await self._ask("DELETE", "/calls")

    async def inject(self, fault: Fault) -> int:
        """Make calls fail; the number by which `release` knows it."""
        return int(await self._ask("POST", "/faults", fault.document()))

    async def applied(self, number: int) -> int:
        """Number of calls that a fault concerned so far."""
        listed = await self._ask("GET", "/faults")
        return int(next(each["applied"] for each in listed if each["id"] == number))

    async def release(self, number: int | None = None) -> None:
        """Remove a fault, or all; what is held goes on."""
        await self._ask("DELETE", "/faults" if number is None else f"/faults/{number}")

    async def deny(
        self, privilege: str, *, user: str = "", object_: str = "", only: bool = False
    ) -> int:
        """Take a privilege from a user (empty: all) on an object and what is below it.

        `object_` is a reference, a path (`/DC0/network`) or a name that no other object has; empty:
        the root. With `only`, objects below keep it.
        """
        document = {"privilege": privilege, "user": user, "object": object_, "only": only}
        return int(await self._ask("POST", "/denials", document))

    async def allow(self, number: int | None = None) -> None:
        """Give back a denied privilege, or all."""
        await self._ask("DELETE", "/denials" if number is None else f"/denials/{number}")

    async def sessions(self) -> list[Session]:
        """Sessions that are alive."""
        return [Session(**each) for each in await self._ask("GET", "/sessions")]

    async def end_sessions(self, user: str = "") -> int:
        """End the sessions of a user, or all; how many there were."""
        return len(await self._ask("DELETE", "/sessions", query={"user": user}))

    async def attach(self, port_group: str, *, machine: str = "", host: str = "") -> str:
        """Put a NIC of a VM, made if need be, or a vmkernel port of a host on a port group."""
        document = {"port_group": port_group, "machine": machine, "host": host}
        return str(await self._ask("POST", "/attachments", document))

    async def detach(self, port_group: str, *, machine: str = "") -> None:
        """Take the NICs of a VM, or of all, and all vmkernel ports off a port group."""
        await self._ask("DELETE", "/attachments", {"port_group": port_group, "machine": machine})

    async def move(self, port_group: str, *, folder: str) -> str:
        """Put a port group into a folder beside its own, made if need be; its inventory path."""
        document = {"port_group": port_group, "folder": folder}
        return str(await self._ask("POST", "/moves", document))

    async def port_groups(self) -> dict[str, PortGroupState]:
        """All distributed port groups, by reference."""
        listed = await self._ask("GET", "/portgroups")
        states = [
            PortGroupState(**{**each, "connected": tuple(each["connected"])}) for each in listed
        ]
        return {state.reference: state for state in states}

    async def _ask(
        self,
        method: str,
        path: str,
        document: object = None,
        query: Mapping[str, str] | None = None,
    ) -> typing.Any:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, self.url + path, json=document, params=query) as response,
        ):
            answer = await response.json(content_type=None)
            if response.status != 200:
                raise ControlError(f"{method} {path}: {answer['error']}")
            return answer
