"""A World with an Avi Controller and a Vault in memory, for verbs called one by one."""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Mapping
from typing import Any

from akoo_avi.client.access import avi_controller
from akoo_avi.testing import memory_controllers
from akoo_tenancy.journal.record import Record
from akoo_tenancy.plugin import TenancyPlugin
from akoo_tenancy.spec import names, settings
from akoo_tenancy.store import api as stores
from akoo_tenancy.testing.store import MemoryVault
from akoo_testbed.avisim import Controller, client

from akoo_core import structs, testing
from akoo_core.plugin import api
from akoo_core.testing import builders
from tests.tenancy import tenancy_fleet
from tests.tenancy.tenancy_fleet import ADDRESS, PASSWORD, SECRETS


class TenancyWorld(testing.World):
    """One cluster that gets an account of its own."""

    def __init__(self, changes: Mapping[str, Any] | None = None, **tenancy: Any) -> None:
        spec = copy.deepcopy(tenancy_fleet.SPEC) | dict(changes or {})
        super().__init__(
            config=builders.config(spec, plugins={names.PLUGIN: tenancy}),
            secrets=SECRETS,
            resources=(avi_controller.AVI_CONTROLLERS,),
        )
        now = self.clock.now().timestamp()
        self.avi = Controller(
            password=PASSWORD, rng=random.Random(8), clock=lambda: self.clock.now().timestamp()
        )
        self.avi.restore(tenancy_fleet.furnished(now))
        self.avi.state.new_uuid = self._smallest_uuid  # type: ignore[method-assign]
        self.hand = client.Client(self.avi, password=PASSWORD)
        self.vault = MemoryVault(self.clock)

    def plugin(self) -> api.Plugin:
        """The plugin, as a new process makes it."""
        plugin = TenancyPlugin(
            settings.Settings(store="Vault"),
            store=self.vault.stores(),
            clients=memory_controllers({ADDRESS: self.avi}, now=self.clock),
        )
        plugin.name = names.PLUGIN
        return plugin

    def _smallest_uuid(self, kind: str) -> str:
        """The first that is free: the same however often something was made in vain."""
        get = self.avi.state.objects.get
        return next(uuid for n in itertools.count(1) if get(kind, uuid := f"{kind}-{n}") is None)

    def outside(self) -> object:
        """Users and roles by name, and the steps of the journal: passwords and UUIDs are random."""
        users = (obj for obj in self.avi.state.objects.of_kind("user") if not obj.builtin)
        return {
            "users": sorted(
                (obj.name, str(obj.data.get("full_name")), len(obj.data.get("access") or ()))
                for obj in users
            ),
            "roles": sorted(
                obj.name for obj in self.avi.state.objects.of_kind("role") if not obj.builtin
            ),
            "pools": sorted(obj.name for obj in self.avi.state.objects.of_kind("pool")),
            "journal": self._steps(),
        }

    @property
    def journal(self) -> Record | None:
        """The record in the store."""
        data = self.vault.data(stores.record_key(self.record_name))
        return structs.convert(data, Record) if data is not None else None

    def _steps(self) -> object:
        current = self.journal
        if current is None:
            return None
        pending = current.pending
        return (
            current.state,
            current.highest,
            current.active.sequence if current.active else 0,
            pending is not None and (pending.made_at is not None, pending.pushed_at is not None),
            [row.sequence for row in current.retired],
        )
