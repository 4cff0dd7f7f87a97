"""The client: method calls become calls of vCenter, and answers become values or errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from akoo_core.plugin import clock, external
from akoo_core.plugin.structs import JSON
from akoo_vsphere.client import api, errors, wire
from akoo_vsphere.client.answers import faults, inventory, properties, tasks, usage
from akoo_vsphere.client.answers.properties import PORT_GROUP, SWITCH, Row
from akoo_vsphere.client.connection import Operation, VCenterConnection
from akoo_vsphere.client.watch import Watch
from akoo_vsphere.client.wire import Fault, Ref, SoapCall

Sleep = Callable[[float], Awaitable[None]]

LONG_READ_SECONDS: Final = 30.0
"""Time of reads whose answer grows with the inventory."""


class SoapClient:
    """A VCenterClient over a connection."""

    def __init__(
        self,
        connection: VCenterConnection,
        through: external.External,
        watch: Watch,
        *,
        now: clock.Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._connection = connection
        self._through = through
        self._watch = watch
        self._clock = now
        self._sleep = sleep

    @property
    def address(self) -> str:
        return self._connection.address

    async def about(self) -> api.About:
        async def read(operation: Operation) -> api.About:
            await operation.prove_alive()
            about = operation.session.content["about"]
            return api.About(
                instance_uuid=operation.session.instance_uuid,
                version=str(about.get("version") or ""),
                build=str(about.get("build") or ""),
                api_version=operation.session.session.api_version,
                root_folder=operation.session.manager("rootFolder").value,
            )

        return await self._connection.reading(read, self._through)

    async def inventory(self) -> api.Inventory:
        async def read(operation: Operation) -> api.Inventory:
            root = operation.session.manager("rootFolder")
            paths = {
                "Folder": inventory.PLACE,
                inventory.DATACENTER: inventory.PLACE,
                SWITCH: inventory.SWITCH_PATHS,
            }
            spec = properties.filter_spec([root], paths, properties.NETWORKS)
            rows = await operation.rows(spec, label="inventory", subject=root.value)
            self._connection.learn(row.ref for row in rows)
            return inventory.inventory(rows)

        return await self._connection.reading(
            read, self._through, seconds=self._long(LONG_READ_SECONDS)
        )

    async def port_groups(self, switch: str) -> tuple[api.Listed, ...]:
        async def read(operation: Operation) -> tuple[api.Listed, ...]:
            start = self._connection.ref(switch)
            paths = {SWITCH: ("name",), PORT_GROUP: inventory.LISTED_PATHS}
            spec = properties.filter_spec([start], paths, properties.OF_SWITCH)
            rows = await operation.rows(spec, label="portgroups", subject=switch)
            if not any(row.ref.value == switch and "name" in row.fields for row in rows):
                await operation.prove_alive()
                raise self._unreadable(switch)
            attributes = await self._definitions(operation)
            return tuple(
                _listed(row, attributes) for row in rows if row.ref.value != switch and not row.gone
            )

        return await self._connection.reading(
            read, self._through, seconds=self._long(LONG_READ_SECONDS)
        )

    async def port_group(self, mo_ref: str) -> JSON:
        async def read(operation: Operation) -> JSON:
            row = await self._row(operation, Ref(PORT_GROUP, mo_ref), inventory.PORT_GROUP_PATHS)
            if row.unreadable(inventory.NEEDED) or "config" not in row.fields:
                raise self._unreadable(mo_ref, row)
            return {"moRef": mo_ref, **wire.mo_refs(dict(row.fields))}

        return await self._connection.reading(read, self._through)

    async def port_group_at(self, path: str) -> str:
        async def read(operation: Operation) -> str:
            at = await operation.call(
                SoapCall(
                    method="FindByInventoryPath",
                    target=operation.session.manager("searchIndex"),
                    arguments={"inventoryPath": path.strip("/")},
                    subject=path,
                )
            )
            if isinstance(at, Ref) and at.type == PORT_GROUP:
                return at.value
            await operation.prove_alive()
            raise errors.NotFoundError(
                f"No distributed port group is at {path} on {self.address}, or not for this "
                "account."
            )

        return await self._connection.reading(read, self._through)

    async def path(self, mo_ref: str) -> str:
        async def read(operation: Operation) -> str:
            start = self._connection.ref(mo_ref)
            spec = properties.filter_spec(
                [start], {properties.ENTITY: inventory.PLACE}, properties.UP
            )
            rows = await operation.rows(spec, label="path", subject=mo_ref)
            own = next((row for row in rows if row.ref.value == mo_ref), None)
            if own is None or "name" not in own.fields:
                await self._raise_gone(operation, mo_ref, own)
            return inventory.Places(rows).path(mo_ref)

        return await self._connection.reading(read, self._through)

    async def users(self, mo_ref: str, switch: str) -> api.Users:
        async def read(operation: Operation) -> api.Users:
            row = await self._row(operation, Ref(PORT_GROUP, mo_ref), ("key", "vm"))
            key = str(row.fields.get("key") or mo_ref)
            machines = None if "vm" in row.missing else tuple(row.fields.get("vm") or ())
            ports = await self._ports(operation, self._connection.ref(switch), key)
            asked = usage.entities(ports or (), machines or ())[: usage.READ]
            rows: list[Row] = []
            if asked:
                spec = properties.filter_spec(asked, {properties.ENTITY: ("name",)})
                rows = await operation.rows(spec, label="users", subject=mo_ref)
            return usage.users(ports, machines, asked, rows)

        return await self._connection.reading(read, self._through)

    async def missing_privileges(
        self, mo_refs: tuple[str, ...], privileges: tuple[str, ...]
    ) -> tuple[tuple[str, str], ...]:
        async def read(operation: Operation) -> tuple[tuple[str, str], ...]:
            answer = await operation.call(
                SoapCall(
                    method="HasPrivilegeOnEntities",
                    target=operation.session.manager("authorizationManager"),
                    arguments={
                        "entity": [self._connection.ref(mo_ref) for mo_ref in mo_refs],
                        "sessionId": operation.session.session.key,
                        "privId": list(privileges),
                    },
                )
            )
            granted = {
                (entry["entity"].value, availability["privId"])
                for entry in answer or ()
                for availability in entry.get("privAvailability") or ()
                if availability.get("isGranted")
            }
            asked = ((mo_ref, privilege) for mo_ref in mo_refs for privilege in privileges)
            return tuple(pair for pair in asked if pair not in granted)

        return await self._connection.reading(read, self._through)

    async def attributes(self) -> dict[int, str]:
        return await self._connection.reading(self._definitions, self._through)

    async def define_attribute(self, name: str) -> int:
        key = _key(await self.attributes(), name)
        if key is not None:
            return key
        try:
            made = await self._connection.writing_to(
                "customFieldsManager",
                "AddCustomFieldDef",
                {"name": name, "moType": PORT_GROUP},
                self._through,
                subject=name,
            )
        except errors.NameTakenError:
            # Another replica was faster, or the list that was read is old.
            key = _key(await self.attributes(), name)
            if key is None:
                raise
            return key
        return int(made["key"])

    async def create(self, switch: str, spec: JSON) -> str:
        name = str(spec["name"])
        call = SoapCall(
            method="AddDVPortgroup_Task",
            target=self._connection.ref(switch),
            arguments={"spec": [spec]},
            write=True,
            subject=f'"{name}"',
        )
        await self._run(call)
        mo_ref = await self._connection.reading(
            lambda operation: self._made(operation, switch, spec), self._through
        )
        if mo_ref is None:
            raise errors.OutcomeUnknownError(
                f'{self.address} made port group "{name}", but does not show it. Read again.'
            )
        return mo_ref

    async def reconfigure(self, mo_ref: str, spec: JSON) -> None:
        await self._run(_on_port_group("ReconfigureDVPortgroup_Task", mo_ref, {"spec": spec}))

    async def rename(self, mo_ref: str, name: str) -> None:
        await self._run(_on_port_group("Rename_Task", mo_ref, {"newName": name}))

    async def set_attribute(self, mo_ref: str, key: int, value: str) -> None:
        await self._connection.writing_to(
            "customFieldsManager",
            "SetField",
            {"entity": Ref(PORT_GROUP, mo_ref), "key": key, "value": value},
            self._through,
            subject=mo_ref,
        )

    async def destroy(self, mo_ref: str) -> None:
        await self._run(_on_port_group("Destroy_Task", mo_ref, {}))

    async def task(self, mo_ref: str) -> api.TaskState:
        try:
            done = await self._look(Ref("Task", mo_ref))
        except errors.NotFoundError:
            return api.TaskState(state="unknown")
        except Fault as fault:
            call = SoapCall(method="Task", target=Ref("Task", mo_ref))
            error = faults.error(fault, call, self.address)
            return api.TaskState(state="error", message=str(error))
        return api.TaskState(state="success" if done else "running")

    async def changes(self, version: str, seconds: int = api.MAX_WAIT_SECONDS) -> api.Changes:
        return await self._watch.changes(version, min(seconds, api.MAX_WAIT_SECONDS), self._through)

    async def _run(self, call: SoapCall) -> None:
        """A write to the end of its task."""
        until = self._clock.monotonic() + tasks.TASK_SECONDS
        task = await self._connection.writing(call, self._through)
        if not isinstance(task, Ref):
            raise errors.OutcomeUnknownError(
                f"{call.method} of {call.subject} on {self.address} was answered without a task. "
                "Read again."
            )
        for pause in tasks.pauses():
            try:
                if await self._look(task):
                    return
            except Fault as fault:
                raise await self._of_task(fault, call) from None
            except errors.NotFoundError:
                raise errors.OutcomeUnknownError(
                    f"{self.address} has forgotten the task of {call.method} of {call.subject}. "
                    "Read again."
                ) from None
            except errors.VCenterError as error:
                if not error.retryable:
                    raise
            if self._clock.monotonic() + pause > until:
                break
            await self._sleep(pause)
        raise errors.TaskRunningError(
            f"{call.method} of {call.subject} on {self.address}: task {task.value} still runs "
            f"after {tasks.TASK_SECONDS:.0f} s. It is looked at again.",
            task.value,
        )

    async def _of_task(self, fault: Fault, call: SoapCall) -> errors.VCenterError:
        """The error of a fault that a task ended with."""
        gone = faults.missing_object(fault)
        if gone is not None and gone in (call.subject, call.target.value, ""):
            try:
                await self._connection.reading(Operation.prove_alive, self._through)
            except errors.VCenterError as error:
                return error
            return errors.NotFoundError(
                f"{call.target.value} is not on {self.address} any more.", call.target.value
            )
        return faults.error(fault, call, self.address)

    async def _look(self, task: Ref) -> bool:
        """The task has ended. Raises its Fault, NotFoundError for a forgotten task."""

        async def read(operation: Operation) -> list[Row]:
            spec = properties.filter_spec([task], {"Task": tasks.PATHS})
            rows = await operation.rows(spec, label="task", subject=task.value)
            if tasks.forgotten(rows):
                await operation.prove_alive()
                raise errors.NotFoundError(f"{task.value} is forgotten.", task.value)
            return rows

        return tasks.ended(await self._connection.reading(read, self._through))

    async def _made(self, operation: Operation, switch: str, spec: JSON) -> str | None:
        """moRef of the port group that was just made: its folder is that of its switch."""
        row = await self._row(operation, self._connection.ref(switch), ("parent",))
        folder = row.fields.get("parent")
        if not isinstance(folder, Ref):
            return None
        child = await operation.call(
            SoapCall(
                method="FindChild",
                target=operation.session.manager("searchIndex"),
                arguments={"entity": folder, "name": str(spec["name"])},
                subject=f'"{spec["name"]}"',
            )
        )
        return child.value if isinstance(child, Ref) and child.type == PORT_GROUP else None

    async def _ports(self, operation: Operation, switch: Ref, key: str) -> tuple[Any, ...] | None:
        """Connected ports; None: the account may not read them."""
        criteria = {
            "_typeName": "DistributedVirtualSwitchPortCriteria",
            "portgroupKey": [key],
            "inside": True,
            "connected": True,
        }
        try:
            ports = await operation.call(
                SoapCall(
                    method="FetchDVPorts",
                    target=switch,
                    arguments={"criteria": criteria},
                    subject=key,
                )
            )
        except Fault as fault:
            if "NoPermission" in fault.kinds:
                return None
            raise
        return tuple(ports or ())

    async def _definitions(self, operation: Operation) -> dict[int, str]:
        manager = operation.session.manager("customFieldsManager")
        row = await self._row(operation, manager, ("field",))
        if row.missing:
            raise self._unreadable(manager.value, row)
        return inventory.attributes(row.fields.get("field"))

    async def _row(self, operation: Operation, ref: Ref, paths: tuple[str, ...]) -> Row:
        """The row of one object. Raises NotFoundError, UnreadableError."""
        spec = properties.filter_spec([ref], {ref.type: paths})
        rows = await operation.rows(spec, label=ref.type, subject=ref.value)
        own = next((row for row in rows if row.ref.value == ref.value), None)
        if own is None or own.gone:
            await self._raise_gone(operation, ref.value, own)
        assert own is not None  # noqa: S101
        return own

    async def _raise_gone(self, operation: Operation, mo_ref: str, row: Row | None) -> None:
        """Raise NotFoundError if the row proves it, UnreadableError if not."""
        await operation.prove_alive()
        if row is not None and row.gone:
            raise errors.NotFoundError(f"{mo_ref} is not on {self.address} any more.", mo_ref)
        raise self._unreadable(mo_ref, row)

    def _unreadable(self, mo_ref: str, row: Row | None = None) -> errors.UnreadableError:
        paths = ", ".join(sorted(row.missing)) if row is not None else ""
        return errors.UnreadableError(
            f"{mo_ref} on {self.address} could not be read{f' ({paths})' if paths else ''}: it is "
            "not there, or not for this account. Check the account's role on it, with "
            "propagation from its folder.",
            mo_ref,
        )

    def _long(self, seconds: float) -> float:
        return min(seconds, self._through.longest_seconds)


def _listed(row: Row, attributes: dict[int, str]) -> api.Listed:
    if row.missing:
        raise errors.UnreadableError(
            f"{row.ref.value} could not be read ({', '.join(sorted(row.missing))}): the account "
            "may not. Give it the privilege to read on the folder of the switch.",
            row.ref.value,
        )
    return inventory.listed(row.ref.value, row.fields, attributes)


def _on_port_group(method: str, mo_ref: str, arguments: JSON) -> SoapCall:
    return SoapCall(
        method=method,
        target=Ref(PORT_GROUP, mo_ref),
        arguments=arguments,
        write=True,
        subject=mo_ref,
    )


def _key(attributes: dict[int, str], name: str) -> int | None:
    return next((key for key, known in attributes.items() if known == name), None)
