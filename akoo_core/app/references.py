"""Keeps the secret index: after each attempt the plugins name the Secrets the record needs."""

from __future__ import annotations

from akoo_core import structs
from akoo_core.app import attempts, secret_index
from akoo_core.objects.record import Record
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.plugin_host import context
from akoo_core.queue import core
from akoo_core.reconcile import record_controller
from akoo_core.reconcile.act import situation
from akoo_core.reconcile.act.services import Services
from akoo_core.reconcile.deploy import inventory


class IndexingReconciler:
    """A RecordReconciler that indexes the Secrets its record depends on."""

    def __init__(
        self,
        inner: record_controller.RecordReconciler,
        services: Services,
        index: secret_index.SecretIndex,
    ) -> None:
        self._inner = inner
        self._services = services
        self._index = index

    async def reconcile(self, entry: core.QueueEntry) -> record_controller.Outcome:
        """One attempt; its Secrets are indexed even when it fails."""
        name, explained = entry.key, attempts.explained(entry)
        try:
            return await self._inner.reconcile(name, entry.attempt, explained=explained)
        finally:
            self._index.note(name, self._needed(name))

    def _needed(self, name: str) -> set[api.SecretPair]:
        try:
            record = self._services.world.record(name)
        except structs.DecodeError:
            return set()
        if record is None or record.spec.finished_at is not None:
            return set()
        named = {
            needed
            for plugin in self._services.plugins.ordered
            for needed in self._of(plugin, record)
        }
        # A plugin whose config is wrong names none, and what it deployed before needs them still.
        return named | inventory.sources_of(record.spec.inventory)

    def _of(self, plugin: api.Plugin, record: Record) -> tuple[api.SecretPair, ...]:
        """Secrets that a plugin names; none while it cannot answer."""
        config = situation.config_of(self._services.world, record)
        try:
            view = context.build_view(
                record_name=record.name,
                spec=record.spec,
                cluster=self._services.world.cluster_of(record.name),
                config=config.raw if config is not None else {},
                plugin=plugin,
            )
            return self._services.caller.call_pure("secret_references", plugin, view) or ()
        except (VerbError, structs.DecodeError):
            return ()
