"""The way of a call to the vCenter: the seam of external calls, faults, deadlines, tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from akoo_core.plugin import external
from akoo_vsphere.client import errors
from akoo_vsphere.client.wire import SYSTEM
from akoo_vsphere.testing.faults import Fault
from akoo_vsphere.testing.vcenter import Entry, SimulatedTask, SimulatedVCenter

_SESSION: Final = "RetrievePropertiesEx session"
_FIELDS: Final = "RetrievePropertiesEx CustomFieldsManager"
_GROUP: Final = "RetrievePropertiesEx DistributedVirtualPortgroup"
SITES: Final[dict[str, str]] = {
    "about": _SESSION,
    "inventory": "RetrievePropertiesEx inventory",
    "port_groups": "RetrievePropertiesEx portgroups",
    "descriptions": "RetrievePropertiesEx descriptions",
    "vlans": "RetrievePropertiesEx vlans",
    "port_group": _GROUP,
    "port_group_at": "FindByInventoryPath",
    "child": "FindChild",
    "path": "RetrievePropertiesEx path",
    "users": _GROUP,
    "missing_privileges": "HasPrivilegeOnEntities",
    "attributes": _FIELDS,
    "define_attribute": "AddCustomFieldDef",
    "set_attribute": "SetField",
    "create": "AddDVPortgroup_Task",
    "reconfigure": "ReconfigureDVPortgroup_Task",
    "rename": "Rename_Task",
    "destroy": "Destroy_Task",
    "task": "RetrievePropertiesEx Task",
    "changes": "WaitForUpdatesEx",
}
"""Method of the client to its external call in the real client. The contract compares them."""
BEFORE: Final[dict[str, tuple[str, ...]]] = {
    "changes": ("CreateContainerView", "CreatePropertyCollector", "CreateFilter"),
}
AFTER: Final[dict[str, tuple[str, ...]]] = {
    "port_groups": (_FIELDS,),
    "users": ("FetchDVPorts", "RetrievePropertiesEx users"),
    "define_attribute": (_FIELDS,),
    "create": ("RetrievePropertiesEx DistributedVirtualSwitch", "FindChild"),
}
"""Further calls of a method; they are reads."""
READ_SECONDS: Final = 10.0
WRITE_SECONDS: Final = 60.0
"""Longest time of a write with its task."""
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 2.0
"""Pauses between two looks at a task."""

T = TypeVar("T")


class Line:
    """Calls of one client."""

    def __init__(
        self, vcenter: SimulatedVCenter, through: external.External, user: str, address: str
    ) -> None:
        self.vcenter = vcenter
        self.through = through
        self.user = user
        self.address = address

    async def further(self, *operations: str) -> None:
        """Reads whose answers matter to a real client only."""
        for operation in operations:
            async with self.through.call(
                SYSTEM, operation, write=False, subject=self.address, deadline_seconds=READ_SECONDS
            ):
                self._check_answers()

    async def read(self, method: str, mo_ref: str, effect: Callable[[], T]) -> T:
        """A read, with its answer."""

        async def body(_: Fault | None) -> T:
            return effect()

        return await self.call(method, mo_ref, body, write=False, deadline=READ_SECONDS)

    async def write(self, method: str, mo_ref: str, effect: Callable[[], T]) -> T:
        """A write without a task."""

        async def body(_: Fault | None) -> T:
            return effect()

        seconds = self.through.longest_seconds
        return await self.call(method, mo_ref, body, write=True, deadline=seconds)

    async def task(
        self, method: str, mo_ref: str, check: Callable[[], None], effect: Callable[[], str]
    ) -> str:
        """A write with a task, until its end; the moRef that it made. Raises TaskRunningError."""

        async def body(fault: Fault | None) -> SimulatedTask:
            check()
            if fault is None or not (fault.task_seconds or fault.place == "task"):
                return self.vcenter.start(effect)
            error = fault.raised() if fault.place == "task" else None
            return self.vcenter.start(
                effect, seconds=fault.task_seconds, error=error, after=fault.after
            )

        seconds = self.through.longest_seconds
        task = await self.call(method, mo_ref, body, write=True, deadline=seconds)
        return await self._ended(method, task)

    async def _ended(self, method: str, task: SimulatedTask) -> str:
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + WRITE_SECONDS, FIRST_PAUSE_SECONDS
        while True:
            state = await self.read("task", task.mo_ref, lambda: task.state)
            if state == "error" and task.error is not None:
                raise task.error
            if state == "success":
                return task.result
            if loop.time() >= end:
                message = f"{self.address}: {method} still runs as {task.mo_ref}."
                raise errors.TaskRunningError(message, task.mo_ref)
            await asyncio.sleep(min(pause, end - loop.time()))
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)

    async def call(
        self,
        method: str,
        mo_ref: str,
        body: Callable[[Fault | None], Awaitable[T]],
        *,
        write: bool,
        deadline: float,
    ) -> T:
        """One external call. An answer that is lost or late is what it is to a real client."""
        try:
            async with self.through.call(
                SYSTEM,
                SITES[method],
                write=write,
                subject=f"{self.address} {mo_ref}".rstrip(),
                deadline_seconds=deadline,
            ):
                return await self._met(method, mo_ref, body, write=write)
        except TimeoutError:
            raise self._no_answer(method, write=write) from None

    async def _met(
        self, method: str, mo_ref: str, body: Callable[[Fault | None], Awaitable[T]], *, write: bool
    ) -> T:
        vcenter = self.vcenter
        self._check_answers()
        vcenter.journal.append(Entry(method=method, mo_ref=mo_ref, user=self.user, write=write))
        fault = vcenter.faults.meet(method, mo_ref, self.user)
        if fault is None:
            return await body(None)
        thrown = fault.raised() if fault.place == "method" else None
        if thrown is not None and not fault.after:
            await asyncio.sleep(fault.hold_seconds + fault.delay_seconds)
            raise thrown
        try:
            await asyncio.sleep(fault.hold_seconds)
        finally:
            answer = await body(fault)
        await asyncio.sleep(fault.delay_seconds)
        if fault.lost:
            raise self._no_answer(method, write=write)
        if thrown is not None:
            raise thrown
        return answer

    def _check_answers(self) -> None:
        if not self.vcenter.answers:
            raise errors.UnreachableError(f"No answer from {self.address}.")

    def _no_answer(self, method: str, *, write: bool) -> errors.VCenterError:
        if write:
            return errors.OutcomeUnknownError(f"{self.address}: the answer to {method} was lost.")
        return errors.UnreachableError(f"No answer from {self.address} to {method}.")
