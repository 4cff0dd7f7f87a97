"""The client: method calls become operations and writes of a connection."""

from __future__ import annotations

import asyncio
from typing import Final

from akoo_core.plugin import clock, external
from akoo_core.plugin.structs import JSON
from akoo_vsphere.allocation import VlanUser
from akoo_vsphere.client import api, errors, reads
from akoo_vsphere.client.answers.properties import PORT_GROUP
from akoo_vsphere.client.connection import Read, T, VCenterConnection
from akoo_vsphere.client.watch import Watch
from akoo_vsphere.client.wire import Ref, SoapCall
from akoo_vsphere.client.writes import Sleep, Writes, on_port_group

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
        self._writes = Writes(connection, through, now=now, sleep=sleep)

    @property
    def address(self) -> str:
        return self._connection.address

    @property
    def silent(self) -> bool:
        return self._connection.silent

    async def about(self) -> api.About:
        return await self._read(reads.about)

    async def inventory(self) -> api.Inventory:
        return await self._read(reads.everything, seconds=LONG_READ_SECONDS)

    async def port_groups(self, switch: str) -> tuple[api.Listed, ...]:
        return await self._read(
            lambda operation: reads.port_groups(operation, switch), seconds=LONG_READ_SECONDS
        )

    async def descriptions(self, switch: str) -> dict[str, str]:
        return await self._read(
            lambda operation: reads.descriptions(operation, switch), seconds=LONG_READ_SECONDS
        )

    async def vlans(self, switch: str) -> tuple[VlanUser, ...]:
        return await self._read(
            lambda operation: reads.vlans(operation, switch), seconds=LONG_READ_SECONDS
        )

    async def port_group(self, mo_ref: str) -> JSON:
        return await self._read(lambda operation: reads.port_group(operation, mo_ref))

    async def port_group_at(self, path: str) -> str:
        return await self._read(lambda operation: reads.port_group_at(operation, path))

    async def child(self, folder: str, name: str) -> api.Child | None:
        return await self._read(lambda operation: reads.child(operation, folder, name))

    async def path(self, mo_ref: str) -> str:
        return await self._read(lambda operation: reads.path(operation, mo_ref))

    async def users(self, mo_ref: str, switch: str) -> api.Users:
        return await self._read(lambda operation: reads.users(operation, mo_ref, switch))

    async def missing_privileges(
        self, mo_refs: tuple[str, ...], privileges: tuple[str, ...]
    ) -> tuple[tuple[str, str], ...]:
        return await self._read(
            lambda operation: reads.missing_privileges(operation, mo_refs, privileges)
        )

    async def attributes(self) -> dict[int, str]:
        return await self._read(reads.attributes)

    async def define_attribute(self, name: str) -> int:
        key = _key(await self.attributes(), name)
        if key is not None:
            return key
        arguments = {"name": name, "moType": PORT_GROUP}
        try:
            await self._writes.to_manager(
                "customFieldsManager", "AddCustomFieldDef", arguments, subject=name
            )
        except errors.NameTakenError:
            # Another replica was faster.
            key = _key(await self.attributes(), name)
            if key is None:
                raise
            return key
        key = _key(await self.attributes(), name)
        if key is None:
            raise errors.OutcomeUnknownError(
                f"{self.address} defined attribute {name}, but does not show it. Read again."
            )
        return key

    async def create(self, switch: str, spec: JSON, folder: str = "") -> str:
        name = str(spec["name"])
        await self._writes.to_end(
            SoapCall(
                method="AddDVPortgroup_Task",
                target=self._connection.references.ref(switch),
                arguments={"spec": [spec]},
                write=True,
                subject=f'"{name}"',
            )
        )
        try:
            if not folder:
                folder = await self._read(lambda operation: reads.folder_of(operation, switch))
            made = await self.child(folder, name) if folder else None
        except errors.VCenterError as error:
            raise self._unseen(name, f": {error}") from None
        if made is None or not made.port_group:
            raise self._unseen(name, ".")
        return made.mo_ref

    def _unseen(self, name: str, problem: str) -> errors.OutcomeUnknownError:
        return errors.OutcomeUnknownError(
            f'{self.address} made port group "{name}", but does not show it{problem} Read again.'
        )

    async def reconfigure(self, mo_ref: str, spec: JSON) -> None:
        await self._writes.to_end(
            on_port_group("ReconfigureDVPortgroup_Task", mo_ref, {"spec": spec})
        )

    async def rename(self, mo_ref: str, name: str) -> None:
        await self._writes.to_end(on_port_group("Rename_Task", mo_ref, {"newName": name}))

    async def set_attribute(self, mo_ref: str, key: int, value: str) -> None:
        arguments = {"entity": Ref(PORT_GROUP, mo_ref), "key": key, "value": value}
        await self._writes.to_manager("customFieldsManager", "SetField", arguments, subject=mo_ref)

    async def destroy(self, mo_ref: str) -> None:
        await self._writes.to_end(on_port_group("Destroy_Task", mo_ref, {}))

    async def task(self, mo_ref: str) -> api.TaskState:
        return await self._writes.state(mo_ref)

    async def changes(self, version: str, seconds: int = api.MAX_WAIT_SECONDS) -> api.Changes:
        return await self._watch.changes(version, min(seconds, api.MAX_WAIT_SECONDS), self._through)

    async def _read(self, read: Read[T], *, seconds: float | None = None) -> T:
        return await self._connection.reading(read, self._through, seconds=seconds)


def _key(attributes: dict[int, str], name: str) -> int | None:
    return next((key for key, known in attributes.items() if known == name), None)
