"""A door to a vCenter that ends sessions at any call, for virtual time: no socket, no thread."""

from __future__ import annotations

import asyncio
from typing import Any

from akoo_vsphere.client.account import Account
from akoo_vsphere.client.wire import Exchange, Fault, LostError, Ref, SoapCall

ROOT = Ref("Folder", "group-d1")
GROUP = Ref("DistributedVirtualPortgroup", "dvportgroup-1")
CONTENT = {
    "rootFolder": ROOT,
    "about": {"instanceUuid": "uuid", "apiType": "VirtualCenter"},
    **{
        name: Ref(name, name)
        for name in ("propertyCollector", "sessionManager", "searchIndex", "viewManager")
    },
}
DEAD = ("NotAuthenticated", "NoPermission", "SecurityError", "RuntimeFault")
CALL_SECONDS = 0.01


class EndingDoor:
    """Opens sessions. ``ends``: numbers of calls before which (or, negative, after which) the
    sessions of that time are ended; ``cuts``: numbers of calls whose answers are lost."""

    def __init__(self, ends: set[int], cuts: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        self.ends = ends
        self.cuts = cuts
        self.number = 0
        self.logins = 0
        self.ended = 0
        """Sessions that were ended while they were alive."""
        self.alive: set[int] = set()
        self.renames = 0

    def __call__(self, _: Account) -> EndingDoor:
        return self

    async def login(self, exchange: Exchange) -> EndingSession:
        await asyncio.sleep(CALL_SECONDS)
        self.logins += 1
        self.alive.add(self.logins)
        return EndingSession(self, self.logins)

    def close(self) -> None:
        self.alive.clear()

    def end_all(self) -> None:
        self.ended += len(self.alive)
        self.alive.clear()


class EndingSession:
    """A session with one port group."""

    content: dict[str, Any] = CONTENT
    api_version = "8.0.3.0"

    def __init__(self, door: EndingDoor, name: int) -> None:
        self._door = door
        self._name = name
        self.key = f"key-{name}"
        self._collectors = 0

    async def call(self, call: SoapCall, exchange: Exchange, *, waits: bool = False) -> Any:
        door = self._door
        door.number += 1
        number = door.number
        exchange.begun = exchange.sent = True
        await asyncio.sleep(CALL_SECONDS)
        if number in door.ends:
            door.end_all()
        answer = self._answer(call)
        if -number in door.ends:
            door.end_all()
        if number in door.cuts:
            raise LostError("the connection was cut", sent=True)
        if isinstance(answer, Fault):
            raise answer
        return answer

    def _answer(self, call: SoapCall) -> Any:
        alive = self._name in self._door.alive
        match call.method:
            case "RetrievePropertiesEx":
                asked = call.arguments["specSet"][0]["objectSet"]
                if not alive and call.target != CONTENT["propertyCollector"]:
                    return _gone(call.target)  # a collector of a dead session
                return {"objects": [_row(entry["obj"], alive=alive) for entry in asked]}
            case _ if not alive:
                return Fault(DEAD, {})
            case "CreatePropertyCollector":
                self._collectors += 1
                return Ref("PropertyCollector", f"session[{self._name}]{self._collectors}")
            case "Rename_Task":
                self._door.renames += 1
                return Ref("Task", "task-1")
            case "Logout":
                self._door.alive.discard(self._name)
                return None
        raise AssertionError(call.method)


def _gone(ref: Ref) -> Fault:
    return Fault(("ManagedObjectNotFound", "RuntimeFault"), {"obj": ref})


def _row(ref: Ref, *, alive: bool) -> dict[str, Any]:
    if not alive:
        missing = {"path": "name", "fault": Fault(DEAD, {})}
        return {"obj": ref, "missingSet": [missing]}
    fields: dict[str, Any] = {"name": "data", "parent": ROOT, "config": {"key": ref.value}}
    if ref.type == "Task":
        fields = {"info.state": "success"}
    return {"obj": ref, "propSet": [{"name": name, "val": fields[name]} for name in fields]}
