"""Follows the ConfigMaps that plugins take tables from, and wakes the records when one is taken.

Each is read once before the workers start, and then at an interval; only the leader does it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient, Object
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.errors import describe
from akoo_core.reconcile.status.events import EventSubject, Recorder

SECONDS: Final = 30.0
"""Between two reads of a ConfigMap."""
REFUSED: Final = "TableRefused"
TAKEN: Final = "TableTaken"

_log = logging.getLogger(__name__)


class KnownRecords(Protocol):
    """The cache of records."""

    def objects(self) -> Iterator[Object]: ...


class PluginTables:
    """The tables of the loaded plugins. ``wake`` asks for a record to be looked at."""

    def __init__(
        self,
        client: KubeClient,
        plugins: Sequence[api.Plugin],
        *,
        namespace: str,
        records: KnownRecords,
        recorder: Recorder,
        wake: Callable[[str], None],
    ) -> None:
        self._client = client
        self._plugins = [plugin for plugin in plugins if plugin.config_map]
        self._namespace = namespace
        self._records = records
        self._recorder = recorder
        self._wake = wake
        self._versions: dict[str, str] = {}
        """The version of each plugin's ConfigMap that was judged last; "" for none."""
        self._logged: dict[str, str] = {}

    async def run(self) -> None:
        """Follow them until cancelled. ``look`` was called before."""
        while self._plugins:
            await asyncio.sleep(SECONDS)
            await self.look()

    async def look(self) -> None:
        """Read each ConfigMap, and hand it to its plugin where it changed."""
        changed = False
        for plugin in self._plugins:
            try:
                config_map = await self._read(plugin.config_map)
            except (errors.KubeError, TimeoutError) as error:
                self._log(plugin, f"it cannot be read: {describe(error)}. What was taken counts.")
                continue
            changed = self._hand(plugin, config_map) or changed
        if changed:
            for obj in self._records.objects():
                self._wake(obj["metadata"]["name"])

    async def _read(self, name: str) -> Object | None:
        try:
            return await self._client.get(resources.CONFIG_MAPS, name, self._namespace)
        except errors.NotFoundError:
            return None

    def _hand(self, plugin: api.Plugin, config_map: Object | None) -> bool:
        """True if the plugin took it. One that it refused is handed again, since the records that
        it looked at change, too."""
        version = config_map["metadata"]["resourceVersion"] if config_map is not None else ""
        if self._versions.get(plugin.name) == version:
            return False
        texts = (config_map.get("data") or {}) if config_map is not None else None
        try:
            problem = plugin.take_config_map(texts, tuple(_living(self._records.objects())))
        except Exception as error:  # noqa: BLE001 - a table must not end the process
            problem = describe(error)
        if problem:
            self._log(plugin, f"{problem} What was taken before counts.")
            self._event(config_map, REFUSED, problem, warning=True)
            return False
        self._versions[plugin.name] = version
        self._logged.pop(plugin.name, None)
        if config_map is not None:
            _log.info(
                "ConfigMap taken", extra={"plugin": plugin.name, "config_map": plugin.config_map}
            )
            self._event(config_map, TAKEN, f"Plugin {plugin.name} took it.", warning=False)
        return True

    def _log(self, plugin: api.Plugin, text: str) -> None:
        if self._logged.get(plugin.name) != text:
            self._logged[plugin.name] = text
            _log.warning(
                "ConfigMap %s/%s of plugin %s is not taken: %s",
                self._namespace,
                plugin.config_map,
                plugin.name,
                text,
            )

    def _event(self, config_map: Object | None, reason: str, note: str, *, warning: bool) -> None:
        if config_map is None:
            return
        metadata, kind = config_map["metadata"], resources.CONFIG_MAPS
        subject = EventSubject(
            kind.api_version, kind.kind, metadata["namespace"], metadata["name"], metadata["uid"]
        )
        self._recorder.event(subject, reason, note, warning=warning)


def _living(objects: Iterator[Object]) -> Iterator[record.Record]:
    """The records that have not ended and can be read."""
    for obj in objects:
        try:
            living = record.from_object(obj)
        except structs.DecodeError:
            continue
        if living.spec.finished_at is None:
            yield living
