"""A door to a vCenter that ends sessions at any call, for virtual time: no socket, no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Literal

from akoo_vsphere.client.account import Account
from akoo_vsphere.client.wire import Exchange, Fault, LostError, Ref, SoapCall

ROOT = Ref("Folder", "group-d1")
SWITCH = Ref("DistributedVirtualSwitch", "dvs-1")
GROUP = Ref("DistributedVirtualPortgroup", "dvportgroup-1")
OTHER = Ref("DistributedVirtualPortgroup", "dvportgroup-2")
GHOST = Ref("DistributedVirtualPortgroup", "dvportgroup-3")
"""Its switch names it, and it is gone."""
HIDDEN = Ref("DistributedVirtualPortgroup", "dvportgroup-4")
"""The account cannot see it: an answer does not have it."""
CONTENT = {
    "rootFolder": ROOT,
    "about": {"instanceUuid": "uuid", "apiType": "VirtualCenter"},
    **{
        name: Ref(name, name)
        for name in (
            "propertyCollector",
            "sessionManager",
            "searchIndex",
            "viewManager",
            "customFieldsManager",
        )
    },
}
DEAD = ("NotAuthenticated", "NoPermission", "SecurityError", "RuntimeFault")
CALL_SECONDS = 0.01

Shape = Literal["missing", "gone", "nothing"]
"""Answer of a dead session to a read: with NotAuthenticated for each object, as if the objects
were gone, or with nothing at all."""


class EndingDoor:
    """Opens sessions. ``ends``: numbers of calls before which (negative: after which) all sessions
    of that time are ended. ``cuts``: numbers of calls whose answers are lost."""

    def __init__(
        self,
        ends: Collection[int] = (),
        cuts: Collection[int] = (),
        *,
        shape: Shape = "missing",
    ) -> None:
        self.ends = ends
        self.cuts = cuts
        self.shape = shape
        self.number = 0
        self.logins = 0
        self.ended = 0
        """Sessions that were ended while they were alive."""
        self.alive: set[int] = set()
        self.renames = 0

    def __call__(self, _: Account) -> EndingDoor:
        return self

    async def login(self, exchange: Exchange) -> EndingSession:
        exchange.begun = True
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
    """A session with a switch and its port groups, which reads one object at a time."""

    content: dict[str, Any] = CONTENT
    api_version = "8.0.3.0"

    def __init__(self, door: EndingDoor, name: int) -> None:
        self._door = door
        self._name = name
        self.key = f"key-{name}"
        self._collectors = 0
        self._latest: dict[Ref, tuple[str, list[Ref]]] = {}
        """The latest token of each collector, and the objects that are left."""

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
        if call.method == "RetrievePropertiesEx":
            return self._retrieve(call)
        if self._name not in self._door.alive:
            return Fault(DEAD, {})
        match call.method:
            case "ContinueRetrievePropertiesEx":
                token, left = self._latest.pop(call.target, ("", []))
                if token != call.arguments["token"]:
                    return Fault(("InvalidArgument",), {"invalidProperty": "token"})
                return self._page(call.target, left)
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

    def _retrieve(self, call: SoapCall) -> Any:
        spec = call.arguments["specSet"][0]
        asked = [entry["obj"] for entry in spec["objectSet"]]
        if self._name not in self._door.alive:
            if call.target != CONTENT["propertyCollector"]:
                return _gone(call.target)  # a collector of a dead session
            return self._dead(asked)
        if asked == [SWITCH] and "selectSet" in spec["objectSet"][0]:
            asked += [GROUP, OTHER, GHOST]
        return self._page(call.target, [ref for ref in asked if ref != HIDDEN])

    def _dead(self, asked: list[Ref]) -> Any:
        if self._door.shape == "nothing":
            return None
        if self._door.shape == "gone" and asked != [ROOT]:
            return _gone(asked[0])
        missing = {"path": "name", "fault": Fault(DEAD, {})}
        return {"objects": [{"obj": ref, "missingSet": [missing]} for ref in asked]}

    def _page(self, collector: Ref, asked: list[Ref]) -> Any:
        if not asked:
            return None
        answer: dict[str, Any] = {"objects": [_row(asked[0])]}
        if asked[1:]:
            answer["token"] = f"{collector.value}/{self._door.number}"
            self._latest[collector] = (answer["token"], asked[1:])
        return answer


def _gone(ref: Ref) -> Fault:
    return Fault(("ManagedObjectNotFound", "RuntimeFault"), {"obj": ref})


def _row(ref: Ref) -> dict[str, Any]:
    if ref == GHOST:
        return {"obj": ref, "missingSet": [{"path": "name", "fault": _gone(ref)}]}
    fields: dict[str, Any] = {"name": "data", "parent": ROOT, "config": {"key": ref.value}}
    if ref.type == "Task":
        fields = {"info.state": "success"}
    return {"obj": ref, "propSet": [{"name": name, "val": fields[name]} for name in fields]}
