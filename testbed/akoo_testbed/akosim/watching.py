"""AKO's view of its cluster, kept up to date by watches."""

import asyncio
import contextlib

from akoo_testbed.akosim.config import CONFIG_MAP
from akoo_testbed.akosim.world import KINDS, SECRET, World
from akoo_testbed.kubeapi import KubeApi, Object

AVI_SECRET = "avi-secret"  # noqa: S105 a name
_CONFIG_MAP_KIND = "v1/ConfigMap"


class View:
    """`world`, and AKO's own ConfigMap and Secret (None: gone). Use as `async with`."""

    def __init__(self, api: KubeApi, namespace: str, config_map: Object, secret: Object) -> None:
        self._api = api
        self._namespace = namespace
        self.world = World()
        self.config_map: Object | None = config_map
        self.secret: Object | None = secret
        self.changed = asyncio.Event()
        self._synced = {kind: asyncio.Event() for kind in (*KINDS, _CONFIG_MAP_KIND)}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "View":
        """Return when everything was listed once."""
        self._tasks = [asyncio.create_task(self._watch(kind)) for kind in KINDS]
        self._tasks.append(asyncio.create_task(self._watch_config()))
        try:
            await asyncio.gather(*(event.wait() for event in self._synced.values()))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self, kind: str) -> None:
        async with contextlib.aclosing(self._api.watch(kind)) as events:
            async for event in events:
                if event.type == "SYNCED":
                    self._synced[kind].set()
                elif self._take(kind, event.type, event.object):
                    self.changed.set()

    def _take(self, kind: str, change: str, obj: Object) -> bool:
        """Take in a change; whether it matters."""
        gone = change == "DELETED"
        metadata = obj["metadata"]
        if kind == SECRET and (metadata["namespace"], metadata["name"]) == (
            self._namespace,
            AVI_SECRET,
        ):
            self.secret = None if gone else obj
            return True
        if gone:
            self.world.drop(kind, obj)
            return True
        return self.world.put(kind, obj)

    async def _watch_config(self) -> None:
        kind = _CONFIG_MAP_KIND
        fields = f"metadata.name={CONFIG_MAP}"
        events = self._api.watch(kind, self._namespace, fields=fields)
        async with contextlib.aclosing(events):
            met = False
            async for event in events:
                if event.type == "SYNCED":
                    if not met:
                        self.config_map = None
                    self._synced[kind].set()
                else:
                    met = True
                    self.config_map = None if event.type == "DELETED" else event.object
                self.changed.set()
