"""A vCenter in memory: its inventory, and all that happens to it apart from calls of the client."""

from __future__ import annotations

import asyncio
import collections
import copy
import dataclasses
from collections.abc import Callable, Iterable
from typing import Literal

from akoo_core.plugin.structs import JSON
from akoo_vsphere.client.api import Listed
from akoo_vsphere.client.errors import VCenterError
from akoo_vsphere.spec import names
from akoo_vsphere.testing import configs
from akoo_vsphere.testing.faults import NEVER, Faults
from akoo_vsphere.testing.inventory import Inventory, PortGroupEntity, SwitchEntity
from akoo_vsphere.testing.rights import Rights

INSTANCE_UUID = "3f1c6c0e-5a51-4a5e-8d57-6a4c3d7e0b10"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """A call of a client."""

    method: str
    mo_ref: str
    user: str
    write: bool


@dataclasses.dataclass(kw_only=True)
class SimulatedTask:
    """A task of vCenter."""

    mo_ref: str
    state: Literal["running", "success", "error"] = "running"
    result: str = ""
    """moRef that it made."""
    error: VCenterError | None = None


class Collector:
    """Changes that a waiting client has not heard of yet."""

    def __init__(self) -> None:
        self.alive = True
        """False: its session ended."""
        self.changed: set[str] = set()
        """moRefs of port groups."""
        self.woken = asyncio.Event()

    def wake(self, mo_refs: Iterable[str] = ()) -> None:
        self.changed.update(mo_refs)
        self.woken.set()


class SimulatedVCenter:
    """The state of a vCenter that clients share. ``SimulatedVCenter()`` is empty; see ``Hand``."""

    def __init__(
        self,
        *,
        instance_uuid: str = INSTANCE_UUID,
        version: str = "8.0.3",
        api_version: str = "8.0.3.0",
    ) -> None:
        self.instance_uuid = instance_uuid
        self.version = version
        self.api_version = api_version
        self.answers = True
        """False: nobody answers."""
        self.inventory = Inventory()
        self.rights = Rights(self.inventory)
        self.faults = Faults()
        self.journal: list[Entry] = []
        self.tasks: dict[str, SimulatedTask] = {}
        self.collectors: list[Collector] = []
        self._last_task = 0

    @property
    def calls(self) -> collections.Counter[str]:
        """Calls by method."""
        return collections.Counter(entry.method for entry in self.journal)

    @property
    def writes(self) -> int:
        """Calls that may have changed something."""
        return sum(entry.write for entry in self.journal)

    def start(
        self,
        effect: Callable[[], str],
        *,
        seconds: float = 0.0,
        error: VCenterError | None = None,
        after: bool = False,
    ) -> SimulatedTask:
        """A task whose effect comes at its end, ``seconds`` from now; it returns a moRef or "".

        ``error``: its end, in place of the effect or after it.
        """
        self._last_task += 1
        task = SimulatedTask(mo_ref=f"task-{self._last_task}")
        self.tasks[task.mo_ref] = task

        def end() -> None:
            try:
                if error is None or after:
                    task.result = effect()
                if error is not None:
                    raise error
                task.state = "success"
            except VCenterError as raised:
                task.state, task.error = "error", raised

        if seconds == 0:
            end()
        elif seconds != NEVER:
            asyncio.get_running_loop().call_later(seconds, end)
        return task

    def changed(self, *mo_refs: str) -> None:
        """Tell all collectors of changes; a lost or regained right changes all port groups."""
        concerned = mo_refs or [group.mo_ref for group in self.inventory.each(PortGroupEntity)]
        for collector in self.collectors:
            collector.wake(concerned)

    def end_sessions(self) -> None:
        """End all sessions; clients log in anew, and their collectors are gone."""
        for collector in self.collectors:
            collector.alive = False
            collector.wake()
        self.collectors.clear()

    def stop(self) -> None:
        """Answer nobody until ``come_back``."""
        self.answers = False
        self.end_sessions()

    def come_back(self, inventory: Inventory | None = None) -> None:
        """Answer again; with the inventory of a snapshot, if one is passed."""
        self.answers = True
        if inventory is not None:
            self.inventory = self.rights.inventory = copy.deepcopy(inventory)
            self.tasks.clear()

    def snapshot(self) -> Inventory:
        """A copy of the inventory, for ``come_back`` and comparisons."""
        return copy.deepcopy(self.inventory)

    def switch_of(self, group: PortGroupEntity) -> SwitchEntity | None:
        return self.inventory.get(group.switch, SwitchEntity)

    def plain(self, group: PortGroupEntity) -> JSON:
        """A port group as it is read."""
        switch = self.switch_of(group)
        users = self.inventory.users(group.mo_ref)
        machines = list(dict.fromkeys(user.mo_ref for user in users if user.machine))
        setting = switch.setting if switch is not None else configs.switch_setting(())
        return configs.plain(group, setting, machines)

    def listed(self, group: PortGroupEntity) -> Listed:
        """A port group as it is listed."""
        fields = self.inventory.fields
        return Listed(
            mo_ref=group.mo_ref,
            name=names.decoded(group.name),
            parent=group.parent,
            config_version=group.config["configVersion"],
            values={fields[key]: value for key, value in group.values.items() if key in fields},
        )
